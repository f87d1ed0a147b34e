"""Cases of hostile input and of faults that no other test module covers."""

from __future__ import annotations

import ast
import socket
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest

from kubeclient import AsyncClientset, Clientset
from kubeclient.models import core_v1
from kubecore import errors, rest
from kubecore._auth import authorization
from kubecore._config.secret import read_file
from kubecore.codec import decode
from tests.kubecore.loopback import Loopback, loopback, response_bytes
from tests.kubecore.test_client import POD, both, get_async, get_sync
from tests.ready import closed_port
from tests.sockets import THREAD_NAME

CORE = Path(__file__).parents[2] / "core" / "kubecore"


@pytest.mark.parametrize("bad", ["a\r\nX: y", "a\0", "tok en", "tokén"])
@pytest.mark.parametrize("field", ["bearer_token", "user_agent", "impersonate"])
def test_configuration_values_cannot_inject_headers(field: str, bad: str) -> None:
    options: dict[str, Any] = {field: rest.Impersonate(user=bad) if field == "impersonate" else bad}
    with loopback(response_bytes(POD)) as server:
        try:
            get_sync(rest.Config(host=f"http://127.0.0.1:{server.port}", **options))
        except errors.ConfigError as error:
            assert bad not in str(error)
            assert server.requests == []
        else:
            assert field != "bearer_token"
            assert "\r" not in bad
            assert "\0" not in bad


@pytest.mark.parametrize(
    "options",
    [
        {"bearer_token": "t"},
        {"bearer_token_file": "/f"},
        {"username": "u", "password": "p"},
        {"exec": rest.ExecConfig(command="c")},
        {"oidc": rest.OIDCConfig(issuer_url="https://i", client_id="c")},
    ],
)
def test_credentials_never_go_in_the_clear(options: dict[str, Any]) -> None:
    with loopback(response_bytes(POD)) as server, pytest.raises(errors.ConfigError, match="unencrypted"):
        get_sync(rest.Config(host=f"http://127.0.0.1:{server.port}", **options))
    assert server.requests == []


def test_of_two_equal_keys_the_last_counts_as_for_the_server() -> None:
    assert decode.decode(b'{"metadata":{"name":"a","name":"b"}}', core_v1.ConfigMap).metadata.name == "b"


def test_no_module_executes_or_unpickles_data() -> None:
    for file in CORE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in {"eval", "exec", "compile", "__import__"}, f"{file.name}:{node.lineno}"
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                names = {alias.name for alias in node.names} | {getattr(node, "module", "") or ""}
                assert not names & {"pickle", "marshal", "shelve"}, f"{file.name}:{node.lineno}"


