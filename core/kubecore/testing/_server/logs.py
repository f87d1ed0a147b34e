"""The logs of containers, which a test sets: no container runs."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Final

import msgspec

from kubecore.testing._server.store import Change

__all__ = ["Line", "LogStream", "Logs", "has_ended"]

Line = tuple[datetime, bytes]
"""A line with its end, and the time at which the test set it."""

_PODS: Final = ("", "pods")
_ENDED: Final = ("Succeeded", "Failed")


class _Status(msgspec.Struct):
    phase: str = ""


class _Pod(msgspec.Struct):
    status: _Status = msgspec.field(default_factory=_Status)


_DECODER: Final = msgspec.json.Decoder(_Pod)


def has_ended(content: bytes) -> bool:
    """Return whether a pod writes no more logs.

    Args:
        content: The JSON of the pod.
    """
    return _DECODER.decode(content).status.phase in _ENDED


class LogStream:
    """The body of a log that is followed; all methods may be called from any thread.

    Args:
        shape: Writes lines as the reader gets them.
        most: The number of bytes after which the body ends, None for no limit.
    """

    def __init__(self, shape: Callable[[Iterable[Line]], bytes], most: int | None = None) -> None:
        self._shape = shape
        self._left = most
        self._guard = threading.Lock()
        self._chunks: deque[bytes] = deque()
        self._callback: Callable[[], None] | None = None
        self._is_ending = False
        self.is_closed: bool = False

    def add(self, lines: Iterable[Line]) -> None:
        """Send lines to the reader."""
        content = self._shape(lines)
        with self._guard:
            if self._left is not None:
                content, self._left = content[: self._left], self._left - len(content[: self._left])
                self._is_ending = self._is_ending or self._left == 0
            if content and not self.is_closed:
                self._chunks.append(content)
        self._wake()

    def end(self) -> None:
        """End the body after the lines that were sent."""
        with self._guard:
            self._is_ending = True
        self._wake()

    def take(self) -> list[bytes]:
        """Return the chunks that are ready, and forget them. This never waits."""
        with self._guard:
            found = list(self._chunks)
            self._chunks.clear()
            return found

    @property
    def is_ended(self) -> bool:
        """Whether `take` has returned the last chunk."""
        with self._guard:
            return self._is_ending and not self._chunks

    def notify(self, callback: Callable[[], None]) -> None:
        """Call a function, once, when a chunk is ready or the body ends; immediately if one is true already."""
        with self._guard:
            is_ready = bool(self._chunks) or self._is_ending
            self._callback = None if is_ready else callback
        if is_ready:
            callback()

    def close(self) -> None:
        """Forget the reader."""
        with self._guard:
            self.is_closed = True
            self._chunks.clear()

    def _wake(self) -> None:
        with self._guard:
            callback, self._callback = self._callback, None
        if callback is not None:
            callback()


class Logs:
    """The logs of all containers of a server.

    Args:
        now: Returns the time of the server, which the lines get.
    """

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._lines: dict[tuple[str, str, str], list[Line]] = {}
        self._followers: list[tuple[tuple[str, str, str], LogStream]] = []

    def set(self, namespace: str, name: str, container: str, text: str | bytes) -> None:
        """Set the log of a container; an earlier one is replaced.

        Lines after the earlier text are new: they get the time of the server, and requests that follow the log receive
        them.

        Args:
            namespace: The namespace of the pod.
            name: The name of the pod.
            container: The container, "" for every container of the pod without a log.
            text: The whole log.
        """
        data = text.encode() if isinstance(text, str) else text
        key = namespace, name, container
        before = self._lines.get(key, [])
        known = b"".join(line for _, line in before)
        if not data.startswith(known):
            before, known = [], b""
        added = [(self._now(), line) for line in data[len(known) :].splitlines(keepends=True)]
        self._lines[key] = [*before, *added]
        self._followers = [each for each in self._followers if not each[1].is_closed]
        for (space, pod, own), stream in self._followers:
            is_own = own == container or (not container and (space, pod, own) not in self._lines)
            if (space, pod) == (namespace, name) and is_own:
                stream.add(added)

    def lines(self, namespace: str, name: str, container: str) -> list[Line] | None:
        """Return the log of a container, None if a test has set none."""
        found = self._lines.get((namespace, name, container))
        return self._lines.get((namespace, name, "")) if found is None else found

    def get(self, namespace: str, name: str, container: str) -> bytes | None:
        """Return the text of the log of a container, None if a test has set none."""
        found = self.lines(namespace, name, container)
        return None if found is None else b"".join(line for _, line in found)

    def follow(self, namespace: str, name: str, container: str, stream: LogStream) -> None:
        """Send further lines of a container to a stream, until its pod ends."""
        self._followers.append(((namespace, name, container), stream))

    def observe(self, change: Change) -> None:
        """End the streams of a pod that has ended or was deleted."""
        if change.storage != _PODS or not (change.is_deletion or has_ended(change.new.content)):
            return
        ended = [each for each in self._followers if each[0][:2] == change.key]
        self._followers = [each for each in self._followers if each[0][:2] != change.key]
        for _, stream in ended:
            stream.end()
