"""Log lines from any chunks, and logs that a real server never sends."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubeclient import AsyncClientset, Clientset
from kubecore import errors, rest
from kubecore.calls.text_mode import TextMode
from kubecore.logs.lines import Lines, TextReader
from tests.kubecore.loopback import loopback, response_bytes
from tests.ready import PATIENCE

CALL: Any = None
TEXT = st.text(st.sampled_from("a\n\r\u0085\u2028\u00e9\u20ac\U0001f600"), max_size=40)


def pieces(data: bytes, cuts: list[int]) -> Iterator[bytes]:
    places = sorted({cut % (len(data) + 1) for cut in cuts})
    for start, end in zip([0, *places], [*places, len(data)], strict=True):
        yield data[start:end]


@given(st.lists(st.sampled_from([b"\n", b"\r", b"a", b"bc", b"\xff"]), max_size=60), st.lists(st.integers(0, 10**6)))
def test_lines_end_at_newlines_and_nowhere_else(parts: list[bytes], cuts: list[int]) -> None:
    data = b"".join(parts)
    lines = Lines()
    found = [line for piece in pieces(data, cuts) for line in lines.feed(piece)]
    found += lines.end()
    wanted = data.split(b"\n")
    assert found == (wanted if wanted[-1] else wanted[:-1])


@given(TEXT, st.lists(st.integers(0, 10**6)), st.integers(0, 8))
def test_an_overlong_line_is_split_without_cutting_a_character(text: str, cuts: list[int], longest: int) -> None:
    """An unfinished line uses no more memory than the longest allowed line."""
    lines = Lines(longest)
    joined = ""
    for piece in pieces(text.encode(), cuts):
        for line in lines.feed(piece):
            assert len(line) <= max(longest, 4)
            joined += line.decode()
        assert lines._size <= max(longest, 4)
    joined += "".join(line.decode() for line in lines.end())
    assert joined == text.replace("\n", "")


@given(TEXT, st.lists(st.integers(0, 10**6)))
def test_text_is_never_cut_within_a_character(text: str, cuts: list[int]) -> None:
    reader = TextReader(10**6, TextMode(), CALL)
    assert "".join([*map(reader.piece, pieces(text.encode(), cuts)), reader.last_piece()]) == text
    reader = TextReader(10**6, TextMode(), CALL)
    found = [line for piece in pieces(text.encode(), cuts) for line in reader.lines(piece)]
    wanted = text.split("\n")
    assert [*found, *reader.last_line()] == (wanted if wanted[-1] else wanted[:-1])


def test_an_incomplete_character_is_replaced_at_the_end() -> None:
    reader = TextReader(10**6, TextMode("utf-8", "replace"), CALL)
    assert (reader.piece(b"a\xe2\x82"), reader.last_piece()) == ("a", "\ufffd")


Run = Callable[[int, Callable[[Any], Any]], None]


class _Awaited:
    """A synchronous log with the methods of an asynchronous one."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    async def __aenter__(self) -> Any:
        self._inner.__enter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        self._inner.close()

    def __aiter__(self) -> Any:
        return self

    async def __anext__(self) -> Any:
        for line in self._inner:
            return line
        raise StopAsyncIteration


@pytest.fixture(params=["sync", "asyncio", "trio"])
def run(request: pytest.FixtureRequest) -> Run:
    """Return a function that runs a scenario with a log of the server on this port."""

    def drive(port: int, scenario: Callable[[Any], Any]) -> None:
        config = rest.Config(host=f"http://127.0.0.1:{port}")

        async def synchronous() -> None:
            with Clientset(config) as made:
                pods = made.core_v1.pods("default")
                await scenario(lambda **options: _Awaited(pods.stream_logs("web", **options)))

        async def asynchronous() -> None:
            async with AsyncClientset(config) as made:
                await scenario(lambda **options: made.core_v1.pods("default").stream_logs("web", **options))

        if request.param == "sync":
            anyio.run(synchronous)
        else:
            anyio.run(asynchronous, backend=request.param)

    return drive


CHUNKED = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n"


def test_a_log_that_is_cut_raises_read_error_after_the_received_lines(run: Run) -> None:
    """The caller gets the received lines and then an error. A cut log never ends without an error."""

    async def scenario(open_log: Any) -> None:
        seen = []
        async with open_log() as lines:
            with pytest.raises(errors.ReadError, match="/pods/web/log"):
                while True:
                    seen.append(await anext(lines))
            with pytest.raises(errors.ReadError, match="interrupted"):
                await anext(lines)
        assert seen == [b"one"]

    with loopback(CHUNKED + b"4\r\none\n\r\n5\r\ntw") as server:
        run(server.port, scenario)


def test_options_that_are_false_or_zero_are_sent(run: Run) -> None:
    async def scenario(open_log: Any) -> None:
        async with open_log(follow=False, tail_lines=0, timestamps=False, stream="Stderr") as lines:
            assert [line async for line in lines] == []

    with loopback(response_bytes(b"", "Content-Type: text/plain")) as server:
        run(server.port, scenario)
        head = server.requests[0].decode()
    path = "/api/v1/namespaces/default/pods/web/log?follow=false&stream=Stderr&tailLines=0&timestamps=false"
    assert head.startswith(f"GET {path} ")
    assert "\r\nAccept: */*\r\n" in head


def test_lines_and_chunks_do_not_mix_and_need_an_open_log() -> None:
    with (
        loopback(response_bytes(b"a\nb\n")) as server,
        Clientset(rest.Config(host=f"http://127.0.0.1:{server.port}")) as made,
    ):
        log = made.core_v1.pods("default").stream_logs("web", follow=False)
        with pytest.raises(RuntimeError, match="not open"):
            next(log)
        with log as lines:
            assert next(lines) == b"a"
            with pytest.raises(RuntimeError, match="lines or chunks"):
                next(lines.chunks())


def test_the_client_stops_reading_a_log_while_the_caller_does_not_read(run: Run) -> None:
    """The client stops reading from the server while the caller does not read."""
    sent = 0
    stop = threading.Event()

    def flood() -> None:
        nonlocal sent
        connection, _ = listener.accept()
        with connection:
            piece = b"10000\r\n" + b"x" * 65535 + b"\n\r\n"
            connection.recv(65536)
            connection.sendall(CHUNKED + piece)
            connection.settimeout(0.2)
            while sent < 512 * len(piece):
                try:
                    sent += connection.send(piece[sent % len(piece) :])
                except TimeoutError:
                    break
            stop.set()

    async def scenario(open_log: Any) -> None:
        async with open_log() as lines:
            assert len(await anext(lines)) == 65535
            assert await anyio.to_thread.run_sync(lambda: stop.wait(PATIENCE))

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=flood)
        thread.start()
        run(listener.getsockname()[1], scenario)
        thread.join(PATIENCE)
    assert sent < 16 * 1024 * 1024
