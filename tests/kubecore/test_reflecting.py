"""The requests that keep a copy of a collection, and the effect of each response, without a socket or a clock."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kubecore import errors
from kubecore.cache import Deleted
from kubecore.cache.relist import MAX_REFUSED
from kubecore.model.meta import Status
from tests.kubecore.cache_runs import LIST, STATE, Copy, follow
from tests.kubecore.watch_runs import CUT, EXPIRED, IDLE, REFUSED, bookmark, change, failure, line, map_

END = "true"
UNSUPPORTED = [failure(422, "Invalid"), failure(400, "BadRequest")]


def synced(version: int = 10, *objects: bytes, **options: Any) -> Copy:
    """Return a copy that is in sync, whose stream is open."""
    copy = Copy(**options)
    copy.stream(*objects, bookmark(version, ends=END), ends=False)
    assert copy.reflection.in_sync
    copy.told()
    return copy


# The first state.


def test_one_request_brings_the_state_and_the_changes() -> None:
    copy = Copy(label_selector="a=b")
    copy.stream(change("ADDED", "p1", 1), change("ADDED", "p2", 2), ends=False)
    assert not copy.reflection.in_sync
    assert copy.store.version == ""
    copy.more(bookmark(2, ends=END), ends=False)
    assert copy.reflection.in_sync
    assert copy.store.version == "2"
    copy.more(change("ADDED", "p3", 3), ends=False)
    assert copy.names == {"p1": 1, "p2": 2, "p3": 3}
    assert copy.asked == [{**STATE, "labelSelector": "a=b"}]
    assert copy.told() == ["Added p1 1", "Added p2 2", "Added p3 3"]


def test_changes_before_the_end_of_the_state_are_folded_in() -> None:
    copy = Copy()
    copy.stream(
        change("ADDED", "p1", 1),
        change("ADDED", "p2", 2),
        change("MODIFIED", "p1", 3),
        change("ADDED", "p3", 4),
        change("DELETED", "p3", 5),
        bookmark(5, ends=END),
        ends=False,
    )
    assert copy.names == {"p1": 3, "p2": 2}
    assert copy.told() == ["Added p1 3", "Added p2 2"]
    assert copy.store.version == "5"


@pytest.mark.parametrize("ends", ["false", None])
def test_only_the_bookmark_with_the_right_annotation_ends_the_state(ends: str | None) -> None:
    copy = Copy()
    copy.stream(change("ADDED", "p1", 1), bookmark(9, ends=ends), ends=False)
    assert not copy.reflection.in_sync
    assert copy.store.version == ""


def test_a_stream_that_ends_early_is_requested_once_more_then_the_state_is_listed() -> None:
    copy = Copy()
    copy.stream(change("ADDED", "p1", 1))
    copy.stream(change("ADDED", "p1", 1), error=CUT)
    copy.page(7, map_("p1", 1))
    assert copy.asked == [STATE, STATE, LIST]
    assert copy.reflection.in_sync
    assert copy.reflection.lists
    assert copy.reflection.fallbacks == 1
    copy.stream(ends=False)
    assert copy.asked[-1] == follow(7)


def test_a_server_that_is_silent_before_the_end_of_the_state_is_listed_after_10_seconds() -> None:
    copy = Copy()
    assert copy.reflection.idle_limit() == 10.0
    copy.stream(change("ADDED", "p1", 1), 10.0, error=IDLE)
    copy.page(7, map_("p1", 1))
    assert copy.asked == [STATE, LIST]
    assert copy.reflection.idle_limit() is None, "the watch has the limit of Timeouts.idle"


def test_a_server_that_sends_no_headers_for_the_state_is_listed_the_second_time() -> None:
    copy = Copy()
    copy.refuse(IDLE)
    copy.refuse(IDLE)
    copy.page(7)
    assert copy.asked == [STATE, STATE, LIST]


@pytest.mark.parametrize("refusal", UNSUPPORTED, ids=["422", "400"])
def test_a_server_that_refuses_to_send_the_state_as_events_is_never_requested_to_again(
    refusal: errors.StatusError,
) -> None:
    copy = Copy()
    copy.refuse(refusal)
    copy.page(7, map_("p1", 1))
    copy.stream(error=EXPIRED)
    copy.page(9, map_("p1", 1))
    assert copy.asked == [STATE, LIST, follow(7), LIST]
    assert copy.waited[:2] == [0.0, 0.0], "the server responds: there is no reason to wait"
    assert copy.reflection.fallbacks == 1


def test_429_twice_for_the_state_leads_to_three_requests_and_no_list() -> None:
    copy = Copy()
    copy.refuse(failure(429, "TooManyRequests"))
    copy.refuse(failure(429, "TooManyRequests"))
    copy.stream(bookmark(3, ends=END), ends=False)
    assert copy.asked == [STATE, STATE, STATE]
    assert copy.waited == pytest.approx([0.0, 0.8, 1.6])


def test_a_known_server_is_listed_first() -> None:
    copy = Copy(lists=True)
    copy.page(7, map_("p1", 1))
    assert copy.asked == [LIST]
    assert copy.reflection.fallbacks == 0


# Lists.


def test_a_list_is_applied_page_by_page() -> None:
    copy = Copy(lists=True, label_selector="a=b")
    copy.page(7, map_("p1", 1), token="next")
    assert copy.names == {"p1": 1}
    assert not copy.reflection.in_sync
    copy.page(7, map_("p2", 2))
    assert copy.names == {"p1": 1, "p2": 2}
    assert copy.store.version == "7"
    selected = {**LIST, "labelSelector": "a=b"}
    assert copy.asked == [selected, {**selected, "continue": "next"}]


def test_a_list_whose_pages_expire_is_read_in_one_page() -> None:
    copy = Copy(lists=True)
    copy.page(7, map_("p1", 1), token="next")
    copy.refuse(EXPIRED)
    copy.page(9, map_("p1", 1), map_("p2", 2), map_("p3", 8))
    assert copy.asked == [LIST, {**LIST, "continue": "next"}, {"of": "list"}]
    assert copy.names == {"p1": 1, "p2": 2, "p3": 8}
    copy.stream(error=EXPIRED)
    copy.page(12, map_("p3", 8))
    assert copy.asked[-1] == LIST, "the next list has pages again"
    assert copy.names == {"p3": 8}


def test_a_page_that_fails_is_requested_again() -> None:
    copy = Copy(lists=True)
    copy.page(7, map_("p1", 1), token="next")
    copy.refuse(CUT)
    copy.refuse(failure(503, "ServiceUnavailable"))
    copy.page(7, map_("p2", 2))
    assert copy.asked == [LIST, *[{**LIST, "continue": "next"}] * 3]
    assert copy.waited == pytest.approx([0.0, 0.0, 0.8, 1.6])
    assert copy.names == {"p1": 1, "p2": 2}


def test_a_list_without_version_is_retried() -> None:
    copy = Copy(lists=True)
    copy.page("", map_("p1", 1))
    assert not copy.reflection.in_sync
    copy.page(7, map_("p1", 1))
    assert copy.reflection.in_sync


def test_no_list_requests_a_version() -> None:
    copy = Copy(lists=True)
    copy.page(10, map_("p1", 1))
    copy.stream(error=EXPIRED)
    copy.page(11, map_("p1", 1))
    assert [asked for asked in copy.asked if asked["of"] == "list"] == [LIST, LIST]


# Errors that are raised, and errors that are retried.


@pytest.mark.parametrize("code", [400, 401, 403, 404, 405, 406, 422])
def test_before_the_first_sync_errors_that_will_not_heal_are_raised(code: int) -> None:
    copy = Copy(lists=True)
    with pytest.raises(errors.StatusError):
        copy.refuse(failure(code))


def test_before_the_first_sync_a_forbidden_state_is_raised_without_a_list() -> None:
    copy = Copy()
    with pytest.raises(errors.ForbiddenError):
        copy.refuse(failure(403, "Forbidden"))
    assert copy.asked == [STATE]


@pytest.mark.parametrize(
    "error",
    [REFUSED, CUT, failure(500), failure(503), failure(504), failure(429), failure(409), errors.DecodeError("html")],
    ids=lambda error: f"{type(error).__name__}",
)
def test_before_the_first_sync_all_other_errors_are_retried(error: errors.KubeError) -> None:
    copy = Copy(lists=True)
    for _ in range(20):
        copy.refuse(error)
    copy.page(7)
    assert copy.reflection.in_sync
    assert copy.waited[:8] == pytest.approx([0, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 30.0])


@pytest.mark.parametrize("code", [400, 401, 403, 404, 405, 406, 409, 422, 429, 500, 503, 504])
def test_after_the_first_sync_no_status_is_raised(code: int) -> None:
    copy = synced(10, change("ADDED", "p1", 1))
    copy.more(error=CUT)
    for _ in range(10):
        copy.refuse(failure(code))
        assert copy.names == {"p1": 1}
    assert copy.asked[1:] == [follow(10)] * 10
    assert copy.reflection.failure
    copy.stream(change("ADDED", "p2", 12), ends=False)
    assert copy.names == {"p1": 1, "p2": 12}
    assert copy.reflection.failure == ""


def test_a_closed_client_ends_the_copy() -> None:
    copy = synced()
    copy.more(ends=True, lived=5.0)
    with pytest.raises(errors.ClosedError):
        copy.refuse(errors.ClosedError("closed"))


# The changes.


def test_the_version_follows_events_and_bookmarks() -> None:
    copy = synced(5)
    reached: list[str] = []
    for chunk in (change("ADDED", "a", 10), change("MODIFIED", "a", 20), bookmark(30), change("DELETED", "a", 40)):
        copy.more(chunk, ends=False)
        reached.append(copy.store.version)
    assert reached == ["10", "20", "30", "40"]
    copy.more(change("ADDED", "b", 40) + bookmark(30) + change("ADDED", "c", 50), ends=False)
    assert copy.store.version == "50"
    copy.more(error=EXPIRED)
    copy.stream(bookmark(50, ends=END), ends=False)
    assert copy.store.version == "50"


def test_after_the_end_of_a_stream_the_watch_continues_from_its_version() -> None:
    copy = synced(3)
    copy.more(lived=5.0)
    copy.stream(change("ADDED", "a", 4), lived=300.0)
    copy.stream(ends=False)
    assert copy.asked == [STATE, follow(3), follow(4)]
    assert copy.waited == [0.0, 0.0, 0.0]


def test_four_refusals_with_429_lead_to_five_watches_and_no_list() -> None:
    copy = synced(3)
    copy.more(lived=5.0)
    for _ in range(4):
        copy.refuse(failure(429, "TooManyRequests"))
    copy.stream(ends=False)
    assert copy.asked == [STATE, *[follow(3)] * 5]


def test_a_server_that_fails_for_long_is_requested_every_30_seconds_and_never_listed() -> None:
    copy = synced(3)
    copy.more(lived=5.0)
    for _ in range(30):
        copy.refuse(failure(500, "InternalError"))
    assert copy.asked == [STATE, *[follow(3)] * 30]
    assert copy.waited[-1] == 30.0


def test_retry_after_is_obeyed() -> None:
    copy = synced(3)
    copy.more(lived=5.0)
    copy.refuse(failure(503, "ServiceUnavailable", seconds=17))
    copy.stream(ends=False)
    assert copy.waited[-1] == 17.0


def test_a_stream_that_brings_nothing_and_ends_at_once_counts_as_a_failure() -> None:
    copy = synced(3)
    copy.more(lived=5.0)
    for _ in range(4):
        copy.stream()
    assert copy.waited[-4:] == pytest.approx([0.0, 0.8, 1.6, 3.2])
    copy.stream(lived=1.0)
    copy.stream()
    assert copy.waited[-1] == 0.0, "a stream that lived for a second is no failure"


def test_an_error_event_of_another_code_resumes_and_the_second_at_one_version_relists() -> None:
    copy = synced(3, change("ADDED", "p1", 1))
    copy.more(line("ERROR", {"kind": "Status", "code": 500, "reason": "InternalError"}))
    copy.stream(change("ADDED", "a", 4), line("ERROR", {"kind": "Status", "code": 500, "reason": "InternalError"}))
    copy.stream(line("ERROR", {"kind": "Status", "code": 500, "reason": "InternalError"}))
    assert copy.asked == [STATE, follow(3), follow(4)]
    copy.stream(change("ADDED", "p1", 1), bookmark(9, ends=END), ends=False)
    assert copy.asked[-1] == STATE
    assert copy.names == {"p1": 1}


def test_garbage_resumes_and_the_second_at_one_version_relists() -> None:
    copy = synced(3)
    copy.more(b"garbage\n")
    copy.stream(b"garbage\n")
    copy.stream(bookmark(9, ends=END), ends=False)
    assert copy.asked == [STATE, follow(3), STATE]


def test_a_server_that_sends_only_error_events_is_requested_less_and_less() -> None:
    copy = synced(3)
    copy.more(line("ERROR", {"kind": "Status", "code": 500}))
    for _ in range(20):
        while (step := copy.reflection.step()) and "sendInitialEvents" not in step.call.target:
            copy.stream(line("ERROR", {"kind": "Status", "code": 500}))
        copy.stream(bookmark(3, ends=END), line("ERROR", {"kind": "Status", "code": 500}))
    assert copy.waited[-1] == 30.0


# Reading everything again.


@pytest.mark.parametrize("form", ["status", "event"])
def test_410_reads_the_state_again_and_reports_only_the_differences(form: str) -> None:
    copy = synced(3, change("ADDED", "p1", 1), change("ADDED", "p2", 2))
    if form == "event":
        copy.more(line("ERROR", {"kind": "Status", "code": 410, "reason": "Expired"}))
    else:
        copy.more(lived=5.0)
        copy.refuse(EXPIRED)
    assert copy.names == {"p1": 1, "p2": 2}, "the copy is kept meanwhile"
    copy.stream(change("ADDED", "p1", 1), change("ADDED", "p3", 8), ends=False)
    copy.more(bookmark(9, ends=END), ends=False)
    assert copy.asked[-1] == STATE
    assert copy.told() == ["Added p3 8", "Deleted p2 2"]
    assert copy.reflection.relists == 1
    copy.more(lived=5.0)
    copy.stream(ends=False)
    assert copy.asked[-1] == follow(9)


def test_a_deletion_that_was_missed_has_the_last_known_state() -> None:
    copy = synced(3, change("ADDED", "p1", 1, color="red"))
    copy.more(error=EXPIRED)
    copy.stream(bookmark(9, ends=END), ends=False)
    [deleted] = copy.feed.take()
    assert isinstance(deleted, Deleted)
    assert not deleted.is_final
    assert deleted.object.data == {"color": "red"}


def test_repeated_410_is_requested_less_and_less() -> None:
    copy = synced(3)
    copy.more(error=EXPIRED)
    for _ in range(12):
        copy.stream(bookmark(3, ends=END), error=EXPIRED)
    assert copy.waited[1] == 0.0
    assert copy.waited[-1] == 30.0
    assert copy.waited == sorted(copy.waited)


def test_a_watch_cut_misses_nothing() -> None:
    copy = synced(2, change("ADDED", "pod-1", 1), change("ADDED", "pod-2", 2))
    copy.more(error=CUT, lived=5.0)
    copy.stream(change("ADDED", "pod-3", 3), change("MODIFIED", "pod-2", 4), ends=False)
    assert copy.told() == ["Added pod-3 3", "Updated pod-2 4"]


def test_a_recreated_object_is_reported_as_deleted_and_added() -> None:
    copy = synced(2, change("ADDED", "p1", 1, uid="one"))
    copy.more(error=EXPIRED)
    copy.stream(change("ADDED", "p1", 5, uid="two"), bookmark(6, ends=END), ends=False)
    assert copy.told() == ["Deleted p1 1", "Added p1 5"]


# Servers that are behind, or have gone back.


TOO_LARGE = [
    failure(504, "Timeout", cause="ResourceVersionTooLarge"),
    errors.status_error(Status(code=504, reason="Timeout", message="Too large resource version: 9, current: 8")),
]


@pytest.mark.parametrize("error", TOO_LARGE, ids=["cause", "message"])
def test_a_server_that_is_behind_is_requested_again_then_the_state_is_read(error: errors.StatusError) -> None:
    copy = synced(9, change("ADDED", "p1", 1))
    copy.more(lived=5.0)
    copy.refuse(error)
    copy.refuse(error)
    assert copy.asked == [STATE, follow(9), follow(9)]
    copy.stream(change("ADDED", "p1", 1), bookmark(9, ends=END), ends=False)
    assert copy.asked[-1] == STATE
    assert copy.told() == []


def test_an_older_state_is_refused_until_the_server_must_have_gone_back() -> None:
    copy = synced(9, change("ADDED", "p1", 1), change("ADDED", "p2", 8))
    copy.more(error=EXPIRED)
    for _ in range(MAX_REFUSED):
        copy.stream(change("ADDED", "p1", 1), bookmark(5, ends=END), ends=False)
        assert copy.names == {"p1": 1, "p2": 8}
        assert copy.store.version == "9"
    assert copy.waited[1:] == pytest.approx([0.0, 0.8, 1.6, 3.2, 6.4])
    copy.stream(change("ADDED", "p1", 1), bookmark(5, ends=END), ends=False)
    assert copy.names == {"p1": 1}
    assert copy.store.version == "5"
    assert copy.told() == ["Deleted p2 8"]
    copy.more(lived=5.0)
    copy.stream(ends=False)
    assert copy.asked[-1] == follow(5)


def test_an_idle_watch_is_probed_and_an_older_server_is_read_again() -> None:
    copy = synced(9)
    copy.more(error=IDLE, lived=90.0)
    copy.stream(error=IDLE, lived=90.0)
    assert copy.asked == [STATE, follow(9)], "a stream that brought anything is only opened again"
    copy.page(12)
    assert copy.asked[-1] == {"of": "list", "limit": "1"}
    copy.stream(error=IDLE, lived=90.0)
    assert copy.asked[-1] == follow(9), "a newer server: the watch continues"
    copy.page(7)
    copy.stream(bookmark(7, ends=END), ends=False)
    assert copy.asked[-1] == STATE


def test_a_user_who_may_not_list_is_not_probed_again_and_again() -> None:
    copy = synced(9)
    copy.more(error=IDLE, lived=90.0)
    copy.stream(error=IDLE, lived=90.0)
    copy.refuse(failure(403, "Forbidden"))
    copy.stream(change("ADDED", "a", 10), ends=False)
    assert copy.names == {"a": 10}


# Single objects that can't be read.


def test_objects_that_cannot_be_read_are_counted_and_stop_nobody() -> None:
    copy = synced(3)
    deep = b"[" * 100_000 + b"]" * 100_000
    copy.more(
        b'{"type":"ADDED","object":{"metadata":{}}}\n',
        b'{"type":"ADDED","object":' + deep + b"}\n",
        line("UNHEARD", map_("x", 4)),
        b'{"type":"ADDED","object":[1,2]}\n',
        change("ADDED", "a", 5),
        ends=False,
    )
    assert copy.names == {"a": 5}
    assert copy.store.undecodable == 4
    assert copy.asked == [STATE]


@pytest.mark.parametrize(
    "form",
    [
        b'{"type":"ADDED","object":%b,"more":{"a":{}}}\n',
        b'{"object":%b,"type":"ADDED"}\n',
        b' {"type": "ADDED", "object": %b}\n',
        b'{"type":"ADDED","object":%b}\r\n',
        b'{"type":"ADDED","object":%b }\n',
    ],
)
def test_events_are_read_in_any_valid_form(form: bytes) -> None:
    copy = Copy()
    copy.stream(form % json.dumps(map_("a", 1)).encode(), bookmark(3, ends=END), ends=False)
    copy.more(form % json.dumps(map_("b", 4)).encode(), ends=False)
    assert copy.names == {"a": 1, "b": 4}
    assert copy.asked == [STATE]


def test_an_event_that_is_not_json_resumes_from_the_last_version() -> None:
    copy = synced(3)
    copy.more(change("ADDED", "a", 4) + b'{"type":"ADDED","object":{"metadata":}}\n' + change("ADDED", "b", 5))
    assert copy.names == {"a": 4}
    copy.stream(change("ADDED", "b", 5), ends=False)
    assert copy.asked[-1] == follow(4)


def test_the_server_is_requested_to_keep_a_watch_open_for_300_to_600_seconds() -> None:
    bounds: list[tuple[float, float]] = []

    def chance(low: float, high: float) -> float:
        bounds.append((low, high))
        return 457.3

    copy = Copy(chance=chance)
    assert dict(copy.reflection.step().call.query)["timeoutSeconds"] == "457"
    assert bounds == [(300, 600)]
