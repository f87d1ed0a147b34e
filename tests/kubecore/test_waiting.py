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
from kubeclient.models import apps_v1, core_v1, meta_v1
from kubeclient.typed.apps.v1.deployment import DEPLOYMENTS, AsyncDeployments, Deployments
from kubeclient.typed.core.v1.pod import PODS
from kubeclient.typed.core.v1.secret import SECRETS
from kubecore import errors, rest, waiting
from kubecore.watch import Event
from tests.kubecore.loopback import Loopback, answer, loopback
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


def test_the_waiter_lists_and_then_watches_from_there() -> None:
    made = waiter(timeout=30)
    assert made.list_call().target == "/api/v1/namespaces/n/pods?fieldSelector=metadata.name=web"
    assert made.listed(pods(pod(NOT_READY), version="77")) is False
    call = made.watch_call()
    assert dict(call.query) == {
        "allowWatchBookmarks": "true",
        "fieldSelector": "metadata.name=web",
        "resourceVersion": "77",
        "timeoutSeconds": "30",
        "watch": "true",
    }
    assert made.told(Event("BOOKMARK", pod(READY))) is False
    assert made.told(Event("MODIFIED", pod(NOT_READY))) is False
    assert made.told(Event("MODIFIED", pod(READY, version="9"))) is True
    assert (made.is_done, last(made).resource_version, made.pause()) == (True, "9", 0)


def test_other_objects_are_ignored_if_the_server_ignores_field_selectors() -> None:
    other = pod(READY, uid="o")
    other.metadata.name = "other"
    made = waiter()
    assert made.listed(pods(other, pod(NOT_READY))) is False
    assert made.told(Event("MODIFIED", other)) is made.told(Event("DELETED", other)) is False
    assert made.told(Event("MODIFIED", pod(READY))) is True
    with pytest.raises(errors.NotFoundError):
        waiter().listed(pods(other))


def test_a_name_stays_one_value_of_the_selector() -> None:
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
    with pytest.raises(errors.NotFoundError, match=r'^pods "web" not found$') as caught:
        waiter().listed(pods())
    assert (caught.value.code, caught.value.status.details and caught.value.status.details.kind) == (404, "pods")
    with pytest.raises(errors.NotFoundError, match=r'^deployments\.apps "web" not found$'):
        waiter(resource=DEPLOYMENTS).listed(apps_v1.DeploymentList(items=[]))
    made = waiter("delete")
    assert (made.listed(pods()), made.result) == (True, None)
    made = waiter("create")
    assert made.listed(pods()) is False
    assert made.told(Event("ADDED", pod())) is True


def test_an_object_that_is_deleted_meanwhile_ends_the_waiting() -> None:
    made = waiter()
    made.listed(pods(pod(NOT_READY)))
    with pytest.raises(errors.ObjectDeletedError, match="the object was deleted; last seen: Ready is False") as caught:
        made.told(Event("DELETED", pod(READY, version="6")))
    assert caught.value.object.metadata.resource_version == "6"
    made = waiter("delete")
    made.listed(pods(pod()))
    assert made.told(Event("DELETED", pod(version="6"))) is True
    assert last(made).resource_version == "6"


@pytest.mark.parametrize("later", ["list", "list without it", "watch"])
def test_another_object_under_the_name_means_that_the_first_is_gone(later: str) -> None:
    def tell(made: waiting.Waiter[Any]) -> bool:
        made.listed(pods(pod(uid="first")))
        if later == "watch":
            return made.told(Event("ADDED", pod(READY, uid="second")))
        return made.listed(pods(pod(READY, uid="second")) if later == "list" else pods())

    with pytest.raises(errors.ObjectDeletedError):
        tell(waiter())
    made = waiter("delete")
    assert tell(made) is True
    assert last(made).uid == "first"


def test_deletion_of_one_that_is_known_ignores_its_successor() -> None:
    made = waiter(waiting.deleted(uid="first"))
    assert made.listed(pods(pod(uid="second"))) is True
    assert waiter(waiting.deleted(uid="second")).listed(pods(pod(uid="second"))) is False


