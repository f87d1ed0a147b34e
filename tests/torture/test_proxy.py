"""Each fault of the proxy has its documented effect."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ready import closed_port, wait_until
from tests.sockets import SocketServer
from tests.torture.proxy import FaultProxy, Plan


class Echo(SocketServer):
    """Server that records all received data, sends it back, and closes after the client has closed."""

    def __init__(self) -> None:
        self.got = b""
        self.ends: list[str] = []
        self.reads: list[int] = []
        super().__init__(self._serve, seconds=60)

    def _serve(self, made: socket.socket, number: int) -> None:
        try:
            while data := made.recv(65536):
                self.got += data
                self.reads.append(len(data))
                made.sendall(data)
            self.ends.append("fin")
            made.shutdown(socket.SHUT_WR)
        except ConnectionResetError:
            self.ends.append("rst")
        except OSError:
            self.ends.append("error")


@pytest.fixture
def echo() -> Iterator[Echo]:
    with Echo() as made:
        yield made


@contextlib.contextmanager
def through(echo: Echo, plan: Plan) -> Iterator[tuple[FaultProxy, socket.socket]]:
    with FaultProxy(echo.port, plan) as proxy, socket.create_connection(("127.0.0.1", proxy.port), 60) as client:
        yield proxy, client


def read(client: socket.socket, most: int = 1 << 30) -> bytes:
    """Read up to so many bytes, or to the end."""
    data = b""
    while len(data) < most and (piece := client.recv(most - len(data))):
        data += piece
    return data


def settled(what: list[str]) -> list[str]:
    wait_until(lambda: what)
    return what


def test_without_a_fault_all_data_is_forwarded(echo: Echo) -> None:
    data = bytes(range(256)) * 2_000
    with through(echo, Plan()) as (proxy, client):

        def send() -> None:
            client.sendall(data)
            client.shutdown(socket.SHUT_WR)

        sender = threading.Thread(target=send)
        sender.start()
        assert read(client) == data
        sender.join()
        assert settled(echo.ends) == ["fin"]
        assert proxy.accepted == 1


@pytest.mark.parametrize("at", [0, 1, 5])
def test_a_cut_forwards_the_data_before_it(echo: Echo, at: int) -> None:
    with through(echo, Plan(cut_after=at)) as (_, client):
        client.sendall(b"0123456789")
        assert read(client) == b"0123456789"[:at]


def test_a_cut_by_reset(echo: Echo) -> None:
    with through(echo, Plan(cut_after=5, how="rst")) as (_, client):
        client.sendall(b"0123456789")
        with pytest.raises(ConnectionResetError):
            read(client)
        assert settled(echo.ends) == ["rst"]


def test_a_connection_can_be_cut_while_the_client_sends(echo: Echo) -> None:
    with through(echo, Plan(cut_after=3, up=True)) as (_, client):
        client.sendall(b"0123456789")
        assert read(client) in (b"", b"012")
    assert settled(echo.ends)
    assert echo.got == b"012"


def test_a_half_close_leaves_the_other_direction_open(echo: Echo) -> None:
    with through(echo, Plan(half_close_after=4)) as (_, client):
        client.sendall(b"0123456789")
        assert read(client) == b"0123"
        client.sendall(b"more")
        client.shutdown(socket.SHUT_WR)
        assert settled(echo.ends) == ["fin"]
    assert echo.got == b"0123456789more"


def test_a_muted_proxy_holds_both_directions_without_closing_a_connection(echo: Echo) -> None:
    with through(echo, Plan(mute_after=4)) as (proxy, client):
        client.sendall(b"0123456789")
        assert read(client, 4) == b"0123"
        client.settimeout(0.2)
        client.sendall(b"more")
        with pytest.raises(TimeoutError):
            client.recv(1)
        assert (echo.got, echo.ends, proxy.open) == (b"0123456789", [], 1)
        proxy.thaw()
        client.settimeout(60)
        assert read(client, 10) == b"456789more"


def test_freeze_and_thaw_lose_nothing(echo: Echo) -> None:
    with through(echo, Plan()) as (proxy, client):
        client.sendall(b"a")
        assert read(client, 1) == b"a"
        proxy.freeze()
        client.sendall(b"bc")
        client.settimeout(0.2)
        with pytest.raises(TimeoutError):
            client.recv(1)
        proxy.thaw()
        client.settimeout(60)
        assert read(client, 2) == b"bc"


def test_a_byte_is_corrupted(echo: Echo) -> None:
    with through(echo, Plan(corrupt_at=2, slice=2)) as (_, client):
        client.sendall(b"\0\0\0\0\0")
        client.shutdown(socket.SHUT_WR)
        assert read(client) == b"\0\0\xff\0\0"


def test_slices_and_delay(echo: Echo) -> None:
    with through(echo, Plan(slice=1, delay=0.02, up=True)) as (_, client):
        began = time.monotonic()
        client.sendall(b"0123456789")
        assert read(client, 10) == b"0123456789"
        assert time.monotonic() - began >= 0.2
    assert max(echo.reads) < 10


def test_each_connection_has_its_plan_and_all_can_be_cut(echo: Echo) -> None:
    with FaultProxy(echo.port, [Plan(cut_after=0), Plan()]) as proxy:
        with socket.create_connection(("127.0.0.1", proxy.port), 60) as client:
            assert client.recv(1) == b""
        for _ in range(2):
            with socket.create_connection(("127.0.0.1", proxy.port), 60) as client:
                client.sendall(b"x")
                assert client.recv(1) == b"x"
                proxy.cut("rst")
                with pytest.raises(ConnectionResetError):
                    client.recv(1)
        proxy.plan = lambda number: Plan(corrupt_at=0 if number == 4 else None)
        with socket.create_connection(("127.0.0.1", proxy.port), 60) as client:
            client.sendall(b"\0")
            assert client.recv(1) == b"\xff"
            proxy.cut()
            assert client.recv(1) == b""


def test_no_thread_and_no_socket_is_left(echo: Echo) -> None:
    def state() -> tuple[int, int]:
        names = [thread.name for thread in threading.enumerate()]
        return names.count("torture-proxy"), len(list(Path("/proc/self/fd").iterdir()))

    files = state()[1]
    for number, plan in enumerate((Plan(), Plan(mute_after=0), Plan(cut_after=1, how="rst")), 1):
        with through(echo, plan) as (_, client):
            client.sendall(b"0123456789")
            wait_until(lambda number=number: echo.accepted == number)  # type: ignore[misc]
    echo.drop()
    wait_until(lambda: echo.open == 0)
    assert state() == (0, files)


def test_a_missing_server_resets_the_client() -> None:
    with closed_port() as port, FaultProxy(port) as proxy:
        with pytest.raises(ConnectionResetError):  # The reset may arrive while the client still connects.
            with socket.create_connection(("127.0.0.1", proxy.port), 60) as client:
                client.recv(1)
