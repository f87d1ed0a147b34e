"""A server on loopback that responds with recorded bytes, over TLS or http, in a separate process.

It does as little as possible, so that the client dominates the measurement: one thread per connection, one look at the
request line, one send.
"""

from __future__ import annotations

import socket
import ssl
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

CREATED = (
    b'{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"small","namespace":"bench",'
    b'"uid":"6d8f7a3e-8a57-4c11-9d7e-3b1f5a2c4d6e","resourceVersion":"1000000","creationTimestamp":"2026-01-01T00:00:00Z",'
    b'"managedFields":[{"manager":"bench","operation":"Update","apiVersion":"v1","time":"2026-01-01T00:00:00Z",'
    b'"fieldsType":"FieldsV1","fieldsV1":{"f:data":{".":{},"f:key":{}}}}]},"data":{"key":"value"}}\n'
)
VERSION = b'{"major":"1","minor":"37","gitVersion":"v1.37.2"}'
PROTOBUF = b"application/vnd.kubernetes.protobuf"
NOT_FOUND = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"


class Responses(Protocol):
    """The responses of a server."""

    def respond(self, head: bytes) -> Iterator[bytes]:
        """Yield the parts of the response to a request head."""


class Recorded:
    """Recorded responses by path and content type."""

    def __init__(self, folder: Path) -> None:
        self._responses: dict[tuple[bytes, bytes], bytes] = {}
        for path, name in (
            (b"/api/v1/pods", "list"),
            (b"/api/v1/namespaces/bench/pods/web-0", "item"),
            (b"/api/v1/namespaces/odd/pods", "odd"),
            (b"/api/v1/namespaces/bench/pods", "one"),  # kr8s gets an object by listing it.
        ):
            for content_type, suffix in ((b"application/json", "json"), (PROTOBUF, "pb")):
                file = folder / f"{name}.{suffix}"
                if file.exists():
                    self._responses[path, content_type] = response(content_type, file.read_bytes())

        self._created = response(b"application/json", CREATED).replace(b"200 OK", b"201 Created", 1)
        self._events = (folder / "watch.json").read_bytes().splitlines(keepends=True)
        # kr8s requests the version first.
        self._responses[b"/version/", b"application/json"] = response(b"application/json", VERSION)

    def respond(self, head: bytes) -> Iterator[bytes]:
        """Yield the parts of the response to a request head."""
        method, target, _ = head.split(b" ", 2)
        if method == b"POST":
            yield self._created
        elif b"watch=" in target:
            yield from watch(b"application/json", self._events)
        else:
            path, accept = target.split(b"?")[0], PROTOBUF if PROTOBUF in head else b"application/json"
            found = self._responses.get((path, accept)) or self._responses.get((path, b"application/json"))
            yield found or NOT_FOUND


def response(content_type: bytes, body: bytes) -> bytes:
    """Return a complete response."""
    return headers(content_type, len(body)) + body


def headers(content_type: bytes, length: int) -> bytes:
    """Return the status line and the headers of a response with so many bytes."""
    return b"HTTP/1.1 200 OK\r\nContent-Type: %b\r\nContent-Length: %d\r\n\r\n" % (content_type, length)


def watch(content_type: bytes, events: Sequence[bytes]) -> Iterator[bytes]:
    """Yield the endless response to a watch: each event as a chunk, as Go's server sends them."""
    yield b"HTTP/1.1 200 OK\r\nContent-Type: %b\r\nTransfer-Encoding: chunked\r\n\r\n" % content_type
    yield from chunks(events)


def chunks(events: Sequence[bytes]) -> Iterator[bytes]:
    """Yield events as chunks of a response, some at a time."""
    for start in range(0, len(events), 16):
        yield b"".join(b"%x\r\n%b\r\n" % (len(event), event) for event in events[start : start + 16])


def _serve(connection: socket.socket, context: ssl.SSLContext | None, responses: Responses) -> None:
    try:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with connection if context is None else context.wrap_socket(connection, server_side=True) as stream:
            waiting = b""
            while piece := stream.recv(65536):
                waiting += piece
                while b"\r\n\r\n" in waiting:
                    head, _, waiting = waiting.partition(b"\r\n\r\n")
                    if head.startswith(b"POST "):
                        waiting = _without_body(stream, head, waiting)
                    for part in responses.respond(head):
                        stream.sendall(part)
    except OSError:
        return  # The client closed the connection.


def _without_body(stream: socket.socket, head: bytes, waiting: bytes) -> bytes:
    """Receive the body of a request; return the bytes after it."""
    length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
    while len(waiting) < length:
        waiting += stream.recv(65536)
    return waiting[length:]


def serve(responses: Responses, folder: Path, *, tls: bool = True) -> None:
    """Serve until the process ends, with the folder's `cert.pem` and `key.pem`; print the port."""
    context: ssl.SSLContext | None = None
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    with socket.create_server(("127.0.0.1", 0), backlog=256) as listener:
        print(listener.getsockname()[1], flush=True)
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=_serve, args=(connection, context, responses), daemon=True).start()


def main() -> None:
    """Serve the recorded bodies of a folder; the arguments are the folder and, for a server without TLS, `http`."""
    folder = Path(sys.argv[1])
    serve(Recorded(folder), folder, tls=sys.argv[2:] != ["http"])


if __name__ == "__main__":
    main()
