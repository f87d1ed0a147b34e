"""The lists and watches of `wait`, and both kinds of clients with a server that fails."""

from __future__ import annotations

import inspect
import json
import pickle
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import anyio
import pytest

from kubeclient import AsyncClientset, Clientset
from kubeclient.models import core_v1, meta_v1
from kubeclient.typed.apps.v1.deployment import DEPLOYMENTS, AsyncDeployments, Deployments
from kubeclient.typed.core.v1.pod import PODS
from kubeclient.typed.core.v1.secret import SECRETS
from kubecore import errors, rest, waiting
from kubecore.watch import Event
from kubecore.watch.state import WatchState
from tests.kubecore.loopback import Loopback, loopback, response_bytes
from tests.kubecore.waiting_objects import NOT_READY, READY, pod, status
from tests.ready import closed_port


def waiter(goal: Any = "condition=Ready", timeout: float | None = 60.0, resource: Any = PODS) -> waiting.Waiter[Any]:
    return waiting.Waiter(resource, "n", "web", waiting.goal(goal), timeout)


def last(made: waiting.Waiter[Any]) -> meta_v1.ObjectMeta:
    assert made.result is not None
    found: meta_v1.ObjectMeta = made.result.metadata
    return found


def pods(*items: core_v1.Pod, version: str = "5") -> core_v1.PodList:
    return core_v1.PodList(items=list(items), metadata=meta_v1.ListMeta(resource_version=version))


def test_wait_lists_and_then_watches_from_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "monotonic", lambda: 8.0)
    made = waiter(timeout=30)
    state = WatchState(made.options, clock=lambda: 8.0)
    first = state.step()
    assert first is not None
    assert first.call.target == made.list_call().target == "/api/v1/namespaces/n/pods?fieldSelector=metadata.name=web"
    assert list(state.listed(pods(pod(NOT_READY), version="77"))) == []
    assert made.listed(state.items) is False
    second = state.step()
    assert second is not None
    assert dict(second.call.query) == {
        "allowWatchBookmarks": "true",
        "fieldSelector": "metadata.name=web",
        "resourceVersion": "77",
        "timeoutSeconds": "30",
        "watch": "true",
    }
    assert first.ends_at == second.ends_at == 38.0
    assert made.changed(Event("MODIFIED", pod(NOT_READY))) is False
    assert made.changed(Event("MODIFIED", pod(READY, version="9"))) is True
    assert last(made).resource_version == "9"


def test_other_objects_are_ignored_if_the_server_ignores_field_selectors() -> None:
    other = pod(READY, uid="o")
    other.metadata.name = "other"
    made = waiter()
    assert made.listed([other, pod(NOT_READY)]) is False
    assert made.changed(Event("MODIFIED", other)) is made.changed(Event("DELETED", other)) is False
    assert made.changed(Event("MODIFIED", pod(READY))) is True
    with pytest.raises(errors.NotFoundError):
        waiter().listed([other])


def test_a_name_is_escaped_in_the_field_selector() -> None:
    made = waiting.Waiter[core_v1.Pod](PODS, "n", "a,b=c", waiting.created(), None)
    assert dict(made.list_call().query) == {"fieldSelector": r"metadata.name=a\,b\=c"}
    for name in ("", "..", "a/b", "a%b"):
        with pytest.raises(errors.InvalidRequestError):
            waiting.Waiter(PODS, "n", name, waiting.created(), None)
    with pytest.raises(errors.InvalidRequestError, match="needs a namespace"):
        waiting.Waiter(PODS, "", "web", waiting.created(), None)


@pytest.mark.parametrize("timeout", [-1, float("nan"), "5", float("-inf")])
def test_an_invalid_timeout_is_refused(timeout: Any) -> None:
    with pytest.raises(errors.InvalidRequestError, match="timeout takes seconds"):
        waiter(timeout=timeout)


def test_a_missing_object_raises_not_found_except_for_delete_and_create() -> None:
    with pytest.raises(errors.NotFoundError, match=r'(?m)^pods "web" not found$') as caught:
        waiter().listed([])
    assert (caught.value.code, caught.value.status.details and caught.value.status.details.kind) == (404, "pods")
    with pytest.raises(errors.NotFoundError, match=r'(?m)^deployments\.apps "web" not found$'):
        waiter(resource=DEPLOYMENTS).listed([])
    made = waiter("delete")
    assert (made.listed([]), made.result) == (True, None)
    made = waiter("create")
    assert made.listed([]) is False
    assert made.changed(Event("ADDED", pod())) is True


