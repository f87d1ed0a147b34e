"""The next request of a watch, and the effect of each response. No I/O: `watcher` sends, reads and sleeps.

A watch always knows the version that it has reached. Therefore it can continue from there after every connection.
Source: `k8s.io/client-go/tools/cache` (`reflector.go`) and `tools/watch` (`retrywatcher.go`).
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, Generic, NamedTuple, TypeVar

from kubecore import errors
from kubecore.calls.call import Call
from kubecore.model.meta import Status
from kubecore.options import Query
from kubecore.watch.decoder import Decoder, Event, check_media_type
from kubecore.watch.options import WatchOptions
from kubecore.watch.pacing import Pacing
from kubecore.watch.pages import Pages, parts
from kubecore.watch.phases import Phase, Phases
from kubecore.watch.position import Position
from kubecore.watch.recovery import Recovery
from kubecore.watch.reporter import Reporter

__all__ = ["Step", "WatchState", "went_back"]

T = TypeVar("T")

_LOG: Final = logging.getLogger("kubecore")


class Step(NamedTuple):
    """A request.

    Attributes:
        call: The call.
        follows: Whether the response is a stream of events, else it is a list.
        ends_at: When the whole must be over, on the monotonic clock; None for no limit.
    """

    call: Call[Any]
    follows: bool
    ends_at: float | None


class WatchState(Generic[T]):
    """The state of a watch: its phase (see `Phases`), its position, and when it sends its next request (see `Pacing`).

    Call `pause`, then `step`, then pass the response to `listed`, or to `opened`, `feed` and `end`. Pass every error to
    `failed`, and call `interrupted` if the connection was left for another reason.

    Args:
        options: The options of the watch.
        clock: The monotonic clock.
        chance: Returns a random number between two.

    Attributes:
        answered: Whether there was a valid response.

    Raises:
        InvalidRequestError: An option is invalid.
    """

    def __init__(
        self,
        options: WatchOptions[T],
        *,
        clock: Callable[[], float] = time.monotonic,
        chance: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._options = options
        self._position = Position(options.start)
        self._phases = Phases(options.first_phase)
        self._pacing = Pacing(options.timeout_seconds, clock, chance, options.ends_at)
        self._reporter: Reporter[T] = Reporter(options, self._position, self._phases, self._pacing)
        self._pages: Pages[T] = Pages()
        self._recovery = Recovery(options, self._position, self._phases, self._pacing, self._pages)
        self._decoder: Decoder[T] | None = None
        self._last: errors.KubeError | None = None
        self.answered: bool = False
        self._kind: type[T] = _kind(options.watch(self._query("watch", options.timeout_seconds)))
        self._path = options.list(self._query("list", None)).path

    @property
    def version(self) -> str:
        """The version that the watch has reached, "" before it knows one."""
        return self._position.version

    @property
    def items(self) -> list[T]:
        """The items of the first list, if the watch lists again."""
        return self._reporter.items

    @property
    def failure(self) -> str:
        """The message of the last error, "" since the server responded again."""
        return self._recovery.failure

    def pause(self) -> float:
        """Return the seconds to wait before `step`."""
        return self._pacing.pause()

    def step(self) -> Step | None:
        """Return the next request, None if the time is over; the first one is sent in any case.

        Raises:
            KubeError: The time is over, and there was no valid response.
        """
        if self._pacing.is_over:
            if self._last is not None:
                raise self._last
            if self.answered:
                return None
        phase = self._phases.current
        if self._phases.is_streaming:
            call = self._options.watch(self._query(phase, self._pacing.server_seconds()))
        else:
            call = self._options.list(self._query(phase, None))
        ends_at = self._pacing.ends_at if self._options.ends_at is None else self._options.ends_at
        return Step(call, self._phases.is_streaming, ends_at)

    def _query(self, phase: Phase, seconds: int | None) -> Query:
        return self._options.query(
            phase, version=self.version, seconds=seconds, token=self._pages.token, is_first=not self.answered
        )

    def listed(self, response: Any) -> Iterator[Event[T]]:
        """Use a list.

        Args:
            response: The list.

        Returns:
            The events to report.

        Raises:
            DecodeError: It has no version to continue from.
            ExpiredError: The server's versions are older than ours.
        """
        self._pacing.responded()
        meta, items = parts(response)
        version = meta.resource_version or ""
        is_back = self._position.is_after(version)
        if self._phases.current == "probe":
            self._phases.on("listed")
            if is_back:
                raise errors.ExpiredError(went_back(self.version, version))
            return iter(())
        if not version:
            raise errors.DecodeError(f"{self._path}: the list has no resourceVersion, from which a watch could resume")
        events: list[Event[T]] = []
        if self._phases.current == "list":
            whole = self._pages.add(f"GET {self._path}", meta, items)
            if whole is None:
                return iter(())
            events = self._reporter.differences(whole, is_first=not self.answered, is_back=is_back)
        self._position.move(version)
        self._phases.on("listed")
        self._responded()
        return iter(events)

    def opened(self, headers: Mapping[str, str]) -> None:
        """Use the headers of a response that is a stream of events.

        Args:
            headers: The headers, their names in lower case.

        Raises:
            DecodeError: It is of another media type.
        """
        check_media_type(self._path, headers)
        self._responded()
        self._pacing.opened()
        self._reporter.opened()
        self._decoder = Decoder(self._kind, bookmarks=self._reporter.needs_bookmarks, place=f"GET {self._path}")

    def feed(self, data: bytes) -> Iterator[Event[T]]:
        """Use the next chunk of the stream.

        Args:
            data: The bytes.

        Returns:
            The events to report; it raises StatusError for an ERROR event, and DecodeError for anything else.
        """
        assert self._decoder is not None  # noqa: S101 - `opened` came before
        return self._reporter.changes(self._decoder.feed(data))

    def end(self) -> Iterator[Event[T]]:
        """Use the end of the stream: see `feed`."""
        assert self._decoder is not None  # noqa: S101 - `opened` came before
        yield from self._reporter.changes(self._decoder.end())
        self._resume(self._pacing.left(), "the server ended it")

    def interrupted(self) -> None:
        """Continue after the connection was left, because of an exception of the program or a cancellation."""
        if self._decoder is not None:
            self._resume(self._pacing.left(), "interrupted")

    def failed(self, error: errors.KubeError) -> None:
        """Continue after an error with `pause`, or raise it.

        Args:
            error: The exception of a request, a list or the stream.

        Raises:
            KubeError: The watch can't continue.
        """
        self._last = None if self.answered else error  # Its traceback holds on to the whole connection.
        was_open = self._decoder is not None
        seconds = self._recovery.after(error, was_open=was_open, has_response=self.answered)
        self._resume(seconds, error)

    def _responded(self) -> None:
        self.answered, self._last, self._recovery.failure = True, None, ""

    def _resume(self, seconds: float | None, why: object) -> None:
        self._decoder = None
        if seconds is None:
            _LOG.debug("the watch of %s resumes from version %s: %s", self._path, self.version, why)
            return
        level = logging.WARNING if self._pacing.is_failing else logging.INFO
        _LOG.log(level, "the watch of %s resumes from version %s in %.1f s: %s", self._path, self.version, seconds, why)


def _kind(call: Call[T]) -> type[T]:
    assert isinstance(call.response, type)  # noqa: S101 - Resource.watch made the call
    return call.response


def went_back(ours: str, theirs: str) -> Status:
    """Return the status for a server whose version is older than the one that was reached.

    Args:
        ours: The version that was reached.
        theirs: The version of the server.
    """
    return Status(
        status="Failure",
        code=410,
        reason="Expired",
        message=f"the server is at version {theirs} but the watch was at {ours}: it was restored from a "
        "backup; list again",
    )
