"""The decisions of candidates and leaders, without I/O: the cases of client-go's `tools/leaderelection`."""

from __future__ import annotations

from typing import Any

import pytest

from kubecore import errors
from kubecore.calls.steps import Pause
from kubecore.clocks import FakeClock
from kubecore.election import record
from kubecore.election.deciding import Candidacy, Failure, Known, Release, Request, Tenure
from kubecore.election.fence import Fence
from kubecore.election.settings import Settings


class Candidate:
    """A candidate with its clock, and a server that stores one document."""

    def __init__(self, **settings: Any) -> None:
        self.clock = FakeClock(now=500.0)
        self.known = Known(Settings(identity="baz", **settings), "ns", "lock", self.clock)
        self.fence = Fence(self.clock, "ns/lock")
        self.pause = 2.0

    def candidacy(self) -> Candidacy:
        return Candidacy(self.known, self._uniform)

    def _uniform(self, least: float, most: float) -> float:
        assert (least, most) == (self.known.settings.retry_period, self.known.settings.retry_period * 2.2)
        return self.pause

    def leading(self) -> Tenure:
        """Lead, with a Lease that was created at once."""
        candidacy = self.candidacy()
        candidacy.step()
        candidacy.failed(Failure.NOT_FOUND)
        created = candidacy.step()
        assert isinstance(created, Request)
        candidacy.received(stored(created))
        assert candidacy.step() is None
        return Tenure(self.known, self.fence, candidacy.sent or 0.0)


def stored(request: Request, version: str = "1", uid: str = "u") -> dict[str, Any]:
    """Return the response to a request that wrote."""
    body = request.body or {}
    return {**body, "metadata": {**body["metadata"], "uid": uid, "resourceVersion": version}}


def lease(holder: str, seconds: int = 10, *, uid: str = "u", **spec: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": "lock", "namespace": "ns", "uid": uid, "resourceVersion": "7"},
        "spec": {"holderIdentity": holder, "leaseDurationSeconds": seconds, "leaseTransitions": 0, **spec},
    }


def asked(step: Pause | Request | None) -> Request:
    assert isinstance(step, Request)
    return step


def paused(step: Pause | Request | None) -> float:
    assert isinstance(step, Pause)
    return step.seconds


def test_a_lease_that_does_not_exist_is_created_with_no_transitions() -> None:
    one = Candidate()
    candidacy = one.candidacy()
    assert asked(candidacy.step()).verb == "get"
    candidacy.failed(Failure.NOT_FOUND)
    created = asked(candidacy.step())
    assert created.verb == "create"
    assert created.body is not None
    assert created.body["spec"]["leaseTransitions"] == 0
    assert created.body["spec"]["holderIdentity"] == "baz"
    candidacy.received(stored(created))
    assert candidacy.step() is None
    assert candidacy.sent == 500.0


@pytest.mark.parametrize("found", [lease(""), {"metadata": {"name": "lock"}}, {"metadata": {}, "spec": None}])
def test_a_lease_without_a_holder_is_taken_at_once(found: dict[str, Any]) -> None:
    candidacy = Candidate().candidacy()
    candidacy.step()
    candidacy.received(found)
    taken = asked(candidacy.step())
    assert taken.verb == "update"
    assert taken.body is not None
    assert taken.body["spec"]["leaseTransitions"] == 1
    candidacy.received(stored(taken))
    assert candidacy.step() is None


def test_a_holder_that_was_seen_long_ago_is_replaced() -> None:
    one = Candidate()
    candidacy = one.candidacy()
    candidacy.step()
    candidacy.received(lease("bing"))
    one.clock.advance(10.1)
    assert asked(candidacy.step()).verb == "get"
    candidacy.received(lease("bing"))
    taken = asked(candidacy.step())
    assert taken.verb == "update"
    assert record.transitions(taken.body or {}) == 1
    assert record.holder(taken.body or {}) == "baz"


def test_a_holder_that_was_just_seen_is_left_alone() -> None:
    one = Candidate()
    one.pause = 3.7
    candidacy = one.candidacy()
    assert asked(candidacy.step()).verb == "get"
    candidacy.received(lease("bing"))
    assert paused(candidacy.step()) == pytest.approx(3.7)
    assert one.known.leader == "bing"


