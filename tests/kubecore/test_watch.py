"""What a watch does about all that can happen to it: the decisions, without a socket or a clock."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kubeclient.models import core_v1, meta_v1
from kubeclient.typed.core.v1.configmap import CONFIG_MAPS
from kubecore import errors
from kubecore.calls.resource import Resource
from kubecore.watch.decoder import MAX_LINE, Decoder
from kubecore.watch.options import WatchOptions
from kubecore.watch.state import Step, WatchState

JSON = {"content-type": "application/json"}


class SlimMeta(msgspec.Struct, rename="camel"):
    name: str
    namespace: str
    uid: str
    resource_version: str


class Slim(msgspec.Struct):
    metadata: SlimMeta


class Slims(msgspec.Struct, rename="camel"):
    metadata: meta_v1.ListMeta
    items: list[Slim]


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def map_(name: str, version: int, uid: str = "", **data: str) -> dict[str, Any]:
    meta = {"name": name, "namespace": "d", "uid": uid or f"u-{name}", "resourceVersion": str(version)}
    return {"kind": "ConfigMap", "apiVersion": "v1", "metadata": meta, "data": data}


def line(kind: str, found: Any) -> bytes:
    return json.dumps({"type": kind, "object": found}).encode() + b"\n"


def change(kind: str, name: str, version: int, uid: str = "", **data: str) -> bytes:
    return line(kind, map_(name, version, uid, **data))


def bookmark(version: int, *, ends: str | None = None) -> bytes:
    meta: dict[str, Any] = {"resourceVersion": str(version)}
    if ends is not None:
        meta["annotations"] = {"k8s.io/initial-events-end": ends}
    return line("BOOKMARK", {"kind": "ConfigMap", "apiVersion": "v1", "metadata": meta, "data": None})


def failure(code: int, reason: str = "", seconds: int | None = None, cause: str = "") -> errors.StatusError:
    causes = [meta_v1.StatusCause(reason=cause)] if cause else []
    details = meta_v1.StatusDetails(retry_after_seconds=seconds, causes=causes)
    return errors.status_error(meta_v1.Status(status="Failure", code=code, reason=reason, details=details))


class Run:
    """Drives the decisions as the loops do, each response by itself."""

    def __init__(self, **asked: Any) -> None:
        self.clock = Clock()
        self.progress: WatchState[core_v1.ConfigMap] = WatchState(
            WatchOptions(
                list=lambda query: CONFIG_MAPS.list("d", query),
                watch=lambda query: CONFIG_MAPS.watch("d", query),
                **asked,
            ),
            clock=self.clock,
            chance=lambda low, high: low,
        )
        self.waited: list[float] = []
        self.asked: list[dict[str, str]] = []

    def step(self) -> Step | None:
        self.waited.append(self.progress.pause())
        self.clock.now += self.waited[-1]
        step = self.progress.step()
        if step is not None:
            query = parse_qs(urlsplit(step.call.target).query)
            self.asked.append({"of": "watch" if step.follows else "list", **{k: v[0] for k, v in query.items()}})
        return step

    def state(self, version: int, *items: dict[str, Any], token: str | None = None) -> list[str]:
        """Respond to the next request, which must be a list; return what is told."""
        step = self.step()
        assert step is not None
        assert not step.follows
        body = {
            "kind": "ConfigMapList",
            "metadata": {"resourceVersion": str(version), "continue": token},
            "items": items,
        }
        try:
            found = self.progress.listed(step.call.parse(200, JSON, json.dumps(body).encode()))
        except errors.KubeError as error:
            self.progress.failed(error)
            return []
        return told(found)

    def stream(self, *pieces: bytes | float, error: errors.KubeError | None = None, lived: float = 0.0) -> list[str]:
        """Respond to the next request, which must be a watch, and end it with an error, or well; return what is
        told."""
        step = self.step()
        assert step is not None
        assert step.follows
        self.progress.opened(JSON)
        found: list[str] = []
        try:
            for piece in pieces:
                if isinstance(piece, float):
                    self.clock.now += piece
                else:
                    for event in self.progress.feed(piece):
                        found.append(shown(event))  # noqa: PERF401 - what came before an error counts
            self.clock.now += lived
            if error is not None:
                raise error
            found.extend(told(self.progress.end()))
        except errors.KubeError as caught:
            self.progress.failed(caught)
        return found

    def refuse(self, error: errors.KubeError) -> None:
        """Respond to the next request with an error."""
        assert self.step() is not None
        self.progress.failed(error)


def shown(event: Any) -> str:
    meta = event.object.metadata
    return f"{event.type} {meta.name} {meta.resource_version}"


def told(events: Iterator[Any]) -> list[str]:
    return [shown(event) for event in events]


CUT = errors.ReadError("cut")
IDLE = errors.ReadTimeoutError("the server sent nothing for 90 s")
REFUSED = errors.ConnectError("refused")
EXPIRED = failure(410, "Expired")


def test_first_the_state_by_a_list_then_the_changes_from_its_version() -> None:
    run = Run(label_selector="a=b")
    assert run.state(7, map_("x", 3), map_("y", 5)) == ["ADDED x 3", "ADDED y 5"]
    assert run.stream(change("MODIFIED", "x", 8)) == ["MODIFIED x 8"]
    assert run.asked[0] == {"of": "list", "labelSelector": "a=b"}
    assert run.asked[1] == {
        "of": "watch",
        "watch": "true",
        "labelSelector": "a=b",
        "resourceVersion": "7",
        "allowWatchBookmarks": "true",
        "timeoutSeconds": "300",
    }
    assert run.progress.version == "8"


@pytest.mark.parametrize(
    ("asked", "first"),
    [
        ({"resource_version": "5"}, {"of": "watch", "resourceVersion": "5"}),
        ({"resource_version": "0"}, {"of": "list", "resourceVersion": "0"}),
        (
            {"resource_version": "0", "resource_version_match": "NotOlderThan"},
            {"of": "list", "resourceVersion": "0", "resourceVersionMatch": "NotOlderThan"},
        ),
        (
            {"resource_version": "5", "resource_version_match": "Exact"},
            {"of": "watch", "resourceVersion": "5", "resourceVersionMatch": "Exact"},
        ),
        ({"send_initial_events": False}, {"of": "list", "limit": "1"}),
        (
            {"send_initial_events": True},
            {"of": "watch", "sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan"},
        ),
        (
            {"send_initial_events": True, "resource_version": "0"},
            {
                "of": "watch",
                "sendInitialEvents": "true",
                "resourceVersionMatch": "NotOlderThan",
                "resourceVersion": "0",
            },
        ),
    ],
)
def test_what_is_asked_first(asked: dict[str, Any], first: dict[str, str]) -> None:
    run = Run(**asked)
    run.step()
    always = {"watch": "true", "allowWatchBookmarks": "true", "timeoutSeconds": "300"}
    assert run.asked == [{**(always if first["of"] == "watch" else {}), **first}]


def test_a_watch_without_end_asks_for_300_to_600_seconds() -> None:
    bounds: list[tuple[float, float]] = []
    asked = WatchOptions(
        list=lambda query: CONFIG_MAPS.list("d", query),
        watch=lambda query: CONFIG_MAPS.watch("d", query),
        resource_version="1",
    )

    def chance(low: float, high: float) -> float:
        bounds.append((low, high))
        return 457.3

    step = WatchState(asked, chance=chance).step()
    assert step is not None
    assert bounds == [(300, 600)]
    assert "timeoutSeconds=457" in step.call.target


def test_a_state_in_pages_is_read_to_its_end() -> None:
    run = Run()
    assert run.state(7, map_("x", 3), token="more") == []
    assert run.state(7, map_("y", 4)) == ["ADDED x 3", "ADDED y 4"]
    assert run.asked[1] == {"of": "list", "continue": "more"}


@pytest.mark.parametrize("relists", [False, True])
@pytest.mark.parametrize("tokens", [["a", "a"], ["a", "b", "a"]])
def test_a_continue_token_that_comes_again_is_refused(tokens: list[str], relists: bool) -> None:
    run = Run(relists=relists)
    with pytest.raises(errors.DecodeError, match="continue token of an earlier page"):
        for token in tokens:
            run.state(7, map_("x", 3), token=token)


def test_pages_without_objects_have_an_end() -> None:
    run = Run()
    with pytest.raises(errors.DecodeError, match="pages contained no object"):
        for number in range(2000):
            run.state(7, token=f"t{number}")
    assert 900 < len(run.asked) < 1100


def test_a_continue_token_that_comes_again_later_is_waited_for_once() -> None:
    run = Run(relists=True)
    run.state(5, map_("x", 3))
    run.refuse(EXPIRED)
    run.state(6, map_("x", 3), token="a")
    run.state(6, map_("x", 3), token="a")
    assert run.state(7, map_("x", 3), map_("y", 7)) == ["ADDED y 7"]
    assert run.waited[-1] > 0.7


def test_connections_that_bring_one_event_each_are_no_storm() -> None:
    run = Run()
    run.state(1)
    for version in range(2, 60):
        run.stream(change("ADDED", f"x{version}", version))
    assert run.waited[2:20] == [0] * 18
    assert all(waited > 0.7 for waited in run.waited[30:])
    run.stream(change("ADDED", "y", 60), lived=5.0)
    run.stream(change("ADDED", "y", 61))
    assert run.waited[-1] == 0


@pytest.mark.parametrize("relists", [False, True])
def test_after_an_event_of_an_unreadable_object_it_lists_again(relists: bool) -> None:
    run = Run(relists=relists)
    run.state(5, map_("x", 3), map_("y", 4))
    unreadable = {"kind": "Status", "status": "Failure", "code": 500, "reason": "StoreReadError"}
    run.stream(line("ERROR", unreadable))
    if relists:
        assert run.state(9, map_("y", 4)) == ["DELETED x 3"]
    else:
        run.stream(change("ADDED", "z", 9))
    assert run.asked[2]["of"] == ("list" if relists else "watch")


def test_unreadable_objects_that_come_again_and_again_are_no_storm() -> None:
    run = Run(relists=True)
    run.state(5)
    for version in range(6, 12):
        run.stream(line("ERROR", {"kind": "Status", "code": 500, "reason": "StoreReadError"}))
        run.state(version)
    assert run.waited[2::2] == pytest.approx([0, 1.6, 3.2, 6.4, 12.8, 25.6])


def test_a_list_without_a_version_is_an_error() -> None:
    run = Run()
    step = run.step()
    assert step is not None
    with pytest.raises(errors.DecodeError, match="no resourceVersion"):
        run.progress.listed(core_v1.ConfigMapList(items=[]))


# What ends a connection that was open, and after how long the next one is asked for.
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
def test_a_connection_that_ends_is_followed_by_another(
    pieces: tuple[bytes, ...], error: errors.KubeError | None, lived: float, seconds: float
) -> None:
    """At once after one that was of use, else after a pause."""
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
def test_what_does_not_pass_is_told_at_once(error: errors.KubeError, kind: type[Exception], when: str) -> None:
    run = Run(resource_version="5")
    if when == "later":
        run.stream(change("ADDED", "x", 6))
    with pytest.raises(kind):
        run.stream(error=error) if when == "in the stream" else run.refuse(error)


@pytest.mark.parametrize("error", [CUT, REFUSED, IDLE, errors.DeadlineError("late"), errors.ProtocolError("?")])
def test_a_server_that_is_not_there_is_told_the_first_time_and_waited_for_later(error: errors.TransportError) -> None:
    run = Run()
    with pytest.raises(type(error)):
        run.refuse(error)
    run = Run()
    run.state(5)
    for _ in range(20):
        run.refuse(error)
    # The first request and the first attempt come at once; then as client-go: 0.8 s, doubled, 30 s at most.
    assert run.waited[2:10] == pytest.approx([0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 30, 30])
    run.stream(change("ADDED", "x", 6), error=CUT)
    run.refuse(error)
    run.refuse(error)
    assert run.waited[-2:] == pytest.approx([0.0, 0.8])


def test_429_at_the_opening_is_waited_out() -> None:
    """Three requests of the same, no list."""
    run = Run(send_initial_events=True)
    for _ in range(2):
        run.refuse(failure(429, "TooManyRequests", 1))
    assert run.stream(change("ADDED", "x", 3), bookmark(5, ends="true")) == ["ADDED x 3", "BOOKMARK  5"]
    assert run.asked[0] == run.asked[1] == run.asked[2]
    assert run.waited == pytest.approx([0, 1, 1.6])
    for _ in range(50):
        run.refuse(failure(429, "TooManyRequests"))


def test_a_server_that_fails_at_the_opening_is_asked_again_a_few_times() -> None:
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


def test_a_500_without_a_reason_is_told_the_first_time() -> None:
    """The API server responds with this to an invalid version."""
    run = Run(resource_version="not-a-version")
    with pytest.raises(errors.StatusError):
        run.refuse(failure(500))


def test_a_server_that_is_behind_is_waited_for_a_while() -> None:
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
def test_b10_a_line_that_is_no_event_is_asked_for_once_more_and_then_told(bad: bytes) -> None:
    """From the last good version; an error of ours that names the place where it is no event."""
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


def test_a_stream_of_another_media_type_is_told_the_first_time() -> None:
    run = Run(resource_version="5")
    run.step()
    with pytest.raises(errors.DecodeError, match="not as 'foobar'") as caught:
        run.progress.opened({"content-type": "foobar"})
    with pytest.raises(errors.DecodeError):
        run.progress.failed(caught.value)


def test_what_was_told_is_not_told_again() -> None:
    run = Run(resource_version="5")
    pieces = [change("ADDED", "x", 6), change("MODIFIED", "x", 8), change("MODIFIED", "x", 8), change("ADDED", "y", 7)]
    assert run.stream(*pieces, error=CUT) == ["ADDED x 6", "MODIFIED x 8"]
    assert run.stream(*pieces, change("ADDED", "y", 9)) == ["ADDED y 9"]


def test_versions_that_are_no_numbers_are_all_told() -> None:
    run = Run(resource_version="abc")
    pieces = [
        line("ADDED", {"metadata": {"name": n, "resourceVersion": v}}) for n, v in (("x", "b"), ("y", "a"), ("z", ""))
    ]
    assert run.stream(*pieces) == ["ADDED x b", "ADDED y a", "ADDED z "]
    run.step()
    assert run.asked[-1]["resourceVersion"] == "a"
    run = Run(resource_version="9" * 10_000)
    assert run.stream(change("ADDED", "x", 6)) == ["ADDED x 6"]


def test_an_object_made_anew_in_a_gap_tells_both() -> None:
    run = Run(resource_version="5")
    run.stream(change("ADDED", "x", 6, "one"), error=CUT)
    again = (change("DELETED", "x", 7, "one"), change("ADDED", "x", 8, "two"))
    assert run.stream(*again) == ["DELETED x 7", "ADDED x 8"]


@pytest.mark.parametrize("wanted", [False, True])
def test_bookmarks_move_the_version_and_are_told_when_asked_for(wanted: bool) -> None:
    run = Run(resource_version="5", allow_watch_bookmarks=wanted)
    assert run.stream(bookmark(9), error=CUT) == (["BOOKMARK  9"] if wanted else [])
    run.step()
    assert run.asked[-1]["resourceVersion"] == "9"


# The server tells the state itself.


def test_a_state_that_breaks_off_is_asked_for_again_and_told_once() -> None:
    """The same request before the bookmark, a plain watch after it; what is gone by then is told."""
    run = Run(send_initial_events=True)
    first = (
        change("ADDED", "x", 3),
        change("ADDED", "y", 4),
        change("ADDED", "z", 5, "one"),
        bookmark(5, ends="false"),
    )
    assert run.stream(*first, error=CUT) == ["ADDED x 3", "ADDED y 4", "ADDED z 5"]
    second = (
        change("ADDED", "w", 8),
        change("ADDED", "x", 3),
        change("ADDED", "z", 7, "two"),
        bookmark(9, ends="true"),
        change("MODIFIED", "x", 10),
    )
    assert run.stream(*second, error=CUT) == [
        "ADDED w 8",
        "DELETED z 5",
        "ADDED z 7",
        "DELETED y 4",
        "BOOKMARK  9",
        "MODIFIED x 10",
    ]
    assert run.asked[0] == run.asked[1]
    run.step()
    assert run.asked[2] == {
        "of": "watch",
        "watch": "true",
        "resourceVersion": "10",
        "allowWatchBookmarks": "true",
        "timeoutSeconds": "300",
    }


def test_a_state_that_breaks_off_again_and_again_is_no_storm() -> None:
    run = Run(send_initial_events=True)
    for _ in range(6):
        run.stream(change("ADDED", "x", 3), error=CUT)
    assert run.waited == pytest.approx([0, 0, 0.8, 1.6, 3.2, 6.4])


def test_changes_before_the_end_of_the_state() -> None:
    """As far as a stream of events can show it."""
    run = Run(send_initial_events=True)
    first = (change("ADDED", "x", 3), change("MODIFIED", "x", 4), change("ADDED", "y", 5), change("DELETED", "y", 6))
    assert run.stream(*first, error=CUT) == ["ADDED x 3", "MODIFIED x 4", "ADDED y 5", "DELETED y 6"]
    assert run.stream(change("ADDED", "x", 4), bookmark(6, ends="true")) == ["BOOKMARK  6"]


# List and watch.


def test_a_list_and_watch_tells_changes_alone() -> None:
    run = Run(relists=True)
    assert run.state(5, map_("x", 3), map_("y", 4)) == []
    assert [found.metadata.name for found in run.progress.items] == ["x", "y"]
    assert run.stream(change("ADDED", "z", 6)) == ["ADDED z 6"]


@pytest.mark.parametrize("how", ["status", "event"])
def test_after_410_it_lists_again_and_tells_the_differences(how: str) -> None:
    run = Run(relists=True)
    run.state(5, map_("gone", 1), map_("same", 2), map_("new", 3), map_("anew", 4, "one"))
    run.stream(change("ADDED", "late", 6), change("DELETED", "late", 7), change("ADDED", "later", 8))
    if how == "event":
        run.stream(line("ERROR", {"kind": "Status", "code": 410, "reason": "Expired"}))
    else:
        run.refuse(EXPIRED)
    found = run.state(20, map_("same", 2), map_("new", 15), map_("anew", 16, "two"), map_("later", 8), map_("more", 17))
    assert found == ["DELETED gone 1", "MODIFIED new 15", "DELETED anew 4", "ADDED anew 16", "ADDED more 17"]
    assert run.waited[-1] == 0
    run.step()
    assert run.asked[-2] == {"of": "list"}
    assert run.asked[-1]["resourceVersion"] == "20"


@pytest.mark.parametrize("kind", [dict, Slim])
def test_what_is_no_model_is_followed_too(kind: Any) -> None:
    """Dictionaries, and structs of a program's own that hold what tells objects apart."""
    things = Resource(
        group="",
        version="v1",
        plural="configmaps",
        namespaced=True,
        kind=kind,
        list_kind=dict if kind is dict else Slims,
    )
    asked = WatchOptions[Any](
        list=lambda query: things.list("d", query), watch=lambda query: things.watch("d", query), relists=True
    )
    progress = WatchState(asked)

    def state(version: int, *items: dict[str, Any]) -> list[str]:
        step = progress.step()
        assert step is not None
        body = {"metadata": {"resourceVersion": str(version)}, "items": items}
        return [event.type for event in progress.listed(step.call.parse(200, JSON, json.dumps(body).encode()))]

    assert state(5, map_("x", 3), map_("y", 4)) == []
    assert len(progress.items) == 2
    assert progress.step() is not None
    progress.opened(JSON)
    assert [event.type for event in progress.feed(change("MODIFIED", "x", 6) + bookmark(7))] == ["MODIFIED"]
    assert progress.version == "7"
    progress.failed(EXPIRED)
    assert state(9, map_("x", 6), map_("z", 8)) == ["DELETED", "ADDED"]


