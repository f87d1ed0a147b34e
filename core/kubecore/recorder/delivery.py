"""The next step of a recorder: send, wait, try again, or give up. No I/O.

Source: `attemptRecording` of `k8s.io/client-go/tools/events`.
"""

from __future__ import annotations

import enum
import logging
import math
from collections.abc import Callable
from typing import Final, NamedTuple

from kubecore import errors
from kubecore.calls.call import Call
from kubecore.calls.steps import Pause
from kubecore.clocks import Clock
from kubecore.errors.status import has_cause
from kubecore.recorder.requests import Source, create_call, patch_call
from kubecore.recorder.series import Occurrence, SeriesBook, Write
from kubecore.recorder.texts import event_name

__all__ = ["FLUSH_SECONDS", "Delivery", "Sending"]

FLUSH_SECONDS: Final = 2.0
"""How long a recorder may write the waiting events when it ends, in seconds."""

_TRIES: Final = 12
_PAUSE: Final = 10.0
_JITTER: Final = 0.25
_TIMEOUT: Final = 10.0
_LOG: Final = logging.getLogger("kubecore")


class Sending(NamedTuple):
    """A call to send now.

    Attributes:
        call: The call.
        timeout: Its time limit, in seconds.
    """

    call: Call[bytes]
    timeout: float


class _Next(enum.Enum):
    """The next step after a failed call."""

    STORED = enum.auto()
    RENAME = enum.auto()
    CREATE = enum.auto()
    RETRY = enum.auto()
    GIVE_UP = enum.auto()


class Delivery:
    """Writes one event after the other. The caller makes sure that only one thread uses it at a time.

    While an event is tried again, the others wait: mostly the server does not respond at all.

    Args:
        book: The series.
        source: The reporter of the events.
        clock: The clock.
        chance: Returns a random number from 0 to 1.
    """

    def __init__(self, book: SeriesBook, source: Source, clock: Clock, chance: Callable[[], float]) -> None:
        self._book = book
        self._source = source
        self._clock = clock
        self._chance = chance
        self._write: Write | None = None
        self._tries = 0
        self._is_uncertain = False
        self._retry_at = -math.inf
        self._asleep_until = -math.inf
        self._ends_at: float | None = None
        self._logged = set[tuple[str, str]]()

    def report(self, occurrence: Occurrence) -> bool:
        """Count an event.

        Args:
            occurrence: The event.

        Returns:
            Whether something is due before the pause ends that `next` returned: the pause must end now.
        """
        self._book.report(occurrence)
        due = self._book.next_due()
        if self._write is not None or due is None or due >= self._asleep_until:
            return False
        self._asleep_until = -math.inf
        return True

    def next(self) -> Sending | Pause | None:
        """Return the next step; None if the recorder has ended. Call `sent` or `failed` after a `Sending`."""
        now = self._clock.monotonic()
        self._asleep_until = -math.inf
        if self._ends_at is not None and now >= self._ends_at:
            self._book.abandon()
            return None
        if self._ends_at is None and self._write is not None and now < self._retry_at:
            return Pause(self._retry_at - now)
        while self._write is not None or self._take():
            try:
                call = self._call()
            except errors.KubeError as error:  # The namespace of a reference is not a valid name.
                self._give_up(error)
                continue
            return Sending(call, _TIMEOUT if self._ends_at is None else min(_TIMEOUT, self._ends_at - now))
        if self._ends_at is not None:
            self._book.abandon()
            return None
        due = self._book.next_due()
        self._asleep_until = math.inf if due is None else due
        return Pause(self._asleep_until - now)

    def sent(self) -> None:
        """Handle the success of a call."""
        if self._write is not None:
            self._book.stored(self._write)
            self._write = None

    def failed(self, error: Exception) -> None:
        """Handle the failure of a call.

        Args:
            error: The error of the call.
        """
        write = self._write
        if write is None:
            return
        self._tries += 1
        follows = _after(error, is_create=write.series.is_missing, is_uncertain=self._is_uncertain)
        if follows is _Next.STORED:
            self.sent()
        elif follows is _Next.CREATE:
            self._book.missing(write)
            self._write = None
        elif follows is _Next.GIVE_UP or self._tries >= _TRIES:
            self._give_up(error)
        elif follows is _Next.RENAME:
            write.series.name = ""
        elif self._ends_at is not None:  # There is no time for a pause.
            self._give_up(error)
            if isinstance(error, errors.TransportError):
                self._ends_at = -math.inf  # The others would fail as well.
        else:
            _LOG.debug("an event is not written yet (%d of %d): %s", self._tries, _TRIES, error)
            self._is_uncertain = True
            self._retry_at = self._clock.monotonic() + _PAUSE * (1 + _JITTER * self._chance())

    def close(self) -> None:
        """Write everything that waits without further pauses, `FLUSH_SECONDS` long, and then end."""
        if self._ends_at is None:
            self._ends_at = self._clock.monotonic() + FLUSH_SECONDS
            self._book.close()

    def _take(self) -> bool:
        self._write = self._book.take()
        self._tries = 0
        self._is_uncertain = False
        self._retry_at = -math.inf
        return self._write is not None

    def _call(self) -> Call[bytes]:
        assert self._write is not None  # noqa: S101 - `next` took it
        series = self._write.series
        if not series.is_missing:
            return patch_call(self._write)
        if not series.name:
            series.name = event_name(series.key.regarding.name, series.first_wall, self._chance)
        return create_call(self._write, self._source)

    def _give_up(self, error: Exception) -> None:
        write, self._write = self._write, None
        if write is None:
            return
        level = logging.DEBUG if self._is_known(error) else logging.WARNING
        reference = write.series.key.regarding
        where = f"{reference.kind} {reference.namespace}/{reference.name}"
        _LOG.log(level, "an event about %s is not written (%s): %s", where, write.series.key.reason, error)
        self._book.failed(write)

    def _is_known(self, error: Exception) -> bool:
        """Return whether an error was logged before, or is expected."""
        if isinstance(error, (errors.TransportError, errors.ConfigError)):
            return False
        reason = ""
        if isinstance(error, errors.StatusError):
            if has_cause(error.status, "NamespaceTerminating"):
                return True
            reason = error.reason
        kind = (type(error).__name__, reason)
        is_known = kind in self._logged
        self._logged.add(kind)
        return is_known


def _after(error: Exception, *, is_create: bool, is_uncertain: bool) -> _Next:
    """Return the next step after a failed call."""
    if isinstance(error, errors.StatusError):
        if is_create and errors.is_already_exists(error):
            # After a lost response it is the own event. Otherwise another one has the same name by chance.
            return _Next.STORED if is_uncertain else _Next.RENAME
        if not is_create and error.code == 404:
            return _Next.CREATE
        if error.code == 429 or error.code >= 500 or (error.code == 409 and not is_create):
            return _Next.RETRY
        return _Next.GIVE_UP
    # A ConfigError is about credentials, which may be renewed.
    return _Next.RETRY if isinstance(error, (errors.TransportError, errors.ConfigError)) else _Next.GIVE_UP