def test_a_renewal_by_the_holder_starts_the_wait_again() -> None:
    one = Candidate()
    candidacy = one.candidacy()
    candidacy.step()
    candidacy.received(lease("bing", renewTime="1"))
    one.clock.advance(9.0)
    candidacy.step()
    candidacy.received(lease("bing", renewTime="2"))
    one.clock.advance(9.0)
    assert asked(candidacy.step()).verb == "get"
    candidacy.received(lease("bing", renewTime="2"))
    assert paused(candidacy.step()) == pytest.approx(1.0)


def test_a_change_of_labels_does_not_count_as_a_renewal() -> None:
    one = Candidate()
    candidacy = one.candidacy()
    candidacy.step()
    candidacy.received(lease("bing"))
    one.clock.advance(10.1)
    candidacy.step()
    candidacy.received({**lease("bing"), "metadata": {"uid": "u", "resourceVersion": "8", "labels": {"a": "b"}}})
    assert asked(candidacy.step()).verb == "update"


def test_the_duration_of_the_record_counts_not_the_candidates_own() -> None:
    one = Candidate(lease_duration=10.0, renew_deadline=6.0)
    candidacy = one.candidacy()
    candidacy.step()
    candidacy.received(lease("bing", seconds=3))
    one.clock.advance(2.5)
    candidacy.step()
    candidacy.received(lease("bing", seconds=3))
    assert paused(candidacy.step()) == pytest.approx(0.5)
    one.clock.advance(0.6)
    candidacy.step()
    candidacy.received(lease("bing", seconds=3))
    assert asked(candidacy.step()).verb == "update"


@pytest.mark.parametrize("seconds", [None, 0, -3, "15"])
def test_a_record_without_a_valid_duration_gets_the_candidates_own(seconds: Any) -> None:
    one = Candidate()
    candidacy = one.candidacy()
    candidacy.step()
    candidacy.received(lease("bing", leaseDurationSeconds=seconds))
    assert one.known.wait == 15.0


def test_an_own_record_is_renewed_with_the_same_transitions() -> None:
    candidacy = Candidate().candidacy()
    candidacy.step()
    candidacy.received(lease("baz", leaseTransitions=4, acquireTime="2026-01-01T00:00:00.000000Z"))
    taken = asked(candidacy.step())
    assert record.transitions(taken.body or {}) == 4
    assert (taken.body or {})["spec"]["acquireTime"] == "2026-01-01T00:00:00.000000Z"


def test_a_candidate_that_loses_the_race_looks_again_after_a_pause() -> None:
    one = Candidate()
    candidacy = one.candidacy()
    candidacy.step()
    candidacy.failed(Failure.NOT_FOUND)
    assert asked(candidacy.step()).verb == "create"
    candidacy.failed(Failure.CONFLICT)
    assert paused(candidacy.step()) == 2.0
    one.clock.advance(2.0)
    assert asked(candidacy.step()).verb == "get"
    assert not candidacy.may_hold


def test_a_response_that_arrives_after_the_renew_deadline_begins_no_term() -> None:
    one = Candidate()
    candidacy = one.candidacy()
    candidacy.step()
    candidacy.failed(Failure.NOT_FOUND)
    created = asked(candidacy.step())
    one.clock.advance(10.0)
    candidacy.received(stored(created))
    again = asked(candidacy.step())
    assert again.verb == "update"
    candidacy.received(stored(again, "2"))
    assert candidacy.step() is None
    assert candidacy.sent == 510.0


def test_a_lease_that_is_deleted_is_not_created_before_its_leader_has_stopped() -> None:
    one = Candidate(lease_duration=10.0, renew_deadline=6.0)
    candidacy = one.candidacy()
    candidacy.step()
    candidacy.received(lease("bing", seconds=30))
    one.clock.advance(2.0)
    assert asked(candidacy.step()).verb == "get"
    candidacy.failed(Failure.NOT_FOUND)
    waited = 0.0
    while isinstance(step := candidacy.step(), Pause):
        one.clock.advance(step.seconds)
        waited += step.seconds
        assert asked(candidacy.step()).verb == "get"
        candidacy.failed(Failure.NOT_FOUND)
    assert waited == pytest.approx(30.0)
    assert asked(step).verb == "create"


def test_a_lease_that_was_released_and_deleted_may_have_another_leader() -> None:
    """Somebody may have taken it between the last look and the deletion."""
    one = Candidate()
    candidacy = one.candidacy()
    candidacy.step()
    candidacy.received(lease("bing"))
    one.clock.advance(2.0)
    candidacy.step()
    candidacy.received(lease("", seconds=1))
    assert asked(candidacy.step()).verb == "update"
    candidacy.failed(Failure.NOT_FOUND)
    one.clock.advance(paused(candidacy.step()))
    candidacy.step()
    candidacy.failed(Failure.NOT_FOUND)
    assert one.known.wait == 15.0
    assert paused(candidacy.step()) == 2.0