def test_items_that_nothing_tells_apart_are_refused() -> None:
    run = Run(relists=True)
    step = run.step()
    assert step is not None
    with pytest.raises(errors.DecodeError, match="no metadata with name"):
        run.progress.listed({"metadata": {"resourceVersion": "5"}, "items": [{"data": {}}]})


def test_a_version_that_expires_again_and_again_is_no_storm() -> None:
    run = Run(relists=True)
    run.state(5)
    for version in range(6, 12):
        run.refuse(EXPIRED)
        run.state(version)
    assert run.waited[2::2] == pytest.approx([0, 1.6, 3.2, 6.4, 12.8, 25.6])
    assert [asked.get("resourceVersion") for asked in run.asked[1::2]] == ["5", "6", "7", "8", "9", "10"]


def test_a_server_that_was_restored_is_noticed_by_its_silence() -> None:
    """It sends nothing before it has come to our version again."""
    run = Run(relists=True)
    run.state(500, map_("x", 400, k="new"), map_("y", 300), map_("z", 450))
    run.stream(lived=90.0, error=IDLE)
    assert run.state(420) == []
    found = run.state(420, map_("x", 400, k="old"), map_("y", 300), map_("z", 410), map_("w", 415))
    assert found == ["MODIFIED x 400", "MODIFIED z 410", "ADDED w 415"]
    assert run.stream(change("MODIFIED", "x", 421)) == ["MODIFIED x 421"]
    assert [asked.get("limit") for asked in run.asked] == [None, None, "1", None, None]
    assert run.asked[-1]["resourceVersion"] == "420"


