"""A cluster for tests: a server in the same process, the requests that it received, and faults."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self, TypeAlias, TypeVar

import msgspec

from kubecore.calls.error_response import from_response
from kubecore.manifests import load_manifest_files, load_manifests
from kubecore.model import Model
from kubecore.rest import Config
from kubecore.testing._server.exchange import Received, Reply
from kubecore.testing._server.failures import NotSimulatedError
from kubecore.testing._server.plans import Plan
from kubecore.testing._server.route import route
from kubecore.testing._server.server import Server
from kubecore.testing.clock import Clock
from kubecore.testing.faults import Faults
from kubecore.testing.gate import ServerGate
from kubecore.testing.matching import Kind, Matcher
from kubecore.testing.paths import path_for_create, path_to, resource_of
from kubecore.testing.recording import Calls
from kubecore.testing.serving import responder
from kubecore.testing.taps import Tap
from kubecore.testing.transport import Transports

if TYPE_CHECKING:
    from kubecore.testing._server.resources import Resource
    from kubecore.testing.loopback import Loopback

__all__ = ["FakeCluster"]

M = TypeVar("M", bound=Model)

Player: TypeAlias = "Callable[[FakeCluster, dict[str, Any]], object]"
"""Plays a controller: receives the cluster and the object of the response."""


class FakeCluster(Faults):
    """A cluster whose API server is in the memory of this process; its methods may be called from any thread.

    A context manager, also for asynchronous tests: at the end of the block, a request that was not simulated raises
    its error again.

    Args:
        version: The version of Kubernetes whose behaviour is simulated.
        packages: The generated packages whose kinds are served.
        controllers: Whether namespaces are deleted with their content, garbage is collected, and deleted pods end.
        strict: Whether the end of the block raises an error if a rule of the real server was not checked.
        seed: The source of uids, generated names and the first resource version.
        now: The time of the server, with a time zone; by default that of this machine at the start.

    Attributes:
        calls: The requests of clients, in their order.
        clock: The time of the server, which stands still until a test moves it.

    Raises:
        ModuleNotFoundError: A package is missing.
        ValueError: `now` has no time zone.
    """

    def __init__(
        self,
        *,
        version: str = "1.37",
        packages: Sequence[str] = ("kubeclient",),
        controllers: bool = True,
        strict: bool = False,
        seed: int = 0,
        now: datetime | None = None,
    ) -> None:
        super().__init__()
        self.clock: Clock = Clock(now, self._moved)
        self._server = Server(
            clock=self.clock.now, seed=seed, version=version, packages=packages, controllers=controllers
        )
        self._is_strict = strict
        self._gate = ServerGate(self._server.respond, self)
        self._gate.after = self._replied
        self._transports = Transports(self._gate)
        self._taps: list[Tap] = []
        self._players: list[tuple[Matcher, Player]] = []
        self._is_silent = False
        self._closing = threading.Event()
        self._loopbacks: list[Loopback] = []
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
            self._check()

    def close(self) -> None:
        """End all watches and the servers of `serve`.

        Raises:
            NotSimulatedError: A request was not simulated; with `strict`, also if a rule was not checked.
        """
        self._end()
        self._check()

    def _end(self) -> None:
        self._closing.set()
        self.cut_watches()
        for loopback in self._loopbacks:
            loopback.close()

    def _check(self) -> None:
        self._gate.check()
        if self._is_strict and self.unsure:
            kind, place, text = self.unsure[0]
            more = f", and {len(self.unsure) - 1} more" if len(self.unsure) > 1 else ""
            raise NotSimulatedError(f"a rule of {kind} was not checked for {place}: {text}{more}")

    @property
    def config(self) -> Config:
        """A new configuration for the cluster."""
        return Config(host="https://fake.invalid", transport=self._transports, proxy_url="")

    def serve(self, *, tls: bool = False) -> Loopback:
        """Start an HTTP server on 127.0.0.1 for kubectl, other processes and other languages.

        Args:
            tls: Whether the server uses TLS.

        Returns:
            The server, with `url`, `kubeconfig` (a file) and `config`. It stops with the cluster.
        """
        from kubecore.testing import loopback

        made = loopback.serve(responder(self._gate, self._closing), tls=tls)
        self._loopbacks.append(made)
        return made

    @property
    def writes(self) -> Calls:
        """The requests of clients that write."""
        return self.calls.writes()

    @property
    def refused(self) -> list[NotSimulatedError]:
        """The errors of requests that were not simulated."""
        return self._gate.refused

    @property
    def unsure(self) -> list[tuple[str, str, str]]:
        """Writes for which a rule of the real server was not checked: the kind, the path and the rule."""
        return self._server.unsure

    @property
    def background(self) -> Literal["at once", "on settle"]:
        """When the controllers work: after each request, or only in `settle`. It may be set."""
        return self._server.background

    @background.setter
    def background(self, when: Literal["at once", "on settle"]) -> None:
        self._server.background = when

    def settle(self) -> None:
        """Let the controllers work until they have nothing to do."""
        with self._gate.lock:
            self._server.settle()

    def compact(self) -> None:
        """Forget the history: lists and watches of older versions get 410."""
        with self._gate.lock:
            self._server.store.compact()

    def restart(self) -> None:
        """Reset the connections of all watches, as a server that starts again; objects and versions stay."""
        self.cut_watches(reset=True)

    def add(self, *objects: Model | Mapping[str, Any]) -> None:
        """Create objects without a recorded request. Their status is kept.

        Raises:
            StatusError: The server refuses one.
            NoMatchError: The server does not serve the kind.
        """
        for each in objects:
            document = each.to_dict() if isinstance(each, Model) else dict(each)
            resource, path = path_for_create(self._server.state.resources, document)
            made = self._send("POST", path, document)
            if "status" in document and "status" in resource.subresources:
                found = made["metadata"]
                path = path_to(resource, found.get("namespace", ""), found["name"])
                self._send("PUT", f"{path}/status", {**made, "status": document["status"]})

    def add_yaml(self, source: str | Path) -> None:
        """Create the objects of a text, a file or a folder: see `add`.

        Args:
            source: A path, or YAML: a text with a line break.

        Raises:
            DecodeError: It is not YAML with objects.
            StatusError: The server refuses an object.
        """
        self.add(*_load(source))

    def add_crds(self, source: str | Path) -> None:
        """Create the CustomResourceDefinitions of a text, a file or a folder; other objects in it are ignored.

        Args:
            source: A path, or YAML: a text with a line break.

        Raises:
            DecodeError: It is not YAML with objects.
            StatusError: The server refuses a definition.
        """
        found = (each.to_dict() if isinstance(each, Model) else each for each in _load(source))
        self.add(*(each for each in found if each.get("kind") == "CustomResourceDefinition"))

    def document(self, kind: Kind, name: str, namespace: str = "") -> dict[str, Any]:
        """Return the JSON object that the server has, without a recorded request.

        Args:
            kind: A model, or a name such as `Deployment`, `deployments.apps` or `apps/v1/Deployment`.
            name: The name of the object.
            namespace: Its namespace, "" for an object without one.

        Raises:
            NotFoundError: It does not exist.
            NoMatchError: The server does not serve the kind.
        """
        return self._send("GET", path_to(self._resource(kind), namespace, name))

    def documents(self, kind: Kind, namespace: str = "") -> list[dict[str, Any]]:
        """Return the JSON of all objects of a kind, without a recorded request.

        Args:
            kind: A model, or a name: see `document`.
            namespace: The namespace, "" for all.
        """
        resource = self._resource(kind)
        found: list[dict[str, Any]] = self._send("GET", path_to(resource, namespace)).get("items", [])
        return [{"apiVersion": resource.api_version, "kind": resource.kind, **each} for each in found]

    def get(self, model: type[M], name: str, namespace: str = "") -> M:
        """Return an object, without a recorded request: see `document`."""
        return model.from_dict(self.document(model, name, namespace))

    def set_status(self, kind: Kind, name: str, namespace: str, status: Mapping[str, Any]) -> None:
        """Replace the status of an object, as a controller does, without a recorded request."""
        path = path_to(self._resource(kind), namespace, name)
        self._send("PUT", f"{path}/status", {**self._send("GET", path), "status": dict(status)})

    def set_logs(self, name: str, namespace: str, data: str | bytes, container: str = "") -> None:
        """Set the log of a container.

        Args:
            name: The name of the pod.
            namespace: The namespace of the pod.
            data: The whole log; an earlier one is replaced.
            container: The container, "" for every container of the pod without a log.
        """
        with self._gate.lock:
            self._server.logs.set(namespace, name, container, data)

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

    def _moved(self) -> None:
        with self._gate.lock:
            self._server.advance()

    def _resource(self, kind: Kind) -> Resource:
        return resource_of(self._server.state.resources, kind)

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
        route(received)
        reply = self._gate.perform(received, Plan(), is_internal=True)
        if reply.code >= 300:
            raise from_response(received, reply.code, dict(reply.headers), reply.content)
        return msgspec.json.decode(reply.content, type=dict[str, Any])

    def list(self, model: type[M], namespace: str = "") -> list[M]:
        """Return all objects of a kind, without a recorded request.

        Args:
            model: The class.
            namespace: The namespace, "" for all.
        """
        return [model.from_dict(each) for each in self.documents(model, namespace)]


def _load(source: str | Path) -> Sequence[Model | dict[str, Any]]:
    is_text = isinstance(source, str) and "\n" in source
    return load_manifests(str(source)) if is_text else load_manifest_files(source)