def test_the_deletion_of_the_object_ends_the_wait() -> None:
    made = waiter()
    made.listed([pod(NOT_READY)])
    with pytest.raises(errors.ObjectDeletedError, match="the object was deleted; last seen: Ready is False") as caught:
        made.changed(Event("DELETED", pod(READY, version="6")))
    assert caught.value.object.metadata.resource_version == "6"
    made = waiter("delete")
    made.listed([pod()])
    assert made.changed(Event("DELETED", pod(version="6"))) is True
    assert last(made).resource_version == "6"


@pytest.mark.parametrize("later", ["list", "list without it", "watch"])
def test_another_object_under_the_name_means_that_the_first_is_gone(later: str) -> None:
    def tell(made: waiting.Waiter[Any]) -> bool:
        made.listed([pod(uid="first")])
        if later == "watch":
            return made.changed(Event("ADDED", pod(READY, uid="second")))
        return made.listed([pod(READY, uid="second")] if later == "list" else [])

    with pytest.raises(errors.ObjectDeletedError):
        tell(waiter())
    made = waiter("delete")
    assert tell(made) is True
    assert last(made).uid == "first"


def test_the_wait_for_the_deletion_of_a_uid_ignores_other_objects() -> None:
    made = waiter(waiting.deleted(uid="first"))
    assert made.listed([pod(uid="second")]) is True
    assert waiter(waiting.deleted(uid="second")).listed([pod(uid="second")]) is False


def test_the_timeout_error_describes_the_last_seen_state() -> None:
    made = waiter(timeout=0)
    with pytest.raises(errors.WaitTimeoutError) as caught:
        made.listed([pod(NOT_READY)])
    assert str(caught.value) == (
        'pods "web": timed out after 0 s waiting for condition Ready=True; last seen: Ready is False (NotYet): one of two'
    )
    assert isinstance(caught.value, TimeoutError)
    assert isinstance(caught.value, errors.WaitError)
    assert caught.value.object.metadata.name == "web"
    assert waiter(timeout=0).listed([pod(READY)]) is True
    assert waiter(timeout=0).options.ends_at is None  # A single check has no time limit.
    with pytest.raises(
        errors.WaitTimeoutError, match="timed out after 0 s waiting for creation; last seen: there is no such"
    ):
        waiter("create", timeout=0).listed([])


def test_an_unreachable_goal_raises_wait_failed_error_with_its_reason() -> None:
    with pytest.raises(errors.WaitFailedError) as caught:
        waiter().listed([pod(phase="Failed")])
    assert (caught.value.reason, caught.value.message) == ("Failed", "the pod has ended: Failed")
    assert str(caught.value) == (
        'pods "web": condition Ready=True is no longer possible: Failed: the pod has ended: Failed; '
        "last seen: no such condition; existing conditions: none"
    )
    again = pickle.loads(pickle.dumps(caught.value))
    assert (str(again), again.reason, again.object) == (str(caught.value), "Failed", caught.value.object)


def test_the_timeout_error_contains_no_value_of_a_secret() -> None:
    secret = core_v1.Secret.from_dict({"metadata": {"name": "web"}, "data": {"k": "c2VjcmV0"}})
    made = waiting.Waiter[Any](SECRETS, "n", "web", waiting.goal("jsonpath={.data.k}=cGxhbnRlZA=="), 0)
    with pytest.raises(errors.WaitTimeoutError) as caught:
        made.listed([secret])
    assert str(caught.value) == 'secrets "web": timed out after 0 s waiting for {.data.k}'
    assert "c2VjcmV0" not in repr(caught.value)


def test_the_last_failure_is_named_when_time_runs_out(monkeypatch: pytest.MonkeyPatch) -> None:
    made = waiter(timeout=5)
    made.listed([pod(NOT_READY)])
    error = made.timeout_error("connection refused")
    assert str(error).endswith("one of two; the last request failed: connection refused")
    assert error.object is made.result
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + 6)
    # Constant changes of the object do not extend the wait.
    with pytest.raises(errors.WaitTimeoutError, match=r"(?m)last seen: Ready is False .*one of two$"):
        made.changed(Event("MODIFIED", pod(NOT_READY)))
    assert made.changed(Event("MODIFIED", pod(READY))) is True


def test_only_a_wait_without_a_list_ends_without_response(monkeypatch: pytest.MonkeyPatch) -> None:
    made, listed = waiter(timeout=5), waiter(timeout=5)
    listed.listed([pod(NOT_READY)])
    assert (made.ended_without_response, listed.ended_without_response) == (False, False)
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + 6)
    assert (made.ended_without_response, listed.ended_without_response) == (True, False)


Wait = Callable[..., Any]