def test_a_plain_watch_is_told() -> None:
    run = Run(resource_version="500")
    run.stream(lived=90.0, error=IDLE)
    with pytest.raises(errors.ExpiredError, match="is at version 420 but the watch was at 500"):
        run.state(420)


def test_a_mute_connection_is_left_and_the_watch_goes_on() -> None:
    run = Run(resource_version="500")
    run.stream(lived=90.0, error=IDLE)
    assert run.state(600) == []
    assert run.stream(change("ADDED", "x", 501), 90.0, error=IDLE) == ["ADDED x 501"]
    assert run.stream(change("ADDED", "x", 502)) == ["ADDED x 502"]
    assert [asked["of"] for asked in run.asked] == ["watch", "list", "watch", "watch"]
    assert run.waited == [0, 0, 0, 0]


def test_who_may_watch_and_not_list_is_not_disturbed() -> None:
    run = Run(resource_version="500")
    run.stream(lived=90.0, error=IDLE)
    run.refuse(failure(403, "Forbidden"))
    assert run.stream(change("ADDED", "x", 501)) == ["ADDED x 501"]


# The time of the whole.


def test_the_time_of_the_whole_holds_over_all_connections() -> None:
    run = Run(timeout_seconds=100)
    run.state(5)
    run.stream(60.0, error=CUT)
    run.stream(change("ADDED", "x", 6), 30.5)
    run.refuse(REFUSED)
    run.refuse(REFUSED)
    assert [asked.get("timeoutSeconds") for asked in run.asked] == [None, "100", "40", "10", "9"]
    for _ in range(2):
        run.refuse(REFUSED)
    assert run.step() is None
    assert run.clock.now == 1100


