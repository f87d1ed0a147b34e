"""The thread that ends a process whose block still runs although its term is over."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from typing import Final

from kubecore._support.wakeup import Wakeup
from kubecore.clocks import Clock
from kubecore.election.deciding import Tenure

__all__ = ["Watchdog", "exit_process"]

_LOG: Final = logging.getLogger("kubecore")

_JOIN_SECONDS: Final = 1.0
"""Longest wait for the end of the thread, which usually needs microseconds."""


def exit_process() -> None:
    """End the process with code 1, whatever its threads are doing."""
    os._exit(1)


class Watchdog:
    """Waits until a term is lost, and then for the end of its block.

    It is a thread, because an event loop that is blocked can't watch itself. It has no part in the renewals.

    Args:
        tenure: The term.
        patience: Seconds that the block has to end. If renewals fail, the fence closes shortly before their end.
        clock: The clock.
        lease: Namespace and name of the Lease, for the log.
        on_stuck: Called if the block does not end in time.
        on_lost: Called when the term is lost.
    """

    def __init__(
        self,
        tenure: Tenure,
        patience: float,
        clock: Clock,
        lease: str,
        on_stuck: Callable[[], object],
        on_lost: Callable[[], object],
    ) -> None:
        self._tenure = tenure
        self._patience = patience
        self._clock = clock
        self._lease = lease
        self._on_stuck = on_stuck
        self._on_lost = on_lost
        self._stopped = Wakeup()
        self._is_late = False
        self._thread = threading.Thread(target=self._run, name=f"kubecore-election-watchdog {lease}", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def stop(self) -> None:
        """End: the block has ended. This waits for the end of the thread, unless it calls `on_stuck`."""
        self._stopped.set()
        if self._thread.ident is not None and not self._is_late:
            self._thread.join(_JOIN_SECONDS)

    def _run(self) -> None:
        tenure = self._tenure
        while not tenure.overdue():
            if self._wait(tenure.deadline) or tenure.is_over:
                return
        self._on_lost()
        ends_at = (tenure.lost_at or 0.0) + self._patience
        while self._clock.monotonic() < ends_at:
            if self._wait(ends_at):
                return
        if tenure.is_over:
            return
        self._is_late = True
        _LOG.critical(
            "leader election %s: the term is lost (%s), and its block did not end within %g s",
            self._lease,
            tenure.reason,
            self._patience,
        )
        self._on_stuck()

    def _wait(self, until: float) -> bool:
        """Wait until a time, and return whether the block has ended meanwhile."""
        return self._stopped.wait(until - self._clock.monotonic())
