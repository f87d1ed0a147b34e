"""Every public call ends within its deadline, whatever the other side, the resolver or a credential plugin does."""

from __future__ import annotations

import os
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import anyio
import pytest
import trustme

from kubeclient import AsyncClientset, Clientset
from kubecore import errors, rest
from tests.everyverb import Verb, arguments, finish, finish_async, verbs
from tests.kubecore.loopback import answer, loopback

pytestmark = pytest.mark.slow  # real deadlines

BOUND: Final = 20.0
"""Seconds that a busy machine may need for a call that ends within a second. Without a deadline, it takes longer."""

SHORT: Final = rest.Timeouts(connect=30, read=0.1, write=30, pool=30, total=30, idle=30)
KINDS: Final = ("sync", "asyncio", "trio")
POD: Final = b'{"kind":"Pod","apiVersion":"v1","metadata":{"name":"p"}}'


def do(kind: str, config: rest.Config, use: Callable[[Any], Any]) -> Any:
    """Return the result of `use` with a clientset of this kind. Fail if it takes longer than `BOUND`."""
    result: list[Any] = []

    def work() -> None:
        try:
            if kind == "sync":
                with Clientset(config) as clientset:
                    result.append(use(clientset))
            else:
                result.append(anyio.run(asynchronous, backend=kind))
        except BaseException as error:
            result.append(error)

    async def asynchronous() -> Any:
        async with AsyncClientset(config) as clientset:
            return await use(clientset)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(BOUND)
    assert result, f"it lasts longer than {BOUND} s"
    if isinstance(result[0], BaseException):
        raise result[0]
    return result[0]


def get(clientset: Any) -> Any:
    return clientset.core_v1.pods("d").get("p")


# Only a stream that the client requested may have no end: status 101 for an upgrade, status 200 for a log.

STREAMS: Final = [
    verb
    for verb in verbs(is_async=False)
    if verb.method in ("run", "exec", "attach", "copy_from", "copy_to", "port_forward", "stream_logs")
]


