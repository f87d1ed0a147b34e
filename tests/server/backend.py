"""An HTTP server on an address that the API server proxies to, which excludes loopback addresses."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest


class Backend(BaseHTTPRequestHandler):
    """HTTP server that returns the received request, with the status code at the start of the path."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # The response head and the body are two writes.

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        said = f"{self.command} {self.path} {self.headers.get('X-Said')} {self.headers.get('Authorization')} ".encode()
        first = self.path.strip("/").partition("/")[0]
        self.send_response(int(first) if first.isdigit() else 200)
        self.send_header("Content-Length", str(len(said + body)))
        if first == "302":
            self.send_header("Location", "/elsewhere")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(said + body)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _answer  # noqa: N815 - the base's names

    def log_message(self, *arguments: Any) -> None:
        """Print no line per request."""


def own_address() -> str:
    """Return an address of this machine other than loopback, without sending a packet."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            pytest.skip("this machine has no address but loopback")
        address: str = probe.getsockname()[0]
        return address


@contextmanager
def backend() -> Iterator[tuple[str, int]]:
    """Run the server and yield its address and port."""
    with ThreadingHTTPServer((own_address(), 0), Backend) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield str(server.server_address[0]), server.server_address[1]
        server.shutdown()
        thread.join()
