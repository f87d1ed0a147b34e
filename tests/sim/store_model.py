"""Random histories around one `Store`: lists and streams that lag, responses in any order, and consumers that are slow.

A server has a full history. The store gets lists from replicas that are behind, page by page, and the events of a
stream that is behind, too. The program and others write, delete and recreate the same few objects. Responses to own
writes arrive late and in any order. Labels decide whether the cache selects an object. Sometimes the server is restored
from a backup.

Checked are: versions of an object never go back; every consumer gets Added, Updated and Deleted in an order that makes
sense, and its objects are those of the store when it has taken everything; after a response a read is at least as new;
indexes agree with the objects; in the end the store equals the server.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable
from operator import mul
from typing import Any, Final, NamedTuple

from kubecore.cache.entry import Entry
from kubecore.cache.keep import Keep, form
from kubecore.cache.relist import MAX_REFUSED, Outcome, Relist
from kubecore.cache.selection import Selection
from kubecore.cache.store import Store
from kubecore.selectors import parse
from tests.sim.feed_reader import FeedReader, Objects, Spy, number
from tests.sim.model_server import NAMESPACE, ModelServer, State
from tests.torture.tally import Tally

__all__ = ["History", "run"]

DEFAULT: Final = 2_000
_NAMES: Final = "ab"
_OWNERS: Final = ("owner-1", "owner-2")
_KIND: Final[type[Objects]] = dict
_COMMON: Final = (0.5, 0.6, 0.5, 0.1, 0.15, 0.02)
"""How common the actions are, with the one that advances the store's list or stream as the unit."""


class _Response(NamedTuple):
    """A response to an own write that has not arrived yet."""

    state: State
    is_delete: bool
    version: int
    """The version of the server after the request."""

    with_object: bool = False
    """Whether a delete responds with the last state of the object instead of a `Status`."""


def by_version_parity(item: Objects) -> Iterable[str]:
    """Index objects; the function raises for some of them."""
    version = int(item["metadata"]["resourceVersion"])
    if version % 7 == 0:
        raise ValueError("not indexed")
    return ["even"] if version % 2 == 0 else ["odd", "uneven"]


