"""An HTTP server that passes requests on to a real API server, and changes or replaces requests and responses.

`proxy` has the faults of connections; in front of this one, it cuts responses at any byte.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from typing import Final

from tests.cluster import Cluster
from tests.torture.server import PodServer, Reply, Request, http_response

__all__ = ["BREAK", "Gateway", "connect_tls", "failure", "status_response"]

BREAK: Final = b"break"
"""Instead of an event: the stream ends there, without its proper end."""

_HEADER: Final = re.compile(
    rb"^(accept|user-agent|content-type|impersonate-user): *(.*?)\r?$", re.IGNORECASE | re.MULTILINE
)


def failure(code: int, reason: str) -> dict[str, object]:
    """Return the Status of a request that failed."""
    status = {"kind": "Status", "apiVersion": "v1", "status": "Failure"}
    return {**status, "code": code, "reason": reason, "message": reason}


def status_response(code: int, reason: str, *headers: str) -> bytes:
    """Write the response of an API server that refuses a request."""
    lines = ("Content-Type: application/json", "Connection: close", *headers)
    return http_response(json.dumps(failure(code, reason)).encode(), *lines, status=f"{code} {reason}")


def connect_tls(context: ssl.SSLContext, port: int) -> ssl.SSLSocket:
    """Connect to a server on loopback. `wrap_socket` leaks a connection that the server has reset before the handshake.

    Args:
        context: The TLS context.
        port: The port of the server.

    Raises:
        OSError: The server is gone.
    """
    connection = context.wrap_socket(socket.socket(), server_hostname="127.0.0.1")
    try:
        connection.connect(("127.0.0.1", port))
    except BaseException:
        connection.close()
        raise
    return connection


class Gateway(PodServer):
    """The server; a context manager. Requests are those of the administrator, or of the impersonated user.

    Args:
        cluster: The API server.

    Attributes:
        refuse: Returns a whole response to send instead of the server's, or None.
        target: Changes path and query of a request.
        edit: Changes a line of a stream, or the body of another response.
        times: The moment of each request on the monotonic clock, and its user agent.
        statuses: The path and query of each request that was passed on, and the status of the server's response.
    """

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._tls = ssl.create_default_context(cadata=cluster.ca_pem.decode())
        self._tls.verify_flags &= ~ssl.VERIFY_X509_STRICT
        self._tls.load_cert_chain(cluster.admin_cert_file, cluster.admin_key_file)
        self._upstream: set[socket.socket] = set()
        self._guard = threading.Lock()
        self.times: list[tuple[float, str]] = []
        self.statuses: list[tuple[str, int]] = []
        self.heal()
        super().__init__(self._pass)

    def heal(self) -> None:
        """Change nothing from now on."""
        self.refuse: Callable[[Request], bytes | None] = lambda request: None
        self.target: Callable[[str], str] = lambda target: target
        self.edit: Callable[[Request, bytes], bytes] = lambda request, data: data

    def hang_up(self) -> None:
        """End all connections to the API server, and thereby the streams of clients."""
        with self._guard:
            for found in self._upstream:
                with contextlib.suppress(OSError):
                    socket.socket.shutdown(found, socket.SHUT_RDWR)

    def _pass(self, request: Request) -> Reply:
        headers = {name.decode().lower(): value.decode() for name, value in _HEADER.findall(request.head)}
        self.times.append((time.monotonic(), headers.get("user-agent", "")))
        refused = self.refuse(request)
        if refused is not None:
            return Reply((refused,), "close")
        return Reply(self._respond(request, headers), "close")

    def _respond(self, request: Request, headers: dict[str, str]) -> Iterator[bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self._cluster.port)
        made = connection.sock = connect_tls(self._tls, self._cluster.port)
        response: http.client.HTTPResponse | None = None
        with self._guard:
            self._upstream.add(made)
        try:
            connection.request(request.method, self.target(request.target), request.body or None, headers)
            response = connection.getresponse()
            self.statuses.append((request.target, response.status))
            kind = f"Content-Type: {response.getheader('Content-Type')}"
            status = f"{response.status} {response.reason}"
            if response.status != 200 or "watch=true" not in request.target:
                wait = response.getheader("Retry-After")
                more = [f"Retry-After: {wait}"] if wait else []
                yield http_response(
                    self.edit(request, response.read()), kind, "Connection: close", *more, status=status
                )
                return
            yield f"HTTP/1.1 {status}\r\n{kind}\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
            yield from self._stream(request, response)
        except http.client.HTTPException as error:
            raise ConnectionResetError from error
        finally:
            with self._guard:
                self._upstream.discard(made)
            if response is not None:
                response.close()  # It holds the connection if the server ends it after the response.
            connection.close()

    def _stream(self, request: Request, response: http.client.HTTPResponse) -> Iterator[bytes]:
        while line := response.readline():
            line = self.edit(request, line)
            if line == BREAK:
                raise ConnectionResetError
            if line:
                yield b"%x\r\n%b\r\n" % (len(line), line)
        if not response.isclosed():
            raise ConnectionResetError  # The server is gone.
        yield b"0\r\n\r\n"
