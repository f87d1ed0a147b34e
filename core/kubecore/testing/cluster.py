"""A cluster for tests: a server in the same process, the requests that it received, and faults."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeAlias, TypeVar
from urllib.parse import quote

import msgspec

from kubecore.calls.error_response import from_response
from kubecore.errors import NoMatchError
from kubecore.manifests import load_manifest_files, load_manifests
from kubecore.model import Model
from kubecore.model.kinds import kind_of, kinds_of
from kubecore.rest import Config
from kubecore.testing._server.exchange import Received, Reply
from kubecore.testing._server.plans import Plan
from kubecore.testing.faults import Faults
from kubecore.testing.gate import ServerGate
from kubecore.testing.matching import Kind, Matcher, describe
from kubecore.testing.recording import Calls
from kubecore.testing.taps import Tap
from kubecore.testing.transport import Transports

if TYPE_CHECKING:
    from kubecore.testing._server.failures import NotSimulatedError

__all__ = ["FakeCluster"]

M = TypeVar("M", bound=Model)

Player: TypeAlias = "Callable[[FakeCluster, dict[str, Any]], object]"
"""Plays a controller: receives the cluster and the object of the response."""


class FakeCluster(Faults):
    """A cluster whose API server is a function in the same process; its methods may be called from any thread.

    A context manager, also for asynchronous tests: at the end of the block, a request that was not simulated raises
    its error again.

    Args:
        respond: Returns the reply to a request. It is called under one lock.

    Attributes:
        calls: The requests of clients, in their order.
    """

    def __init__(self, respond: Callable[[Received], Reply]) -> None:
        super().__init__()
        self._gate = ServerGate(respond, self)
        self._gate.after = self._replied
        self._transports = Transports(self._gate)
        self._taps: list[Tap] = []
        self._players: list[tuple[Matcher, Player]] = []
        self._is_silent = False
        self.calls: Calls = self._gate.calls

    def __enter__(self) -> Self:
        """Return the cluster."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the cluster. The error of the block wins over requests that were not simulated."""
        self._end()
        if error is None:
            self._gate.check()

    def close(self) -> None:
        """End all watches.

        Raises:
            NotSimulatedError: A request was not simulated.
        """
        self._end()
        self._gate.check()

    def _end(self) -> None:
        self.cut_watches()

    @property
    def config(self) -> Config:
        """A new configuration for the cluster."""
        return Config(host="https://fake.invalid", transport=self._transports, proxy_url="")

    @property
    def writes(self) -> Calls:
        """The requests of clients that write."""
        return self.calls.writes()

    @property
    def refused(self) -> list[NotSimulatedError]:
        """The errors of requests that were not simulated."""
        return self._gate.refused

    def add(self, *objects: Model | Mapping[str, Any]) -> None:
        """Create objects without a recorded request.

        Raises:
            StatusError: The server refuses one.
            NoMatchError: The kind is unknown.
        """
        for each in objects:
            document = each.to_dict() if isinstance(each, Model) else dict(each)
            metadata = document.get("metadata", {})
            path = _path_of(document["apiVersion"], document["kind"], metadata.get("namespace", "default"))
            self._send("POST", path, document)

    def add_yaml(self, source: str | Path) -> None:
        """Create the objects of a text, a file or a folder: see `add`.

        Args:
            source: A path, or YAML: a text with a line break.

        Raises:
            DecodeError: It is not YAML with objects.
            StatusError: The server refuses an object.
        """
        is_text = isinstance(source, str) and "\n" in source
        self.add(*(load_manifests(str(source)) if is_text else load_manifest_files(source)))

    def document(self, model: type[M], name: str, namespace: str = "") -> dict[str, Any]:
        """Return the JSON object that the server has, without a recorded request.

        Raises:
            NotFoundError: It does not exist.
        """
        return self._send("GET", f"{_path(model, namespace)}/{quote(name, safe='')}")

    def get(self, model: type[M], name: str, namespace: str = "") -> M:
        """Return an object, without a recorded request: see `document`."""
        return model.from_dict(self.document(model, name, namespace))

    def list(self, model: type[M], namespace: str = "") -> list[M]:
        """Return all objects of a kind, without a recorded request.

        Args:
            model: The class.
            namespace: The namespace, "" for all.
        """
        items: list[dict[str, Any]] = self._send("GET", _path(model, namespace)).get("items", [])
        return [model.from_dict(item) for item in items]

    def set_status(self, model: type[M], name: str, namespace: str, status: Mapping[str, Any]) -> None:
        """Replace the status of an object, as a controller does, without a recorded request."""
        found = self.document(model, name, namespace)
        path = f"{_path(model, namespace)}/{quote(name, safe='')}/status"
        self._send("PUT", path, {**found, "status": dict(status)})

    def after(self, verb: str, kind: Kind, *, namespace: str | None = None) -> Callable[[Player], Player]:
        """Return a decorator: its function is called after each successful request with the object of the response."""
        matcher = Matcher.of(verb, kind, namespace=namespace)

        def add(player: Player) -> Player:
            self._players.append((matcher, player))
            return player

        return add

    def cut_watches(self, *, reset: bool = False) -> int:
        """End all watches and followed logs.

        Args:
            reset: Whether their connections are reset, instead of a clean end.

        Returns:
            How many there were.
        """
        with self._gate.lock:
            taps, self._taps = [tap for tap in self._taps if not tap.is_closed], []
        for tap in taps:
            tap.cut(reset=reset)
        return len(taps)

    def mute_watches(self, *, is_silent: bool = True) -> None:
        """Hold the events of all watches back, also of later ones, until it is called with `is_silent=False`."""
        with self._gate.lock:
            self._is_silent = is_silent
            taps = list(self._taps)
        for tap in taps:
            tap.silence(is_silent=is_silent)

    def _replied(self, received: Received, reply: Reply) -> None:
        """Put a tap into a stream, and call the functions of `after`."""
        if reply.stream is not None:
            tap = Tap(reply.stream)
            reply.stream = tap
            with self._gate.lock:
                self._taps = [each for each in self._taps if not each.is_closed] + [tap]
                tap.silence(is_silent=self._is_silent)
        elif reply.code < 300:
            for matcher, player in tuple(self._players):
                if matcher.matches(received):
                    player(self, msgspec.json.decode(reply.content, type=dict[str, Any]))

    def _send(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Send a request that is not recorded and that no fault applies to."""
        content = b"" if body is None else msgspec.json.encode(body)
        headers = {"accept": "application/json", "content-type": "application/json", "user-agent": "kubecore.testing"}
        received = Received(method=method, path=path, headers=headers, content=content)
        describe(received)
        reply = self._gate.perform(received, Plan(), is_internal=True)
        if reply.code >= 300:
            raise from_response(received, reply.code, dict(reply.headers), reply.content)
        return msgspec.json.decode(reply.content, type=dict[str, Any])


def _path(model: type[Model], namespace: str) -> str:
    info = kind_of(model)
    return _collection(info.api_version, info.plural, namespace if info.namespaced else "")


def _path_of(api_version: str, kind: str, namespace: str) -> str:
    """Return the path of the collection of a kind of Kubernetes."""
    info = kinds_of("kubeclient").get((api_version, kind))
    if info is None:
        raise NoMatchError(f"unknown kind {kind!r} of {api_version!r}", kind=kind)
    return _collection(api_version, info.plural, namespace if info.namespaced else "")


def _collection(api_version: str, plural: str, namespace: str) -> str:
    root = f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
    return f"{root}/namespaces/{quote(namespace, safe='')}/{plural}" if namespace else f"{root}/{plural}"
