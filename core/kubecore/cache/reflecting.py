"""The requests that keep a copy of a collection equal to the server's, and the effect of each response. No I/O.

The first state is read as events (WatchList), or from a list if the server can't send it as events. Then a watch
reports the changes. The whole collection is read again only if the server no longer has the version of the copy.
Source: `k8s.io/client-go/tools/cache` (`reflector.go`).
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from kubecore import errors
from kubecore.cache.ledger import Ledger
from kubecore.cache.page_tokens import PageTokens
from kubecore.cache.relist import Outcome
from kubecore.cache.setbacks import Setbacks
from kubecore.calls.collection_text import TextList
from kubecore.options import Query
from kubecore.watch.decoder import BOOKMARK, check_media_type, ends_initial_events, meta_in
from kubecore.watch.options import WatchOptions
from kubecore.watch.pacing import Pacing
from kubecore.watch.phases import Phases
from kubecore.watch.position import version_number
from kubecore.watch.raw_events import TOO_DEEP, RawDecoder, RawEvent
from kubecore.watch.state import Step

__all__ = ["Reflection"]

SILENCE: Final = 10.0
"""How long a server may pause while it sends the state as events, in seconds; then the state is read from a list."""

_BATCH: Final = 128
"""How many objects are applied before other tasks run."""

_LOG: Final = logging.getLogger("kubecore")


class Reflection:
    """The state of a copy: the phase of its requests, the version it has reached, and when it sends its next request.

    Call `pause`, then `step`, then pass the response to `listed`, or to `opened`, `feed` and `end`. Pass every error to
    `failed`.

    Args:
        options: The calls and their selectors.
        ledger: The copy.
        lists: Whether the server is known not to send the state as events, so that a list is read.
        clock: The monotonic clock, in seconds.
        chance: Returns a random number between two.

    Attributes:
        in_sync: Whether the copy was complete once.
        relists: How often the whole collection was read after the first time.
        heard_at: When the server last sent anything, on the clock; None if it never did.

    Raises:
        InvalidRequestError: An option is invalid.
    """

    def __init__(
        self,
        options: WatchOptions[Any],
        ledger: Ledger,
        *,
        lists: bool = False,
        clock: Callable[[], float] = time.monotonic,
        chance: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._options = options
        self._ledger = ledger
        self._clock = clock
        self._phases = Phases("list" if lists else "initial")
        self._pacing = Pacing(None, clock, chance)
        self._setbacks = Setbacks(ledger, self._phases, self._pacing, lists=lists)
        self._pages = PageTokens()
        self._decoder: RawDecoder | None = None
        self._path = options.list(self._query(None)).path
        self.in_sync: bool = False
        self.relists: int = 0
        self.heard_at: float | None = None

    @property
    def version(self) -> str:
        """The version that the copy has reached, "" before it knows one."""
        return self._ledger.version

    @property
    def failure(self) -> str:
        """The message of the last error, "" since the server responded again."""
        return self._setbacks.failure

    @property
    def lists(self) -> bool:
        """Whether the state is read from a list."""
        return self._setbacks.lists

    @property
    def fallbacks(self) -> int:
        """How often a list had to replace the state as events."""
        return self._setbacks.fallbacks

    def pause(self) -> float:
        """Return the seconds to wait before `step`."""
        return self._pacing.pause()

    def step(self) -> Step:
        """Return the next request."""
        if self._phases.is_streaming:
            return Step(self._options.watch(self._query(self._pacing.server_seconds())), True, None)
        return Step(self._options.list(self._query(None)), False, None)

    def idle_limit(self) -> float | None:
        """Return how long the server may pause within a stream, in seconds; None for `Timeouts.idle`."""
        return SILENCE if self._phases.current == "initial" else None

    def _query(self, seconds: int | None) -> Query:
        phase = self._phases.current
        version = self.version if phase == "watch" else ""  # The state is always read in the newest version.
        query = self._options.query(phase, version=version, seconds=seconds, token=self._pages.token, is_first=False)
        if phase == "list" and self._pages.is_whole:
            return tuple(pair for pair in query if pair[0] != "limit")
        return query

    def listed(self, page: TextList) -> Iterator[None]:
        """Use a page of a list.

        Args:
            page: The page.

        Yields:
            None after each batch of objects, so that other tasks can run.

        Raises:
            DecodeError: It has no version to continue from, or the list would never end.
            ExpiredError: The server's state is older than the copy.
        """
        self.heard_at = self._clock()
        version = page.metadata.resource_version or ""
        if self._phases.current == "probe":
            self._setbacks.responded()
            self._phases.on("listed")
            if version_number(version) < version_number(self.version):
                raise self._setbacks.older(version)
            return
        if not version:
            raise errors.DecodeError(f"{self._path}: the list has no resourceVersion, from which a watch could resume")
        self._setbacks.responded()
        if not self._pages.is_open:
            self._ledger.begin_list()
        for start in range(0, len(page.items), _BATCH):
            self._ledger.add(page.items[start : start + _BATCH])
            yield
        if self._pages.took(f"GET {self._path}", page.metadata.continue_, is_empty=not page.items):
            self._finish(version)

    def opened(self, headers: Mapping[str, str]) -> None:
        """Use the headers of a response that is a stream of events.

        Args:
            headers: The headers, their names in lower case.

        Raises:
            DecodeError: It is of another media type.
        """
        self.heard_at = self._clock()
        check_media_type(self._path, headers)
        self._setbacks.failure = ""
        self._pacing.opened()
        self._decoder = RawDecoder(f"GET {self._path}")
        if self._phases.current == "initial":
            self._ledger.begin_list()

    def feed(self, data: bytes) -> Iterator[None]:
        """Use the next chunk of the stream.

        Args:
            data: The bytes.

        Yields:
            None after each batch of objects, so that other tasks can run.

        Raises:
            StatusError: The stream holds an ERROR event.
            DecodeError: The stream holds something other than events.
            ExpiredError: The server's state is older than the copy.
        """
        assert self._decoder is not None  # noqa: S101 - `opened` came before
        self.heard_at = self._clock()
        return self._take(self._decoder.feed(data))

    def end(self) -> None:
        """Use the end of the stream.

        Raises:
            StatusError: It ends with an ERROR event.
        """
        assert self._decoder is not None  # noqa: S101 - `opened` came before
        for _ in self._take(self._decoder.end()):
            pass
        self._resume(self._setbacks.ended(), "the server ended the stream")

    def failed(self, error: errors.KubeError) -> None:
        """Continue after an error with `pause`, or raise it.

        Args:
            error: The exception of a request, a list or the stream.

        Raises:
            KubeError: The copy was never complete, and there is nothing to wait for; or the client is closed.
        """
        self._pages.failed(error)
        was_open = self._decoder is not None
        self._resume(self._setbacks.after(error, was_open=was_open, in_sync=self.in_sync), error)

    def _take(self, events: Iterator[RawEvent]) -> Iterator[None]:
        phases = self._phases
        for number, event in enumerate(events, start=1):
            if phases.current == "initial":
                self._take_initial(event)
            else:
                self._take_change(event)
            if number % _BATCH == 0:
                yield

    def _take_change(self, event: RawEvent) -> None:
        ledger, pacing = self._ledger, self._pacing
        before = ledger.version
        if event.type == BOOKMARK:
            ledger.bookmark(meta_in(event.text).resource_version)
        else:
            self._apply(ledger.apply_event, event)
        if ledger.version != before and (not pacing.has_progress or pacing.failures):
            pacing.progressed()

    def _apply(self, apply: Callable[[str, bytes], bool], event: RawEvent) -> None:
        if not apply(event.type, event.text) and self._decoder is not None and event.type != TOO_DEEP:
            exact = self._decoder.exact(event)
            if exact.type == event.type and exact.text != event.text:
                apply(exact.type, exact.text)

    def _take_initial(self, event: RawEvent) -> None:
        self._pacing.has_progress = True
        if event.type != BOOKMARK:
            self._apply(self._ledger.apply_initial_event, event)
            return
        meta = meta_in(event.text)
        if ends_initial_events(meta) and meta.resource_version:
            self._finish(meta.resource_version)

    def _finish(self, version: str) -> None:
        """End the list of the whole collection."""
        outcome = self._ledger.end_list(version)
        self._setbacks.completed()
        if outcome is Outcome.REFUSED:
            raise self._setbacks.older(version)
        if outcome is Outcome.WENT_BACK:
            _LOG.warning("%s: the server has gone back to version %s, and so has the cache", self._path, version)
        self._phases.on("listed" if self._phases.current == "list" else "synced")
        if self.in_sync:
            self.relists += 1
        self.in_sync = True

    def _resume(self, seconds: float | None, why: object) -> None:
        self._decoder = None
        if seconds is None:
            _LOG.debug("the cache of %s resumes from version %s: %s", self._path, self.version, why)
            return
        level = logging.WARNING if self._pacing.is_failing else logging.INFO
        _LOG.log(level, "the cache of %s resumes from version %s in %.1f s: %s", self._path, self.version, seconds, why)
