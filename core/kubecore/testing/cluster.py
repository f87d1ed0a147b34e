"""A cluster for tests: a server in the same process, the requests that it received, and faults."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Generator, Sequence
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self, TypeAlias, Unpack

import msgspec

from kubecore.rest import Config
from kubecore.testing._server import store
from kubecore.testing._server.exchange import Received, Reply
from kubecore.testing._server.failures import NotSimulatedError
from kubecore.testing._server.server import Server
from kubecore.testing.changes import Changes, change_of
from kubecore.testing.clock import Clock
from kubecore.testing.faults import Faults
from kubecore.testing.gate import ServerGate
from kubecore.testing.matching import Kind, Matcher, Where, require_function
from kubecore.testing.objects import Objects
from kubecore.testing.paths import names_of
from kubecore.testing.recording import Calls
from kubecore.testing.serving import responder
from kubecore.testing.snapshots import Checkpoint
from kubecore.testing.taps import Silence, Tap
from kubecore.testing.transport import Transports

if TYPE_CHECKING:
    from kubecore.testing.loopback import Loopback

__all__ = ["FakeCluster"]

Player: TypeAlias = "Callable[[FakeCluster, dict[str, Any]], object]"
"""Plays a controller: receives the cluster and the object of the response."""


class FakeCluster(Objects, Faults):
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
        changes: The changes of objects by clients, in the order of their revisions.
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
        self.clock: Clock = Clock(now, self._moved)
        server = Server(clock=self.clock.now, seed=seed, version=version, packages=packages, controllers=controllers)
        names = names_of(server.state.resources)
        Faults.__init__(self, names)
        Objects.__init__(self, server, ServerGate(server.respond, self, names))
        self._is_strict = strict
        self._gate.after = self._replied
        self._transports = Transports(self._gate)
        self._taps: list[Tap] = []
        self._players: list[tuple[Matcher, Player]] = []
        self._is_silent = False
        self._closing = threading.Event()
        self._loopbacks: list[Loopback] = []
        self.calls: Calls = self._gate.calls
        self.changes: Changes = Changes(names=names)
        self._observers: list[tuple[Changes, bool]] = [(self.changes, False)]
        server.store.observers.append(self._changed)
        server.reviews.is_denied = lambda access: self.denies(access.received)
        server.reviews.denies_any = self.denies

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

    def restore(self, checkpoint: Checkpoint) -> None:
        """Return to an earlier state of all objects, as a cluster that was restored from a backup.

        Resource versions go back, too, so the next writes get versions that clients have seen with other content. All
        connections are reset, and versions before the checkpoint expire.

        Args:
            checkpoint: The result of `checkpoint` of this cluster.

        Raises:
            TypeError: It is something else, such as the result of `snapshot`.
        """
        if not isinstance(checkpoint, Checkpoint):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(f"restore needs the result of checkpoint(), not a {type(checkpoint).__name__}")
        with self._gate.lock:
            self.cut_watches(reset=True)
            self._server.restore(checkpoint.state)

    @contextlib.contextmanager
    def watching(self, *, all: bool = False) -> Generator[Changes]:  # noqa: A002 - It reads as a sentence.
        """Collect the changes of objects within a block.

        Args:
            all: Whether the changes of the test itself and of the controllers are collected, too.

        Yields:
            The changes, in the order of their revisions.
        """
        found = Changes(names=self._names)
        observer = found, all
        with self._gate.lock:
            self._observers.append(observer)
        try:
            yield found
        finally:
            with self._gate.lock:
                self._observers.remove(observer)

    def after(self, verb: str, kind: Kind, **where: Unpack[Where]) -> Callable[[Player], Player]:
        """Return a decorator: its function is called after each successful request with the object of the response.

        The function plays a controller. `kubecore.testing` has some: `pod_running`, `job_complete`,
        `deployment_available` and `load_balancer`.

        Args:
            verb: The verb as RBAC names it, or `*`.
            kind: The kind: see `on`.
            where: The namespace, the name and the subresource.

        Raises:
            TypeError: The decorated object is not a function, or is one that must be awaited.
        """
        matcher = Matcher.of(verb, kind, names=self._names, **where)

        def add(player: Player) -> Player:
            require_function(player)
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

    def mute_watches(self, *, is_silent: bool = True) -> Silence:
        """Hold the events of all watches back, also of later ones.

        Args:
            is_silent: Whether the silence begins; False ends it.

        Returns:
            The silence. Its `remove` ends it, and so does a `with` block.
        """
        with self._gate.lock:
            self._is_silent = is_silent
            taps = list(self._taps)
        for tap in taps:
            tap.silence(is_silent=is_silent)
        return Silence(len(taps), lambda: self.mute_watches(is_silent=False))

    def _moved(self) -> None:
        with self._gate.lock:
            self._server.advance()

    def _changed(self, change: store.Change) -> None:
        handled = self._server.handled
        call = handled if handled is not None and handled is self._gate.client else None
        made = change_of(change, handled, call)
        for changes, has_all in self._observers:
            if has_all or call is not None:
                changes.add(made)

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
