"""How a watch continues after failures, without a socket or a clock."""

from __future__ import annotations

import pytest

from kubecore import errors
from tests.kubecore.watch_runs import CUT, EXPIRED, IDLE, REFUSED, Run, bookmark, change, failure, line, map_

ENDS = {
    "well, after events": ((change("ADDED", "x", 6),), None, 0.0, 0.0),
    "well, after a second": ((), None, 1.0, 0.0),
    "well, at once": ((), None, 0.0, 0.8),
    "cut after events": ((change("ADDED", "x", 6),), CUT, 0.0, 0.0),
    "cut after a second": ((), CUT, 1.0, 0.0),
    "cut at once": ((), CUT, 0.0, 0.8),
    "cut after a bookmark": ((bookmark(6),), CUT, 0.0, 0.0),
    "cut after what is known": ((change("ADDED", "x", 5),), CUT, 0.0, 0.8),
    "no HTTP": ((), errors.ProtocolError("?"), 0.0, 0.8),
    "ERROR 429": ((line("ERROR", {"code": 429, "details": {"retryAfterSeconds": 5}}),), None, 0.0, 5.0),
    "ERROR 500": ((line("ERROR", {"code": 500, "reason": "InternalError"}),), None, 0.0, 0.8),
    "ERROR 504": ((line("ERROR", {"code": 504, "reason": "Timeout"}),), None, 0.0, 0.8),
    "ERROR, huge Retry-After": (
        (line("ERROR", {"code": 429, "details": {"retryAfterSeconds": 10**9}}),),
        None,
        0.0,
        600.0,
    ),
}


@pytest.mark.parametrize(("pieces", "error", "lived", "seconds"), ENDS.values(), ids=ENDS.keys())
def test_the_watch_reconnects_after_the_end_of_a_connection(
    pieces: tuple[bytes, ...], error: errors.KubeError | None, lived: float, seconds: float
) -> None:
    """The next request follows at once after a useful connection, otherwise after a pause."""
    run = Run(resource_version="5")
    run.stream(*pieces, error=error, lived=lived)
    run.step()
    assert run.waited[1] == pytest.approx(seconds)
    assert run.asked[1]["resourceVersion"] == run.progress.version


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (failure(400, "BadRequest"), errors.BadRequestError),
        (failure(401, "Unauthorized"), errors.UnauthorizedError),
        (failure(403, "Forbidden"), errors.ForbiddenError),
        (failure(404, "NotFound"), errors.NotFoundError),
        (failure(422, "Invalid"), errors.InvalidError),
        (EXPIRED, errors.ExpiredError),
        (failure(410, "Gone"), errors.ExpiredError),
        (failure(410), errors.ExpiredError),
        (errors.ClosedError("closed"), errors.ClosedError),
    ],
)
@pytest.mark.parametrize("when", ["first", "later", "in the stream"])
def test_permanent_errors_are_raised_at_once(error: errors.KubeError, kind: type[Exception], when: str) -> None:
    run = Run(resource_version="5")
    if when == "later":
        run.stream(change("ADDED", "x", 6))
    with pytest.raises(kind):
        run.stream(error=error) if when == "in the stream" else run.refuse(error)


@pytest.mark.parametrize("error", [CUT, REFUSED, IDLE, errors.DeadlineError("late"), errors.ProtocolError("?")])
def test_an_unreachable_server_fails_the_first_request_and_is_retried_later(error: errors.TransportError) -> None:
    run = Run()
    with pytest.raises(type(error)):
        run.refuse(error)
    run = Run()
    run.state(5)
    for _ in range(20):
        run.refuse(error)
    # The first request and the first retry have no pause. Then, as in client-go: 0.8 s, doubled, at most 30 s.
    assert run.waited[2:10] == pytest.approx([0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 30, 30])
    run.stream(change("ADDED", "x", 6), error=CUT)
    run.refuse(error)
    run.refuse(error)
    assert run.waited[-2:] == pytest.approx([0.0, 0.8])


def test_429_at_the_opening_is_waited_out() -> None:
    """The same request is sent three times, without a list."""
    run = Run(send_initial_events=True)
    for _ in range(2):
        run.refuse(failure(429, "TooManyRequests", 1))
    assert run.stream(change("ADDED", "x", 3), bookmark(5, ends="true")) == ["ADDED x 3", "BOOKMARK  5"]
    assert run.asked[0] == run.asked[1] == run.asked[2]
    assert run.waited == pytest.approx([0, 1, 1.6])
    for _ in range(50):
        run.refuse(failure(429, "TooManyRequests"))


def test_a_server_error_at_the_start_is_retried_a_few_times() -> None:
    run = Run()
    for _ in range(4):
        run.refuse(failure(500, "InternalError"))
    with pytest.raises(errors.InternalError):
        run.refuse(failure(500, "InternalError"))
    assert run.waited == pytest.approx([0, 0.8, 1.6, 3.2, 6.4])
    run = Run(resource_version="3")
    run.stream(change("ADDED", "x", 6))
    for _ in range(50):
        run.refuse(failure(503))
        run.refuse(failure(500))


def test_a_500_without_a_reason_is_raised_at_once() -> None:
    """The API server responds with this to an invalid version."""
    run = Run(resource_version="not-a-version")
    with pytest.raises(errors.StatusError):
        run.refuse(failure(500))


