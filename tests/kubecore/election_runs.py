"""Elections of each kind of client, with a Lease in memory and on virtual time."""

from __future__ import annotations

import copy
import json
import math
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import anyio
import httpx
import pytest

from kubeclient import AsyncClientset, Clientset
from kubecore import rest
from kubecore._support.async_wakeup import AsyncWakeup
from kubecore.clocks import FakeClock
from kubecore.election import AsyncElector, Elector, async_elector, elector, watchdog
from tests.ready import wait_until_async

KINDS = ("sync", "asyncio", "trio")

Handler = Callable[[httpx.Request], httpx.Response]
Scenario = Callable[["Run"], Awaitable[None]]


class VirtualTime(FakeClock):
    """A clock for threads and tasks that wait: they continue when a test moves the clock."""

    def __init__(self) -> None:
        super().__init__(now=1000.0)
        self._changed = threading.Condition()

    def advance(self, seconds: float) -> None:
        with self._changed:
            super().advance(seconds)
            self._changed.notify_all()

    def async_wakeup(self, then: Callable[[], object] | None = None) -> AsyncWakeup:
        """Return an object with the methods of `AsyncWakeup`."""
        return _AsyncWakeup(self, then)

    def wakeup(self) -> Any:
        """Return an object with the methods of `Wakeup`."""
        return _Wakeup(self, self._changed)


class _AsyncWakeup(AsyncWakeup):
    def __init__(self, clock: FakeClock, then: Callable[[], object] | None) -> None:
        super().__init__(then)
        self._clock = clock

    async def wait(self, seconds: float) -> bool:
        end = self._clock.monotonic() + seconds
        await wait_until_async(lambda: self.is_set() or self._clock.monotonic() >= end)
        return self.is_set()


class _Wakeup:
    def __init__(self, clock: FakeClock, changed: threading.Condition) -> None:
        self._clock = clock
        self._changed = changed
        self._is_set = False

    def is_set(self) -> bool:
        return self._is_set

    def set(self) -> None:
        with self._changed:
            self._is_set = True
            self._changed.notify_all()

    def wait(self, seconds: float = math.inf) -> bool:
        end = self._clock.monotonic() + seconds
        with self._changed:
            self._changed.wait_for(lambda: self._is_set or self._clock.monotonic() >= end)
        return self._is_set


