"""Transports to a server in the same process: requests, bodies, time limits, wake-ups across threads."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from typing import Any

import anyio
import httpx
import pytest

from kubeclient import AsyncClientset, Clientset
from kubecore import errors, rest
from kubecore.testing._server.exchange import Received, Reply
from kubecore.testing._server.failures import NotSimulatedError
from kubecore.testing._server.plans import Plan
from kubecore.testing.transport import Transports
from tests.ready import wait_until
from tests.testing.scripted import CONFIG_MAP, Lines, Scripted, event, found, reply

BOTH = pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])


def config(gate: Scripted, **settings: Any) -> rest.Config:
    return rest.Config(host="https://fake.test", transport=Transports(gate), **settings)


def get(config: rest.Config, *, is_async: bool, **options: Any) -> str:
    """Get the config map, and return its name."""
    if not is_async:
        with Clientset(config) as clientset:
            return str(clientset.core_v1.config_maps("d").get("a", **options).metadata.name)

    async def main() -> str:
        async with AsyncClientset(config) as clientset:
            return str((await clientset.core_v1.config_maps("d").get("a", **options)).metadata.name)

    return anyio.run(main)


@BOTH
def test_the_server_receives_path_query_headers_and_body(*, is_async: bool) -> None:
    gate = Scripted(found)
    assert get(config(gate, user_agent="me/1"), is_async=is_async) == "a"
    (received,) = gate.performed
    assert (received.method, received.path, received.content) == ("GET", "/api/v1/namespaces/d/configmaps/a", b"")
    assert received.headers["user-agent"] == "me/1"
    assert "gzip" not in received.headers.get("accept-encoding", "")


def test_query_is_decoded_and_prefix_removed() -> None:
    gate = Scripted(lambda received: reply({"apiVersion": "v1", "kind": "ConfigMapList", "metadata": {}, "items": []}))
    settings = rest.Config(host="https://fake.test/prefix", transport=Transports(gate))
    with Clientset(settings) as clientset:
        clientset.core_v1.config_maps("d").list(label_selector="a in (b,c)")
    (received,) = gate.performed
    assert received.path == "/api/v1/namespaces/d/configmaps"
    assert ("labelSelector", "a in (b,c)") in received.query


@BOTH
def test_a_refused_connection_is_a_connect_error(*, is_async: bool) -> None:
    gate = Scripted(found, [Plan(is_refused=True)])
    with pytest.raises(errors.ConnectError, match="is the server running"):
        get(config(gate, max_retries=0), is_async=is_async)
    assert gate.performed == []


@BOTH
def test_a_lost_response_is_a_read_error_after_the_request_was_handled(*, is_async: bool) -> None:
    gate = Scripted(found, [Plan(is_lost=True)])
    with pytest.raises(errors.ReadError):
        get(config(gate, max_retries=0), is_async=is_async)
    assert len(gate.performed) == 1


@BOTH
def test_a_read_is_retried_after_a_lost_response(*, is_async: bool) -> None:
    gate = Scripted(found, [Plan(is_lost=True)])
    assert get(config(gate), is_async=is_async) == "a"
    assert len(gate.performed) == 2


@BOTH
def test_a_body_that_breaks_off_is_a_read_error(*, is_async: bool) -> None:
    gate = Scripted(found, [Plan(after_bytes=5)])
    with pytest.raises(errors.ReadError):
        get(config(gate, max_retries=0), is_async=is_async)


@BOTH
def test_a_response_that_never_comes_ends_at_the_timeout(*, is_async: bool) -> None:
    gate = Scripted(found, [Plan(seconds=math.inf)])
    with pytest.raises(errors.DeadlineError, match=r"0\.05 s"):
        get(config(gate), is_async=is_async, timeout=0.05)
    assert gate.performed == []


@BOTH
def test_a_response_that_never_comes_ends_at_the_read_timeout(*, is_async: bool) -> None:
    gate = Scripted(found, [Plan(seconds=math.inf)])
    with pytest.raises(errors.ReadTimeoutError):
        get(config(gate, timeouts=rest.Timeouts(read=0.05), max_retries=0), is_async=is_async)


@BOTH
def test_a_body_above_the_limit_is_refused(*, is_async: bool) -> None:
    with pytest.raises(errors.BodyTooLargeError):
        get(config(Scripted(found), max_response_bytes=10), is_async=is_async)


@BOTH
def test_an_error_of_the_server_itself_is_raised_as_it_is(*, is_async: bool) -> None:
    def refuse(received: Received) -> Reply:
        raise NotSimulatedError(received.path)

    with pytest.raises(NotSimulatedError):
        get(config(Scripted(refuse)), is_async=is_async)


def watching(*streams: Lines) -> Callable[[Received], Reply]:
    """Reply to each watch with the next stream."""
    left = list(streams)

    def respond(received: Received) -> Reply:
        if ("watch", "true") in received.query or ("watch", "1") in received.query:
            return Reply(code=200, headers=[("content-type", "application/json")], stream=left.pop(0))
        return reply({"apiVersion": "v1", "kind": "ConfigMapList", "metadata": {"resourceVersion": "1"}, "items": []})

    return respond


def put_later(lines: Lines) -> None:
    """Put an event as soon as a client waits for one."""
    wait_until(lambda: lines.is_awaited)
    lines.put(event("ADDED", "2"))


def test_a_watch_is_woken_by_another_thread() -> None:
    lines = Lines()
    with (
        Clientset(config(Scripted(watching(lines)))) as clientset,
        clientset.core_v1.config_maps("d").watch(resource_version="1") as events,
    ):
        thread = threading.Thread(target=put_later, args=[lines])
        thread.start()
        assert next(events).object.metadata.resource_version == "2"
        thread.join()


def test_closing_a_watch_ends_the_wait_of_another_thread() -> None:
    lines = Lines()
    with Clientset(config(Scripted(watching(lines)))) as clientset:
        events = clientset.core_v1.config_maps("d").watch(resource_version="1")
        with events:
            found: list[Any] = []
            thread = threading.Thread(target=lambda: found.extend(events))
            thread.start()
            wait_until(lambda: lines.is_awaited)
            events.close()
            thread.join()
            assert found == []
    assert lines.is_closed


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_an_asynchronous_watch_is_woken_by_another_thread(backend: str) -> None:
    lines = Lines()

    async def main() -> str | None:
        async with (
            AsyncClientset(config(Scripted(watching(lines)))) as clientset,
            clientset.core_v1.config_maps("d").watch(resource_version="1") as events,
        ):
            thread = threading.Thread(target=put_later, args=[lines])
            thread.start()
            found = await anext(events)
            thread.join()
            return found.object.metadata.resource_version

    assert anyio.run(main, backend=backend) == "2"


@BOTH
def test_an_idle_watch_is_resumed(*, is_async: bool) -> None:
    streams = [Lines(), Lines()]
    streams[1].put(event("ADDED", "2"))
    gate = Scripted(watching(*streams))
    settings = config(gate, timeouts=rest.Timeouts(idle=0.05))

    async def main() -> str | None:
        async with (
            AsyncClientset(settings) as clientset,
            clientset.core_v1.config_maps("d").watch(resource_version="1") as events,
        ):
            return (await anext(events)).object.metadata.resource_version

    if is_async:
        assert anyio.run(main) == "2"
    else:
        with (
            Clientset(settings) as clientset,
            clientset.core_v1.config_maps("d").watch(resource_version="1") as events,
        ):
            assert next(events).object.metadata.resource_version == "2"
    assert streams[0].is_closed


def test_copies_of_a_configuration_share_the_transport() -> None:
    settings = config(Scripted(found))
    assert settings.copy().transport is settings.transport
    assert settings.anonymous().transport is settings.transport


def test_a_custom_client_wins_over_the_transport() -> None:
    gate = Scripted(found)

    def respond(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={**CONFIG_MAP, "metadata": {"name": "other"}})

    with (
        httpx.Client(transport=httpx.MockTransport(respond)) as own,
        Clientset(config(gate), http_client=own) as clientset,
    ):
        assert clientset.core_v1.config_maps("d").get("a").metadata.name == "other"
    assert gate.planned == []


def test_a_transport_of_another_type_is_refused() -> None:
    with pytest.raises(errors.ConfigError, match="transport is of type str: expected a TransportFactory or None"):
        Clientset(rest.Config(transport="pool"))  # type: ignore[arg-type]


@BOTH
def test_a_closed_client_sends_nothing(*, is_async: bool) -> None:
    gate = Scripted(found)

    async def main() -> None:
        clientset = AsyncClientset(config(gate))
        await clientset.aclose()
        await clientset.core_v1.config_maps("d").get("a")

    with pytest.raises(errors.ClosedError):
        if is_async:
            anyio.run(main)
        else:
            clientset = Clientset(config(gate))
            clientset.close()
            clientset.core_v1.config_maps("d").get("a")
    assert gate.planned == []