@pytest.mark.parametrize(
    "status",
    [
        "200 OK",
        "404 Not Found",
        pytest.param("202 Accepted", marks=pytest.mark.thorough),
        pytest.param("302 Found", marks=pytest.mark.thorough),
    ],
)
@pytest.mark.parametrize("verb", STREAMS, ids=lambda verb: verb.name)
@pytest.mark.parametrize("kind", KINDS)
def test_a_response_that_opens_no_stream_has_an_end(kind: str, verb: Verb, status: str, tmp_path: Path) -> None:
    if verb.method == "stream_logs" and status == "200 OK":
        pytest.skip("this one opens the stream")
    found = (
        verb if kind == "sync" else next(one for one in verbs(is_async=True, generated=False) if one.name == verb.name)
    )
    stuck = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{{".encode()
    end = finish if kind == "sync" else finish_async
    with loopback(stuck, close=False) as server, pytest.raises(errors.KubeError) as raised:
        timeouts = rest.Timeouts() if status.startswith("302") else SHORT
        config = rest.Config(host=f"http://127.0.0.1:{server.port}", timeouts=timeouts)
        do(kind, config, lambda clientset: end(found.make(clientset)(**arguments(found, tmp_path))))
    if status.startswith("302"):
        assert isinstance(raised.value, errors.RedirectError)
    else:
        assert isinstance(raised.value, errors.ReadTimeoutError)


# Streams whose first byte may wait.


@contextmanager
def serving(steps: Callable[[socket.socket, int], None]) -> Generator[tuple[int, list[bytes]]]:
    """Serve each connection in a thread. Yield the port and the requests."""
    requests: list[bytes] = []
    listener = socket.create_server(("127.0.0.1", 0), backlog=100)
    kept: list[socket.socket] = []

    def one(connection: socket.socket, number: int) -> None:
        try:
            requests.append(connection.recv(65536))
            steps(connection, number)
        except OSError:
            pass

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            kept.append(connection)
            threading.Thread(target=one, args=(connection, len(kept)), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield listener.getsockname()[1], requests
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for connection in kept:
            connection.close()


TINY: Final = rest.Timeouts(read=0.05, total=0.3)

LATE: Final = 0.5
"""Seconds until a response starts. `TINY` allows less for a response that has an end."""


@pytest.mark.parametrize("kind", KINDS)
def test_a_followed_log_may_be_silent_from_the_start(kind: str) -> None:
    def silent(connection: socket.socket, number: int) -> None:
        time.sleep(LATE)
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\none\n\r\n0\r\n\r\n")

    def read(clientset: Any) -> Any:
        with clientset.core_v1.pods("d").stream_logs("p", tail_lines=0) as lines:
            return list(lines)

    async def read_async(clientset: Any) -> Any:
        async with clientset.core_v1.pods("d").stream_logs("p", tail_lines=0) as lines:
            return [line async for line in lines]

    with serving(silent) as (port, requests):
        config = rest.Config(host=f"http://127.0.0.1:{port}", timeouts=TINY)
        assert do(kind, config, read if kind == "sync" else read_async) == [b"one"]
    assert len(requests) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_log_is_not_requested_again_after_its_connection_broke(kind: str) -> None:
    verb = next(one for one in verbs(is_async=kind != "sync", generated=False) if one.method == "stream_logs")
    end = finish if kind == "sync" else finish_async
    with serving(lambda connection, number: connection.close()) as (port, requests):
        config = rest.Config(host=f"http://127.0.0.1:{port}")
        with pytest.raises(errors.ReadError):
            do(kind, config, lambda clientset: end(verb.make(clientset)("p")))
    assert len(requests) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_log_never_goes_out_over_a_kept_connection(kind: str) -> None:
    """If a kept connection broke, the client would not know whether the server had read the request."""
    verb = next(one for one in verbs(is_async=kind != "sync", generated=False) if one.method == "stream_logs")

    def use(clientset: Any) -> Any:
        get(clientset)
        finish(verb.make(clientset)("p"))
        return True

    async def use_async(clientset: Any) -> Any:
        await get(clientset)
        await finish_async(verb.make(clientset)("p"))
        return True

    with serving(lambda connection, number: connection.sendall(answer(POD))) as (port, requests):
        config = rest.Config(host=f"http://127.0.0.1:{port}")
        assert do(kind, config, use if kind == "sync" else use_async)
    assert len(requests) == 2  # Each on another connection.


@pytest.mark.parametrize("kind", KINDS)
def test_a_watch_whose_headers_come_late_opens(kind: str) -> None:
    event = (
        b'{"type":"ADDED","object":{"kind":"Pod","apiVersion":"v1","metadata":{"name":"p","resourceVersion":"2"}}}\n'
    )

    def slowly(connection: socket.socket, number: int) -> None:
        time.sleep(LATE)
        connection.sendall(answer(event))

    def read(clientset: Any) -> Any:
        with clientset.core_v1.pods("d").watch(resource_version="1", timeout_seconds=15) as events:
            return next(events).object.metadata.name

    async def read_async(clientset: Any) -> Any:
        async with clientset.core_v1.pods("d").watch(resource_version="1", timeout_seconds=15) as events:
            return (await anext(events)).object.metadata.name

    with serving(slowly) as (port, requests):
        config = rest.Config(host=f"http://127.0.0.1:{port}", timeouts=TINY)
        assert do(kind, config, read if kind == "sync" else read_async) == "p"
    assert len(requests) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_proxied_long_poll_has_the_time_of_the_whole_call(kind: str) -> None:
    def slowly(connection: socket.socket, number: int) -> None:
        time.sleep(LATE)
        connection.sendall(answer(b"done"))

    async def poll_async(clientset: Any) -> Any:
        return (await clientset.core_v1.pods("d").proxy("p")).content

    def poll(clientset: Any) -> Any:
        return clientset.core_v1.pods("d").proxy("p").content

    with serving(slowly) as (port, _):
        config = rest.Config(host=f"http://127.0.0.1:{port}", timeouts=rest.Timeouts(read=0.05))
        assert do(kind, config, poll if kind == "sync" else poll_async) == b"done"


# Names.


@pytest.fixture
def deaf(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Make every name resolution wait until the event is set."""
    done = threading.Event()

    def getaddrinfo(*given: Any, **more: Any) -> Any:
        done.wait(60)
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    yield done
    done.set()


@pytest.mark.parametrize("kind", KINDS)
def test_a_name_that_is_not_looked_up_in_time_is_named(kind: str, deaf: threading.Event) -> None:
    config = rest.Config(host="https://api.example:6443", timeouts=rest.Timeouts(connect=0.3))
    with pytest.raises(errors.ConnectTimeoutError, match=r"within 0\.3 s: the name api\.example is not looked up yet"):
        do(kind, config, get)
    assert all(thread.daemon for thread in threading.enumerate() if thread.name == "kubecore")


@pytest.mark.parametrize("kind", KINDS)
def test_the_timeout_of_a_call_holds_for_names(kind: str, deaf: threading.Event) -> None:
    config = rest.Config(host="https://api.example:6443", proxy_url="http://proxy.example:3128")
    with pytest.raises(errors.DeadlineError, match=r"within 0\.3 s \(timeout=\): the name proxy\.example is not"):
        do(kind, config, lambda clientset: clientset.core_v1.pods("d").get("p", timeout=0.3))


def test_many_connections_share_one_lookup(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    done = threading.Event()

    def getaddrinfo(*given: Any, **more: Any) -> Any:
        asked.append(given)
        done.wait(60)
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    with Clientset(rest.Config(host="https://api.example:6443", timeouts=rest.Timeouts(connect=0.2))) as clientset:
        for _ in range(3):
            with pytest.raises(errors.ConnectTimeoutError):
                get(clientset)
        assert len(asked) == 1
        done.set()


_PROGRAM: Final = """
import socket, sys, time, anyio
from kubeclient import AsyncClientset, Clientset
from kubecore import errors, rest
def getaddrinfo(*given, **more): time.sleep(300)
socket.getaddrinfo = getaddrinfo
config = rest.Config(host="https://api.example:6443", timeouts=rest.Timeouts(connect=0.2))
async def main():
    async with AsyncClientset(config) as clientset:
        await clientset.core_v1.pods("d").get("p")
try:
    Clientset(config).core_v1.pods("d").get("p") if sys.argv[1] == "sync" else anyio.run(main, backend=sys.argv[1])
except errors.ConnectTimeoutError:
    print("late")
"""


@pytest.mark.parametrize("kind", KINDS)
def test_a_program_ends_while_a_name_is_looked_up(kind: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, kind], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == "late\n"


# TLS in TLS.


@pytest.mark.parametrize("slow", ["handshake", "response"])
@pytest.mark.parametrize("kind", KINDS)
def test_tls_within_tls_that_comes_in_drops_has_one_end(
    kind: str, slow: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = trustme.CA()
    (tmp_path / "ca.pem").write_bytes(authority.cert_pem.bytes())
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    outer, inner = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    for context in (outer, inner):
        authority.issue_cert("localhost", "127.0.0.1").configure_cert(context)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_drops, args=(listener, outer, inner, slow), daemon=True).start()
        config = rest.Config(
            host="https://localhost:1",
            proxy_url=f"https://127.0.0.1:{listener.getsockname()[1]}",
            tls=rest.TLSConfig(ca_file=str(tmp_path / "ca.pem")),
            timeouts=rest.Timeouts(connect=0.4 if slow == "handshake" else 20.0, read=0.4),
        )
        kinds = {"handshake": errors.ConnectTimeoutError, "response": errors.ReadTimeoutError}
        with pytest.raises(kinds[slow]):
            do(kind, config, get)


def _drops(listener: socket.socket, outer: ssl.SSLContext, inner: ssl.SSLContext, slow: str) -> None:
    """Be a proxy and the server behind it. Send the slow part at one byte per 0.05 s."""
    plain, _ = listener.accept()
    with outer.wrap_socket(plain, server_side=True) as connection:
        while b"\r\n\r\n" not in connection.recv(65536):
            pass
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        come, gone = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = inner.wrap_bio(come, gone, server_side=True)

        def flush(*, slowly: bool) -> None:
            data = gone.read()
            for at in range(0, len(data), 1 if slowly else max(len(data), 1)):
                connection.sendall(data[at : at + 1] if slowly else data)
                time.sleep(0.05 if slowly else 0)

        try:
            while True:
                try:
                    tls.do_handshake()
                    break
                except ssl.SSLWantReadError:
                    flush(slowly=slow == "handshake")
                    come.write(connection.recv(65536))
            flush(slowly=False)
            request = b""
            while b"\r\n\r\n" not in request:
                try:
                    request += tls.read(65536)
                except ssl.SSLWantReadError:
                    come.write(connection.recv(65536))
            tls.write(answer(POD))
            flush(slowly=True)
        except OSError:
            pass


# Credentials.


def plugin(folder: Path, body: str) -> rest.ExecConfig:
    file = folder / "plugin"
    file.write_text(f"#!/bin/sh\n{body}\n")
    file.chmod(0o700)
    return rest.ExecConfig(command=str(file), api_version="client.authentication.k8s.io/v1")


@pytest.mark.parametrize("kind", KINDS)
def test_a_slow_plugin_does_not_delay_the_call_beyond_its_timeout(kind: str, tmp_path: Path) -> None:
    config = rest.Config(host="https://127.0.0.1:1", exec=plugin(tmp_path, "exec sleep 60"))
    with pytest.raises(errors.DeadlineError, match=r"within 0\.3 s \(timeout=\): the credentials are not renewed yet"):
        do(kind, config, lambda clientset: clientset.core_v1.pods("d").get("p", timeout=0.3))


@pytest.mark.parametrize("kind", KINDS)
def test_the_configured_limits_hold_for_a_plugin(kind: str, tmp_path: Path) -> None:
    config = rest.Config(
        host="https://127.0.0.1:1", exec=plugin(tmp_path, "exec sleep 60"), timeouts=rest.Timeouts(total=0.3)
    )
    with pytest.raises(errors.DeadlineError, match=r"within 0\.3 s: the credentials"):
        do(kind, config, get)


@pytest.mark.parametrize("kind", KINDS)
def test_a_watch_ends_with_its_time_whatever_a_plugin_does(kind: str, tmp_path: Path) -> None:
    config = rest.Config(host="https://127.0.0.1:1", exec=plugin(tmp_path, "exec sleep 60"))

    def watch(clientset: Any) -> Any:
        with clientset.core_v1.pods("d").watch(timeout_seconds=1) as events:
            return list(events)

    async def watch_async(clientset: Any) -> Any:
        async with clientset.core_v1.pods("d").watch(timeout_seconds=1) as events:
            return [event async for event in events]

    with pytest.raises(errors.DeadlineError, match="the credentials are not renewed yet"):
        do(kind, config, watch if kind == "sync" else watch_async)


@pytest.mark.parametrize("kind", KINDS)
def test_a_call_does_not_wait_longer_for_the_renewal_of_another(kind: str, tmp_path: Path) -> None:
    config = rest.Config(host="https://127.0.0.1:1", exec=plugin(tmp_path, f"touch {tmp_path}/began; exec sleep 60"))

    def both(clientset: Any) -> Any:
        pods = clientset.core_v1.pods("d")

        def first() -> None:
            with pytest.raises(errors.KubeError):
                pods.get("p", timeout=10)

        threading.Thread(target=first, daemon=True).start()
        while not (tmp_path / "began").exists():
            time.sleep(0.01)
        pods.get("p", timeout=0.3)

    failed: list[errors.DeadlineError] = []

    async def both_async(clientset: Any) -> Any:
        pods = clientset.core_v1.pods("d")

        async def first() -> None:
            with pytest.raises(errors.KubeError):
                await pods.get("p", timeout=10)

        async with anyio.create_task_group() as group:
            group.start_soon(first)
            while not (tmp_path / "began").exists():  # noqa: ASYNC110 - a program makes it
                await anyio.sleep(0.01)
            with pytest.raises(errors.DeadlineError) as raised:
                await pods.get("p", timeout=0.3)
            failed.append(raised.value)
            group.cancel_scope.cancel()
        raise failed[0]

    with pytest.raises(errors.DeadlineError, match=r"0\.3 s"):
        do(kind, config, both if kind == "sync" else both_async)


@pytest.fixture
def authority(tmp_path: Path) -> tuple[ssl.SSLContext, Path]:
    """Return the TLS context of a server, and the file with the certificate of its authority."""
    made = trustme.CA()
    (tmp_path / "ca.pem").write_bytes(made.cert_pem.bytes())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.issue_cert("localhost", "127.0.0.1").configure_cert(context)
    return context, tmp_path / "ca.pem"


@pytest.mark.parametrize("kind", KINDS)
def test_the_last_token_is_used_while_its_file_can_not_be_read(
    kind: str, authority: tuple[ssl.SSLContext, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, ca_file = authority
    token = tmp_path / "token"
    token.write_text("first")
    monkeypatch.setattr("kubecore._auth.token_file._FRESH_SECONDS", 0.0)
    monkeypatch.setattr("kubecore._http.tls._LOOK_SECONDS", 0.0)
    with loopback(*[answer(POD)] * 3, close=False, context=context) as server:
        config = rest.Config(
            host=f"https://127.0.0.1:{server.port}",
            bearer_token_file=str(token),
            tls=rest.TLSConfig(ca_file=str(ca_file)),
        )

        def hang() -> None:  # Opening a pipe without a writer blocks, as on a file system that hangs.
            for file in (token, ca_file):
                file.unlink()
                os.mkfifo(file)

        def use(clientset: Any) -> None:
            get(clientset)
            hang()
            get(clientset)
            get(clientset)

        async def use_async(clientset: Any) -> None:
            await get(clientset)
            hang()
            await get(clientset)
            await get(clientset)

        try:
            do(kind, config, use if kind == "sync" else use_async)
        finally:
            for file in (token, ca_file):
                if file.is_fifo():
                    os.close(os.open(file, os.O_RDWR | os.O_NONBLOCK))
        assert [b"Bearer first" in request for request in server.requests] == [True] * 3


# Observers, the limiter and notes.


@pytest.mark.parametrize("kind", KINDS)
def test_a_header_of_an_observer_replaces_the_configured_one(
    kind: str, authority: tuple[ssl.SSLContext, Path], tmp_path: Path
) -> None:
    def observe(attempt: rest.Attempt) -> None:
        attempt.headers.update({"authorization": "Bearer mine", "USER-AGENT": "mine", "Impersonate-User": "me"})

    context, ca_file = authority
    ran = tmp_path / "ran"
    with loopback(answer(POD), context=context) as server:
        config = rest.Config(
            host=f"https://127.0.0.1:{server.port}",
            exec=plugin(tmp_path, f"touch {ran}; exit 1"),
            impersonate=rest.Impersonate(user="jane", groups=["admins"]),
            tls=rest.TLSConfig(ca_file=str(ca_file)),
            observers=[observe],
        )
        do(kind, config, get)
    lines = server.requests[0].lower().split(b"\r\n")
    for name, value in ((b"authorization", b"bearer mine"), (b"user-agent", b"mine"), (b"impersonate-user", b"me")):
        assert [line for line in lines if line.startswith(name)] == [name + b": " + value]
    assert not any(line.startswith(b"impersonate-group") for line in lines)
    assert not ran.exists()


@pytest.mark.parametrize("kind", KINDS)
def test_a_401_to_an_observers_credentials_runs_no_plugin(
    kind: str, authority: tuple[ssl.SSLContext, Path], tmp_path: Path
) -> None:
    context, ca_file = authority
    ran = tmp_path / "ran"
    with loopback(answer(b"{}", status="401 Unauthorized"), context=context) as server:
        config = rest.Config(
            host=f"https://127.0.0.1:{server.port}",
            exec=plugin(tmp_path, f"touch {ran}; exit 1"),
            tls=rest.TLSConfig(ca_file=str(ca_file)),
            observers=[lambda attempt: attempt.headers.update(Authorization="Bearer mine")],
        )
        with pytest.raises(errors.UnauthorizedError):
            do(kind, config, get)
    assert len(server.requests) == 1
    assert not ran.exists()


@pytest.mark.parametrize("name", ["Host", "content-length", "Transfer-Encoding", "connection"])
def test_an_observer_does_not_change_how_a_request_is_written(name: str) -> None:
    config = rest.Config(host="http://127.0.0.1:1", observers=[lambda attempt: attempt.headers.update({name: "1"})])
    with Clientset(config) as clientset, pytest.raises(errors.InvalidRequestError, match=name.lower()):
        get(clientset)


@pytest.mark.parametrize("kind", KINDS)
def test_observers_get_the_error_of_missing_credentials(kind: str, tmp_path: Path) -> None:
    outcomes: list[rest.Outcome] = []
    config = rest.Config(
        host="https://127.0.0.1:1", exec=plugin(tmp_path, "exit 3"), observers=[lambda attempt: outcomes.append]
    )
    with pytest.raises(errors.ConfigError):
        do(kind, config, get)
    assert [type(outcome.error) for outcome in outcomes] == [errors.ConfigError]


class Full:
    """A rate limiter that counts its calls and always returns the same wait, in seconds."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.asked = 0

    def reserve(self) -> float:
        self.asked += 1
        return self.seconds


@pytest.mark.parametrize("verb", STREAMS, ids=lambda verb: verb.name)
@pytest.mark.parametrize("kind", KINDS)
def test_the_rate_limiter_holds_for_streams(kind: str, verb: Verb, tmp_path: Path) -> None:
    found = (
        verb if kind == "sync" else next(one for one in verbs(is_async=True, generated=False) if one.name == verb.name)
    )
    end = finish if kind == "sync" else finish_async
    limiter = Full(0)
    with loopback(answer(b"{}", status="404 Not Found")) as server, pytest.raises(errors.StatusError):
        config = rest.Config(host=f"http://127.0.0.1:{server.port}", rate_limiter=limiter)
        do(kind, config, lambda clientset: end(found.make(clientset)(**arguments(found, tmp_path))))
    assert limiter.asked == 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_rate_limit_beyond_the_deadline_ends_the_call(kind: str) -> None:
    config = rest.Config(host="http://127.0.0.1:1", rate_limiter=Full(3600))
    with pytest.raises(
        errors.DeadlineError, match=r"within 5 s \(timeout=\): the rate limiter requires a wait of 3600\.00 s"
    ):
        do(kind, config, lambda clientset: clientset.core_v1.pods("d").get("p", timeout=5))


@pytest.mark.parametrize("kind", KINDS)
def test_the_last_error_names_the_one_before(kind: str) -> None:
    def steps(connection: socket.socket, number: int) -> None:
        if number == 1:
            connection.close()
        else:
            connection.sendall(answer(b"{}", status="404 Not Found"))

    with serving(steps) as (port, _), pytest.raises(errors.NotFoundError) as raised:
        do(kind, rest.Config(host=f"http://127.0.0.1:{port}"), get)
    assert raised.value.__notes__[0].startswith("after 2 attempts; the one before: ReadError: ")


@pytest.mark.parametrize("kind", KINDS)
def test_files_on_a_file_system_that_hangs_do_not_hold_a_call(
    kind: str, authority: tuple[ssl.SSLContext, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, ca_file = authority
    token = tmp_path / "token"
    token.write_text("first")
    monkeypatch.setattr("kubecore._auth.token_file._FRESH_SECONDS", 0.0)
    monkeypatch.setattr("kubecore._http.tls._LOOK_SECONDS", 0.0)
    done = threading.Event()
    read_text, stat = Path.read_text, Path.stat

    def hang() -> None:
        def waiting(real: Any) -> Any:
            def call(self: Path, *given: Any, **more: Any) -> Any:
                if self.parent == tmp_path:
                    done.wait(60)
                return real(self, *given, **more)

            return call

        monkeypatch.setattr(Path, "read_text", waiting(read_text))
        monkeypatch.setattr(Path, "stat", waiting(stat))

    def use(clientset: Any) -> None:
        get(clientset)
        hang()
        get(clientset)
        get(clientset)

    async def use_async(clientset: Any) -> None:
        await get(clientset)
        hang()
        await get(clientset)
        await get(clientset)

    with loopback(*[answer(POD)] * 3, close=False, context=context) as server:
        config = rest.Config(
            host=f"https://127.0.0.1:{server.port}",
            bearer_token_file=str(token),
            tls=rest.TLSConfig(ca_file=str(ca_file)),
        )
        try:
            do(kind, config, use if kind == "sync" else use_async)
        finally:
            done.set()
    assert [b"Bearer first" in request for request in server.requests] == [True] * 3


@pytest.mark.parametrize("kind", KINDS)
def test_a_provider_that_responds_in_drops_does_not_hold_the_call(
    kind: str, authority: tuple[ssl.SSLContext, Path]
) -> None:
    context, ca_file = authority
    stop = threading.Event()

    def drops(listener: socket.socket) -> None:
        plain, _ = listener.accept()
        try:
            with context.wrap_socket(plain, server_side=True) as connection:
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
                while not stop.wait(0.05):
                    connection.sendall(b"a")
        except OSError:
            pass

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=drops, args=(listener,), daemon=True).start()
        config = rest.Config(
            host="https://127.0.0.1:1",
            oidc=rest.OIDCConfig(
                issuer_url=f"https://127.0.0.1:{listener.getsockname()[1]}",
                client_id="c",
                refresh_token="r",
                ca_file=str(ca_file),
            ),
        )
        try:
            with pytest.raises(errors.DeadlineError, match=r"within 0\.5 s \(timeout=\): the credentials"):
                do(kind, config, lambda clientset: clientset.core_v1.pods("d").get("p", timeout=0.5))
        finally:
            stop.set()
