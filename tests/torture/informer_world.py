"""A namespace of a real API server, informers of every kind that follow it through faults, and the checks after a fault."""

from __future__ import annotations

import math
import random
import threading
import time
import uuid
import warnings
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any, Final, Self

from kubeclient import Clientset
from kubecore import kubeconfig, rest
from tests.cluster import Cluster
from tests.ready import wait_until
from tests.server.informers import KINDS, LAST, Follower
from tests.torture.gateway import Gateway, status_response
from tests.torture.proxy import FaultProxy, Plan
from tests.torture.server import Request
from tests.torture.tally import Tally

__all__ = ["World", "most_requests", "no_watch_list"]

TIMEOUTS: Final = rest.Timeouts(connect=2, read=4, write=4, pool=4, total=30, idle=2.0)
_LONGEST: Final = 30.0
_SHORTEST: Final = 0.8
_NAMES: Final = 12


def most_requests(seconds: float) -> int:
    """Return how many requests an informer may send during a fault that lasts so long.

    They are 5, and one after each pause. Pauses grow from 0.8 s to 30 s.
    """
    pauses = math.log2(1 + min(seconds, _LONGEST) / _SHORTEST)
    return 5 + math.ceil(pauses + max(0.0, seconds - _LONGEST) / _LONGEST)


def no_watch_list(request: Request) -> bytes | None:
    """Refuse to send the state as events."""
    return status_response(422, "Invalid") if "sendInitialEvents" in request.target else None


