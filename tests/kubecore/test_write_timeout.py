"""`Timeouts.write` limits each chunk of a request, not the whole request."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import anyio
import pytest

from kubecore import errors, rest
from kubecore._auth.credential import Credential
from kubecore._http import async_pool, deadlines, pool
from kubecore._http.deadlines import Deadlines
from kubecore._http.http1 import ResponseParser
from kubecore._http.request import Request
from kubecore.calls.call import Call
from kubecore.rest.request_builder import RequestBuilder

WRITE = 2.0
RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


def request(size: int) -> Request:
    config = rest.Config(host="http://h", timeouts=rest.Timeouts(write=WRITE))
    call: Call[Any] = Call(method="POST", path="/x", response=object, verb="create", body=b"x" * size)
    return RequestBuilder(config).make(call, Credential(None), streaming=False, deadline=None)


class Slow:
    """A synchronous connection that accepts 1,000 bytes at a time, `pause` seconds after they were offered."""

    def __init__(self, pause: float) -> None:
        self.pause = pause
        self.accepted = 0
        self.limits: list[float | None] = []

    def send(self, data: bytes | memoryview, seconds: float | None) -> int:
        self.limits.append(seconds)
        if seconds is not None and self.pause > seconds:
            raise TimeoutError
        self.accepted += min(len(data), 1000)
        return min(len(data), 1000)

    def read_now(self) -> bytes | None:
        return None

    def read(self, seconds: float | None) -> bytes:
        return RESPONSE


class SlowAsync:
    """An asynchronous connection that needs `pause` seconds for each write, on a clock that it moves."""

    def __init__(self, pause: float) -> None:
        self.pause = pause
        self.now = 1000.0
        self.accepted = 0
        self.largest = 0
        self.limits: list[float] = []

    async def write(self, data: bytes, deadline: float) -> None:
        self.limits.append(deadline - self.now)
        self.now = min(self.now + self.pause, deadline)
        if self.now == deadline:
            raise TimeoutError
        self.accepted += len(data)
        self.largest = max(self.largest, len(data))

    async def read_now(self, deadline: float) -> bytes | None:
        return None

    async def read(self, deadline: float) -> bytes:
        return RESPONSE


def send(connection: Slow, made: Request) -> ResponseParser:
    parser = ResponseParser("POST")
    pool._send(connection, made, parser, Deadlines(made))  # type: ignore[arg-type]
    return parser


def send_async(connection: SlowAsync, made: Request) -> ResponseParser:
    parser = ResponseParser("POST")

    async def main() -> None:
        await async_pool._send(connection, made, parser, Deadlines(made))  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(deadlines, "time", SimpleNamespace(monotonic=lambda: connection.now))
        anyio.run(main)
    return parser


@pytest.mark.parametrize("size", [20_000, 60_000, 3_000_000])
def test_a_server_that_accepts_data_slowly_but_steadily_gets_the_whole_request(size: int) -> None:
    connection = Slow(pause=WRITE * 0.9)
    assert send(connection, request(size)).status == 200
    assert connection.accepted > size
    assert set(connection.limits) == {WRITE}


@pytest.mark.parametrize("size", [20_000, 60_000, 3_000_000])
def test_a_server_that_accepts_data_slowly_but_steadily_gets_the_whole_request_async(size: int) -> None:
    connection = SlowAsync(pause=WRITE * 0.9)
    assert send_async(connection, request(size)).status == 200
    assert connection.accepted > size
    assert connection.largest <= 16 * 1024
    assert set(connection.limits) == {WRITE}


@pytest.mark.parametrize("size", [10, 3_000_000])
def test_a_server_that_accepts_no_data_is_left_after_the_write_timeout(size: int) -> None:
    with pytest.raises(errors.WriteTimeoutError, match=r"the server accepted no data for 2\.0 s"):
        send(Slow(pause=WRITE * 1.1), request(size))
    with pytest.raises(errors.WriteTimeoutError, match=r"the server accepted no data for 2\.0 s"):
        send_async(SlowAsync(pause=WRITE * 1.1), request(size))


def test_a_body_larger_than_all_buffers_arrives_whole() -> None:
    """A real socket may accept only a part of the body at each write."""
    from tests.torture.server import PodServer

    body = b"x" * 4_000_000
    with PodServer() as server:
        config = rest.Config(host=server.url)
        call: Call[Any] = Call(
            method="POST", path="/api/v1/namespaces/d/pods", response=object, verb="create", body=body
        )
        with rest.Client(config) as client:
            client.send(call)
        anyio.run(_create, config, call)
        anyio.run(_create, config, call, backend="trio")
        assert [len(request.body) for request in server.requests] == [len(body)] * 3


async def _create(config: rest.Config, call: Call[Any]) -> None:
    async with rest.AsyncClient(config) as client:
        await client.send(call)
