"""Calls with a time limit, by clients of each kind, and servers that delay their responses."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import anyio
import trustme

from kubeclient import AsyncClientset, Clientset
from kubecore import rest
from tests.sockets import Handler, SocketServer

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
    """Read a pod."""
    return clientset.core_v1.pods("d").get("p")


@contextmanager
def serving(steps: Handler) -> Generator[tuple[int, list[bytes]]]:
    """Serve each connection in a thread, and keep it open. Yield the port and the requests."""
    requests: list[bytes] = []

    def one(connection: socket.socket, number: int) -> None:
        requests.append(connection.recv(65536))
        steps(connection, number)
        while connection.recv(65536):
            pass

    with SocketServer(one) as server:
        yield server.port, requests


def plugin(folder: Path, body: str) -> rest.ExecConfig:
    """Return an exec plugin that runs a shell script."""
    file = folder / "plugin"
    file.write_text(f"#!/bin/sh\n{body}\n")
    file.chmod(0o700)
    return rest.ExecConfig(command=str(file), api_version="client.authentication.k8s.io/v1")


def server_certificate(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """Return the TLS context of a server, and the file with the certificate of its authority."""
    made = trustme.CA()
    (folder / "ca.pem").write_bytes(made.cert_pem.bytes())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.issue_cert("localhost", "127.0.0.1").configure_cert(context)
    return context, folder / "ca.pem"