def test_the_timeout_error_describes_the_last_seen_state() -> None:
    made = waiter(timeout=0)
    with pytest.raises(errors.WaitTimeoutError) as caught:
        made.listed(pods(pod(NOT_READY)))
    assert str(caught.value) == (
        'pods "web": condition Ready=True did not come within 0 s; last seen: Ready is False (NotYet): one of two'
    )
    assert isinstance(caught.value, TimeoutError)
    assert isinstance(caught.value, errors.WaitError)
    assert caught.value.object.metadata.name == "web"
    assert waiter(timeout=0).listed(pods(pod(READY))) is True
    assert waiter(timeout=0).ends_at is None  # A single check has no time limit.
    with pytest.raises(errors.WaitTimeoutError, match="creation did not come within 0 s; last seen: there is no such"):
        waiter("create", timeout=0).listed(pods())


def test_an_unreachable_goal_raises_wait_failed_error_with_its_reason() -> None:
    with pytest.raises(errors.WaitFailedError) as caught:
        waiter().listed(pods(pod(phase="Failed")))
    assert (caught.value.reason, caught.value.message) == ("Failed", "the pod has ended: Failed")
    assert str(caught.value) == (
        'pods "web": condition Ready=True can\'t come any more: Failed: the pod has ended: Failed; '
        "last seen: no such condition; there are: none"
    )
    again = pickle.loads(pickle.dumps(caught.value))
    assert (str(again), again.reason, again.object) == (str(caught.value), "Failed", caught.value.object)


def test_the_timeout_error_contains_no_value_of_a_secret() -> None:
    secret = core_v1.Secret.from_dict({"metadata": {"name": "web"}, "data": {"k": "c2VjcmV0"}})
    made = waiting.Waiter[Any](SECRETS, "n", "web", waiting.goal("jsonpath={.data.k}=cGxhbnRlZA=="), 0)
    with pytest.raises(errors.WaitTimeoutError) as caught:
        made.listed(core_v1.SecretList(items=[secret]))
    assert str(caught.value) == 'secrets "web": {.data.k} did not come within 0 s'
    assert "c2VjcmV0" not in repr(caught.value)


def test_an_error_of_the_goal_function_ends_the_wait_even_if_it_is_a_read_error() -> None:
    def fails(_: Any) -> bool:
        raise errors.ReadError("of the function's own")

    made = waiter(fails)
    with pytest.raises(errors.ReadError) as caught:
        made.listed(pods(pod()))
    with pytest.raises(errors.ReadError, match="of the function's own"):
        made.failed(caught.value)


@pytest.mark.parametrize(
    "error",
    [status(410, "Expired"), status(429), status(500), status(503), status(504), errors.ConnectError("refused"), errors.ReadError("cut")],
)  # fmt: skip
def test_trouble_that_passes_is_waited_out_once_the_server_was_heard(error: errors.KubeError) -> None:
    made = waiter()
    with pytest.raises(type(error)):
        made.failed(error)
    made = waiter()
    made.listed(pods(pod()))
    made.failed(error)
    assert 0 < made.pause() < 1
    pauses = [made.pause() for _ in range(12)]
    assert pauses[0] < pauses[-1] <= 6.25


@pytest.mark.parametrize("error", [status(401), status(403), status(404), status(400), errors.DecodeError("garbage")])
def test_other_errors_are_raised(error: errors.KubeError) -> None:
    made = waiter()
    made.listed(pods(pod()))
    with pytest.raises(type(error)):
        made.failed(error)


def test_the_last_trouble_is_named_when_time_runs_out(monkeypatch: pytest.MonkeyPatch) -> None:
    made = waiter(timeout=5)
    made.listed(pods(pod(NOT_READY)))
    made.failed(errors.ConnectError("connection refused"))
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + 6)
    with pytest.raises(errors.WaitTimeoutError, match="one of two; the last look failed: connection refused"):
        made.pause()
    # Constant changes of the object do not extend the wait, and the message omits a failure that is over.
    with pytest.raises(errors.WaitTimeoutError, match=r"last seen: Ready is False .*one of two$"):
        made.told(Event("MODIFIED", pod(NOT_READY)))
    assert made.told(Event("MODIFIED", pod(READY))) is True


