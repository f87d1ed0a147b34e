"""The fake API server on a port of 127.0.0.1: for kubectl, other processes and other languages."""

from __future__ import annotations

import contextlib
import datetime
import secrets
import shutil
import socket
import ssl
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from kubecore.testing._server.exchange import Received, Reply
from kubecore.testing.machine.endpoint import Endpoint, write_private
from kubecore.testing.machine.http_connection import HttpConnection, Limits

if TYPE_CHECKING:
    from kubecore.rest import Config

__all__ = ["Loopback", "serve"]

_MAX_CONNECTIONS: Final = 1000
_PATIENCE: Final = 2.0


class Loopback:
    """An HTTP server on loopback, made by `serve`. A context manager: the server stops at the end of the block.

    Args:
        respond: Returns the reply to a request. Each connection has a thread, so that it may be called by several
            threads at the same time, and may wait.
        tls: Whether the server uses TLS; its certificate is part of the configuration.
        limits: The time limits of connections.
    """

    def __init__(
        self, respond: Callable[[Received], Reply], *, tls: bool = False, limits: Limits | None = None
    ) -> None:
        self._respond = respond
        self._limits = limits or Limits()
        self._folder = Path(tempfile.mkdtemp(prefix="kubecore-loopback-"))
        self._connections: dict[HttpConnection, threading.Thread] = {}
        self._lock = threading.Lock()
        self._is_closed = False
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        port: int = self._listener.getsockname()[1]
        self._tls: ssl.SSLContext | None = None
        ca = b""
        if tls:
            self._tls, ca = _tls_context(self._folder)
        url = f"{'https' if tls else 'http'}://127.0.0.1:{port}"
        # With TLS and without credentials kubectl prompts for a name; the fake server accepts any token.
        self._endpoint = Endpoint(url=url, token=secrets.token_urlsafe(16) if tls else "", ca=ca)
        self.kubeconfig: Path = self._folder / "kubeconfig"
        self._endpoint.write_kubeconfig(self.kubeconfig)
        self._thread = threading.Thread(target=self._accept, name="kubecore-loopback", daemon=True)
        self._thread.start()

    def __repr__(self) -> str:
        """Show the address."""
        return f"Loopback({self.url!r})"

    @property
    def url(self) -> str:
        """The URL of the server."""
        return self._endpoint.url

    @property
    def config(self) -> Config:
        """A new configuration for the server."""
        return self._endpoint.config()

    def __enter__(self) -> Self:
        """Return the server, which accepts connections already."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Stop the server."""
        self.close()

    def close(self) -> None:
        """Stop the server: all connections end, and the kubeconfig file is removed."""
        with self._lock:
            if self._is_closed:
                return
            self._is_closed = True
            connections = dict(self._connections)
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in connections:
            connection.close()
        deadline = time.monotonic() + _PATIENCE
        for thread in (self._thread, *connections.values()):
            # A function of a test that still runs is not waited for any longer.
            thread.join(max(0.0, deadline - time.monotonic()))
        shutil.rmtree(self._folder, ignore_errors=True)

    def cut(self) -> None:
        """End all connections that are open; new ones are accepted."""
        with self._lock:
            connections = list(self._connections)
        for connection in connections:
            connection.close()

    def _accept(self) -> None:
        while True:
            try:
                accepted, _ = self._listener.accept()
            except OSError:
                if self._is_closed:
                    return
                time.sleep(0.01)  # No descriptors are left: the next try may succeed.
                continue
            accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection = HttpConnection(accepted, self._respond, self._limits)
            thread = threading.Thread(target=self._serve, args=(connection, accepted), daemon=True)
            with self._lock:
                if self._is_closed or len(self._connections) >= _MAX_CONNECTIONS:
                    accepted.close()
                    continue
                self._connections[connection] = thread
            thread.start()

    def _serve(self, connection: HttpConnection, accepted: socket.socket) -> None:
        try:
            connection.run(self._tls)
        finally:
            accepted.close()
            with self._lock:
                del self._connections[connection]


def serve(respond: Callable[[Received], Reply], *, tls: bool = False) -> Loopback:
    """Start an HTTP server for a function that replies to requests.

    Args:
        respond: Returns the reply to a request. It is called by several threads. If it raises `NotSimulatedError`, the
            response is a Status with code 501; if it raises an OSError, the connection ends without a response.
        tls: Whether the server uses TLS.

    Returns:
        The server, which runs until it is closed.
    """
    return Loopback(respond, tls=tls)


def _tls_context(folder: Path) -> tuple[ssl.SSLContext, bytes]:
    from kubecore.testing.machine.signing_key import SigningKey

    key = SigningKey()
    certificate = key.certificate("localhost", ["127.0.0.1"], datetime.datetime.now(datetime.UTC))
    file = folder / "server.pem"
    write_private(file, key.private_pem() + certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    file.unlink()
    return context, certificate