def test_a_watch_without_any_response_reports_why_at_its_end() -> None:
    run = Run(timeout_seconds=5)
    run.refuse(failure(429, "TooManyRequests"))
    run.refuse(failure(429, "TooManyRequests"))
    run.clock.now += 5
    with pytest.raises(errors.TooManyRequestsError):
        run.step()


@pytest.mark.parametrize("seconds", [None, 0])
def test_there_is_no_end_unless_asked_for(seconds: int | None) -> None:
    run = Run(timeout_seconds=seconds, resource_version="5")
    run.clock.now += 1e9
    assert run.step() is not None


@pytest.mark.parametrize(
    ("option", "bad"),
    [("timeout_seconds", "1"), ("timeout_seconds", 1.5), ("resource_version", []), ("label_selector", 1.5)],
)
def test_what_is_no_option_is_refused_before_anything_is_sent(option: str, bad: Any) -> None:
    with pytest.raises(errors.InvalidRequestError):
        Run(**{option: bad})


# Bytes.


def test_a_watch_survives_events_of_several_mib_and_any_cut() -> None:
    """Text of several bytes cut at every byte, large events, many in one piece."""
    small = change("ADDED", "ü☃😀", 6, k="é😀") + bookmark(7) + change("DELETED", "ü☃😀", 8)
    large = change("ADDED", "large", 9, k="☃" * (1 << 20))
    whole = list(events(small))
    assert whole == ["ADDED ü☃😀 6", "BOOKMARK 7", "DELETED ü☃😀 8"]
    for at in range(len(small)):
        assert list(events(small[:at], small[at:])) == whole
    cuts = [large[at : at + 4093] for at in range(0, len(large), 4093)]
    assert list(events(small, *cuts, small * 1000)) == [*whole, "ADDED large 9", *whole * 1000]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(0, 600), max_size=10), st.booleans())
