"""The part of recorders that threads and tasks share: arguments, locking, metrics."""

from __future__ import annotations

import logging
import socket
import threading
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Final, Literal, Protocol, TypeVar

from kubecore import metrics
from kubecore._support.fork_lock import ForkLock
from kubecore.calls.steps import Pause
from kubecore.clocks import SYSTEM_CLOCK, Clock
from kubecore.errors import InvalidRequestError
from kubecore.model.base import ModelBase
from kubecore.recorder.delivery import Delivery, Sending
from kubecore.recorder.reference import reference_to
from kubecore.recorder.requests import Source
from kubecore.recorder.series import Key, Limits, Occurrence, SeriesBook
from kubecore.recorder.texts import ACTION_BYTES, INSTANCE_BYTES, NOTE_BYTES, REASON_BYTES, check_controller, cut

__all__ = ["Recording", "Signal"]

_LOG: Final = logging.getLogger("kubecore")
_DEFAULT: Final = "Reconcile"


R = TypeVar("R")


class Signal(Protocol):
    """Ends a pause of the writer."""

    def set(self) -> None:
        """Give the signal, from any thread; this never waits."""


class Recording:
    """Accepts events, and decides which of them are written.

    Args:
        controller: The name of the controller: a qualified name, such as `shop.example.com/widget-operator`.
        instance: The name of this process, cut to 128 bytes; by default the controller, `-` and the host name.
        limits: Sizes and times.
        strict: Whether wrong arguments raise `InvalidRequestError`, as tests want; else they are logged and replaced.
        clock: The clock.
        chance: Returns a random number from 0 to 1; by default `random.random`.
        registry: The metrics that get `kubecore_events_dropped_total`.

    Raises:
        InvalidRequestError: The name of the controller is invalid.
    """

    def __init__(
        self,
        controller: str,
        instance: str | None = None,
        *,
        limits: Limits | None = None,
        strict: bool = False,
        clock: Clock = SYSTEM_CLOCK,
        chance: Callable[[], float] | None = None,
        registry: metrics.Registry = metrics.REGISTRY,
    ) -> None:
        if chance is None:
            import random  # It takes long to import.

            chance = random.random
        source = Source(
            check_controller(controller), cut(instance or f"{controller}-{socket.gethostname()}", INSTANCE_BYTES)
        )
        dropped = registry.counter(
            "kubecore_events_dropped_total", "Events that were reported and not written.", ["controller"]
        )
        self._book = SeriesBook(clock, limits or Limits(), dropped.labels(controller).inc)
        self._delivery = Delivery(self._book, source, clock, chance)
        self._strict = strict
        self._lock = ForkLock()
        self._inside = set[int]()  # Threads that have the lock, or wait for it.
        self._inbox = deque[Occurrence | None]()  # None: an event that can't be reported.
        self._signal: Signal | None = None
        self._is_started = False

    @property
    def dropped(self) -> int:
        """How many events were dropped so far."""
        return self._book.dropped

    def normal(
        self,
        about: ModelBase | Mapping[str, Any],
        reason: str,
        note: str,
        *,
        action: str = _DEFAULT,
        related: ModelBase | Mapping[str, Any] | None = None,
    ) -> None:
        """Report that something went as expected. This never waits and never raises, unless the recorder is strict.

        Args:
            about: The object: a model, a mapping with apiVersion and kind, or an ObjectReference.
            reason: Why, in one word that programs can compare, such as `Created`; at most 128 bytes.
            note: A sentence for people; it is cut to 1,024 bytes.
            action: The step that the controller did or tried, in one word; at most 128 bytes.
            related: A second object that takes part, such as the Pod that was created.
        """
        self._report("Normal", about, reason, note, action, related)

    def warning(
        self,
        about: ModelBase | Mapping[str, Any],
        reason: str,
        note: str,
        *,
        action: str = _DEFAULT,
        related: ModelBase | Mapping[str, Any] | None = None,
    ) -> None:
        """Report that something needs attention. This never waits and never raises, unless the recorder is strict.

        Args:
            about: The object: a model, a mapping with apiVersion and kind, or an ObjectReference.
            reason: Why, in one word that programs can compare, such as `QuotaExceeded`; at most 128 bytes.
            note: A sentence for people; it is cut to 1,024 bytes.
            action: The step that the controller did or tried, in one word; at most 128 bytes.
            related: A second object that takes part, such as the Pod that was created.
        """
        self._report("Warning", about, reason, note, action, related)

    def _report(
        self,
        kind: Literal["Normal", "Warning"],
        about: ModelBase | Mapping[str, Any],
        reason: str,
        note: str,
        action: str,
        related: ModelBase | Mapping[str, Any] | None,
    ) -> None:
        try:
            key = Key(
                kind,
                self._word("reason", reason, REASON_BYTES),
                self._word("action", action, ACTION_BYTES),
                reference_to(about),
                None if related is None else reference_to(related),
            )
            occurrence: Occurrence | None = Occurrence(key, cut(str(note), NOTE_BYTES))
        except Exception as error:
            if self._strict:
                raise
            _LOG.warning("an event can't be reported (%.100r): %s", reason, error)
            occurrence = None
        self._inbox.append(occurrence)
        self._empty_inbox()

    def _word(self, name: str, value: Any, limit: int) -> str:
        """Return a reason or an action as the server accepts it."""
        if isinstance(value, str) and value:
            return cut(value, limit)
        message = f"the {name} of an event must be a text that is not empty, not {value!r:.100}"
        if self._strict:
            raise InvalidRequestError(message)
        _LOG.warning("%s; %r is used instead", message, _DEFAULT)
        return _DEFAULT

    def _empty_inbox(self) -> None:
        """Count the events of the inbox, unless this is a signal handler that interrupts the same thread in here."""
        while self._inbox and threading.get_ident() not in self._inside:
            if self._locked(self._count_inbox) and self._signal is not None:
                self._signal.set()

    def _count_inbox(self) -> bool:
        wakes = False
        while self._inbox:
            occurrence = self._inbox.popleft()
            if occurrence is None:
                self._book.refuse()
            else:
                wakes |= self._delivery.report(occurrence)
        return wakes

    def _locked(self, function: Callable[[], R]) -> R:
        thread = threading.get_ident()
        self._inside.add(thread)
        try:
            with self._lock.here:
                return function()
        finally:
            self._inside.discard(thread)

    def _next(self, signal: Signal) -> Sending | Pause | None:
        """Return the next step of the writer.

        Args:
            signal: Is given when a `Pause` must end early.
        """
        self._signal = signal
        step = self._locked(self._delivery.next)
        self._empty_inbox()
        return step

    def _sent(self) -> None:
        self._locked(self._delivery.sent)

    def _failed(self, error: Exception) -> None:
        self._locked(lambda: self._delivery.failed(error))

    def _begin(self) -> None:
        """Allow one start.

        Raises:
            InvalidRequestError: This is the second one.
        """
        if self._is_started:
            raise InvalidRequestError("a recorder can be started once; create another one")
        self._is_started = True

    def _close(self) -> None:
        """Let the writer write the waiting events, and then end."""
        self._locked(self._delivery.close)
        if self._signal is not None:
            self._signal.set()

    def _abandon(self) -> None:
        """Count the events that are not written as dropped."""
        before = self._book.dropped
        self._locked(self._book.abandon)
        if self._book.dropped > before:
            _LOG.warning("%d events were not written at the end", self._book.dropped - before)
