"""A server of a few lines, which stores objects unchanged, for tests of the code in front of a server."""

from __future__ import annotations

import json
from typing import Any

from kubecore.testing._server.exchange import Received, Reply
from kubecore.testing.matching import describe
from tests.testing.scripted import Lines, reply


class SmallServer:
    """Objects by path, with versions; watches of everything."""

    def __init__(self) -> None:
        self.objects: dict[str, dict[str, Any]] = {}
        self.version = 1000
        self.history: list[tuple[int, str, bytes]] = []
        self.watches: list[tuple[str, Lines]] = []

    def respond(self, received: Received) -> Reply:
        """Reply to a request."""
        describe(received)
        path = received.path.removesuffix("/status")
        if received.verb == "watch":
            return self._watch(received)
        if received.verb == "list":
            items = [each for key, each in sorted(self.objects.items()) if key.startswith(path + "/")]
            return reply({"metadata": {"resourceVersion": str(self.version)}, "items": items})
        found = self.objects.get(path)
        if received.verb == "create":
            made: dict[str, Any] = json.loads(received.content)
            made["metadata"] = {"namespace": received.namespace, **made["metadata"]}
            return self._store("ADDED", f"{path}/{made['metadata']['name']}", made, 201)
        if found is None:
            status = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": 404}
            return reply(status, 404)
        if received.verb == "update":
            return self._store("MODIFIED", path, json.loads(received.content))
        return reply(found)

    def _store(self, kind: str, path: str, value: dict[str, Any], code: int = 200) -> Reply:
        self.version += 1
        value["metadata"]["resourceVersion"] = str(self.version)
        self.objects[path] = value
        line = json.dumps({"type": kind, "object": value}).encode() + b"\n"
        self.history.append((self.version, path, line))
        for start, lines in self.watches:
            if path.startswith(start):
                lines.put(line)
        return reply(value, code)

    def _watch(self, received: Received) -> Reply:
        lines = Lines()
        since = int(dict(received.query).get("resourceVersion") or 0)
        for version, path, line in self.history:
            if version > since and path.startswith(received.path):
                lines.put(line)
        self.watches.append((received.path, lines))
        return Reply(code=200, headers=[("content-type", "application/json")], stream=lines)