def test_how_the_bytes_are_cut_makes_no_difference(places: list[int], ends: bool) -> None:
    whole = change("ADDED", "ü☃", 6) + b"\n \r\n" + bookmark(7) + line("WHAT", 1) + change("MODIFIED", "x", 8)
    if not ends:
        whole = whole[:-1]
    edges = [0, *sorted(min(place, len(whole)) for place in places), len(whole)]
    pieces = [whole[a:b] for a, b in itertools.pairwise(edges)]
    assert list(events(*pieces)) == ["ADDED ü☃ 6", "BOOKMARK 7", "MODIFIED x 8"]


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.binary(max_size=40) | st.sampled_from([b'{"type":"ADDED","object":', b"{}", b"}", b"\n"]), max_size=8)
)
def test_garbage_is_an_error_of_ours(pieces: list[bytes]) -> None:
    try:
        list(events(*pieces))
    except (errors.DecodeError, errors.StatusError) as error:
        assert isinstance(error, errors.StatusError) or "at byte" in str(error)


def test_an_error_names_the_byte() -> None:
    good = change("ADDED", "ü", 6)
    for cut in (0, 5, len(good)):
        with pytest.raises(errors.DecodeError, match=f"at byte {len(good) + 2}, but 4 bytes of something else"):
            list(events(good[:cut], good[cut:] + b"\n\nga", b"rb\n"))


