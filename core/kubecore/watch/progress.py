"""What a watch asks for next, and what each answer means for it. No I/O: `watcher` sends, reads and sleeps.

A watch always knows the version that it has come to. So whatever ends a connection, the next one goes on from there.
Source: `k8s.io/client-go/tools/cache` (`reflector.go`) and `tools/watch` (`retrywatcher.go`).
"""

from __future__ import annotations

import logging
import math
import random
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, Generic, NamedTuple, TypeVar

from kubecore import errors
from kubecore._support.json_types import is_json_object
from kubecore.calls.call import Call
from kubecore.calls.continue_tokens import Trail
from kubecore.codec import decode
from kubecore.model.meta import ListMeta, Status
from kubecore.options import Query
from kubecore.watch.decoder import ADDED, BOOKMARK, DELETED, Decoder, Event, Meta, check_media_type, meta_of
from kubecore.watch.options import Phase, WatchOptions
from kubecore.watch.snapshot import Snapshot, version_number

__all__ = ["Progress", "Step"]

T = TypeVar("T")

_LOG: Final = logging.getLogger("kubecore")

_SHORTEST: Final = 1.0
"""A connection that ends sooner, and brought nothing, counts as a failure."""

_MOST_SHORT: Final = 20
"""So many connections may end sooner, one after the other, if each brought something; then there are pauses."""

_BACKOFF: Final = 0.8
_LONGEST_BACKOFF: Final = 30.0
_LONGEST_ASKED: Final = 600.0
"""The longest that a server's Retry-After is obeyed, in seconds."""

_QUIET: Final = 30.0
"""After a connection of so many seconds failures begin to count anew."""

_FEW: Final = 2
"""More failures than these, one after the other, are worth a warning."""

_SERVER_SECONDS: Final = (300, 600)
"""How long each connection of a watch without end is asked for, as client-go does: load moves to new servers."""

_FIRST_TRIES: Final = 5
"""How often a server that fails is asked for the first answer."""

_BEHIND_TRIES: Final = 5
"""How often a server that does not have our version yet is asked for it."""

_GRACE: Final = 0.25
"""What a server that ends the watch itself may be late, in seconds."""

_LEAST: Final = 0.05
_END: Final = "k8s.io/initial-events-end"


class Step(NamedTuple):
    """A request.

    Attributes:
        call: what is asked.
        follows: whether the answer is a stream of events, else it is a list.
        until: when the whole must be over, on the monotonic clock; None for no end.
    """

    call: Call[Any]
    follows: bool
    until: float | None


