"""Every call ends within its deadline, whatever a plugin, a provider or a credential file does."""

from __future__ import annotations

import os
import socket
import ssl
import threading
import time
from pathlib import Path
from typing import Any

import anyio
import pytest

from kubecore import errors, rest
from tests.kubecore.deadline_calls import KINDS, POD, do, get, plugin, server_certificate
from tests.kubecore.loopback import loopback, response_bytes

pytestmark = pytest.mark.slow  # real deadlines


@pytest.fixture
def authority(tmp_path: Path) -> tuple[ssl.SSLContext, Path]:
    return server_certificate(tmp_path)


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
def test_a_hanging_plugin_does_not_extend_the_time_of_a_watch(kind: str, tmp_path: Path) -> None:
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


@pytest.mark.parametrize("kind", KINDS)
def test_the_last_token_is_used_while_its_file_can_not_be_read(
    kind: str, authority: tuple[ssl.SSLContext, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, ca_file = authority
    token = tmp_path / "token"
    token.write_text("first")
    monkeypatch.setattr("kubecore._auth.token_file._FRESH_SECONDS", 0.0)
    monkeypatch.setattr("kubecore._http.tls._LOOK_SECONDS", 0.0)
    with loopback(*[response_bytes(POD)] * 3, close=False, context=context) as server:
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


@pytest.mark.parametrize("kind", KINDS)
def test_files_on_a_hanging_file_system_do_not_delay_a_call(
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

    with loopback(*[response_bytes(POD)] * 3, close=False, context=context) as server:
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
def test_a_provider_that_responds_slowly_does_not_extend_the_timeout(
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