class History:
    """One history.

    Args:
        seed: It decides everything.
    """

    def __init__(self, seed: int) -> None:
        self._chance: Final = random.Random(seed)
        self._server: Final = ModelServer()
        selection = Selection(label_selector="app=web")
        keep = self._chance.choice((Keep.JSON, Keep.JSON, Keep.PACKED, Keep.OBJECTS))
        self._store: Final[Store[Objects]] = Store(
            form(_KIND, keep), selection=selection, indexes=[by_version_parity], now=lambda: 0.0
        )
        self._readers: Final[list[FeedReader]] = []
        self._responses: Final[list[_Response]] = []
        self._relist: Relist[Objects] | None = None
        self._pages: list[list[State]] = []
        self._list_version = 0
        self._position = 0
        """The version that the stream has reached."""
        self._is_restored = False
        self._early: Final[list[_Response]] = []
        self._weights: Final = [self._chance.choice((0.2, 1.0, 3.0)) for _ in range(7)]
        """How often each action happens differs from history to history."""
        self._spy: Final = Spy(self._store, self._readers)

    def run(self) -> None:
        """Let it happen.

        Raises:
            AssertionError: A check failed.
        """
        for _ in range(self._chance.randint(0, 6)):
            self._write_foreign()
        for _ in range(self._chance.randint(5, 50)):
            self._step()
            self._check()
        self._finish()

    def _step(self) -> None:
        actions = (self._write_foreign, self._write_own, self._respond_next, self._open, self._take, self._restore)
        (action,) = self._chance.choices((*actions, self._receive), [*map(mul, self._weights, _COMMON), 1.0])
        action()

    def _receive(self) -> None:
        if self._relist is not None:
            self._continue_list()
        elif not self._store.is_synced or self._chance.random() < 0.1 * self._weights[6]:
            self._begin_list()
        else:
            self._stream(self._chance.randint(self._position, self._server.version))

    def _open(self) -> None:
        self._readers.append(FeedReader(self._store, keep_deletions=self._chance.random() < 0.5))

    def _take(self) -> None:
        if self._readers:
            self._chance.choice(self._readers).take(self._chance.randint(1, 3))

    # The server

    def _write_own(self) -> None:
        self._write(is_own=True)

    def _write_foreign(self) -> None:
        self._write(is_own=False)

    def _write(self, *, is_own: bool) -> None:
        chance, server = self._chance, self._server
        name = chance.choice(_NAMES)
        if name in server.now and chance.random() < 0.35:
            state = server.delete(name)
            response = _Response(state, True, server.version, chance.random() < 0.5)
        else:
            state = server.put(
                name, is_selected=chance.random() < 0.75, owner=chance.choice(_OWNERS), random=chance.random()
            )
            response = _Response(state, False, server.version)
        if is_own:
            self._responses.append(response)

    def _restore(self) -> None:
        """Return to a backup from before the position of the store; the store lists until it notices."""
        reached = int(self._store.version or 0)
        if not self._store.is_synced or reached < 4 or self._is_restored:
            return
        self._is_restored = True
        self._server.restore(self._chance.randint(0, reached - 4))
        self._responses.clear()
        for _ in range(self._chance.randint(0, 3)):
            self._write_foreign()
        if self._relist is not None:
            self._relist.abandon()
            self._relist = None
        self._spy.forget_versions()
        lists = 1
        while self._list_whole(self._server.version) is Outcome.REFUSED:
            lists += 1
            assert lists <= MAX_REFUSED + 1, "the store never believes the server"
        assert self._store.version == str(self._server.version)
        self._position = self._server.version
        self._check_equal()

    # The sources of the store

    def _begin_list(self) -> None:
        is_last = self._store.refused == MAX_REFUSED  # An older list would be believed.
        self._list_version = self._chance.randint(self._position if is_last else 0, self._server.version)
        if self._weights[6] > 1 and not is_last:
            self._list_version = min(self._list_version, self._chance.randint(0, self._server.version))
        listed = self._server.listed(self._list_version)
        size = self._chance.randint(1, 2)
        self._pages = [listed[at : at + size] for at in range(0, len(listed), size)]
        self._relist = self._store.begin_relist()

    def _continue_list(self) -> None:
        assert self._relist is not None
        if self._chance.random() < 0.05:
            self._relist.abandon()
            self._relist = None
        elif self._pages:
            self._relist.add([state.text() for state in self._pages.pop(0)])
        elif self._chance.random() < 0.3:
            self._continue_initial_events()
        else:
            outcome = self._relist.end(str(self._list_version))
            assert (outcome is Outcome.REFUSED) == (self._list_version < self._position)
            self._relist = None
            if outcome is not Outcome.REFUSED:
                self._position = self._list_version
                self._check_early()

    def _continue_initial_events(self) -> None:
        """Yield changes before the end of the initial events, as a watch that sends them does."""
        assert self._relist is not None
        until = self._chance.randint(self._list_version, self._server.version)
        for kind, state in self._server.events(self._list_version, until):
            self._relist.apply_event(kind, state.text())
        self._list_version = until

    def _check_early(self) -> None:
        """Check that responses from before the first list are read after it."""
        for response in self._early:
            self._check_read(response)
        self._early.clear()

    def _list_whole(self, version: int) -> Outcome:
        relist = self._store.begin_relist()
        relist.add([state.text() for state in self._server.listed(version)])
        return relist.end(str(version))

    def _stream(self, until: int) -> None:
        for kind, state in self._server.events(self._position, until):
            self._store.apply_event(kind, state.text())
        self._store.bookmark(str(until))
        self._position = until

    def _respond_next(self) -> None:
        if self._responses:
            self._respond(self._responses.pop(self._chance.randrange(len(self._responses))))

    def _respond(self, response: _Response) -> None:
        state = response.state
        if not response.is_delete:
            assert self._store.own_write(state.text())
            if self._store.is_synced:
                self._check_read(response)
            else:
                self._early.append(response)
            return
        details = {"uid": state.uid, "name": state.name}
        status = json.dumps({"kind": "Status", "status": "Success", "details": details}).encode()
        assert self._store.own_write(state.text() if response.with_object else status, is_delete=True)
        found = self._store.get(state.key)
        assert found is None or found.uid != state.uid, "a deleted object is read after the response"

    def _check_read(self, response: _Response) -> None:
        """Check that a read after a response is at least as new, if nobody deleted or hid the object since."""
        state, found = response.state, self._store.get(response.state.key)
        if found is not None:
            assert number(found) >= state.version, f"an own write is not read: {found!r} after {state}"
        elif state.is_selected:
            later = [
                change
                for change in self._server.history
                if change.version > response.version and change.old is not None and change.old.name == state.name
                if change.new is None or not change.new.is_selected
            ]
            assert later, f"an own write is lost: {state}"

    # The checks

    def _check(self) -> None:
        assert self._spy.known == {entry.key: entry for entry in self._store}
        assert len(self._store) == len(self._spy.known)

    def _check_indexes(self) -> None:
        store, entries = self._store, list(self._store)
        for value in ("even", "odd", "uneven"):
            expected = {entry.key for entry in entries if value in _values(entry)}
            assert {entry.key for entry in store.indexed(by_version_parity, value)} == expected
        assert store.not_indexed == sum(number(entry) % 7 == 0 for entry in entries)
        for owner in _OWNERS:
            expected = {entry.key for entry in entries if entry.owner == owner}
            assert {entry.key for entry in store.controlled_by(owner)} == expected
        assert {entry.key for entry in store.selected(parse("app=web"))} == {entry.key for entry in entries}
        assert all(found is store.get(found.key) for found in store.controlled_by(_OWNERS[0]))
        assert len(store._label_sets) <= bool(entries), "label sets are left"
        assert store.bytes == sum(store.form.size(entry.value) for entry in entries)

    def _finish(self) -> None:
        """Deliver everything, and compare the store with the server and the consumers with the store."""
        if self._relist is not None or not self._store.is_synced:
            for _ in range(MAX_REFUSED + 1):
                if self._list_whole(self._server.version) is Outcome.APPLIED:
                    break
            self._position = self._server.version
            self._check()
        for response in self._responses:
            self._respond(response)
            self._check()
        self._stream(self._server.version)
        self._check()
        self._check_equal()
        self._check_indexes()
        for reader in self._readers:
            reader.finish()
        assert self._store.reached(str(self._server.version))

    def _check_equal(self) -> None:
        """Check that the store equals the server."""
        expected = {state.name: state for state in self._server.listed(self._server.version)}
        found = {entry.key.name: entry for entry in self._store}
        assert found.keys() == expected.keys(), f"the store has {sorted(found)}, the server {sorted(expected)}"
        for name, state in expected.items():
            entry = found[name]
            assert (entry.uid, entry.version) == (state.uid, state.version), "the store is old"
            item = self._store.form.read(entry.value)
            assert item["spec"] == {"at": state.version, "random": state.random}
            assert "managedFields" not in item["metadata"]


def _values(entry: Entry) -> Iterable[str]:
    try:
        return by_version_parity({"metadata": {"resourceVersion": str(entry.version), "namespace": NAMESPACE}})
    except ValueError:
        return ()


def run(n: int | None, seed: int, **_: Any) -> Tally:
    """Run histories.

    Args:
        n: How many; None for 2,000.
        seed: The seed of the first one is a million times this.
    """
    tally = Tally("store-sim")
    for one in range(DEFAULT if n is None else n):
        number_ = seed * 1_000_000 + one
        try:
            History(number_).run()
            tally.good()
        except AssertionError as error:
            tally.wrong(f"history {number_}: {error}")
    return tally
