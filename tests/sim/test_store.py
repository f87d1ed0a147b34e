"""The store under random histories; and each rule, when it is removed, makes a history fail."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest

from kubecore.cache.entry import LabelSets
from kubecore.cache.feed import Feed
from kubecore.cache.index import ObjectIndex
from kubecore.cache.ordered import Ordered
from kubecore.cache.own_writes import Floors
from kubecore.cache.relist import Relist
from kubecore.cache.store import Store
from kubecore.cache.table import Table
from tests.kubecore import test_cache_own_writes as own_writes
from tests.sim import store_model
from tests.sim.mutants import replace_in

HISTORIES = 3_000
MOST = 3_000
"""So many histories are tried until one notices that a rule is missing."""


class Rule(NamedTuple):
    """A rule of the store, and the change of the source that removes it."""

    name: str
    owner: type[Any]
    method: str
    old: str
    new: str
    test: Callable[[], None] | None = None
    """A test that fails at once, for rules that few histories need."""


RULES = [
    Rule(
        "a response that the stream has passed is dropped",
        Store,
        "_apply_own_write",
        "version <= self._reached or ",
        "",
    ),
    Rule(
        "a response below the floor is dropped",
        Store,
        "_apply_own_write",
        " or version <= self._floors.get(found.key)",
        "",
    ),
    Rule("a response raises the floor", Store, "_apply_own_write", "self._floors.raise_to(found.key, version)", "pass"),
    Rule(
        "a response that is older than the entry is dropped",
        Store,
        "_apply_own_write",
        "not is_newer(version, current.version)",
        "False",
    ),
    Rule(
        "a response whose labels do not fit removes the entry",
        Store,
        "_apply_own_write",
        " and self.selection.includes(entry)",
        "",
    ),
    Rule("responses wait for the first list", Store, "own_write", "self._early.append(found)", "pass"),
    Rule("an own delete leaves a tombstone", Store, "own_delete", "self._tombstones.add(uid)", "pass"),
    Rule(
        "a tombstone stops lists and the stream",
        Ordered,
        "is_newer",
        "found.uid in self._tombstones",
        "False",
    ),
    Rule(
        "a tombstone stops responses",
        Store,
        "_apply_own_write",
        "found.uid not in self._tombstones and ",
        "",
        own_writes.test_a_late_response_does_not_bring_back_a_deleted_object,
    ),
    Rule(
        "a deletion in the stream does not end the tombstone",
        Ordered,
        "apply_deletion",
        "current = self.get(last.key)",
        "current = self.get(last.key); self._tombstones._until.pop(last.uid, None)",
    ),
    Rule(
        "an own delete raises the floor",
        Store,
        "own_delete",
        "self._floors.raise_to(current.key, current.version)",
        "pass",
        own_writes.test_an_object_before_the_deleted_one_does_not_come_back,
    ),
    Rule("a state below the floor is dropped", Ordered, "is_newer", "version < self._floors.get(found.key)", "False"),
    Rule(
        "a state that is not newer than the entry is dropped",
        Ordered,
        "is_newer",
        "current is None or not (current.version == version or is_newer(current.version, version))",
        "True",
    ),
    Rule(
        "a deletion counts only for older states",
        Ordered,
        "apply_deletion",
        "is_newer(current.version, last.version)",
        "False",
    ),
    Rule(
        "a deletion before the end of initial events raises the floor",
        Ordered,
        "apply_deletion",
        "self._floors.raise_to(last.key, last.version)",
        "pass",
    ),
    Rule("floors end when the stream reaches them", Floors, "reach", "del self._by_key[key]", "self._by_key[key] = 99"),
    Rule(
        "a list deletes entries that it does not contain",
        Relist,
        "_drop_missing",
        "entry.seen != self._number",
        "False",
    ),
    Rule(
        "a list deletes only older entries",
        Relist,
        "_drop_missing",
        "not is_newer(entry.version, version)",
        "True",
    ),
    Rule(
        "a list is compared by uid",
        Relist,
        "_apply",
        "is_same = current is not None and current.uid == found.uid",
        "is_same = current is not None",
        own_writes.test_a_list_with_a_deleted_object_removes_the_one_before_it,
    ),
    Rule("an older list is refused", Relist, "end", "store.is_after(number)", "False"),
    Rule(
        "an item that was deleted since waits for the end", Relist, "_apply", "store.is_after(found.version)", "False"
    ),
    Rule(
        "items that wait are applied in the end",
        Relist,
        "end",
        "self._apply(found, is_end=True)",
        "pass",
        own_writes.test_items_that_wait_for_the_end_of_a_doubtful_list_are_applied,
    ),
    Rule("an older server is believed after five lists", Relist, "__init__", "store.refused >= MAX_REFUSED", "False"),
    Rule("floors end when the server goes back", Ordered, "go_back", "self._floors.clear()", "pass"),
    Rule("tombstones end when the server goes back", Ordered, "go_back", "self._tombstones.clear()", "pass"),
    Rule(
        "equal versions are compared by content when the server goes back",
        Relist,
        "_restore",
        " and store.form.equal(found.value, entry.value)",
        "",
    ),
    Rule("another uid is a deletion and an addition", Table, "put", "current.uid != found.uid", "False"),
    Rule("indexes forget the old state", Table, "_unlink", "index.remove(current)", "pass"),
    Rule("an index forgets that an object failed", ObjectIndex, "remove", "self.failed.discard(entry.key)", "pass"),
    Rule("label sets are counted", LabelSets, "release", "labels.count -= 1", "pass"),
    Rule("added and deleted is nothing", Feed, "_deleted_unknown", "del self._pending[key]", "waiting.gone = last"),
    Rule(
        "deletions of objects that were not taken are kept",
        Feed,
        "_deleted_unknown",
        "waiting.lost, waiting.is_lost_final = last, is_final",
        "del self._pending[key]",
    ),
    Rule(
        "deleted and added is both",
        Feed,
        "_changes",
        "if waiting.gone is not None:",
        "if waiting.gone and not waiting.new:",
    ),
    Rule(
        "updated and updated begins at the first state",
        Feed,
        "updated",
        "waiting.new = entry",
        "waiting.new, waiting.old = entry, waiting.old and old",
    ),
    Rule("updated and deleted is deleted", Feed, "deleted", "last, None, is_final", "last, waiting.new, is_final"),
]


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    logger = logging.getLogger("kubecore")
    before = logger.level
    logger.setLevel(logging.CRITICAL)  # An index of the model raises on purpose.
    yield
    logger.setLevel(before)


def test_a_store_stays_consistent_in_random_histories() -> None:
    tally = store_model.run(HISTORIES, 1)
    assert not tally.bad, "\n".join(tally.shown())


@pytest.mark.thorough
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_history_fails_without(rule: Rule, monkeypatch: pytest.MonkeyPatch) -> None:
    replace_in(monkeypatch, rule.owner, rule.method, rule.old, rule.new)
    for seed in range(MOST):
        try:
            (rule.test or store_model.History(seed).run)()
        except (AssertionError, KeyError, AttributeError):
            return
    pytest.fail(f"{MOST} histories do not notice that the rule is missing")
