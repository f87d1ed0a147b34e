# Derived from kubecore/cache/async_reader.py by tools/async_to_sync.py. Edit that file and run `make sync`.
"""The loop that sends the requests of a reflection, reads their responses and sleeps in between."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import closing
from typing import TYPE_CHECKING, Final

from kubecore._support import pauses
from kubecore.errors import KubeError

if TYPE_CHECKING:
    from msgspec import Raw

    from kubecore.cache.background import Background
    from kubecore.cache.reflecting import Reflection
    from kubecore.calls.call import Call
    from kubecore.calls.collection_text import TextList
    from kubecore.rest import Client

__all__ = ["Reader"]

_LOG: Final = logging.getLogger("kubecore")


class Reader:
    """Keeps a copy equal to the server's collection, until the work in the background is stopped.

    Args:
        client: Sends the calls.
        reflection: Decides the next request, and uses the responses.
        background: Runs `run`.
        changed: Is called when the copy may have changed, and when the loop has ended.

    Attributes:
        ends_at: When requests end before the copy is complete, on the monotonic clock; None for no limit. Nothing else
            ends a request of a thread that has no response yet.
        error: The reason why the loop has ended; None while it runs.
    """

    def __init__(
        self, client: Client, reflection: Reflection, background: Background, changed: Callable[[], None]
    ) -> None:
        self._client = client
        self._reflection = reflection
        self._background = background
        self._changed = changed
        self.ends_at: float | None = None
        self.error: Exception | None = None

    def run(self) -> None:
        """Run the loop; it raises nothing but a cancellation."""
        try:
            while True:
                self._background.sleep(self._reflection.pause())
                self._turn()
        except Exception as error:
            if self._background.is_stopping:
                return
            if not isinstance(error, KubeError):
                _LOG.exception("the cache is not updated any more; this is a bug of kubecore")
            self.error = error
        self._changed()

    def _turn(self) -> None:
        """Send one request, and use its response."""
        try:
            step = self._reflection.step()
            if step.follows:
                self._follow(step.call)
            else:
                self._list(step.call)
        except KubeError as error:
            if self._background.is_stopping:
                raise
            # Variables of its frames hold objects, which may be Secrets.
            self._reflection.failed(error.with_traceback(None))

    def _list(self, call: Call[TextList]) -> None:
        page = self._client.send(call, timeout=self._timeout(), sleep=self._background.sleep)
        for _ in self._reflection.listed(page):
            pauses.turn()
        self._changed()

    def _follow(self, call: Call[Raw]) -> None:
        reflection = self._reflection
        stream_of = self._client.stream(
            call, timeout=self._timeout(), idle_timeout=reflection.idle_limit, sleep=self._background.sleep
        )
        with stream_of as stream, self._background.reading(stream):
            reflection.opened(stream.headers)
            with closing(stream.chunks()) as chunks:
                for data in chunks:
                    for _ in reflection.feed(data):
                        pauses.turn()
                    self._changed()
        reflection.end()
        self._changed()

    def _timeout(self) -> float | None:
        """Return the time limit of the next request, in seconds; None for the configured one."""
        if self.ends_at is None or self._reflection.in_sync:
            return None
        return max(self.ends_at - time.monotonic(), 0.001)
