"""A server in the same process whose replies a test decides."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

from kubecore.testing._server.exchange import Received, Reply
from kubecore.testing._server.plans import Plan

CONFIG_MAP: dict[str, Any] = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "d"}}


class Lines:
    """A body that grows."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._chunks: list[bytes] = []
        self._callbacks: list[Callable[[], None]] = []
        self._is_last = False
        self.is_closed = False

    def put(self, data: bytes) -> None:
        self._change(data, is_last=False)

    def end(self) -> None:
        self._change(b"", is_last=True)

    def _change(self, data: bytes, *, is_last: bool) -> None:
        with self._lock:
            self._chunks += [data] if data else []
            self._is_last = self._is_last or is_last
            callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            callback()

    def take(self) -> list[bytes]:
        with self._lock:
            chunks, self._chunks = self._chunks, []
            return chunks

    @property
    def is_ended(self) -> bool:
        with self._lock:
            return self._is_last and not self._chunks

    def notify(self, callback: Callable[[], None]) -> None:
        with self._lock:
            is_ready = bool(self._chunks) or self._is_last
            if not is_ready:
                self._callbacks.append(callback)
        if is_ready:
            callback()

    @property
    def is_awaited(self) -> bool:
        with self._lock:
            return bool(self._callbacks)

    def close(self) -> None:
        self.is_closed = True


class Scripted:
    """A gate: each request gets the next plan and the reply of a function."""

    def __init__(self, respond: Callable[[Received], Reply], plans: list[Plan] | None = None) -> None:
        self._respond = respond
        self._plans = list(plans or ())
        self.planned: list[Received] = []
        self.performed: list[Received] = []

    def plan(self, received: Received) -> Plan:
        self.planned.append(received)
        return self._plans.pop(0) if self._plans else Plan()

    def perform(self, received: Received, plan: Plan) -> Reply:
        self.performed.append(received)
        return plan.reply or self._respond(received)


def found(received: Received) -> Reply:
    """Reply with one config map."""
    del received
    return reply(CONFIG_MAP)


def reply(value: Any, code: int = 200) -> Reply:
    """Reply with a JSON value."""
    return Reply(code=code, headers=[("content-type", "application/json")], content=json.dumps(value).encode())


def event(kind: str, version: str) -> bytes:
    """Return a line of a watch."""
    metadata = {"name": "a", "namespace": "d", "resourceVersion": version}
    return json.dumps({"type": kind, "object": {**CONFIG_MAP, "metadata": metadata}}).encode() + b"\n"