def test_a_server_with_an_older_version_is_retried_a_few_times() -> None:
    run = Run(send_initial_events=True, resource_version="900")
    behind = failure(504, "Timeout", 1, cause="ResourceVersionTooLarge")
    for _ in range(4):
        run.refuse(behind)
    with pytest.raises(errors.TimeoutError):
        run.refuse(behind)


BAD_LINES = [
    b"garbage\n",
    b"[]\n",
    b"null\n",
    b'{"type":"ADDED"}\n',
    b'{"type":"ADDED","object":null}\n',
    b'{"type":null,"object":{}}\n',
    b'{"type":"MODIFIED","object":{"metadata":{"name":"x","resourceVersion":"7"},"data":[1]}}\n',
    b'{"type":"ERROR","object":null}\n',
    b'{"type":"ERROR","object":{}}\n',
    b'{"type":"ERROR","object":{"kind":"Status"}}\n',
    b'{"type":"BOOKMARK","object":[]}\n',
    b"\xff\xfe\n",
    b'{"type":"ADDED","object":{"metadata":{"name":"\xff"}}}\n',
    b'{"type":"BOOKMARK","object":{}}{"type":"BOOKMARK","object":{}}\n',  # Two events in one line.
]


@pytest.mark.parametrize("bad", BAD_LINES)
def test_an_invalid_line_is_requested_once_more_and_then_raised(bad: bytes) -> None:
    """The watch resumes from the last good version. A second invalid line in a row raises an error."""
    good = change("ADDED", "x", 6)
    run = Run(resource_version="5")
    assert run.stream(good, bad) == ["ADDED x 6"]
    assert run.stream(change("ADDED", "y", 7), bad) == ["ADDED y 7"]
    assert [asked["resourceVersion"] for asked in run.asked] == ["5", "6"]
    expected = (errors.DecodeError, errors.StatusError)
    with pytest.raises(expected) as caught:
        run.stream(bad)
    assert run.asked[-1]["resourceVersion"] == "7"
    assert not isinstance(caught.value, errors.DecodeError) or "at byte 0" in str(caught.value)


def test_b10_an_event_of_an_unknown_type_is_skipped() -> None:
    run = Run(resource_version="5")
    pieces = (line("SOMETHING", map_("x", 6)), line("", 5), change("ADDED", "y", 7))
    assert run.stream(*pieces) == ["ADDED y 7"]


def test_a_stream_of_another_media_type_is_raised_at_once() -> None:
    run = Run(resource_version="5")
    run.step()
    with pytest.raises(errors.DecodeError, match="not as 'foobar'") as caught:
        run.progress.opened({"content-type": "foobar"})
    with pytest.raises(errors.DecodeError):
        run.progress.failed(caught.value)


def test_yielded_events_are_not_yielded_again() -> None:
    run = Run(resource_version="5")
    pieces = [change("ADDED", "x", 6), change("MODIFIED", "x", 8), change("MODIFIED", "x", 8), change("ADDED", "y", 7)]
    assert run.stream(*pieces, error=CUT) == ["ADDED x 6", "MODIFIED x 8"]
    assert run.stream(*pieces, change("ADDED", "y", 9)) == ["ADDED y 9"]


def test_events_with_versions_that_are_not_numbers_are_all_yielded() -> None:
    run = Run(resource_version="abc")
    pieces = [
        line("ADDED", {"metadata": {"name": n, "resourceVersion": v}}) for n, v in (("x", "b"), ("y", "a"), ("z", ""))
    ]
    assert run.stream(*pieces) == ["ADDED x b", "ADDED y a", "ADDED z "]
    run.step()
    assert run.asked[-1]["resourceVersion"] == "a"
    run = Run(resource_version="9" * 10_000)
    assert run.stream(change("ADDED", "x", 6)) == ["ADDED x 6"]


def test_an_object_recreated_in_a_gap_yields_deleted_and_added() -> None:
    run = Run(resource_version="5")
    run.stream(change("ADDED", "x", 6, "one"), error=CUT)
    again = (change("DELETED", "x", 7, "one"), change("ADDED", "x", 8, "two"))
    assert run.stream(*again) == ["DELETED x 7", "ADDED x 8"]


@pytest.mark.parametrize("wanted", [False, True])
def test_bookmarks_update_the_version_and_are_yielded_on_request(wanted: bool) -> None:
    run = Run(resource_version="5", allow_watch_bookmarks=wanted)
    assert run.stream(bookmark(9), error=CUT) == (["BOOKMARK  9"] if wanted else [])
    run.step()
    assert run.asked[-1]["resourceVersion"] == "9"


def test_the_last_failure_is_kept_until_the_server_responds() -> None:
    run = Run(ends_at=1010.0)
    run.state(5)
    assert run.progress.failure == ""
    run.stream(error=CUT)
    assert run.progress.failure == "cut"
    run.refuse(REFUSED)
    assert run.progress.failure == "refused"
    run.stream(lived=2.0)
    assert run.progress.failure == ""
    run.refuse(REFUSED)
    run.stream(lived=20.0, error=errors.DeadlineError("not done within the time that was given"))
    assert run.progress.failure == ""


def test_429_to_the_end_of_the_time_is_raised() -> None:
    run = Run(timeout_seconds=3)
    for _ in range(3):
        run.refuse(failure(429, "TooManyRequests"))
    with pytest.raises(errors.TooManyRequestsError) as caught:
        run.step()
    assert run.clock.now == 1003.0
    with pytest.raises(errors.TooManyRequestsError):
        run.progress.failed(caught.value)
