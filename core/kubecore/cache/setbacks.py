"""Reaction of a copy to errors: almost all of them pass, so it tries again and continues from its version. No I/O."""

from __future__ import annotations

from typing import Final

from kubecore import errors
from kubecore.cache.ledger import Ledger
from kubecore.watch.pacing import Pacing
from kubecore.watch.phases import Phase, Phases
from kubecore.watch.position import version_number
from kubecore.watch.recovery import is_transient
from kubecore.watch.state import went_back

__all__ = ["Setbacks"]

_FINAL: Final = frozenset((400, 401, 403, 404, 405, 406, 422))
"""Status codes that a repeated request would get again, unless somebody changes rights or the server."""

_NOT_SUPPORTED: Final = frozenset((400, 422))
"""Status codes with which servers refuse to send the state as events."""

_BEHIND_TRIES: Final = 2
"""How often a server that does not have our version yet is requested to send it, before the state is read."""

_MOST_INCOMPLETE: Final = 2
"""How often a server may break off while it sends the state as events."""


class Setbacks:
    """Decides how the copy continues after an error or the end of a stream.

    Args:
        ledger: Knows the version that the copy has reached.
        phases: The phase of its requests; may change.
        pacing: Counts the failures, and plans the next request.
        lists: Whether the server is known not to send the state as events.

    Attributes:
        failure: The message of the last error; "" if the server responds.
        lists: Whether the state is read from a list.
        fallbacks: How often a list had to replace the state as events.
    """

    def __init__(self, ledger: Ledger, phases: Phases, pacing: Pacing, *, lists: bool) -> None:
        self._ledger = ledger
        self._phases = phases
        self._pacing = pacing
        self._incomplete = 0
        self._failed_at: str | None = None
        self._is_older = False
        self.failure: str = ""
        self.lists: bool = lists
        self.fallbacks: int = 0

    def responded(self) -> None:
        """Reset the failures after a valid response."""
        self._pacing.responded()
        self.failure = ""

    def completed(self) -> None:
        """Reset the count of incomplete states after a complete one."""
        self._incomplete = 0

    def older(self, version: str) -> errors.ExpiredError:
        """Return the error for a state that is older than the copy.

        Args:
            version: The version of the state.
        """
        self._is_older = True
        return errors.ExpiredError(went_back(self._ledger.version, version))

    def ended(self) -> float | None:
        """Continue after the server ended a stream.

        Returns:
            The seconds until the next request; None for at once.
        """
        if self._phases.current == "initial":
            self._count_incomplete()
        return self._pacing.left()

    def after(self, error: errors.KubeError, *, was_open: bool, in_sync: bool) -> float | None:
        """Continue after an error.

        Args:
            error: The exception of a request, a list or a stream.
            was_open: Whether the headers of a stream had arrived.
            in_sync: Whether the copy was complete once. If not, an error that would occur again is raised.

        Returns:
            The seconds until the next request; None for at once.

        Raises:
            KubeError: There is nothing to wait for.
        """
        if self._is_not_supported(error, was_open=was_open):
            self._fall_back()
            return None
        if isinstance(error, errors.ClosedError) or not (in_sync or _may_pass(error, was_open=was_open)):
            raise error
        self.failure = str(error)
        if self._is_older:
            self._is_older = False
            self._pacing.failures = max(0, self._ledger.refused - 1)  # Only these count: they lead to a decision.
            self._phases.current = self._first
            return self._pacing.back_off()
        if isinstance(error, errors.StatusError):
            return self._refused(error, was_open=was_open)
        is_silent = isinstance(error, errors.ReadTimeoutError)
        if self._phases.current == "initial" and (was_open or is_silent):
            self._count_incomplete(_MOST_INCOMPLETE if was_open and is_silent else 1)
        elif was_open and isinstance(error, errors.DecodeError):
            return self._broken(None)
        elif was_open and self._is_silent(error):
            self._phases.on("silent")
        return self._pacing.left() if was_open else self._pacing.back_off()

    def restart(self) -> float | None:
        """Read the whole collection again: at once, unless that was of no use the last time."""
        self._phases.current = self._first
        return self._pacing.expired()

    @property
    def _first(self) -> Phase:
        return "list" if self.lists else "initial"

    def _refused(self, error: errors.StatusError, *, was_open: bool) -> float | None:
        if self._phases.current == "probe" and not is_transient(error):
            self._phases.on("refused")  # A user who may watch is not always allowed to list.
            return None
        if isinstance(error, errors.GoneError) or error.code == 410:
            return self.restart()
        delay = errors.suggests_client_delay(error)
        if _is_ahead(error):
            if not self._pacing.is_behind(_BEHIND_TRIES):
                return self.restart()  # The server may have gone back for good.
            return self._pacing.back_off(delay)
        if was_open:
            if self._phases.current == "initial":
                self._count_incomplete()
            return self._broken(delay)
        return self._pacing.back_off(delay)

    def _broken(self, delay: float | None) -> float | None:
        """Continue after an ERROR event or unreadable data: from the last version, the second time with its state."""
        if self._phases.current == "watch" and self._failed_at == self._ledger.version:
            self._failed_at = None
            return self.restart()
        self._failed_at = self._ledger.version
        return self._pacing.back_off(delay)

    def _is_not_supported(self, error: errors.KubeError, *, was_open: bool) -> bool:
        is_refusal = isinstance(error, errors.StatusError) and error.code in _NOT_SUPPORTED
        return is_refusal and not was_open and self._phases.current == "initial"

    def _count_incomplete(self, count: int = 1) -> None:
        self._incomplete += count
        if self._incomplete >= _MOST_INCOMPLETE:
            self._fall_back()

    def _fall_back(self) -> None:
        self.lists = True
        self.fallbacks += 1
        self._phases.current = "list"

    def _is_silent(self, error: errors.KubeError) -> bool:
        """Return whether nothing was received at all, not even a bookmark: see `watch.recovery`."""
        is_idle = isinstance(error, errors.ReadTimeoutError)
        return is_idle and not self._pacing.has_progress and version_number(self._ledger.version) >= 0


def _may_pass(error: errors.KubeError, *, was_open: bool) -> bool:
    if isinstance(error, errors.StatusError):
        return was_open or error.code not in _FINAL
    return isinstance(error, (errors.TransportError, errors.DecodeError))


def _is_ahead(error: errors.StatusError) -> bool:
    """Return whether the server has not reached the requested version yet."""
    if errors.has_status_cause(error, "ResourceVersionTooLarge"):
        return True
    details = error.status.details
    texts = [error.status.message or "", *(cause.message or "" for cause in (details.causes if details else ()))]
    return error.code == 504 and any("too large resource version" in text.lower() for text in texts)
