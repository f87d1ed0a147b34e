"""Hooks around writes: the calls that they see, the limits that they set, and the responses that they get."""

from __future__ import annotations

import json
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import anyio
import httpx
import pytest

from kubeclient import AsyncClientset, Clientset
from kubeclient.models import core_v1, meta_v1
from kubecore import dynamic, errors, options, rest
from kubecore._support import pauses
from kubecore.calls.call import Call
from kubecore.dynamic.resource import DynamicResource
from kubecore.model.meta import Preconditions
from tests.kubecore.deadline_calls import BOUND, KINDS, do, serving
from tests.kubecore.loopback import Loopback, loopback, response_bytes

POD = b'{"kind":"Pod","apiVersion":"v1","metadata":{"name":"p","resourceVersion":"7"},"spec":{"containers":[]}}'
GONE = b'{"kind":"Status","apiVersion":"v1","status":"Success"}'
BODY = {"metadata": {"name": "p"}, "spec": {"containers": []}}

kinds = pytest.mark.parametrize("kind", KINDS)


class Refused(errors.KubeError):
    """Raised by a hook, as leader election does."""


class Recording(rest.WriteHook):
    """Notes its calls in a list, which several hooks may share."""

    def __init__(self, notes: list[Any] | None = None, name: str = "", limit: float | None = None) -> None:
        self.notes = [] if notes is None else notes
        self.name = name
        self.limit = limit
        self.refuse_from: int | None = None

    def before_write(self, call: Call[Any]) -> float | None:
        self.notes.append((f"{self.name}before", call.verb))
        if self.refuse_from is not None and len(self.notes) >= self.refuse_from:
            raise Refused("this process no longer leads")
        return self.limit

    def after_write(self, call: Call[Any], body: bytes) -> None:
        self.notes.append((f"{self.name}after", call.verb))