class Progress(Generic[T]):
    """How far a watch has come.

    To be driven so: `pause`, then `step`, then its answer to `listed`, or to `opened`, `feed` and `end`. Whatever
    goes wrong goes to `failed`, and what ends it from outside to `interrupted`.

    Args:
        asked: what is followed.
        clock: the monotonic clock.
        chance: a random number between two.

    Attributes:
        answered: whether any request was answered as it should be.
        version: the version that the watch has come to, "" before it knows one.
        items: what the first list held.

    Raises:
        InvalidRequestError: this can't be asked for.
    """

    def __init__(
        self,
        asked: WatchOptions[T],
        *,
        clock: Callable[[], float] = time.monotonic,
        chance: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._asked = asked
        self._clock = clock
        self._chance = chance
        self._decoder: Decoder[T] | None = None
        self._pages: list[T] = []
        self._trail = Trail()
        self._continue: str | None = None
        self._end: float | None = None
        self._next_at = 0.0
        self._opened_at = 0.0
        self._failures = 0
        self._behind = 0
        self._expirations = 0
        self._short = 0
        self._brought = False
        self._is_doubtful = False
        self._last: errors.KubeError | None = None
        self.answered: bool = False
        self.items: list[T] = []
        self.version: str = asked.start
        self._number = version_number(self.version)
        self._phase: Phase = asked.first_phase
        self._known: Snapshot[T] | None = Snapshot() if asked.relists or self._phase == "initial" else None
        self._kind: type[T] = _kind(asked.watch(self._query("watch", asked.timeout_seconds)))
        self._place = asked.list(self._query("list", None)).path

    # What is asked.

    def pause(self) -> float:
        """Return the seconds to wait before `step`."""
        now = self._clock()
        if self._end is None and self._asked.timeout_seconds:
            self._end = now + self._asked.timeout_seconds
        until = self._next_at if self._end is None else min(self._next_at, self._end)
        return max(0.0, until - now)

    def step(self) -> Step | None:
        """Return the next request, None where the time is up.

        Raises:
            KubeError: the time is up, and nothing was ever answered.
        """
        left = None if self._end is None else self._end - self._clock()
        if left is not None and left <= _LEAST:
            if not self.answered and self._last is not None:
                raise self._last
            return None
        until = None if self._end is None else self._end + _GRACE
        if self._phase in ("watch", "initial"):
            seconds = math.ceil(left) if left is not None else round(self._chance(*_SERVER_SECONDS))
            return Step(self._asked.watch(self._query(self._phase, seconds)), True, until)
        return Step(self._asked.list(self._query(self._phase, None)), False, until)

    def _query(self, phase: Phase, seconds: int | None) -> Query:
        return self._asked.query(
            phase, version=self.version, seconds=seconds, token=self._continue, is_first=not self.answered
        )

    # What comes.

    def listed(self, answer: Any) -> Iterator[Event[T]]:
        """Take a list.

        Args:
            answer: the list.

        Returns:
            What it tells.

        Raises:
            DecodeError: it has no version to go on from.
            ExpiredError: the server's versions are older than ours.
        """
        self._failures = self._expirations  # The server is there.
        meta, found = _parts(answer)
        version = meta.resource_version or ""
        number = version_number(version)
        is_back = 0 <= number < self._number
        if self._phase == "probe":
            self._phase = "watch"
            if is_back:
                raise errors.ExpiredError(_gone_back(self.version, version))
            return iter(())
        if not version:
            raise errors.DecodeError(f"{self._place}: the list has no resourceVersion, from which a watch could go on")
        told: list[Event[T]] = []
        if self._phase == "list":
            self._pages.extend(found)
            self._continue = meta.continue_ or None
            if self._continue is not None:
                self._follow(self._continue, is_empty=not found)
                return iter(())
            items = self._pages
            self._begin_list()
            told = self._differences(items, is_first=not self.answered, is_back=is_back)
        self.version, self._number = version, number
        self._phase = "watch"
        self.answered = True
        return iter(told)

    def _begin_list(self) -> None:
        self._pages, self._continue = [], None
        self._trail = Trail()

    def _follow(self, token: str, *, is_empty: bool) -> None:
        try:
            self._trail.follow(f"GET {self._place}", token, is_empty=is_empty)
        except errors.DecodeError:
            self._begin_list()
            raise

    def _differences(self, items: list[T], *, is_first: bool, is_back: bool) -> list[Event[T]]:
        if self._known is None:
            return [Event(ADDED, item) for item in items]
        metas = [meta_of(item) for item in items]
        told = list(self._known.prune(metas))
        for meta, item in zip(metas, items, strict=True):
            told.extend(self._known.compare(meta, item, is_back=is_back))
        if is_first:
            self.items = items
            return []
        return told

    def opened(self, headers: Mapping[str, str]) -> None:
        """Take the head of an answer that is a stream of events.

        Args:
            headers: its headers, their names in lower case.

        Raises:
            DecodeError: it is of another media type.
        """
        check_media_type(self._place, headers)
        self.answered = True
        self._opened_at = self._clock()
        self._brought = False
        wanted = bool(self._asked.allow_watch_bookmarks) or self._phase == "initial"
        self._decoder = Decoder(self._kind, bookmarks=wanted, place=f"GET {self._place}")
        if self._phase == "initial" and self._known is not None:
            self._known.begin()

    def feed(self, data: bytes) -> Iterator[Event[T]]:
        """Take the next piece of the stream.

        Args:
            data: the bytes.

        Yields:
            What is to be told.

        Raises:
            StatusError: it holds an ERROR event.
            DecodeError: it holds something else than events.
        """
        assert self._decoder is not None  # noqa: S101 - `opened` came before
        return self._told(self._decoder.feed(data))

    def end(self) -> Iterator[Event[T]]:
        """Say that the stream has ended in good order: see `feed`."""
        assert self._decoder is not None  # noqa: S101 - `opened` came before
        yield from self._told(self._decoder.end())
        self._left("the server ended it")

    def _told(self, found: Iterator[tuple[Event[T] | None, Meta]]) -> Iterator[Event[T]]:
        for event, meta in found:
            if self._phase == "initial":
                yield from self._initial(event, meta)
                continue
            version = meta.resource_version
            number = version_number(version)
            if 0 <= number <= self._number:
                continue  # Told already; a bookmark may repeat the version.
            if version:
                self.version, self._number = version, number
            if not self._brought or self._failures:
                self._progressed()
            if event is None:
                continue
            if event.type == BOOKMARK:
                if self._asked.allow_watch_bookmarks:
                    yield event
                continue
            if self._known is not None:
                self._known.record(event.type, meta, event.object)
            yield event

    def _initial(self, event: Event[T] | None, meta: Meta) -> Iterator[Event[T]]:
        """Tell the state that the server sends as events, until the bookmark that ends it."""
        known = self._known
        assert known is not None  # noqa: S101 - made for this phase
        if event is None:
            return
        if event.type == DELETED:
            if known.remove(meta):
                self._progressed()
                yield event
        elif event.type != BOOKMARK:
            for told in known.compare(meta, event.object):
                self._progressed()
                yield told
        elif meta.annotations.get(_END) == "true":
            yield from known.finish()
            self.version, self._number = meta.resource_version, version_number(meta.resource_version)
            self._phase = "watch"
            self._known = known if self._asked.relists else None
            self._progressed()
            yield event
        elif self._asked.allow_watch_bookmarks:
            yield event

    # What goes wrong.

    def interrupted(self) -> None:
        """Take note that the connection was left half-way, by an exception of the program or a cancellation."""
        if self._decoder is not None:
            self._left("interrupted")

    def failed(self, error: errors.KubeError) -> None:
        """Take note of what went wrong; where this returns, the watch goes on with `pause`.

        Args:
            error: what a request, a list or the stream raised.

        Raises:
            KubeError: what the user is to be told.
        """
        was_open = self._decoder is not None
        self._last = None if self.answered else error  # Its traceback holds on to the whole connection.
        if isinstance(error, errors.ClosedError):
            raise error
        if isinstance(error, errors.StatusError):
            self._refused(error)
        elif isinstance(error, (errors.DecodeError, errors.BodyTooLargeError)):
            self._doubt(error)
        elif isinstance(error, errors.TransportError):
            if not self.answered:
                raise error
            if was_open and self._is_mute(error):
                self._phase = "probe"
            if was_open:
                self._left(error)
            else:
                self._back_off(error)
        else:
            raise error

    def _refused(self, error: errors.StatusError) -> None:
        if self._phase == "probe" and not _passes(error):
            self._phase = "watch"  # Who may watch may perhaps not list.
        elif isinstance(error, errors.GoneError) or error.code == 410:
            self._expired(error)
        elif isinstance(error, errors.StoreReadError) and self._asked.relists and self._decoder is not None:
            self._expired(error)  # It stands for the deletion of an object that the server can't read any more.
        elif errors.has_status_cause(error, "ResourceVersionTooLarge"):
            self._behind += 1
            if self._behind >= _BEHIND_TRIES:
                raise error
            self._back_off(error, errors.suggests_client_delay(error))
        elif _passes(error):
            # A 500 without a reason may be for good: so the API server answers what it can't read as a version.
            is_unexplained = error.code == 500 and not error.reason
            tries = 1 if is_unexplained else _FIRST_TRIES
            if not self.answered and error.code != 429 and self._failures + 1 >= tries:
                raise error
            self._back_off(error, errors.suggests_client_delay(error))
        elif not error.code and not error.reason:
            self._doubt(error)
        else:
            raise error

    def _expired(self, error: errors.StatusError) -> None:
        if not self._asked.relists:
            raise error if isinstance(error, errors.ExpiredError) else errors.ExpiredError(error.status)
        self._phase = "list"
        self._begin_list()
        self._failures = self._expirations  # The server is there: what failed before does not count.
        self._expirations += 1
        if self._failures:
            self._back_off(error)
        else:
            self._at_once(error)

    def _doubt(self, error: errors.KubeError) -> None:
        """Take note of what nobody understands: it is asked for once more, and told where it comes again."""
        if not self.answered or self._is_doubtful:
            raise error
        self._is_doubtful = True
        if self._decoder is None:
            self._back_off(error)
        else:
            self._left(error)

    def _is_mute(self, error: errors.TransportError) -> bool:
        """Say whether nothing came at all, not even a bookmark.

        A server that was restored from an older backup sends nothing until it has come to our version again.
        """
        is_idle = isinstance(error, errors.ReadTimeoutError)
        return is_idle and not self._brought and self._phase == "watch" and self._number >= 0

    def _progressed(self) -> None:
        self._brought = True
        self._failures = self._behind = self._expirations = 0
        self._is_doubtful = False
        self._last = None

    def _left(self, why: object) -> None:
        """Go on after a connection that was open: at once, but where it was of no use."""
        lived = self._clock() - self._opened_at
        self._short = self._short + 1 if lived < _SHORTEST else 0
        if lived < _SHORTEST and (not self._brought or self._short > _MOST_SHORT):
            self._back_off(why)
            return
        if lived > _QUIET:
            self._failures = 0
        self._at_once(why)

    def _at_once(self, why: object) -> None:
        self._decoder = None
        self._next_at = self._clock()
        _LOG.debug("the watch of %s goes on from version %s: %s", self._place, self.version, why)

    def _back_off(self, why: object, asked: float | None = None) -> None:
        self._decoder = None
        seconds = min(_BACKOFF * 2.0 ** min(self._failures, 10), _LONGEST_BACKOFF)
        seconds = max(seconds, min(asked or 0.0, _LONGEST_ASKED))
        seconds = self._chance(seconds, 1.5 * seconds)
        self._failures += 1
        self._next_at = self._clock() + seconds
        level = logging.WARNING if self._failures > _FEW else logging.INFO
        text = "the watch of %s goes on from version %s in %.1f s: %s"
        _LOG.log(level, text, self._place, self.version, seconds, why)


def _parts(answer: Any) -> tuple[ListMeta, list[Any]]:
    """Take a list apart, whether it is a model or a mapping."""
    if is_json_object(answer):
        return decode.convert(answer.get("metadata") or {}, ListMeta), list(answer.get("items") or ())
    return answer.metadata, answer.items


def _kind(call: Call[T]) -> type[T]:
    assert isinstance(call.response, type)  # noqa: S101 - Resource.watch made the call
    return call.response


def _passes(error: errors.StatusError) -> bool:
    """Say whether a failure is the server's, and may pass."""
    kinds = (
        errors.InternalError,
        errors.ServerTimeoutError,
        errors.ServiceUnavailableError,
        errors.StoreReadError,
        errors.TimeoutError,
        errors.TooManyRequestsError,
    )
    return isinstance(error, kinds) or error.code == 429 or error.code >= 500


def _gone_back(ours: str, theirs: str) -> Status:
    return Status(
        status="Failure",
        code=410,
        reason="Expired",
        message=f"the server has come to version {theirs} only, where the watch was at {ours}: it was restored from a "
        "backup; list again",
    )