class LeaseServer:
    """A server with one Lease and one ConfigMap.

    Attributes:
        lease: The Lease, None if it does not exist.
        requests: The method and the holder of each request for the Lease; "-" for a request without a body.
        bodies: The documents that were sent.
        writes: How many other writes arrived.
        next: Functions that handle the next requests for the Lease instead, by method, each once.
    """

    def __init__(self) -> None:
        self.lease: dict[str, Any] | None = None
        self.requests: list[str] = []
        self.bodies: list[dict[str, Any]] = []
        self.writes = 0
        self.next: dict[str, list[Handler]] = {}
        self._version = 0
        self._lock = threading.Lock()

    @property
    def holder(self) -> str | None:
        return None if self.lease is None else self.lease["spec"]["holderIdentity"]

    def handle(self, request: httpx.Request) -> httpx.Response:
        if "/leases" not in request.url.path:
            self.writes += request.method != "GET"
            return httpx.Response(200, json={"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}})
        body = json.loads(request.content) if request.content else None
        with self._lock:
            self.requests.append(f"{request.method} {'-' if body is None else body['spec']['holderIdentity']}")
            if body is not None:
                self.bodies.append(body)
            planned = self.next.get(request.method)
        return planned.pop(0)(request) if planned else self.store(request)

    def store(self, request: httpx.Request) -> httpx.Response:
        """Handle a request as a server does."""
        body = json.loads(request.content) if request.content else None
        if request.method == "POST":
            return refused(409, "AlreadyExists") if self.lease else self.put(body or {})
        if self.lease is None:
            return refused(404, "NotFound")
        if body is None:
            return httpx.Response(200, json=self.lease)
        if body["metadata"]["resourceVersion"] != self.lease["metadata"]["resourceVersion"]:
            return refused(409, "Conflict")
        return self.put(body)

    def put(self, body: dict[str, Any]) -> httpx.Response:
        """Store a document."""
        self._version += 1
        metadata = {"uid": "u1", **body.get("metadata", {}), "resourceVersion": str(self._version)}
        self.lease = {**copy.deepcopy(body), "metadata": metadata}
        return httpx.Response(200, json=self.lease)

    def hold(self, identity: str, *, seconds: int = 15, uid: str = "u1", **spec: Any) -> None:
        """Let another candidate hold the Lease."""
        self.put(
            {
                "apiVersion": "coordination.k8s.io/v1",
                "kind": "Lease",
                "metadata": {"name": "lock", "namespace": "ns", "uid": uid},
                "spec": {"holderIdentity": identity, "leaseDurationSeconds": seconds, "leaseTransitions": 0, **spec},
            }
        )


def refused(code: int, reason: str) -> httpx.Response:
    status = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": reason, "code": code, "message": "m"}
    return httpx.Response(code, json=status)


def fail(code: int, reason: str = "") -> Handler:
    return lambda request: refused(code, reason)


class Run:
    """One kind of client, with its server and its clock.

    Attributes:
        kind: `sync`, `asyncio` or `trio`.
        server: The server.
        clock: The clocks.
        clientset: The clientset, whose writes are fenced.
        exits: The exit codes of processes that would have ended.
    """

    def __init__(self, kind: str, server: LeaseServer, clock: VirtualTime) -> None:
        self.kind = kind
        self.server = server
        self.clock = clock
        self.clientset: Any = None
        self.exits: list[int] = []

    def elector(self, identity: str = "a", *, name: str = "lock", **options: Any) -> Any:
        create: Any = Elector if self.kind == "sync" else AsyncElector
        return create(self.clientset, name, "ns", identity=identity, clock=self.clock, **options)

    @asynccontextmanager
    async def leading(self, elector: Any) -> AsyncIterator[Any]:
        """Lead; a synchronous elector does it in worker threads."""
        manager = elector.lead()
        if self.kind != "sync":
            async with manager as term:
                yield term
            return
        async with _InThreads(manager) as term:
            yield term

    async def renewed(self, count: int) -> None:
        """Wait for a number of requests."""
        await wait_until_async(lambda: len(self.server.requests) >= count)

    async def until(self, is_so: Callable[[], object]) -> None:
        """Let time pass until a condition is true."""

        def is_so_later() -> bool:
            if is_so():
                return True
            self.clock.advance(0.1)
            return False

        await wait_until_async(is_so_later)

    async def write(self) -> None:
        """Write with the clientset."""
        maps = self.clientset.core_v1.config_maps("ns")
        body = {"metadata": {"name": "x"}}
        if self.kind == "sync":
            await anyio.to_thread.run_sync(maps.update, body)
        else:
            await maps.update(body)

    async def read(self) -> None:
        maps = self.clientset.core_v1.config_maps("ns")
        if self.kind == "sync":
            await anyio.to_thread.run_sync(maps.get, "x")
        else:
            await maps.get("x")


class _InThreads:
    def __init__(self, manager: Any) -> None:
        self._manager = manager

    async def __aenter__(self) -> Any:
        return await anyio.to_thread.run_sync(self._manager.__enter__)

    async def __aexit__(self, *error: object) -> Any:
        with anyio.CancelScope(shield=True):
            return await anyio.to_thread.run_sync(self._manager.__exit__, *error)


def drive(kind: str, patch: pytest.MonkeyPatch, scenario: Scenario) -> None:
    """Run a scenario on virtual time.

    Args:
        kind: `sync`, `asyncio` or `trio`.
        patch: Replaces the functions that wait.
        scenario: The scenario.
    """
    clock, server = VirtualTime(), LeaseServer()
    patch.setattr(elector, "Wakeup", clock.wakeup)
    patch.setattr(watchdog, "Wakeup", clock.wakeup)
    patch.setattr(async_elector, "AsyncWakeup", clock.async_wakeup)
    run = Run(kind, server, clock)
    patch.setattr("os._exit", run.exits.append)
    config = rest.Config(host="http://h", max_retries=0)
    transport = httpx.MockTransport(server.handle)

    async def main() -> None:
        with anyio.fail_after(60):
            if kind == "sync":
                with Clientset(config, http_client=httpx.Client(transport=transport)) as run.clientset:
                    await scenario(run)
            else:
                client = httpx.AsyncClient(transport=transport)
                async with AsyncClientset(config, http_client=client) as run.clientset:
                    await scenario(run)

    anyio.run(main, backend="asyncio" if kind == "sync" else kind)