def test_a_line_without_end_is_refused() -> None:
    decoder = Decoder(core_v1.ConfigMap)
    piece = b"x" * (MAX_LINE // 4)
    with pytest.raises(errors.DecodeError, match="event at byte 0 is longer than"):
        for _ in range(5):
            list(decoder.feed(piece))


def events(*pieces: bytes) -> Iterator[str]:
    decoder = Decoder(core_v1.ConfigMap)
    found = itertools.chain(*map(decoder.feed, pieces), decoder.end())
    for event, meta in found:
        assert event is not None
        name = f" {event.object.metadata.name}" if event.type != "BOOKMARK" else ""
        yield f"{event.type}{name} {meta.resource_version}"


class Row(msgspec.Struct):
    """What a program of its own wants of a pod: no version, no uid."""

    data: dict[str, str] = {}


class Named(msgspec.Struct, rename="camel"):
    name: str


class NamedRow(msgspec.Struct):
    metadata: Named


@pytest.mark.parametrize("kind", [Row, NamedRow, dict, Any])
def test_objects_without_metadata_have_versions_all_the_same(kind: Any) -> None:
    decoder: Decoder[Any] = Decoder(kind, bookmarks=False)
    found = list(decoder.feed(change("ADDED", "x", 6, "u") + bookmark(7, ends="true")))
    (event, meta), (nothing, end) = found
    assert (event is None, nothing) == (False, None)
    assert (meta.name, meta.namespace, meta.uid, meta.resource_version) == ("x", "d", "u", "6")
    assert (end.resource_version, end.annotations) == ("7", {"k8s.io/initial-events-end": "true"})


def test_a_refused_watch_list_is_raised_and_list_and_watch_does_not_need_it() -> None:
    with pytest.raises(errors.InvalidError):
        Run(send_initial_events=True).refuse(failure(422, "Invalid"))
    run = Run(relists=True)
    run.step()
    assert run.asked[0]["of"] == "list"


@pytest.mark.parametrize(("lived", "seconds"), [(5.0, 6.4), (31.0, 0.8)])
def test_a_connection_of_thirty_seconds_ends_a_series_of_failures(lived: float, seconds: float) -> None:
    run = Run()
    run.state(5)
    for _ in range(3):
        run.refuse(CUT)
    run.stream(lived=lived, error=CUT)
    run.refuse(CUT)
    run.step()
    assert run.waited[-1] == pytest.approx(seconds)