@pytest.fixture(params=["sync", "asyncio", "trio"])
def wait(request: pytest.FixtureRequest) -> Wait:
    """Wait for the pod `web` on the server at a port."""

    def run(port: int, for_: Any, timeout: float | None) -> Any:
        config = rest.Config(host=f"http://127.0.0.1:{port}", max_retries=0)
        if request.param == "sync":
            with Clientset(config) as clientset:
                return clientset.core_v1.pods("n").wait("web", for_=for_, timeout=timeout)

        async def main() -> Any:
            async with AsyncClientset(config) as clientset:
                return await clientset.core_v1.pods("n").wait("web", for_=for_, timeout=timeout)

        return anyio.run(main, backend=request.param)

    return run


def listing(*items: core_v1.Pod, version: str = "5") -> bytes:
    return response_bytes(json.dumps(pods(*items, version=version).to_dict()).encode())


def event(type_: str, object_: Any) -> bytes:
    return json.dumps({"type": type_, "object": object_}).encode() + b"\n"


def modified(*conditions: Any, **fields: Any) -> bytes:
    return event("MODIFIED", pod(*conditions, **fields).to_dict())


def cut(data: bytes) -> bytes:
    return response_bytes(data + b"{" * 100)[:-100]


EXPIRED = {
    "kind": "Status",
    "apiVersion": "v1",
    "status": "Failure",
    "code": 410,
    "reason": "Expired",
    "message": "too old",
}


REASONS = {429: "TooManyRequests", 500: "InternalError", 503: "ServiceUnavailable"}


def refusal(code: int, reason: str = "") -> bytes:
    found = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason}
    return response_bytes(json.dumps(found).encode(), status=f"{code} No")


class Scripts:
    """Scripts for lists and scripts for watches. After the last script, the server sends nothing."""

    def __init__(self, lists: Iterable[bytes], watches: Iterable[bytes]) -> None:
        self._lists, self._watches = iter(lists), iter(watches)
        self.server: Loopback | None = None

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        assert self.server is not None
        return next(self._watches if b"watch=true" in self.server.requests[-1] else self._lists)


@contextmanager
def serving(lists: Iterable[bytes], watches: Iterable[bytes]) -> Iterator[Loopback]:
    scripts: Any = Scripts(lists, watches)
    scripts.server = Loopback(scripts, close=True, context=None)
    try:
        yield scripts.server
    finally:
        scripts.server.stop()


@pytest.mark.parametrize(
    "first",
    [
        pytest.param(response_bytes(modified(NOT_READY, version="6")), id="closed"),
        pytest.param(cut(modified(NOT_READY, version="6") + b'{"type":"MOD'), id="cut in the middle of an event"),
        pytest.param(response_bytes(event("ERROR", EXPIRED)), id="410 as an event"),
        pytest.param(response_bytes(json.dumps(EXPIRED).encode(), status="410 Gone"), id="410"),
        pytest.param(response_bytes(b"{}", status="503 Service Unavailable"), id="503"),
        pytest.param(b"", id="no answer"),
    ],
)
@pytest.mark.slow
def test_waiting_survives_what_happens_to_a_watch(wait: Wait, first: bytes) -> None:
    lists = [listing(pod(NOT_READY)), *[listing(pod(NOT_READY), version="8")] * 9]
    with serving(lists, [first, response_bytes(modified(READY, version="9"))]) as server:
        found = wait(server.port, "condition=Ready", 20)
    assert found.metadata.resource_version == "9"
    reached = b"8" if b"Expired" in first else b"6" if b"MODIFIED" in first else b"5"
    assert b"resourceVersion=" + reached + b"&" in server.requests[-1]
    lists_sent = sum(b"watch=true" not in request for request in server.requests)
    assert lists_sent == (2 if b"Expired" in first else 1)


def test_the_next_list_finds_a_change_that_no_watch_reported(wait: Wait) -> None:
    gone = response_bytes(event("ERROR", EXPIRED))
    with serving([listing(pod(NOT_READY)), listing(pod(READY, version="7"))], [gone]) as server:
        assert wait(server.port, "condition=Ready", 20).metadata.resource_version == "7"
    with serving([listing(pod(NOT_READY)), listing()], [gone]) as server:
        with pytest.raises(errors.ObjectDeletedError):
            wait(server.port, "condition=Ready", 20)


@pytest.mark.parametrize(
    ("lists", "watches"),
    [
        pytest.param([], [], id="list"),
        pytest.param([listing(pod(NOT_READY))], [], id="watch"),
        pytest.param([listing(pod(NOT_READY))], [response_bytes(event("ERROR", EXPIRED))], id="second list"),
        pytest.param([listing(pod(NOT_READY))], [cut(modified(NOT_READY, version="6"))], id="after a cut"),
    ],
)
@pytest.mark.slow
def test_an_idle_server_does_not_extend_the_timeout(wait: Wait, lists: list[bytes], watches: list[bytes]) -> None:
    started = time.monotonic()
    with serving(lists, watches) as server:
        with pytest.raises(errors.WaitTimeoutError, match=r"timed out after 0.3 s waiting for condition Ready=True"):
            wait(server.port, "condition=Ready", 0.3)
    assert 0.25 < time.monotonic() - started < 20