def test_an_own_request_that_arrives_late_does_not_end_the_wait_for_another_leader() -> None:
    one = Candidate()
    candidacy = one.candidacy()
    candidacy.step()
    candidacy.failed(Failure.NOT_FOUND)
    assert asked(candidacy.step()).verb == "create"
    candidacy.failed(Failure.OTHER)
    for outcome in (lease("bing"), None, lease("baz", uid="v")):
        one.clock.advance(2.0)
        assert asked(candidacy.step()).verb == "get"
        if outcome is None:
            candidacy.failed(Failure.NOT_FOUND)
        else:
            candidacy.received(outcome)
    assert one.known.wait == 13.0
    assert isinstance(candidacy.step(), Pause)


def test_a_term_counts_from_the_start_of_the_last_successful_renewal() -> None:
    one = Candidate()
    tenure = one.leading()
    assert one.fence.left == 12.5
    assert paused(tenure.step()) == 2.0
    one.clock.advance(2.0)
    renewal = asked(tenure.step())
    assert (renewal.verb, renewal.timeout) == ("update", 5.0)
    one.clock.advance(3.0)
    tenure.received(stored(renewal, "2"))
    assert tenure.sent == 502.0
    assert one.fence.left == 9.5
    assert asked(tenure.step()).verb == "update", "the renewal took longer than the retry period"


def test_renewals_end_by_the_renew_deadline_and_the_fence_closes_midway_to_the_end() -> None:
    one = Candidate()
    tenure = one.leading()
    one.clock.advance(7.0)
    assert asked(tenure.step()).timeout == 3.0
    one.clock.advance(2.99)
    tenure.failed(Failure.OTHER)
    assert not tenure.overdue()
    one.clock.advance(0.01)
    assert tenure.step() is None
    assert tenure.reason == "the Lease was not renewed for 10 s, the renew deadline"
    assert one.fence.left == 2.5
    one.clock.advance(2.5)
    assert one.fence.left == 0.0


def test_a_renewal_that_succeeds_after_the_renew_deadline_does_not_save_the_term() -> None:
    one = Candidate()
    tenure = one.leading()
    one.clock.advance(9.0)
    renewal = asked(tenure.step())
    one.clock.advance(1.5)
    tenure.received(stored(renewal, "2"))
    assert tenure.step() is None
    assert one.fence.left == 2.0


def test_requests_are_get_create_update_update_and_after_a_conflict_get_update() -> None:
    one = Candidate()
    tenure = one.leading()
    verbs = ["get", "create"]
    for version, outcome in (("2", "ok"), ("", "conflict"), ("3", "get"), ("4", "ok")):
        if isinstance(step := tenure.step(), Pause):
            one.clock.advance(step.seconds)
        request = asked(tenure.step())
        verbs.append(request.verb)
        if outcome == "conflict":
            tenure.failed(Failure.CONFLICT)
        elif outcome == "get":
            tenure.received({**(one.known.lease or {}), "metadata": {"uid": "u", "resourceVersion": version}})
        else:
            tenure.received(stored(request, version))
    assert verbs == ["get", "create", "update", "update", "get", "update"]
    assert paused(tenure.step()) == 2.0


def test_somebody_who_changes_the_lease_all_the_time_causes_no_storm() -> None:
    one = Candidate()
    tenure = one.leading()
    count = 0
    while (step := tenure.step()) is not None:
        if isinstance(step, Pause):
            one.clock.advance(step.seconds)
            continue
        count += 1
        if step.verb == "get":
            tenure.received({**(one.known.lease or {}), "metadata": {"uid": "u", "resourceVersion": str(count)}})
        else:
            tenure.failed(Failure.CONFLICT)
    assert count <= 12


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (lease("bing"), "the Lease is held by 'bing'"),
        (lease(""), "the holder was removed"),
        (lease("baz", uid="other"), "the Lease was deleted and created again"),
    ],
)
def test_a_term_ends_at_once_if_the_lease_is_not_ours(found: dict[str, Any], reason: str) -> None:
    one = Candidate()
    tenure = one.leading()
    one.clock.advance(2.0)
    tenure.step()
    tenure.failed(Failure.CONFLICT)
    assert asked(tenure.step()).verb == "get"
    tenure.received(found)
    assert tenure.step() is None
    assert tenure.reason == reason
    assert one.fence.left == 0.0


