"""A server on loopback for informers, and scenarios that are written once for threads, asyncio and trio."""

from __future__ import annotations

import json
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from types import TracebackType
from typing import Any, Final, Self

import anyio

from kubeclient import AsyncClientset, Clientset
from kubecore import rest
from kubecore.cache import Informer
from tests.kubecore.watch_runs import bookmark, change, line
from tests.ready import wait_until
from tests.server.conftest import Awaited
from tests.torture.server import PodServer, Reply, Request, http_response

HEAD: Final = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"
TIMEOUTS: Final = rest.Timeouts(connect=5, read=5, write=5, pool=5, total=10)
KINDS: Final = ("sync", "asyncio", "trio")
PATIENTLY: Final = 60.0
"""Seconds for waits that need none."""

AB: Final = (change("ADDED", "a", 3, color="red"), change("ADDED", "b", 4))
"""The state of most collections."""

FORBIDDEN: Final = http_response(
    b'{"kind":"Status","apiVersion":"v1","status":"Failure","message":"no","reason":"Forbidden","code":403}',
    status="403 Forbidden",
)

Scenario = Callable[[Any], Awaitable[Any]]


class Collection:
    """A server of config maps. Its streams send the events that a test passes to `send`, and it can be made to fail.

    Args:
        state: The first events of each stream, before the bookmark that ends the state.
        version: The version of the state.

    Attributes:
        failing: The response to each request, or None.
        refuses_state: Whether it refuses to send the state as events.
        requests: The received requests.
        streams: The number of streams that were opened.
    """

    def __init__(self, *state: bytes, version: int = 10) -> None:
        self.state = list(state)
        self.version = version
        self.failing: bytes | None = None
        self.refuses_state = False
        self.requests: list[Request] = []
        self.streams = 0
        self._sent: list[bytes] = []
        self._news = threading.Condition()
        self._cuts = 0
        self._is_over = False

    @property
    def targets(self) -> list[str]:
        """Path and query of each request."""
        return [request.target for request in self.requests]

    def send(self, *events: bytes) -> None:
        """Send events on every open stream."""
        with self._news:
            self._sent.append(b"".join(events))
            self._news.notify_all()

    def cut(self) -> None:
        """End every open stream."""
        with self._news:
            self._cuts += 1
            self._news.notify_all()

    def stop(self) -> None:
        """End every stream for good."""
        with self._news:
            self._is_over = True
            self._news.notify_all()

    def __call__(self, request: Request) -> Reply:
        self.requests.append(request)
        if self.failing is not None:
            return Reply((self.failing,))
        if request.method != "GET":
            return Reply((http_response(request.body),))
        if "watch=true" not in request.target:
            items = [json.loads(event)["object"] for event in self.state]
            body = {"kind": "ConfigMapList", "metadata": {"resourceVersion": str(self.version)}, "items": items}
            return Reply((http_response(json.dumps(body).encode()),))
        if "sendInitialEvents" not in request.target:
            return Reply(self._stream(at=0), "close")  # Events that the client has are left out by the client.
        if self.refuses_state:
            return Reply((http_response(b"", status="422 Invalid"),))
        state = map(_metadata, self.state) if b"as=PartialObjectMetadata" in request.head else self.state
        return Reply(self._stream(*state, bookmark(self.version, ends="true")), "close")

    def _stream(self, *events: bytes, at: int | None = None) -> Iterator[bytes]:
        with self._news:
            self.streams += 1
            at, cuts = len(self._sent) if at is None else at, self._cuts
        yield HEAD + b"".join(events)
        while True:
            with self._news:
                while len(self._sent) == at and self._cuts == cuts and not self._is_over:
                    self._news.wait()
                news, at = self._sent[at:], len(self._sent)
                if self._is_over or (self._cuts != cuts and not news):
                    return
            yield b"".join(news)


def _metadata(event: bytes) -> bytes:
    """Return an event as a server sends it if only metadata is requested."""
    found = json.loads(event)
    metadata = found["object"]["metadata"]
    return line(found["type"], {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": metadata})


def run(kind: str, collection: Collection, scenario: Scenario, **options: Any) -> Any:
    """Run a scenario with a clientset for a server.

    Args:
        kind: `sync`, `asyncio` or `trio`.
        collection: The server.
        scenario: The scenario, which gets a clientset with asynchronous methods.
        **options: Options of the configuration.

    Returns:
        The result of the scenario. After it, no thread and no connection is left.
    """

    async def synchronous() -> Any:
        with Clientset(config) as made:
            return await scenario(Awaiting(made))

    async def asynchronous() -> Any:
        async with AsyncClientset(config) as made:
            return await scenario(made)

    with PodServer(collection) as server:
        settings: dict[str, Any] = {"timeouts": TIMEOUTS, "max_retries": 0, **options}
        config = rest.Config(host=server.url, **settings)
        try:
            found = anyio.run(synchronous) if kind == "sync" else anyio.run(asynchronous, backend=kind)
            collection.stop()
            wait_until(lambda: server.open == 0)
        finally:
            collection.stop()
    assert [thread.name for thread in threading.enumerate() if "informer" in thread.name] == []
    return found


class Awaiting(Awaited):
    """A synchronous clientset whose informers have asynchronous methods too."""

    def _call(self, method: Callable[..., Any]) -> Callable[..., Any]:
        call = super()._call(method)

        def made(*arguments: Any, **options: Any) -> Any:
            if getattr(method, "__name__", "") == "informer":
                return AwaitedInformer(method(*arguments, **options))
            found = call(*arguments, **options)
            return Awaiting(found._inner) if isinstance(found, Awaited) else found

        return made

    def __getattr__(self, name: str) -> Any:
        found = super().__getattr__(name)
        return Awaiting(found._inner) if isinstance(found, Awaited) else found


class AwaitedInformer:
    """A synchronous informer behind the asynchronous protocol."""

    def __init__(self, inner: Informer[Any]) -> None:
        self.inner = inner

    async def __aenter__(self) -> Self:
        self.inner.__enter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.inner.__exit__(kind, error, traceback)

    async def aclose(self) -> None:
        self.inner.close()

    async def wait_until(self, version: str, **options: Any) -> None:
        self.inner.wait_until(version, **options)

    def changes(self) -> AwaitedChanges:
        return AwaitedChanges(self.inner.changes())

    def __len__(self) -> int:
        return len(self.inner)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


class AwaitedChanges:
    """Synchronous changes behind the asynchronous protocol."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def __aiter__(self) -> AsyncIterator[Any]:
        return self

    async def __anext__(self) -> Any:
        try:
            return next(self.inner)
        except StopIteration:
            raise StopAsyncIteration from None

    def close(self) -> None:
        self.inner.close()


def shown(taken: Any) -> str:
    """Return the kind of a change, the name and the version."""
    return f"{type(taken).__name__} {taken.key.name} {taken.entry.version}"


async def close(clientset: Any) -> None:
    """Close a clientset of either kind."""
    if isinstance(clientset, Awaiting):
        clientset._inner.close()
    else:
        await clientset.aclose()


async def take(changes: Any, count: int) -> list[str]:
    """Take some changes."""
    found: list[str] = []
    async for taken in changes:
        found.append(shown(taken))
        if len(found) == count:
            break
    return found