class Seeing(rest.WriteHook):
    """Keeps the calls and the responses."""

    def __init__(self) -> None:
        self.seen: list[tuple[Call[Any], bytes]] = []

    def after_write(self, call: Call[Any], body: bytes) -> None:
        self.seen.append((call, body))


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds of all pauses, which do not wait."""
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    monkeypatch.setattr(pauses, "sleep", waits.append)
    monkeypatch.setattr(pauses, "async_sleep", sleep)
    return waits


def config(server: Loopback, **more: Any) -> rest.Config:
    return rest.Config(host=f"http://127.0.0.1:{server.port}", **more)


def run(kind: str, server: Loopback, hooks: list[rest.WriteHook], use: Any, **more: Any) -> Any:
    def with_hooks(clientset: Any) -> Any:
        for hook in hooks:
            clientset.rest_client.write_hooks.add(hook)
        return use(clientset)

    return do(kind, config(server, **more), with_hooks)


@kinds
def test_hooks_are_called_in_order_around_a_write(kind: str) -> None:
    notes: list[Any] = []
    with loopback(response_bytes(POD)) as server:
        hooks: list[rest.WriteHook] = [Recording(notes, "1 "), Recording(notes, "2 ")]
        pod = run(kind, server, hooks, lambda clientset: clientset.core_v1.pods("d").create(BODY))
    assert pod.metadata.name == "p"
    assert notes == [("1 before", "create"), ("2 before", "create"), ("1 after", "create"), ("2 after", "create")]


@kinds
@pytest.mark.parametrize(
    ("body", "use"),
    [
        (POD, lambda clientset: clientset.core_v1.pods("d").get("p")),
        (b'{"kind":"PodList","apiVersion":"v1","items":[]}', lambda clientset: clientset.core_v1.pods("d").list()),
        (b"", lambda clientset: clientset.raw("HEAD", "/healthz")),
        (b"ok", lambda clientset: clientset.raw("OPTIONS", "/healthz")),
        (b'{"major":"1","minor":"37"}', lambda clientset: clientset.server_version()),
    ],
    ids=["get", "list", "HEAD", "OPTIONS", "version"],
)
def test_reads_call_no_hook(kind: str, body: bytes, use: Any) -> None:
    hook = Recording()
    with loopback(response_bytes(body)) as server:
        run(kind, server, [hook], use)
    assert hook.notes == []


@kinds
def test_a_refused_write_is_not_sent_and_its_error_reaches_the_caller(kind: str) -> None:
    hook = Recording()
    hook.refuse_from = 1
    with loopback(response_bytes(POD)) as server:
        with pytest.raises(Refused, match="no longer leads"):
            run(kind, server, [hook], lambda clientset: clientset.core_v1.pods("d").delete("p"))
        assert server.requests == []


@kinds
def test_an_error_that_is_not_ours_reaches_the_caller_too(kind: str) -> None:
    class Raising(rest.WriteHook):
        def before_write(self, call: Call[Any]) -> float | None:
            raise LookupError("nothing")

    with loopback(response_bytes(POD)) as server:
        with pytest.raises(LookupError, match="nothing"):
            run(kind, server, [Raising()], lambda clientset: clientset.core_v1.pods("d").create(BODY))
        assert server.requests == []


@kinds
def test_hooks_are_called_before_each_retry_and_once_after_success(kind: str, slept: list[float]) -> None:
    busy = response_bytes(b"", "Retry-After: 1", status="429 Too Many")
    hook = Recording()
    with loopback(busy, busy, response_bytes(POD)) as server:
        run(kind, server, [hook], lambda clientset: clientset.core_v1.pods("d").create(BODY))
    assert hook.notes == [("before", "create")] * 3 + [("after", "create")]
    assert len(slept) == 2


@kinds
def test_a_retry_is_refused_by_a_hook_that_allowed_the_first_attempt(kind: str, slept: list[float]) -> None:
    hook = Recording()
    hook.refuse_from = 2
    with loopback(response_bytes(b"", "Retry-After: 1", status="429 Too Many"), response_bytes(POD)) as server:
        with pytest.raises(Refused):
            run(kind, server, [hook], lambda clientset: clientset.core_v1.pods("d").create(BODY))
        assert len(server.requests) == 1


@kinds
def test_an_attempt_ends_at_the_earliest_limit_of_the_hooks(kind: str) -> None:
    def use(clientset: Any) -> Any:
        for seconds in (600.0, 0.2, 300.0):
            clientset.rest_client.write_hooks.add(Recording(limit=time.monotonic() + seconds))
        return clientset.core_v1.pods("d").create(BODY, timeout=BOUND * 2)

    with serving(lambda connection, number: None) as (port, requests):
        with pytest.raises(errors.DeadlineError, match="the time that a write hook allows"):
            do(kind, rest.Config(host=f"http://127.0.0.1:{port}"), use)
        assert len(requests) == 1


@kinds
def test_the_limit_of_the_call_holds_if_it_is_earlier_than_that_of_a_hook(kind: str) -> None:
    def use(clientset: Any) -> Any:
        clientset.rest_client.write_hooks.add(Recording(limit=time.monotonic() + 600))
        return clientset.core_v1.pods("d").create(BODY, timeout=0.2)

    with serving(lambda connection, number: None) as (port, _):
        with pytest.raises(errors.DeadlineError, match=r"0\.2 s \(timeout=\)"):
            do(kind, rest.Config(host=f"http://127.0.0.1:{port}"), use)


@kinds
def test_a_limit_that_has_passed_sends_nothing(kind: str) -> None:
    with loopback(response_bytes(POD)) as server:
        with pytest.raises(errors.DeadlineError, match="the time that a write hook allows"):
            run(kind, server, [Recording(limit=1.0)], lambda clientset: clientset.core_v1.pods("d").create(BODY))
        assert server.requests == []


@kinds
def test_a_pause_that_outlasts_the_limit_is_not_begun(kind: str, slept: list[float]) -> None:
    def use(clientset: Any) -> Any:
        clientset.rest_client.write_hooks.add(Recording(limit=time.monotonic() + 60))
        return clientset.core_v1.pods("d").create(BODY)

    with loopback(response_bytes(b"", "Retry-After: 100", status="429 Too Many"), response_bytes(POD)) as server:
        with pytest.raises(errors.TooManyRequestsError):
            run(kind, server, [], use)
    assert slept == []


@kinds
def test_a_later_limit_before_a_retry_replaces_the_earlier_one(kind: str, slept: list[float]) -> None:
    limits = [60.0, 600.0, 600.0]

    class Renewing(rest.WriteHook):
        def before_write(self, call: Call[Any]) -> float | None:
            return time.monotonic() + limits.pop(0)

    second = response_bytes(b"", "Retry-After: 100", status="503 Unavailable")
    with loopback(response_bytes(b"", "Retry-After: 1", status="429 Too Many"), second, response_bytes(POD)) as server:
        run(kind, server, [Renewing()], lambda clientset: clientset.core_v1.pods("d").create(BODY))
    assert [round(seconds) >= 100 for seconds in slept] == [False, True]


@kinds
def test_after_write_gets_the_text_of_the_object_and_the_target_of_the_call(kind: str) -> None:
    hook = Seeing()
    with loopback(response_bytes(POD)) as server:
        run(
            kind,
            server,
            [hook],
            lambda clientset: clientset.core_v1.pods("d").update_status(
                core_v1.Pod(metadata=meta_v1.ObjectMeta(name="p"))
            ),
        )
    ((call, body),) = hook.seen
    assert body == POD
    assert (call.group, call.version, call.resource, call.subresource) == ("", "v1", "pods", "status")
    assert (call.verb, call.namespace, call.name, call.is_dry_run) == ("update", "d", "p", False)


@kinds
@pytest.mark.parametrize("body", [POD, GONE], ids=["object", "Status"])
def test_after_write_gets_the_response_to_a_delete(kind: str, body: bytes) -> None:
    hook = Seeing()
    with loopback(response_bytes(body)) as server:
        run(kind, server, [hook], lambda clientset: clientset.core_v1.pods("d").delete("p"))
    assert [(call.verb, call.name, text) for call, text in hook.seen] == [("delete", "p", body)]


@kinds
@pytest.mark.parametrize(
    "use",
    [
        lambda pods: pods.create(BODY, dry_run="All"),
        lambda pods: pods.update(BODY, dry_run="All"),
        lambda pods: pods.patch("p", {}, type="merge", dry_run="All"),
        lambda pods: pods.apply(BODY, field_manager="m", dry_run="All"),
        lambda pods: pods.delete("p", dry_run="All"),
        lambda pods: pods.delete_collection(dry_run="All"),
    ],
    ids=["create", "update", "patch", "apply", "delete", "delete_collection"],
)
def test_a_dry_run_is_flagged(kind: str, use: Any) -> None:
    hook = Seeing()
    body = GONE if "delete" in str(use.__code__.co_names) else POD
    with loopback(response_bytes(body)) as server:
        run(kind, server, [hook], lambda clientset: use(clientset.core_v1.pods("d")))
    assert [call.is_dry_run for call, _ in hook.seen] == [True]


def test_options_of_a_delete_that_only_contain_the_word_are_not_a_dry_run() -> None:
    from kubeclient.typed.core.v1.pod import PODS

    none = {"dry_run": None, "grace_period_seconds": 0, "ignore_store_read_error": None, "orphan_dependents": None}
    given = options.delete_options(**none, preconditions=Preconditions(uid='"dryRun":["All"]'), propagation_policy=None)  # type: ignore[arg-type]
    assert not PODS.delete("d", "p", given).is_dry_run
    assert not PODS.delete("d", "p", {"dryRun": []}).is_dry_run
    assert not PODS.delete("d", "p", None).is_dry_run


def test_a_dry_run_of_an_object_that_is_called_proxy_is_flagged() -> None:
    from kubeclient.typed.core.v1.configmap import CONFIG_MAPS

    assert CONFIG_MAPS.create("proxy", {"metadata": {"name": "proxy"}}, options.query(dry_run="All")).is_dry_run


@pytest.mark.parametrize("name", ["dry_run", "field_validation", "resource_version_match"])
def test_options_with_words_refuse_other_types(name: str) -> None:
    with pytest.raises(errors.InvalidRequestError, match=f"^{name} must be '[A-Z]"):
        options.query(**{name: True})


@pytest.mark.parametrize("name", ["dry_run", "propagation_policy"])
def test_options_of_a_delete_with_words_refuse_other_types(name: str) -> None:
    with Clientset(rest.Config(host="http://127.0.0.1:1")) as clientset:
        with pytest.raises(errors.InvalidRequestError, match=f"^{name} must be '[A-Z]"):
            clientset.core_v1.pods("d").delete("p", **{name: True})  # type: ignore[arg-type]


@kinds
def test_failures_and_lost_responses_are_not_reported(kind: str) -> None:
    failed = b'{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Conflict","code":409}'
    for script in (response_bytes(failed, status="409 Conflict"), b"", response_bytes(b"{"), response_bytes(failed)):
        hook = Seeing()
        with loopback(script) as server, pytest.raises(errors.KubeError):
            run(kind, server, [hook], lambda clientset: clientset.core_v1.pods("d").create(BODY))
        assert hook.seen == []


@kinds
def test_an_exception_after_a_write_is_logged_and_other_hooks_are_called(
    kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    class Failing(rest.WriteHook):
        def after_write(self, call: Call[Any], body: bytes) -> None:
            raise ValueError("a hook with a bug")

    hook = Seeing()
    with caplog.at_level(logging.ERROR, "kubecore"), loopback(response_bytes(POD)) as server:
        pod = run(kind, server, [Failing(), hook], lambda clientset: clientset.core_v1.pods("d").create(BODY))
    assert pod.metadata.name == "p"
    assert len(hook.seen) == 1
    assert "a write hook failed after POST /api/v1/namespaces/d/pods" in caplog.text
    assert "a hook with a bug" in caplog.text


@kinds
def test_a_removed_hook_is_not_called(kind: str) -> None:
    removed, kept = Recording(), Recording()

    def use(clientset: Any) -> Any:
        hooks = clientset.rest_client.write_hooks
        hooks.remove(removed)
        hooks.remove(removed)  # Nothing happens.
        return clientset.core_v1.pods("d").create(BODY)

    with loopback(response_bytes(POD)) as server:
        run(kind, server, [removed, kept], use)
    assert removed.notes == []
    assert [step for step, _ in kept.notes] == ["before", "after"]


@kinds
def test_dynamic_clients_call_the_hooks(kind: str) -> None:
    widgets: DynamicResource[Any] = DynamicResource(
        group="shop.example.com", version="v2", plural="widgets", namespaced=True, kind=dict, kind_name="Widget"
    )
    hook = Seeing()

    def use(clientset: Any) -> Any:
        objects: Any = dynamic.Objects if kind == "sync" else dynamic.AsyncObjects
        return objects(clientset.rest_client, widgets, "d").patch("p", {}, type="merge")

    with loopback(response_bytes(b"{}")) as server:
        run(kind, server, [hook], use)
    ((call, body),) = hook.seen
    assert (call.group, call.version, call.resource, call.name) == ("shop.example.com", "v2", "widgets", "p")
    assert body == b"{}"


@kinds
def test_requests_that_the_server_passes_on_are_refused_but_not_reported(kind: str) -> None:
    hook = Recording()
    with loopback(response_bytes(b"{}")) as server:
        run(kind, server, [hook], lambda clientset: clientset.core_v1.pods("d").proxy("p", "POST"))
    assert [step for step, _ in hook.notes] == ["before"]


@kinds
def test_commands_in_pods_are_limited_until_they_begin_and_can_be_refused(kind: str) -> None:
    hook = Recording()
    hook.refuse_from = 2

    async def asynchronous(clientset: Any) -> None:
        async with clientset.core_v1.pods("d").exec("p", ["true"]):
            pass

    def synchronous(clientset: Any) -> None:
        with clientset.core_v1.pods("d").exec("p", ["true"]):
            pass

    use = synchronous if kind == "sync" else asynchronous

    with loopback(response_bytes(b"{}")) as server:
        hook.limit = 1.0
        with pytest.raises(errors.DeadlineError, match="the time that a write hook allows"):
            run(kind, server, [hook], use)
        with pytest.raises(Refused):
            run(kind, server, [hook], use)
        assert server.requests == []


def test_hooks_work_with_a_custom_http_client() -> None:
    def respond(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"Content-Type": "application/json"}, content=POD)

    notes: list[Any] = []
    seen = Seeing()
    with httpx.Client(transport=httpx.MockTransport(respond)) as client:
        with Clientset(rest.Config(host="http://h"), http_client=client) as clientset:
            clientset.rest_client.write_hooks.add(Recording(notes))
            clientset.rest_client.write_hooks.add(seen)
            clientset.core_v1.pods("d").create(BODY)
            clientset.rest_client.write_hooks.add(Recording(limit=1.0))
            with pytest.raises(errors.DeadlineError):
                clientset.core_v1.pods("d").create(BODY)

    async def main() -> None:
        async with (
            httpx.AsyncClient(transport=httpx.MockTransport(respond)) as client,
            AsyncClientset(rest.Config(host="http://h"), http_client=client) as clientset,
        ):
            clientset.rest_client.write_hooks.add(Recording(notes))
            await clientset.core_v1.pods("d").create(BODY)

    anyio.run(main)
    assert notes[:2] == [("before", "create"), ("after", "create")]
    assert notes[-2:] == [("before", "create"), ("after", "create")]
    assert [json.loads(body)["metadata"]["name"] for _, body in seen.seen] == ["p"]


def test_hooks_are_added_and_removed_by_many_threads() -> None:
    hooks = rest.WriteHooks()
    kept = [Recording() for _ in range(50)]

    def work(mine: Recording) -> None:
        for other in [Recording() for _ in range(20)]:
            hooks.add(other)
            hooks.remove(other)
        hooks.add(mine)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, kept))
    assert set(hooks.registered) == set(kept)
