"""Requests to the fake server without a client and a transport: one request to one reply."""

from __future__ import annotations

import datetime
import json
from typing import Any, Final
from urllib.parse import parse_qsl

from kubecore.testing._server.exchange import Received, Reply
from kubecore.testing._server.server import Server

__all__ = ["DirectClient"]

_START: Final = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)


class DirectClient:
    """Sends requests to a server, whose clock stands still.

    Args:
        controllers: Whether the server has controllers.

    Attributes:
        now: The time of the server, which tests change.
        server: The server.
    """

    def __init__(self, *, controllers: bool) -> None:
        self.now = _START
        self.server = Server(clock=lambda: self.now, controllers=controllers)

    def reply(self, method: str, target: str, body: Any = None, **headers: str) -> Reply:
        """Send a request and return its reply; `_` in the names of headers stands for `-`."""
        path, _, query = target.partition("?")
        received = Received(
            method=method,
            path=path,
            query=parse_qsl(query, keep_blank_values=True),
            headers={"user-agent": "test/1", **{key.replace("_", "-"): value for key, value in headers.items()}},
            content=b"" if body is None else json.dumps(body).encode(),
        )
        return self.server.respond(received)

    def send(self, method: str, target: str, body: Any = None, **headers: str) -> Any:
        """Send a request and return the decoded body of its reply."""
        return json.loads(self.reply(method, target, body, **headers).content)
