"""Logs from the real API server and a node whose containers write the lines that the tests define."""

from __future__ import annotations

import dataclasses
import datetime
import threading
import time
from collections.abc import Callable
from typing import Any, Final

import anyio
import pytest

from kubeclient import AsyncClientset, Clientset
from kubecore import errors, rest
from tests.cluster import Nodes
from tests.ready import wait_until_idle

Drive = Callable[[Any], None]

AT_ONCE: Final = 20.0
"""Seconds within which a busy machine finishes operations without a wait. Timeouts and idle streams last longer."""


# Lines that other clients change: JSON, numbers, a repr of bytes, invalid UTF-8, glyphs of several bytes.
VERBATIM = [
    b'{"a":1}',
    b"42",
    b"3." + b"1415926535" * 100,
    b"b'x'",
    b"\xff\xfe\x00",
    "gl\u00fc\u20ac\U0001f600".encode(),
    b"",
]


@pytest.fixture
def pod(nodes: Nodes, namespace: str) -> str:
    return nodes.running_pod(namespace)


def test_a_log_is_returned_unchanged(drive: Drive, nodes: Nodes, namespace: str, pod: str) -> None:
    """By default the log is returned as bytes, so that invalid UTF-8 is kept."""
    nodes.log(namespace, pod, *VERBATIM)

    async def scenario(clientset: Any) -> None:
        pods = clientset.core_v1.pods(namespace)
        whole = b"".join(line + b"\n" for line in VERBATIM)
        assert await pods.get_logs(pod) == whole
        assert await pods.get_logs(pod, errors="backslashreplace") == whole.decode("utf-8", "backslashreplace")
        assert await pods.get_logs(pod, limit_bytes=7, errors="strict") == '{"a":1}'
        with pytest.raises(errors.DecodeError, match=r"/pods/pod/log: the log is not UTF-8") as raised:
            await pods.get_logs(pod, errors="strict")
        assert raised.value.__cause__ is None

    drive(scenario)


def test_every_option_reaches_the_node(drive: Drive, nodes: Nodes, namespace: str) -> None:
    nodes.running_pod(namespace, containers=("web", "side"))
    nodes.log(namespace, "pod", "old", container="web", ago=3600)
    nodes.log(namespace, "pod", "new", "newer", container="web")
    nodes.log(namespace, "pod", "before", container="web", previous=True)
    nodes.log(namespace, "pod", "beside", container="side")
    hour = datetime.timedelta(minutes=30)

    async def scenario(clientset: Any) -> None:
        async def read(**options: Any) -> Any:
            return await clientset.core_v1.pods(namespace).get_logs("pod", errors="strict", **options)

        assert await read(container="side") == "beside\n"
        assert await read(container="web", previous=True) == "before\n"
        assert await read(container="web", since_seconds=60) == "new\nnewer\n"
        now = datetime.datetime.now(datetime.timezone(datetime.timedelta(hours=2)))
        assert await read(container="web", since_time=now - hour) == "new\nnewer\n"
        assert await read(container="web", tail_lines=1, previous=False) == "newer\n"
        assert await read(container="web", tail_lines=0) == ""
        assert await read(container="web", limit_bytes=5) == "old\nn"
        assert (await read(container="side", timestamps=True))[:2] == "20"
        assert await read(container="side", timestamps=False, insecure_skip_tls_verify_backend=True) == "beside\n"
        with pytest.raises(errors.InvalidError, match="stream"):  # Needs a feature gate of the server.
            await read(container="web", stream="Stderr")
        with pytest.raises(errors.BadRequestError, match="container name must be specified"):
            await read()
        with pytest.raises(errors.BadRequestError, match="previous terminated container"):
            await read(container="side", previous=True)
        with pytest.raises(errors.InvalidRequestError, match="since_time"):
            await read(container="web", since_time=datetime.datetime(2026, 1, 1))

    drive(scenario)


def test_a_log_is_followed_until_the_container_ends(drive: Drive, nodes: Nodes, namespace: str, pod: str) -> None:
    nodes.log(namespace, pod, "one", "two")

    async def scenario(clientset: Any) -> None:
        seen = []
        async with clientset.core_v1.pods(namespace).stream_logs(pod, errors="strict") as lines:
            async for line in lines:
                seen.append(line)
                if line == "two":
                    nodes.log(namespace, pod, "three", "\u20ac")
                if line == "\u20ac":
                    nodes.end_container(namespace, pod)
        assert seen == ["one", "two", "three", "\u20ac"]

    drive(scenario)


