"""Two candidates never lead at once, in random histories; without any of the rules they do."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from kubecore.election import deciding, record
from kubecore.election.deciding import Candidacy, Known, Tenure
from kubecore.election.fence import Fence
from kubecore.election.record import Document
from kubecore.election.settings import Settings
from kubecore.model.times import micro_time
from tests.sim import election
from tests.sim.election import History, run

Patch = Callable[[pytest.MonkeyPatch], None]

MOST = 1500
"""Histories in which a rule that is removed must have an effect."""


def test_two_candidates_never_lead_at_once_in_random_histories() -> None:
    tally = run(200, 1)
    assert tally.bad == []
    assert int(tally.figures["terms"]) > 1000


def counted_from_the_response(patch: pytest.MonkeyPatch) -> None:
    candidacy, tenure = Candidacy.received, Tenure.received

    def elected(self: Candidacy, lease: Document) -> None:
        candidacy(self, lease)
        if self.sent is not None:
            self.sent = self._known.clock.monotonic()

    def renewed(self: Tenure, lease: Document) -> None:
        if self._verb == "update":
            self._sent = self._known.clock.monotonic()
        tenure(self, lease)

    patch.setattr(Candidacy, "received", elected)
    patch.setattr(Tenure, "received", renewed)
    patch.setattr(Candidacy, "step", without_limit(Candidacy.step))
    patch.setattr(Tenure, "step", without_limit(Tenure.step))


def without_limit(step: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Let requests take as long as they like; their time limits hide a term that is counted from the response."""

    def patched(self: Any) -> Any:
        found = step(self)
        return found._replace(timeout=60.0) if isinstance(found, deciding.Request) else found

    return patched


def fence_until_the_end_of_the_lease(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Settings, "fence_seconds", property(lambda self: self.lease_duration))


def own_duration(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(record, "duration", lambda lease: None)


def clock_without_suspension(patch: pytest.MonkeyPatch) -> None:
    original = election._Clock.__init__

    def made(self: Any, *arguments: Any) -> None:
        original(self, *arguments)
        self.counts_suspension = False

    patch.setattr(election._Clock, "__init__", made)


def update_without_version(patch: pytest.MonkeyPatch) -> None:
    original = Known.written

    def written(self: Known) -> Document:
        body = original(self)
        return {**body, "metadata": {"name": "lease", "namespace": "ns"}}

    patch.setattr(Known, "written", written)


def create_at_once(patch: pytest.MonkeyPatch) -> None:
    def missed(self: Known) -> None:
        self.lease = None
        self._ends_at = None

    patch.setattr(Known, "missed", missed)


def wait_only_for_a_record_that_was_seen(patch: pytest.MonkeyPatch) -> None:
    def missed(self: Known) -> None:
        self.lease = None

    patch.setattr(Known, "missed", missed)


def fence_stays_open_after_the_block(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Fence, "close", lambda self: None)


def fence_without_a_clock(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Fence, "left", property(lambda self: 0.0 if self._is_closed else math.inf))


def equal_times_of_renewals(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(record, "_stamp", lambda lease, now: micro_time(round(now * 1_000_000)))


def two_times_of_renewals_in_turn(patch: pytest.MonkeyPatch) -> None:
    def stamp(lease: Document, now: float) -> str:
        found = micro_time(round(now * 1_000_000))
        return found if lease["spec"]["renewTime"] != found else micro_time(round(now * 1_000_000) + 1)

    patch.setattr(record, "_stamp", stamp)


def any_holder(patch: pytest.MonkeyPatch) -> None:
    """Take a foreign Lease at once."""
    patch.setattr(Known, "wait", property(lambda self: 0.0))


def late_response(patch: pytest.MonkeyPatch) -> None:
    """Begin a term however late the response arrives."""
    original = Candidacy.received

    def received(self: Candidacy, lease: Document) -> None:
        is_write = self._verb != "get"
        original(self, lease)
        if is_write:
            self.sent = self._known.clock.monotonic()

    patch.setattr(Candidacy, "received", received)
    patch.setattr(Candidacy, "step", without_limit(Candidacy.step))


FIRST: dict[Patch, int] = {counted_from_the_response: 560, fence_until_the_end_of_the_lease: 320}
"""Seeds to begin with, for rules that have an effect in one of hundreds of histories."""

RULES: list[Patch] = [
    any_holder,
    clock_without_suspension,
    counted_from_the_response,
    create_at_once,
    equal_times_of_renewals,
    fence_stays_open_after_the_block,
    fence_until_the_end_of_the_lease,
    fence_without_a_clock,
    late_response,
    own_duration,
    two_times_of_renewals_in_turn,
    update_without_version,
    wait_only_for_a_record_that_was_seen,
]


@pytest.mark.thorough
@pytest.mark.parametrize("remove", RULES, ids=lambda remove: remove.__name__)
def test_without_a_rule_two_candidates_lead_at_once(remove: Patch, monkeypatch: pytest.MonkeyPatch) -> None:
    remove(monkeypatch)
    first = FIRST.get(remove, 1)
    faults = (History(seed).run().faults for seed in range(first, first + MOST))
    assert "may write" in next((text for found in faults for text in found if "may write" in text), "")


def test_a_history_can_be_repeated() -> None:
    first, second = History(7).run(), History(7).run()
    assert (first.terms, first.led) == (second.terms, second.led)
