"""A TLS server on loopback that responds with recorded bytes, in a separate process.

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

        self._events = (folder / "watch.json").read_bytes().splitlines(keepends=True)
        # kr8s requests the version first.
        self._answers[b"/version/", b"application/json"] = _answer(b"application/json", VERSION)

    def answer(self, head: bytes) -> bytes:
        """Return the complete response to a request head."""
        path = head.split(b" ", 2)[1].split(b"?")[0]
        accept = PROTOBUF if PROTOBUF in head else b"application/json"
        found = self._answers.get((path, accept)) or self._answers.get((path, b"application/json"))
        return found or b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"

    def watch(self) -> Iterator[bytes]:
        """Yield the endless response to a watch: each event as a chunk, as Go's server sends them."""
        yield b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
        for start in range(0, len(self._events), 16):
            yield b"".join(b"%x\r\n%b\r\n" % (len(event), event) for event in self._events[start : start + 16])


def _answer(content_type: bytes, body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Type: %b\r\nContent-Length: %d\r\n\r\n" % (content_type, len(body)) + body


def _serve(connection: socket.socket, context: ssl.SSLContext, recorded: Recorded) -> None:
    try:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with context.wrap_socket(connection, server_side=True) as stream:
            waiting = b""
            while piece := stream.recv(65536):
                waiting += piece
                while b"\r\n\r\n" in waiting:
                    head, _, waiting = waiting.partition(b"\r\n\r\n")
                    target = head.split(b" ", 2)[1]
                    for part in recorded.watch() if b"watch=" in target else (recorded.answer(head),):
                        stream.sendall(part)
    except OSError:
        return  # The client closed the connection.


def main() -> None:
    """Serve `sys.argv[1]`: a folder with the recorded bodies, `cert.pem` and `key.pem`; print the port."""
    folder = Path(sys.argv[1])
    recorded = Recorded(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    with socket.create_server(("127.0.0.1", 0), backlog=256) as listener:
        print(listener.getsockname()[1], flush=True)
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=_serve, args=(connection, context, recorded), daemon=True).start()


if __name__ == "__main__":
    main()