def test_stream_logs_without_follow_ends_after_the_last_line(
    drive: Drive, nodes: Nodes, namespace: str, pod: str
) -> None:
    nodes.log(namespace, pod, *VERBATIM)

    async def scenario(clientset: Any) -> None:
        async with clientset.core_v1.pods(namespace).stream_logs(pod, follow=False) as lines:
            assert [line async for line in lines] == VERBATIM

    drive(scenario)


def test_large_logs_are_complete_as_lines_and_as_chunks(
    nodes: Nodes, namespace: str, pod: str, clientset: Clientset
) -> None:
    line = "0123456789\u20ac" * 700
    nodes.log(namespace, pod, *[line] * 1000)
    with clientset.core_v1.pods(namespace).stream_logs(pod, follow=False, errors="strict") as lines:
        assert sum(one == line for one in lines) == 1000
    with clientset.core_v1.pods(namespace).stream_logs(pod, follow=False) as lines:
        assert b"".join(lines.chunks()) == (line.encode() + b"\n") * 1000
    with clientset.core_v1.pods(namespace).stream_logs(pod, follow=False, errors="strict") as texts:
        assert "".join(texts.chunks()) == (line + "\n") * 1000


def test_closing_returns_at_once_also_under_a_reading(
    nodes: Nodes, namespace: str, pod: str, clientset: Clientset
) -> None:
    nodes.log(namespace, pod, "one")
    seen: list[bytes] = []
    with clientset.core_v1.pods(namespace).stream_logs(pod) as lines:
        assert next(lines) == b"one"
        reading = threading.Thread(target=lambda: seen.extend(lines))
        reading.start()
        wait_until_idle(reading)
        began = time.monotonic()
        lines.close()
        assert time.monotonic() - began < AT_ONCE
        reading.join(AT_ONCE)
    assert not reading.is_alive()
    assert seen == []
    assert list(lines) == []


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_another_task_can_close_a_log_at_once(
    nodes: Nodes, namespace: str, pod: str, config: rest.Config, backend: str
) -> None:
    nodes.log(namespace, pod, "one")
    rest_of_it: list[bytes] = []

    async def read(lines: Any) -> None:
        rest_of_it.extend([line async for line in lines])

    async def run() -> None:
        async with AsyncClientset(config) as clientset:
            async with clientset.core_v1.pods(namespace).stream_logs(pod) as lines:
                assert await anext(lines) == b"one"
                async with anyio.create_task_group() as group:
                    group.start_soon(read, lines)
                    await anyio.wait_all_tasks_blocked()
                    with anyio.fail_after(AT_ONCE):
                        await lines.aclose()
            async with clientset.core_v1.pods(namespace).stream_logs(pod) as lines:
                assert await anext(lines) == b"one"
                async with anyio.create_task_group() as group:
                    group.start_soon(anext, lines)
                    await anyio.wait_all_tasks_blocked()
                    group.cancel_scope.cancel()
                with pytest.raises(errors.ReadError, match="reading was interrupted"):
                    await anext(lines)

    anyio.run(run, backend=backend)
    assert rest_of_it == []


def test_the_first_line_may_arrive_after_the_read_timeout(
    nodes: Nodes, namespace: str, pod: str, config: rest.Config
) -> None:
    """The server sends the headers with the first line, which arrives after the read timeout."""
    timeouts = rest.Timeouts(connect=30, read=0.5, write=30, pool=30, total=30, idle=30)
    silence = 1.0

    def write_later() -> threading.Timer:
        timer = threading.Timer(silence, nodes.log, (namespace, pod, "first"))
        timer.start()
        return timer

    def followed(clientset: Any) -> Any:
        with clientset.core_v1.pods(namespace).stream_logs(pod, tail_lines=0) as lines:
            return next(lines)

    async def followed_async(clientset: Any) -> Any:
        async with clientset.core_v1.pods(namespace).stream_logs(pod, tail_lines=0) as lines:
            return await anext(lines)

    seen: list[rest.Attempt] = []
    config = dataclasses.replace(config.copy(), timeouts=timeouts, observers=[seen.append])
    with Clientset(config) as clientset:
        timer = write_later()
        assert followed(clientset) == b"first"
        timer.join()

    async def main() -> None:
        async with AsyncClientset(config) as clientset:
            assert await followed_async(clientset) == b"first"

    for backend in ("asyncio", "trio"):
        timer = write_later()
        anyio.run(main, backend=backend)
        timer.join()
    assert [attempt.number for attempt in seen] == [1, 1, 1]
