"""A server that lets caches list, and then sends events to the open watch when the benchmark begins: see `Replay`.

Usage: python -m benchmarks.controllers.replay FOLDER
"""

from __future__ import annotations

import json
import struct
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from benchmarks import server
from benchmarks.controllers import bodies

_JSON = b"application/json"
_PODS = "/api/v1/pods"
_PATIENCE = 120.0
_NO_WATCH_LIST = (
    b'{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Invalid","code":422,"message":"no WatchList"}'
)


class Replay:
    """Pods that can be listed and watched, in JSON and, if the folder has it, in protobuf.

    `POST /replay/changes` sends all changes to the watch that is open or opens next. `POST /replay/expire` ends that
    watch with 410, and all others until the next list. It responds with the seconds from that list to the next watch:
    the time in which the client receives the list and compares it with its cache. WatchList is refused, so that all
    clients list.
    """

    def __init__(self, folder: Path) -> None:
        self._lists = {
            (file.stem, accept): file.read_bytes().partition(bodies.VERSION)
            for accept, suffix in ((_JSON, "json"), (server.PROTOBUF, "pb"))
            for file in [*folder.glob(f"list.{suffix}"), *folder.glob(f"page-*.{suffix}")]
        }
        self._events: dict[tuple[str, bytes], list[bytes]] = {}
        for name in bodies.EVENTS:
            self._events[name, _JSON] = (folder / f"{name}.json").read_bytes().splitlines(keepends=True)
            if (folder / f"{name}.pb").exists():
                self._events[name, server.PROTOBUF] = _frames((folder / f"{name}.pb").read_bytes())
        self._state = threading.Condition()
        self._watch: object = None
        self._order = ""
        self._has_expired = False
        self._version = bodies.VERSION
        self._listed: float | None = None
        self._relisted: float | None = None

    def respond(self, head: bytes) -> Iterator[bytes]:
        """Yield the parts of the response to a request head."""
        method, target, _ = head.decode("latin-1").split(" ", 2)
        path, query = urlsplit(target).path, parse_qs(urlsplit(target).query)
        accept = server.PROTOBUF if server.PROTOBUF in head and ("list", server.PROTOBUF) in self._lists else _JSON
        if method == "POST" and path.startswith("/replay/"):
            yield server.response(_JSON, json.dumps(self._begin(path.rpartition("/")[2])).encode())
        elif path != _PODS:
            yield server.NOT_FOUND
        elif "watch" not in query:
            yield from self._list(query, accept)
        elif query.get("sendInitialEvents") == ["true"]:
            yield server.response(_JSON, _NO_WATCH_LIST).replace(b"200 OK", b"422 Unprocessable Entity", 1)
        else:
            yield from self._follow(accept)

    def _begin(self, order: str) -> dict[str, object]:
        with self._state:
            self._order, self._listed, self._relisted = order, None, None
            if order == "expire":
                self._version = bodies.VERSION[:-1] + b"1"
            self._state.notify_all()
            if order != "expire":
                return {}
            if not self._state.wait_for(lambda: self._relisted is not None, _PATIENCE):
                return {"error": "the client did not list again"}
            self._version = bodies.VERSION
            return {"seconds": [self._relisted]}

    def _list(self, query: dict[str, list[str]], accept: bytes) -> Iterator[bytes]:
        with self._state:
            self._watch = None  # The client that watched has gone, or watches again after this list.
            self._state.notify_all()
            self._has_expired = False
            self._listed = self._listed or time.perf_counter()
            version = self._version
        # The server's cache ignores the limit of a list at version 0, as the real one does.
        is_page = "limit" in query and query.get("resourceVersion") != ["0"]
        name = f"page-{query.get('continue', ['0'])[0]}" if is_page else "list"
        before, _, after = self._lists[name, accept]
        yield server.headers(accept, len(before) + len(version) + len(after)) + before + version
        yield after

    def _follow(self, accept: bytes) -> Iterator[bytes]:
        me = object()
        with self._state:
            self._watch = me
            if self._listed is not None and not self._has_expired:
                self._relisted = time.perf_counter() - self._listed
            self._state.notify_all()
        yield from server.watch(accept if accept == _JSON else accept + b";stream=watch", ())
        with self._state:
            self._state.wait_for(lambda: bool(self._order) or self._has_expired or self._watch is not me)
            if self._watch is not me:
                return
            order, self._order = self._order or "expire", ""
            self._has_expired = order == "expire"
        yield from server.chunks(self._events[order, accept])
        if order == "expire":
            yield b"0\r\n\r\n"


def _frames(data: bytes) -> list[bytes]:
    """Return the frames of a stream of protobuf: each has its length in front."""
    frames, start = [], 0
    while start < len(data):
        end = start + 4 + struct.unpack_from(">I", data, start)[0]
        frames.append(data[start:end])
        start = end
    return frames


if __name__ == "__main__":
    server.serve(Replay(Path(sys.argv[1])), Path(sys.argv[1]))