@pytest.fixture
def full() -> Iterator[int]:
    """Yield a port whose queue of connections is full. A client gets no response, as from a dead host."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    waiting = []
    for _ in range(4):
        one = socket.socket()
        one.setblocking(False)
        one.connect_ex(listener.getsockname())
        waiting.append(one)
    yield listener.getsockname()[1]
    for one in (*waiting, listener):
        one.close()


@both
def test_a_host_that_does_not_respond_is_left_after_the_connect_timeout(get: Any, full: int) -> None:
    config = rest.Config(host=f"http://127.0.0.1:{full}", timeouts=rest.Timeouts(connect=0.2))
    with pytest.raises(errors.ConnectTimeoutError, match=r"no connection within 0\.2 s"):
        get(config)


@both
def test_an_idle_server_costs_no_more_than_the_read_timeout(get: Any) -> None:
    with loopback(close=False) as server:
        config = rest.Config(host=f"http://127.0.0.1:{server.port}", timeouts=rest.Timeouts(read=0.2))
        with pytest.raises(errors.ReadTimeoutError):
            get(config)


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_the_idle_timeout_ends_a_watch_that_the_server_never_opens(kind: str) -> None:
    with loopback(close=False) as server:
        config = rest.Config(host=f"http://127.0.0.1:{server.port}", timeouts=rest.Timeouts(idle=0.2), max_retries=0)

        async def main() -> None:
            async with AsyncClientset(config) as clientset, clientset.core_v1.pods("d").watch(resource_version="1"):
                pass

        with pytest.raises(errors.ReadTimeoutError, match=r"sent nothing for 0\.2 s"):
            if kind == "async":
                anyio.run(main)
            else:
                with Clientset(config) as clientset, clientset.core_v1.pods("d").watch(resource_version="1"):
                    pass


def test_connections_have_tcp_keepalive_and_a_user_timeout() -> None:
    with loopback(response_bytes(POD), close=False) as server:
        with Clientset(rest.Config(host=f"http://127.0.0.1:{server.port}")) as clientset:
            clientset.core_v1.pods("d").get("p")
            pool: Any = clientset.rest_client._transport
            made: socket.socket = pool._idle[0][0]._socket
            assert made.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
            assert made.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1
            if hasattr(socket, "TCP_USER_TIMEOUT"):
                assert made.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 30
                assert made.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 120_000


class Drops(Loopback):
    """Sends a response a few bytes at a time."""

    def _serve(self, connection: Any) -> None:
        connection.recv(65536)
        data = response_bytes(POD)
        for at in range(0, len(data), 4):
            connection.sendall(data[at : at + 4])
            time.sleep(0.005)


@both
def test_a_slow_connection_is_not_an_error_while_data_arrives(get: Any) -> None:
    server = Drops([], close=False, context=None)
    try:
        config = rest.Config(host=f"http://127.0.0.1:{server.port}", timeouts=rest.Timeouts(read=5.0))
        assert get(config).metadata.name == "p"
    finally:
        server.stop()


def test_an_expired_version_is_raised_and_a_too_large_version_is_retried() -> None:
    gone = b'{"kind":"Status","status":"Failure","reason":"Expired","code":410,"message":"too old"}'
    early = b'{"kind":"Status","status":"Failure","reason":"Timeout","code":504,"details":{"causes":[{"reason":"ResourceVersionTooLarge"}]}}'
    with loopback(response_bytes(gone, status="410 Gone")) as server, pytest.raises(errors.ExpiredError):
        get_sync(rest.Config(host=f"http://127.0.0.1:{server.port}"))
    script = response_bytes(early, "Retry-After: 0", status="504 Timeout")
    with loopback(script, response_bytes(POD)) as server:
        assert get_sync(rest.Config(host=f"http://127.0.0.1:{server.port}")).metadata.name == "p"


def test_a_token_file_in_a_secret_volume_is_read_again_after_a_swap(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "token").write_text(name)
    (tmp_path / "..data").symlink_to("one")
    (tmp_path / "token").symlink_to("..data/token")
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    held = authorization.Authorization(authorization.source(rest.Config(bearer_token_file=str(tmp_path / "token"))))
    assert held.get().header == b"Bearer one"
    (tmp_path / "..new").symlink_to("two")
    (tmp_path / "..new").replace(tmp_path / "..data")
    now[0] += 51
    assert held.get().header == b"Bearer two"


@both
def test_an_unreachable_oidc_provider_raises_config_error(get: Any) -> None:
    with closed_port() as port:
        oidc = rest.OIDCConfig(issuer_url=f"https://127.0.0.1:{port}", client_id="c", refresh_token="s3cret")
        with pytest.raises(errors.ConfigError, match=rf"oidc: https://127\.0\.0\.1:{port} can't be reached") as caught:
            get(rest.Config(host="https://h", oidc=oidc))
    assert "s3cret" not in str(caught.value)


def test_a_jump_of_the_clock_does_not_cause_renewals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "token"
    file.write_text("t")
    reads = []

    def counted(path: str, *arguments: Any, **options: Any) -> bytes:
        reads.append(path)
        return read_file(path, *arguments, **options)

    monkeypatch.setattr("kubecore._auth.token_file.read_file", counted)
    held = authorization.Authorization(authorization.source(rest.Config(bearer_token_file=str(file))))
    for wall in (0.0, 4e9, -4e9, 1.0):
        monkeypatch.setattr(time, "time", lambda wall=wall: wall)
        assert held.get().header == b"Bearer t"
    assert len(reads) == 1


@both
def test_a_host_name_without_an_address_raises_connect_error(get: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(*arguments: Any, **options: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", nothing)
    with pytest.raises(errors.ConnectError, match=r"no address|Name or service not known"):
        get(rest.Config(host="http://nowhere.invalid"))


@pytest.mark.slow
def test_a_dead_address_leaves_time_for_the_next_address(full: int, monkeypatch: pytest.MonkeyPatch) -> None:
    with loopback(response_bytes(POD)) as server:
        places = [("127.0.0.1", full), ("127.0.0.1", server.port)]
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", place) for place in places]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *arguments, **options: found)
        config = rest.Config(host="http://two.example", timeouts=rest.Timeouts(connect=3.0))
        assert get_sync(config).metadata.name == "p"


@pytest.mark.slow
def test_the_client_is_usable_after_a_request_that_ran_out_of_memory() -> None:
    code = """
    import resource, sys
    from kubeclient import Clientset
    from kubecore import rest
    with Clientset(rest.Config(host=sys.argv[1])) as clientset:
        pods = clientset.core_v1.pods("d")
        assert pods.get("p").metadata.name == "p"
        resource.setrlimit(resource.RLIMIT_AS, (600 << 20, 600 << 20))
        try:
            pods.get("large")
        except (MemoryError, OSError):
            pass
        else:
            raise SystemExit("no error")
        assert pods.get("p").metadata.name == "p"
    """
    large = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1500000000\r\n\r\n"
    with loopback(response_bytes(POD), large, response_bytes(POD)) as server:
        command = [sys.executable, "-c", textwrap.dedent(code), f"http://127.0.0.1:{server.port}"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.slow
def test_signals_lose_no_data() -> None:
    code = """
    import signal, sys
    from kubeclient import Clientset
    from kubecore import rest
    signal.signal(signal.SIGALRM, lambda *_: None)
    signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
    with Clientset(rest.Config(host=sys.argv[1])) as clientset:
        for _ in range(100):
            assert clientset.core_v1.pods("d").get("p").metadata.name == "p"
    signal.setitimer(signal.ITIMER_REAL, 0)
    """
    with loopback(*[response_bytes(POD)] * 100, close=False) as server:
        command = [sys.executable, "-c", textwrap.dedent(code), f"http://127.0.0.1:{server.port}"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_no_thread_is_ever_started() -> None:
    started: list[str] = []
    start = threading.Thread.start

    def told(self: threading.Thread) -> None:
        if self.name != THREAD_NAME:
            started.append(self.name)
        start(self)

    with loopback(response_bytes(POD), response_bytes(POD)) as server, pytest.MonkeyPatch.context() as patch:
        patch.setattr(threading.Thread, "start", told)
        get_sync(rest.Config(host=f"http://127.0.0.1:{server.port}"))
        get_async(rest.Config(host=f"http://127.0.0.1:{server.port}"))
    assert started == []
