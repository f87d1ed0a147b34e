"""Controllers for a real API server that has no controller manager: two threads watch it and send requests."""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
import time
from datetime import UTC, datetime
from typing import Final

from kubecore.discovery import Discovery
from kubecore.errors import KubeError
from kubecore.rest import Client, Config
from kubecore.testing._background.controllers import USER_AGENT, Controllers
from kubecore.testing._background.view import Item, Request
from kubecore.testing.machine.live_view import LiveView
from kubecore.testing.machine.resource_watches import ResourceWatches

__all__ = ["ControllerThread"]

_LOG: Final = logging.getLogger("kubecore")

_RETRY: Final = 0.2
"""Seconds until a request that failed is decided again."""

_RESYNC: Final = 2.0
"""Seconds between two looks at namespaces that are being deleted."""

_DISCOVERIES: Final = (0.0, 0.3, 1.0, 3.0, 10.0)
"""Seconds after a change of a custom resource definition, at which discovery is repeated: the server is late."""


class ControllerThread:
    """Deletion of namespaces, garbage collection and the end of pods.

    Args:
        config: The configuration of the administrator.
        root_ca: The certificates of the server, PEM.
    """

    def __init__(self, config: Config, root_ca: str) -> None:
        config = config.copy()
        config.user_agent = USER_AGENT
        config.warning_handler = lambda _: None
        config.max_connections = 1000  # One for each watch.
        self._config = config
        self._controllers = Controllers(root_ca)
        self._changes: queue.SimpleQueue[tuple[Item, bool] | None] = queue.SimpleQueue()
        self._is_closed = False
        self._retries: list[tuple[float, Request]] = []
        self._discoveries: list[float] = [time.monotonic()]
        self._next_resync = time.monotonic()
        self._thread = threading.Thread(target=self._run, name="kubecore-controllers", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End both threads. Requests fail from now on, so that nothing waits for a server that is stopped."""
        self._is_closed = True
        self._changes.put(None)
        self._thread.join()

    def _run(self) -> None:
        watches = ResourceWatches(self._config, lambda item, is_deleted: self._changes.put((item, is_deleted)))
        with contextlib.closing(watches), Client(self._config) as client:
            view, discovery = LiveView(client), Discovery(client)
            while not self._is_closed:
                try:
                    self._step(view, discovery, watches)
                except KubeError:
                    pass  # A server that restarts refuses connections; the state is read again later.
                except Exception:
                    _LOG.exception("the controllers of the API server failed; they continue")
                    time.sleep(_RETRY)

    def _step(self, view: LiveView, discovery: Discovery, watches: ResourceWatches) -> None:
        self._receive(self._pause())
        now = time.monotonic()
        if self._discoveries and self._discoveries[0] <= now:
            catalog = discovery.refresh()
            del self._discoveries[0]
            view.use(catalog)
            watches.follow(catalog.preferred())
            self._controllers.resources_changed()
        for due, request in self._retries:
            if due <= now:
                self._controllers.failed(request)
        self._retries = [(due, request) for due, request in self._retries if due > now]
        if self._next_resync <= now:
            self._next_resync = now + _RESYNC
            self._controllers.resync()
        for request in self._controllers.decide(view, datetime.now(UTC)):
            if self._is_closed:
                return
            if not view.send(request):
                self._retries.append((time.monotonic() + _RETRY, request))

    def _pause(self) -> float:
        """Return the seconds until something has to be done without a change."""
        due = self._controllers.due()
        grace = [] if due is None else [(due - datetime.now(UTC)).total_seconds()]
        times = [self._next_resync, *self._discoveries[:1], *(due for due, _ in self._retries)]
        return max(0.0, min([*grace, *(at - time.monotonic() for at in times)]))

    def _receive(self, pause: float) -> None:
        """Wait for changes and observe all of them."""
        with contextlib.suppress(queue.Empty):
            change = self._changes.get(timeout=pause) if pause else self._changes.get_nowait()
            while change is not None:
                self._observe(*change)
                change = self._changes.get_nowait()

    def _observe(self, item: Item, is_deleted: bool) -> None:
        self._controllers.observe(item, is_deleted=is_deleted)
        if item.resource.resource == "customresourcedefinitions":
            now = time.monotonic()
            self._discoveries = [now + seconds for seconds in _DISCOVERIES]