def test_a_deleted_lease_ends_the_term_at_once() -> None:
    one = Candidate()
    tenure = one.leading()
    one.clock.advance(2.0)
    tenure.step()
    tenure.failed(Failure.NOT_FOUND)
    assert tenure.step() is None
    assert tenure.reason == "the Lease was deleted"
    assert one.fence.left == 0.0


def test_a_fence_that_is_closed_is_not_opened_by_a_late_response() -> None:
    one = Candidate()
    tenure = one.leading()
    one.clock.advance(2.0)
    renewal = asked(tenure.step())
    tenure.end()
    tenure.received(stored(renewal, "2"))
    assert one.fence.left == 0.0
    assert tenure.sent == 500.0


def released(one: Candidate, *outcomes: Failure | dict[str, Any] | None) -> tuple[list[Request], bool]:
    """Release with these responses; None stores the document."""
    release, requests = Release(one.known), list[Request]()
    for outcome in outcomes:
        request = asked(release.step())
        requests.append(request)
        if isinstance(outcome, Failure):
            release.failed(outcome)
        else:
            release.received(stored(request, "9") if outcome is None else outcome)
    assert release.step() is None
    return requests, release.is_done


def test_a_release_removes_the_holder_and_keeps_the_transitions() -> None:
    one = Candidate()
    one.leading()
    (request,), is_done = released(one, None)
    spec = (request.body or {})["spec"]
    assert is_done
    assert (spec["holderIdentity"], spec["leaseDurationSeconds"], spec["leaseTransitions"]) == ("", 1, 0)
    assert spec["acquireTime"] == spec["renewTime"]
    assert request.timeout == 5.0


def test_a_release_tries_again_after_a_conflict() -> None:
    one = Candidate()
    one.leading()
    requests, is_done = released(one, Failure.CONFLICT, lease("baz", leaseTransitions=3), None)
    assert [request.verb for request in requests] == ["update", "get", "update"]
    assert record.transitions(requests[-1].body or {}) == 3
    assert is_done


@pytest.mark.parametrize("outcomes", [(Failure.OTHER,), (Failure.CONFLICT, lease("bing")), (Failure.NOT_FOUND,)])
def test_a_release_leaves_the_lease_of_others_alone(outcomes: tuple[Any, ...]) -> None:
    one = Candidate()
    one.leading()
    assert not released(one, *outcomes)[1]


def test_a_release_without_a_known_record_reads_it_first() -> None:
    requests, is_done = released(Candidate(), lease("baz"), None)
    assert [request.verb for request in requests] == ["get", "update"]
    assert is_done


def test_a_release_has_five_seconds() -> None:
    one = Candidate()
    one.leading()
    release = Release(one.known)
    one.clock.advance(5.0)
    assert release.step() is None


def test_the_default_times_are_valid() -> None:
    settings = Settings(identity="baz")
    assert (settings.lease_duration, settings.renew_deadline, settings.retry_period) == (15, 10, 2)
    assert settings.fence_seconds == 12.5


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"lease_duration": 10.0}, "lease_duration .10 s. must be longer than renew_deadline .10 s."),
        ({"renew_deadline": 2.0}, r"renew_deadline .2 s. must be longer than 1.2 times retry_period .2 s."),
        ({"lease_duration": 0}, "lease_duration must be a number of seconds, 1 or more, not 0"),
        ({"retry_period": 0.5}, "retry_period must be a number of seconds, 1 or more"),
        ({"renew_deadline": float("nan")}, "renew_deadline must be a number of seconds"),
        ({"lease_duration": True}, "lease_duration must be a number of seconds"),
        ({"lease_duration": "15"}, "lease_duration must be a number of seconds"),
        ({"lease_duration": 15.5}, "lease_duration must be whole seconds, as a Lease stores it, not 15.5"),
        ({"lease_duration": 2.0**31}, "lease_duration must be a number of seconds"),
        ({"identity": ""}, "identity must be a name that no other candidate has, not ''"),
        ({"identity": " "}, "identity must be a name"),
        ({"identity": 7}, "identity must be a name"),
    ],
)
def test_settings_with_which_two_could_lead_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(errors.ConfigError, match=message):
        Settings(**{"identity": "baz", **settings})
