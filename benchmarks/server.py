"""A server on loopback that responds with recorded bytes, over TLS or http, in a separate process.

It does as little as possible, so that the client dominates the measurement: one thread per connection, one look at the
request line, one send.
"""

from __future__ import annotations

import socket
import ssl
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

CREATED = (
    b'{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"small","namespace":"bench",'
    b'"uid":"6d8f7a3e-8a57-4c11-9d7e-3b1f5a2c4d6e","resourceVersion":"1000000","creationTimestamp":"2026-01-01T00:00:00Z",'
    b'"managedFields":[{"manager":"bench","operation":"Update","apiVersion":"v1","time":"2026-01-01T00:00:00Z",'
    b'"fieldsType":"FieldsV1","fieldsV1":{"f:data":{".":{},"f:key":{}}}}]},"data":{"key":"value"}}\n'
)
VERSION = b'{"major":"1","minor":"37","gitVersion":"v1.37.2"}'
PROTOBUF = b"application/vnd.kubernetes.protobuf"


class Recorded:
    """Recorded responses by path and content type."""

    def __init__(self, folder: Path) -> None:
        self._answers: dict[tuple[bytes, bytes], bytes] = {}
        for path, name in (
            (b"/api/v1/pods", "list"),
            (b"/api/v1/namespaces/bench/pods/web-0", "item"),
            (b"/api/v1/namespaces/odd/pods", "odd"),
            (b"/api/v1/namespaces/bench/pods", "one"),  # kr8s gets an object by listing it.
        ):
            for content_type, suffix in ((b"application/json", "json"), (PROTOBUF, "pb")):
                file = folder / f"{name}.{suffix}"
                if file.exists():
                    self._answers[path, content_type] = _answer(content_type, file.read_bytes())

        self._created = _answer(b"application/json", CREATED).replace(b"200 OK", b"201 Created", 1)
        self._events = (folder / "watch.json").read_bytes().splitlines(keepends=True)
        # kr8s requests the version first.
        self._answers[b"/version/", b"application/json"] = _answer(b"application/json", VERSION)

    def answer(self, head: bytes) -> bytes:
        """Return the complete response to a request head."""
        path = head.split(b" ", 2)[1].split(b"?")[0]
        accept = PROTOBUF if PROTOBUF in head else b"application/json"
        found = self._answers.get((path, accept)) or self._answers.get((path, b"application/json"))
        return found or b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"

    def created(self) -> bytes:
        """Return the complete response to a request that creates an object."""
        return self._created

    def watch(self) -> Iterator[bytes]:
        """Yield the endless response to a watch: each event as a chunk, as Go's server sends them."""
        yield b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
        for start in range(0, len(self._events), 16):
            yield b"".join(b"%x\r\n%b\r\n" % (len(event), event) for event in self._events[start : start + 16])


def _answer(content_type: bytes, body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Type: %b\r\nContent-Length: %d\r\n\r\n" % (content_type, len(body)) + body


def _serve(connection: socket.socket, context: ssl.SSLContext | None, recorded: Recorded) -> None:
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
                        stream.sendall(recorded.created())
                        continue
                    target = head.split(b" ", 2)[1]
                    for part in recorded.watch() if b"watch=" in target else (recorded.answer(head),):
                        stream.sendall(part)
    except OSError:
        return  # The client closed the connection.


def _without_body(stream: socket.socket, head: bytes, waiting: bytes) -> bytes:
    """Receive the body of a request; return the bytes after it."""
    length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
    while len(waiting) < length:
        waiting += stream.recv(65536)
    return waiting[length:]


def main() -> None:
    """Serve a folder with the recorded bodies, `cert.pem` and `key.pem`; print the port.

    The arguments are the folder and, for a server without TLS, `http`.
    """
    folder = Path(sys.argv[1])
    recorded = Recorded(folder)
    context: ssl.SSLContext | None = None
    if sys.argv[2:] != ["http"]:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    with socket.create_server(("127.0.0.1", 0), backlog=256) as listener:
        print(listener.getsockname()[1], flush=True)
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=_serve, args=(connection, context, recorded), daemon=True).start()


if __name__ == "__main__":
    main()