def test_no_pause_is_longer_than_the_time_that_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "monotonic", lambda: 8.0)
    made = waiter(timeout=0.0625)
    made.listed(pods(pod(NOT_READY)))
    assert 0 < made.pause() <= 0.0625


def test_steady_watches_are_taken_up_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    made = waiter(timeout=None)
    made.listed(pods(pod()))
    for _ in range(12):
        made.pause()
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + 11)
    assert made.pause() < 0.2


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
    return answer(json.dumps(pods(*items, version=version).to_dict()).encode())


def event(type_: str, object_: Any) -> bytes:
    return json.dumps({"type": type_, "object": object_}).encode() + b"\n"


def modified(*conditions: Any, **fields: Any) -> bytes:
    return event("MODIFIED", pod(*conditions, **fields).to_dict())


def cut(data: bytes) -> bytes:
    return answer(data + b"{" * 100)[:-100]


EXPIRED = {
    "kind": "Status",
    "apiVersion": "v1",
    "status": "Failure",
    "code": 410,
    "reason": "Expired",
    "message": "too old",
}


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
        pytest.param(answer(modified(NOT_READY, version="6")), id="closed"),
        pytest.param(cut(modified(NOT_READY, version="6") + b'{"type":"MOD'), id="cut in the middle of an event"),
        pytest.param(answer(event("ERROR", EXPIRED)), id="410 as an event"),
        pytest.param(answer(json.dumps(EXPIRED).encode(), status="410 Gone"), id="410"),
        pytest.param(answer(b"{}", status="503 Service Unavailable"), id="503"),
        pytest.param(b"", id="no answer"),
    ],
)
@pytest.mark.slow
def test_waiting_survives_what_happens_to_a_watch(wait: Wait, first: bytes) -> None:
    lists = [listing(pod(NOT_READY)), *[listing(pod(NOT_READY), version="8")] * 9]
    with serving(lists, [first, answer(modified(READY, version="9"))]) as server:
        found = wait(server.port, "condition=Ready", 20)
    assert found.metadata.resource_version == "9"
    if b"Expired" in first:
        assert b"resourceVersion=8" in server.requests[-1]


def test_the_next_list_finds_a_change_that_no_watch_reported(wait: Wait) -> None:
    gone = answer(event("ERROR", EXPIRED))
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
        pytest.param([listing(pod(NOT_READY))], [answer(event("ERROR", EXPIRED))], id="second list"),
        pytest.param([listing(pod(NOT_READY))], [cut(modified(NOT_READY, version="6"))], id="after a cut"),
    ],
)
@pytest.mark.slow
def test_an_idle_server_does_not_extend_the_timeout(wait: Wait, lists: list[bytes], watches: list[bytes]) -> None:
    started = time.monotonic()
    with serving(lists, watches) as server:
        with pytest.raises(errors.WaitTimeoutError, match=r"condition Ready=True did not come within 0.3 s"):
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

    with pytest.raises(errors.WaitTimeoutError, match=r"the last look failed: GET .* no connection"):
        wait(server.port, ends, 1.0)


def test_an_error_of_the_goal_function_is_raised(wait: Wait) -> None:
    def fails(found: core_v1.Pod) -> bool:
        raise LookupError(found.metadata.name)

    with loopback(listing(pod())) as server:
        with pytest.raises(LookupError, match="web"):
            wait(server.port, fails, 20)


def test_invalid_events_raise_decode_error(wait: Wait) -> None:
    with serving([listing(pod(NOT_READY))], [answer(b"not an event\n")] * 5) as server:
        with pytest.raises(errors.DecodeError, match="the watch holds no event"):
            wait(server.port, "condition=Ready", 20)


def test_the_default_timeouts_are_those_that_are_documented() -> None:
    for verb, seconds in (("wait", 60.0), ("wait_for_rollout", 600.0)):
        for deployments in (Deployments, AsyncDeployments):
            assert inspect.signature(getattr(deployments, verb)).parameters["timeout"].default == seconds
