"""Requests of other processes to a fake cluster: over HTTP, with the same records and faults."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable

from kubecore.testing._server.exchange import Received, Reply, ReplyStream
from kubecore.testing._server.plans import Gate

__all__ = ["responder"]


def responder(gate: Gate, closing: threading.Event) -> Callable[[Received], Reply]:
    """Return the function that replies to requests over HTTP; an OSError means that the connection ends.

    Args:
        gate: The server.
        closing: Set when the server stops, so that no request waits any longer.
    """

    def respond(received: Received) -> Reply:
        plan = gate.plan(received)
        if plan.is_refused:
            raise ConnectionRefusedError
        # An Event cannot wait for an infinite time in seconds, but without a limit.
        if plan.seconds > 0 and closing.wait(None if math.isinf(plan.seconds) else plan.seconds):
            raise ConnectionAbortedError
        reply = gate.perform(received, plan)
        if plan.is_lost:
            if reply.stream is not None:
                reply.stream.close()
            raise ConnectionResetError
        if plan.after_bytes is not None:
            reply.stream = _Broken(reply, plan.after_bytes)
        return reply

    return respond


class _Broken:
    """A body whose connection breaks after some bytes."""

    def __init__(self, reply: Reply, after_bytes: int) -> None:
        self._inner: ReplyStream | None = reply.stream
        self._content = reply.content
        self._left = after_bytes

    def take(self) -> list[bytes]:
        """Return the chunks that are ready.

        Raises:
            ConnectionResetError: All bytes were returned.
        """
        if self._left <= 0:
            raise ConnectionResetError
        if self._inner is None:
            chunk, self._content = self._content, b""
        else:
            chunk = b"".join(self._inner.take())
        chunk = chunk[: self._left]
        self._left -= len(chunk)
        return [chunk]

    @property
    def is_ended(self) -> bool:
        """Whether the body has ended before the break."""
        return self._left > 0 and not self._content and (self._inner is None or self._inner.is_ended)

    def notify(self, callback: Callable[[], None]) -> None:
        """Call a function, once, as soon as there is a chunk or the body ends."""
        if self._left <= 0 or self._inner is None:
            callback()
        else:
            self._inner.notify(callback)

    def close(self) -> None:
        """Forget the reader."""
        if self._inner is not None:
            self._inner.close()
