"""Reaction of a watch to an error. No I/O."""

from __future__ import annotations

from typing import Any, Final

from kubecore import errors
from kubecore.watch.options import WatchOptions
from kubecore.watch.pacing import Pacing
from kubecore.watch.pages import Pages
from kubecore.watch.phases import Phases
from kubecore.watch.position import Position

__all__ = ["Recovery", "is_transient"]

_FIRST_TRIES: Final = 5
"""How often a server that fails is requested to send its first response."""

_TRANSIENT: Final = (
    errors.InternalError,
    errors.ServerTimeoutError,
    errors.ServiceUnavailableError,
    errors.StoreReadError,
    errors.TimeoutError,
    errors.TooManyRequestsError,
)


class Recovery:
    """Decides which errors the caller gets, and how the watch continues after the others.

    Args:
        options: The options of the watch.
        position: The version that the watch has reached.
        phases: The phase of the watch; may change.
        pacing: Counts the failures, and plans the next request.
        pages: Is restarted if the version of the list has expired.

    Attributes:
        failure: The message of the last error that was not caused by the time limit of the watch.
    """

    def __init__(
        self,
        options: WatchOptions[Any],
        position: Position,
        phases: Phases,
        pacing: Pacing,
        pages: Pages[Any],
    ) -> None:
        self._relists = options.relists
        self._position = position
        self._phases = phases
        self._pacing = pacing
        self._pages = pages
        self.failure: str = ""

    def after(self, error: errors.KubeError, *, was_open: bool, has_response: bool) -> float | None:
        """Plan the next request.

        Args:
            error: The exception of a request, a list or the stream.
            was_open: Whether the connection of a stream was open.
            has_response: Whether there was a valid response before.

        Returns:
            The seconds until the next request; None for at once.

        Raises:
            KubeError: The watch can't continue.
        """
        if isinstance(error, errors.ClosedError) or (self._pacing.is_over and not has_response):
            raise error
        if not self._pacing.is_over:
            self.failure = str(error)
        if isinstance(error, errors.StatusError):
            return self._refused(error, was_open=was_open, has_response=has_response)
        if isinstance(error, (errors.DecodeError, errors.BodyTooLargeError)):
            return self._unreadable(error, was_open=was_open, has_response=has_response)
        if not isinstance(error, errors.TransportError) or not has_response:
            raise error
        if was_open and self._is_silent(error):
            self._phases.on("silent")
        return self._pacing.left() if was_open else self._pacing.back_off()

    def _refused(self, error: errors.StatusError, *, was_open: bool, has_response: bool) -> float | None:
        if self._phases.current == "probe" and not is_transient(error):
            self._phases.on("refused")  # A user who may watch is not always allowed to list.
            return None
        if isinstance(error, errors.GoneError) or error.code == 410:
            return self._expired(error)
        if isinstance(error, errors.StoreReadError) and self._relists and was_open:
            return self._expired(error)  # It replaces the deletion of an object that the server can't read any more.
        if errors.has_status_cause(error, "ResourceVersionTooLarge"):
            if not self._pacing.is_behind():
                raise error
            return self._pacing.back_off(errors.suggests_client_delay(error))
        if is_transient(error):
            if not has_response and error.code != 429 and self._pacing.failures + 1 >= _first_tries(error):
                raise error
            return self._pacing.back_off(errors.suggests_client_delay(error))
        if not error.code and not error.reason:
            return self._unreadable(error, was_open=was_open, has_response=has_response)
        raise error

    def _expired(self, error: errors.StatusError) -> float | None:
        if not self._relists:
            raise error if isinstance(error, errors.ExpiredError) else errors.ExpiredError(error.status)
        self._phases.on("expired")
        self._pages.restart()
        return self._pacing.expired()

    def _unreadable(self, error: errors.KubeError, *, was_open: bool, has_response: bool) -> float | None:
        """Try once more after an unreadable response; raise if it comes again."""
        if not has_response or self._pacing.is_doubtful:
            raise error
        self._pacing.is_doubtful = True
        return self._pacing.left() if was_open else self._pacing.back_off()

    def _is_silent(self, error: errors.TransportError) -> bool:
        """Return whether nothing was received at all, not even a bookmark.

        A server that was restored from an older backup sends nothing until it has reached our version again.
        """
        is_idle = isinstance(error, errors.ReadTimeoutError)
        return is_idle and not self._pacing.has_progress and self._position.number >= 0


def _first_tries(error: errors.StatusError) -> int:
    # A 500 without a reason may be permanent: the API server sends it for a version that it can't parse.
    return 1 if error.code == 500 and not error.reason else _FIRST_TRIES


def is_transient(error: errors.StatusError) -> bool:
    """Return whether a failure is the server's, and may pass.

    Args:
        error: The failure.
    """
    return isinstance(error, _TRANSIENT) or error.code == 429 or error.code >= 500
