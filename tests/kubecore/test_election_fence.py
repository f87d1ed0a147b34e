"""The fence refuses writes while this process does not lead; reads and harmless writes continue."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from kubecore import errors
from kubecore.calls.call import Call
from kubecore.clocks import FakeClock
from kubecore.election.fence import Fence, requests_of_elections


def write(**fields: Any) -> Call[Any]:
    made = {"method": "PUT", "path": "/api/v1/namespaces/n/pods/p", "verb": "update", "resource": "pods", **fields}
    return Call(response=object, **made)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(now=100.0)


@pytest.fixture
def fence(clock: FakeClock) -> Fence:
    return Fence(clock, "ns/lock")


def test_a_fence_is_closed_before_the_first_term(fence: Fence) -> None:
    with pytest.raises(errors.FencedError) as caught:
        fence.before_write(write())
    assert str(caught.value) == (
        "PUT /api/v1/namespaces/n/pods/p was not sent: this process does not lead ns/lock; "
        "use another clientset for writes that do not need the leadership"
    )


def test_its_closing_is_the_deadline_of_a_write(fence: Fence, clock: FakeClock) -> None:
    fence.open(112.5)
    clock.advance(2.5)
    before = time.monotonic()
    limit = fence.before_write(write())
    assert limit is not None
    assert before + 10.0 <= limit <= time.monotonic() + 10.0


def test_it_closes_by_its_clock(fence: Fence, clock: FakeClock) -> None:
    fence.open(112.5)
    clock.advance(12.4)
    fence.before_write(write())
    clock.advance(0.1)
    with pytest.raises(errors.FencedError):
        fence.before_write(write())


def test_it_closes_later_after_a_renewal(fence: Fence, clock: FakeClock) -> None:
    fence.open(112.5)
    fence.extend(120.0)
    clock.advance(15.0)
    assert fence.left == 5.0


def test_it_stays_closed_after_its_term(fence: Fence) -> None:
    fence.open(112.5)
    fence.close()
    fence.extend(120.0)
    with pytest.raises(errors.FencedError):
        fence.before_write(write())
    fence.open(130.0)
    assert fence.left == 30.0


@pytest.mark.parametrize(
    "call",
    [
        write(method="POST", verb="create", resource="events"),
        write(method="PATCH", verb="patch", resource="events", group="events.k8s.io"),
        write(method="POST", verb="create", resource="selfsubjectaccessreviews", group="authorization.k8s.io"),
        write(query=(("dryRun", "All"),)),
    ],
)
def test_writes_that_change_nothing_pass(fence: Fence, call: Call[Any]) -> None:
    assert fence.before_write(call) is None


@pytest.mark.parametrize(
    "call",
    [
        write(method="POST", verb="create", resource="events", group="example.com"),
        write(method="POST", verb="create", resource="leases", group="coordination.k8s.io"),
        write(method="GET", verb="get", resource="pods", subresource="exec"),
        write(resource=""),
        write(method="DELETE", verb="delete", query=(("dryRun", "All"),), body=b'{"kind":"DeleteOptions"}'),
        write(query=(("dryRun", "All"),), is_proxied=True),
        write(resource="", path="/api/v1/namespaces/d/pods/p/proxy", query=(("dryRun", "All"),)),
    ],
)
def test_other_writes_do_not(fence: Fence, call: Call[Any]) -> None:
    with pytest.raises(errors.FencedError):
        fence.before_write(call)


def test_requests_of_elections_pass_all_fences(fence: Fence) -> None:
    with requests_of_elections():
        assert fence.before_write(write()) is None
        other: list[BaseException] = []
        thread = threading.Thread(target=lambda: other.append(_refused(fence)))
        thread.start()
        thread.join()
        assert isinstance(other[0], errors.FencedError), "of this thread alone"
    with pytest.raises(errors.FencedError):
        fence.before_write(write())


def _refused(fence: Fence) -> BaseException:
    try:
        fence.before_write(write())
    except errors.FencedError as error:
        return error
    return AssertionError("sent")