class World:
    """The informers, their namespace, and all between them and the server: `proxy`, then `gateway`. A context manager.

    Args:
        cluster: The server.
        tally: Counts the checks.
        name: The name of the fault.
        seed: The seed of random choices.

    Attributes:
        cluster: The server.
        proxy: Can cut and freeze the connections of the informers.
        gateway: Can change their requests and responses.
        maps: The config maps of the namespace, without faults.
        chance: Makes random choices.
        followers: The informers, once `follow` was called.
        user: The user of the informers, "" for the administrator.
        is_long: Whether faults may last for minutes.
        seconds: How long a fault lasts.
    """

    def __init__(self, cluster: Cluster, tally: Tally, name: str, seed: int, *, is_long: bool = False) -> None:
        self.cluster = cluster
        self.chance = random.Random(f"{name} {seed}")
        self.followers: list[Follower] = []
        self.user = ""
        self.is_long = is_long
        self.seconds = 60.0 if is_long else 4.0
        self._tally = tally
        self._name = f"{name}, seed {seed}"
        self._stack = ExitStack()
        self._known: set[str] = set()

    def __enter__(self) -> Self:
        with self._stack as stack:
            stack.enter_context(warnings.catch_warnings())
            self.gateway = stack.enter_context(Gateway(self.cluster))
            self.proxy = stack.enter_context(FaultProxy(self.gateway.port))
            config = kubeconfig.load_config(self.cluster.kubeconfig)
            self.clientset = stack.enter_context(Clientset(config))
            self.namespace = f"faults-{uuid.uuid4().hex[:8]}"
            self.clientset.core_v1.namespaces().create({"metadata": {"name": self.namespace}})
            self.maps: Any = self.clientset.core_v1.config_maps(self.namespace)
            self._stack = stack.pop_all()
        for _ in range(_NAMES):
            self.change()
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def check(self, is_good: bool, text: str) -> None:
        """Count one check.

        Args:
            is_good: Whether it succeeded.
            text: The fault, if it did not succeed.
        """
        self._tally.check(is_good, f"{self._name}: {text}")

    def forget(self) -> None:
        """Begin with no object."""
        self._known.clear()

    def fill(self, count: int) -> None:
        """Create more objects, for lists of several pages."""
        for number in range(count):
            self.maps.create({"metadata": {"name": f"more{number}"}})

    def change(self, times: int = 1) -> None:
        """Create, change or delete random config maps."""
        for _ in range(times):
            name = f"m{self.chance.randrange(_NAMES)}"
            if name not in self._known:
                self.maps.create({"metadata": {"name": name}, "data": {"k": "ü" * self.chance.randrange(2000)}})
                self._known.add(name)
            elif self.chance.random() < 0.3:
                self.maps.delete(name)
                self._known.discard(name)
            else:
                self.maps.patch(name, {"data": {"k": str(self.chance.random())}}, type="merge")

    def begin(self, **more: Any) -> None:
        """Start the informers, without waiting until they are complete.

        Args:
            **more: More arguments of `Follower`.
        """
        for kind in KINDS:
            config = rest.Config(host=self.proxy.url, timeouts=TIMEOUTS, user_agent=kind)
            if self.user:
                config.impersonate = rest.Impersonate(user=self.user)
            self.followers.append(Follower(kind, config, self.namespace, **more))
            self.followers[-1].thread.start()

    def await_sync(self) -> None:
        """Wait until all informers are complete."""
        wait_until(lambda: all(one.informer is not None or one.error is not None for one in self.followers))
        for one in self.followers:
            if one.error is not None:
                raise one.error

    def follow(self, **more: Any) -> None:
        """Start the informers, and wait until they are complete.

        Args:
            **more: More arguments of `Follower`.
        """
        self.begin(**more)
        self.await_sync()

    def requests(self, since: float) -> dict[str, int]:
        """Return how many requests each informer has sent.

        Args:
            since: The moment from which they are counted, on the monotonic clock.
        """
        counts: dict[str, int] = dict.fromkeys(KINDS, 0)
        for at, kind in list(self.gateway.times):
            if at >= since and kind in counts:
                counts[kind] += 1
        return counts

    @contextmanager
    def bounded(self, seconds: float = 0.0, *, states: int = 1) -> Generator[None]:
        """Check that the informers send few requests during the block, and for some seconds after it.

        Args:
            seconds: How long the fault lasts after the block.
            states: The number of requests in each try.
        """
        began = time.monotonic()
        yield
        time.sleep(max(0.0, seconds))
        most = 2 * states * most_requests(time.monotonic() - began)  # The client may repeat each request once.
        for kind, count in self.requests(began).items():
            self.check(count <= most, f"{kind} sent {count} requests, more than {most}")

    @property
    def reflections(self) -> list[Any]:
        """The states of the informers."""
        return [one.informer._reflection for one in self.followers]

    def await_failure(self, text: str = "") -> None:
        """Wait until every informer knows that the server does not respond.

        Args:
            text: Part of the message.
        """
        wait_until(lambda: all(one.informer.failure and text in one.informer.failure for one in self.followers))

    def await_equal(self) -> None:
        """Wait until each copy, and the changes that it reported, equal a list."""
        items = self.maps.list().items
        wait_until(lambda: all(one.is_equal_to(items) for one in self.followers))

    def heal(self) -> None:
        """End all faults of connections, requests and responses."""
        self.proxy.plan = Plan()
        self.gateway.heal()
        self.proxy.thaw()

    def finish(self) -> None:
        """Make some changes without faults, and check the copies, the reports, and that nothing is left."""
        self.heal()
        self.change(5)
        self._try("the copies do not become equal to a list", self.await_equal)
        self.end(lambda: self.maps.create({"metadata": {"name": LAST}}))

    def end(self, close: Callable[[], object]) -> None:
        """Check the reports, and that nothing is left after the end of the informers.

        Args:
            close: Makes the informers end.
        """
        close()
        for one in self.followers:
            self._try(f"{one.kind} does not end", partial(wait_until, partial(_is_over, one)))
            self.check(one.error is None, f"{one.kind} ends with {one.error!r}")
            self.check(not one.wrong, f"{one.kind} reports {one.wrong[:3]}")
        left = [thread.name for thread in threading.enumerate() if "informer" in thread.name]
        self.check(not left, f"threads are left: {left}")
        self.gateway.hang_up()
        self._try("connections are left", lambda: wait_until(self._is_idle))

    def _is_idle(self) -> bool:
        """Return whether the proxy has no connection; one that fell silent after the faults ended sees no end."""
        self.proxy.thaw()
        return self.proxy.open == 0

    def _try(self, text: str, work: Callable[[], object]) -> None:
        try:
            work()
        except AssertionError:
            states = [(one.kind, one.informer.failure if one.informer is not None else "") for one in self.followers]
            self.check(False, f"{text}: {states}")
        else:
            self.check(True, text)


def _is_over(follower: Follower) -> bool:
    return not follower.thread.is_alive()
