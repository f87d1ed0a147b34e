"""Checks the objects of an informer every second while it is open, if KUBECORE_DETECT_MUTATION is `1`."""

from __future__ import annotations

import logging
import os
import threading
from contextlib import AbstractContextManager
from typing import Any, Final

from kubecore.cache.mutation import VARIABLE, MutationDetector
from kubecore.cache.store import Store

__all__ = ["MutationWatch"]

_LOG: Final = logging.getLogger("kubecore")
_SECONDS: Final = 1.0


class MutationWatch:
    """A daemon thread that ends the process if a reader has changed an object of the cache.

    It is not started if the variable is not set, or if every reader gets an own object.

    Args:
        store: The store of the informer.
        lock: Is held while the store is read.
    """

    def __init__(self, store: Store[Any], lock: AbstractContextManager[object]) -> None:
        self._store = store
        self._lock = lock
        self._detector = MutationDetector()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread, if it is needed."""
        if os.environ.get(VARIABLE) == "1" and self._store.form.is_shared:
            self._thread = threading.Thread(target=self._run, name="kubecore-mutation-watch", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Stop the thread after a last check; a second call does nothing."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _run(self) -> None:
        is_over = False
        while not is_over:
            is_over = self._stopping.wait(_SECONDS)
            with self._lock:
                entries = self._store.entries()
            if changed := self._detector.check(entries):
                names = ", ".join(map(str, changed[:10]))
                _LOG.critical("objects of the cache of %s were changed: %s; copy them first", self._store.name, names)
                os._exit(1)  # As client-go: everything that reads the cache may have used the changed objects.