@pytest.mark.slow
def test_a_watch_that_becomes_idle_does_not_extend_the_timeout(wait: Wait) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    line = modified(NOT_READY, version="6")
    started = time.monotonic()
    with loopback(listing(pod(NOT_READY)), head + b"%x\r\n%s\r\n" % (len(line), line), close=False) as server:
        with pytest.raises(errors.WaitTimeoutError, match="last seen: Ready is False"):
            wait(server.port, "condition=Ready", 1.0)
    assert 0.9 < time.monotonic() - started < 20


@pytest.mark.slow
def test_an_unreachable_server_fails_the_first_list_and_is_retried_later(wait: Wait) -> None:
    with closed_port() as port, pytest.raises(errors.ConnectError):
        wait(port, "condition=Ready", 20)
    server = Loopback([listing(pod(NOT_READY))], close=True, context=None)

    def ends(_: Any) -> bool:
        server.stop()
        return False

    with pytest.raises(errors.WaitTimeoutError, match=r"the last request failed: GET .* no connection"):
        wait(server.port, ends, 1.0)


@pytest.mark.parametrize("code", [429, 500, 503])
@pytest.mark.slow
def test_a_server_that_fails_at_first_is_requested_again(wait: Wait, code: int) -> None:
    with serving([refusal(code, REASONS[code]), listing(pod(READY))], []) as server:
        assert wait(server.port, "condition=Ready", 20).metadata.name == "web"


@pytest.mark.parametrize("code", [429, 503, 403])
def test_a_single_check_is_one_request(wait: Wait, code: int) -> None:
    with serving([refusal(code)] * 9, []) as server:
        with pytest.raises(errors.StatusError):
            wait(server.port, "condition=Ready", 0)
    assert len(server.requests) == 1
    with serving([listing(pod(NOT_READY), version="")], []) as server:
        with pytest.raises(errors.WaitTimeoutError):
            wait(server.port, "condition=Ready", 0)
    assert len(server.requests) == 1


@pytest.mark.parametrize("code", [400, 401, 403, 404])
def test_a_permanent_error_ends_the_waiting(wait: Wait, code: int) -> None:
    for lists, watches in (([refusal(code)], []), ([listing(pod(NOT_READY))], [refusal(code)])):
        with serving(lists, watches) as server:
            with pytest.raises(errors.StatusError) as caught:
                wait(server.port, "condition=Ready", 20)
        assert caught.value.code == code


def test_a_client_that_is_closed_ends_the_waiting() -> None:
    with loopback(listing(pod(NOT_READY))) as server:
        with Clientset(rest.Config(host=f"http://127.0.0.1:{server.port}")) as clientset:

            def closes(_: core_v1.Pod) -> bool:
                clientset.close()
                return False

            with pytest.raises(errors.ClosedError):
                clientset.core_v1.pods("n").wait("web", for_=closes, timeout=20)


@pytest.mark.parametrize("error", [errors.ReadError("of the goal"), errors.DeadlineError("of the goal"), status(503)])
def test_an_error_of_the_goal_is_not_one_of_the_watch(wait: Wait, error: errors.KubeError) -> None:
    def fails(found: core_v1.Pod) -> bool:
        if found.metadata.resource_version != "5":
            raise error
        return False

    with serving([listing(pod())], [response_bytes(modified(version="6"))]) as server:
        with pytest.raises(type(error)) as caught:
            wait(server.port, fails, 20)
    assert caught.value is error


def test_an_error_of_the_goal_function_is_raised(wait: Wait) -> None:
    def fails(found: core_v1.Pod) -> bool:
        raise LookupError(found.metadata.name)

    with loopback(listing(pod())) as server:
        with pytest.raises(LookupError, match="web"):
            wait(server.port, fails, 20)


def test_invalid_events_raise_decode_error(wait: Wait) -> None:
    with serving([listing(pod(NOT_READY))], [response_bytes(b"not an event\n")] * 5) as server:
        with pytest.raises(errors.DecodeError, match="the watch holds no event"):
            wait(server.port, "condition=Ready", 20)


def test_the_default_timeouts_are_those_that_are_documented() -> None:
    for verb, seconds in (("wait", 60.0), ("wait_for_rollout", 600.0)):
        for deployments in (Deployments, AsyncDeployments):
            assert inspect.signature(getattr(deployments, verb)).parameters["timeout"].default == seconds
