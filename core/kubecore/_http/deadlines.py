"""Limits and errors of one exchange with the server: its time limits, and kubecore errors for all failures. No I/O."""

from __future__ import annotations

import errno
import os
import socket
import ssl
import time
from collections.abc import Callable, Sequence
from typing import Final, Literal

from kubecore import errors
from kubecore._config.secret import SecretBytes
from kubecore._http.http1 import CutError, MalformedError, ResponseParser, request_head
from kubecore._http.request import Request

__all__ = [
    "FAILURES",
    "KEEPALIVE_SECONDS",
    "Deadlines",
    "Early",
    "Stage",
    "WaitingError",
    "hint_for",
    "map_error",
    "may_repeat",
    "reason",
    "serialize",
]

KEEPALIVE_SECONDS: Final = 90.0
"""How long an idle connection is kept; a server's own limit is longer, so that it rarely closes under a request."""

_TOGETHER: Final = 64 * 1024
"""Up to this size, in bytes, a body is sent together with its head."""

Stage = Literal["pool", "connect", "write", "read", "body"]
"""The current step; `read` is for the response head."""

FAILURES: Final = (OSError, MalformedError, CutError, UnicodeError, ValueError)
"""Exceptions of the socket, TLS and HTTP layers."""


class WaitingError(TimeoutError):
    """A step timed out. The text names the step, "" if it waited for the other end."""


class Deadlines:
    """How long the steps of a request may take; together no longer than its deadline.

    Args:
        request: The request with its timeouts.
    """

    __slots__ = (
        "_body",
        "_body_deadline",
        "_deadline",
        "_head",
        "_head_deadline",
        "_idle",
        "_last",
        "_request",
        "_timeouts",
    )

    def __init__(self, request: Request) -> None:
        self._request = request
        self._timeouts = timeouts = request.timeouts
        self._deadline = self._last = request.deadline
        self._idle: Callable[[], float | None] | None = None
        if request.streaming:
            # The server may send the headers together with the first line, so that they may take as long as it does.
            self._head = self._body = timeouts.idle if request.idle_timeout else None
            self._head_deadline, self._body_deadline = request.head_deadline, request.ends_at
            if callable(request.idle_timeout):
                self._idle = request.idle_timeout
        else:
            self._head = self._body = None if request.patient else timeouts.read
            self._head_deadline = self._body_deadline = request.deadline

    def left(self, stage: Stage) -> float | None:
        """Return the seconds for the next step, None for no limit.

        Raises:
            TimeoutError: The deadline has passed.
        """
        seconds, deadline = self._limits(stage)
        if deadline is None:
            return seconds
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left if seconds is None or left < seconds else seconds

    def of(self, stage: Stage) -> float | None:
        """Return the deadline of the next step, None for no limit: see `left`.

        Raises:
            TimeoutError: The deadline has passed.
        """
        seconds, deadline = self._limits(stage)
        now = time.monotonic()
        if deadline is not None and deadline <= now:
            raise TimeoutError
        if seconds is None or (deadline is not None and deadline < now + seconds):
            return deadline
        return now + seconds

    def _limits(self, stage: Stage) -> tuple[float | None, float | None]:
        """Return the limit of one step in seconds, and the deadline that applies to it."""
        if stage == "read":
            self._last = self._head_deadline
            return self._lowered(self._head), self._head_deadline
        if stage == "body":
            self._last = self._body_deadline
            return self._lowered(self._body), self._body_deadline
        self._last = self._deadline
        return getattr(self._timeouts, stage), self._deadline

    def seconds_to_deadline(self, stage: Stage) -> float | None:
        """Return the seconds until the deadline of a step, without regard to its own limit; None for no deadline.

        Raises:
            TimeoutError: The deadline has passed.
        """
        deadline = self._last = self._body_deadline if stage == "body" else self._head_deadline
        if deadline is None:
            return None
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    def seconds(self, stage: Stage) -> float | None:
        """Return the limit of one step, in seconds, without regard to the deadline; None for no limit."""
        if stage == "read":
            return self._lowered(self._head)
        if stage == "body":
            return self._lowered(self._body)
        found: float | None = getattr(self._timeouts, stage)
        return found

    def _lowered(self, seconds: float | None) -> float | None:
        """Return the limit for the next data of an endless response: the caller may have a lower one."""
        own = None if self._idle is None else self._idle()
        return seconds if own is None or (seconds is not None and seconds < own) else own

    def response_started(self, status: int) -> None:
        """Set the limits for the rest of the response: only one with the expected status has no end.

        Args:
            status: The HTTP status code.
        """
        request = self._request
        if not request.streaming or status == (101 if request.upgrade else 200):
            return
        self._idle, self._body = None, self._timeouts.read
        self._body_deadline = request.head_deadline
        if self._body_deadline is None and self._timeouts.total is not None:
            self._body_deadline = (
                time.monotonic() + self._timeouts.total
            )  # The headers may have taken longer than that.

    @property
    def is_over(self) -> bool:
        """Whether the deadline has passed, or is about to."""
        return self._last is not None and self._last - time.monotonic() < 0.001

    @property
    def given(self) -> str:
        """How long the whole may take, for errors."""
        request = self._request
        if request.is_hook_limit:
            return "the time that a write hook allows"
        if request.seconds is not None:
            return f"{request.seconds:g} s (timeout=)"
        total = self._timeouts.total
        return "the time that was given" if request.ends_at is not None or total is None else f"{total:g} s"


def serialize(request: Request) -> tuple[bytes, bytes]:
    """Return the bytes of a request: the head, with a small body in the same chunk, and a large body or b"".

    Raises:
        MalformedError: A header is invalid.
    """
    head = request_head(request.method, request.target, request.headers)
    body = request.body
    if body is None or len(body) <= _TOGETHER:
        return SecretBytes(head + body if body else head), b""
    return SecretBytes(head), SecretBytes(body)


class Early:
    """A response that arrives before its request was sent: its connection is not used again.

    The server may take the rest of the request for another one, and send a response to that.

    Args:
        parser: The response.

    Attributes:
        is_early: Whether a part of the response arrived before the whole request was sent.
        has_head: Whether the head of the response is complete.
    """

    __slots__ = ("_parser", "has_head", "is_early")

    def __init__(self, parser: ResponseParser) -> None:
        self._parser = parser
        self.is_early: bool = False
        self.has_head: bool = False

    def take(self, data: bytes | None) -> bool:
        """Handle data that was received between two chunks of the request.

        Args:
            data: The bytes, b"" at the end of the connection, None for nothing.

        Returns:
            Whether the rest of the request need not be sent: the response is a failure.

        Raises:
            OSError: The server closed the connection.
            MalformedError: The bytes are not a response.
        """
        if data is None:
            return False
        if not data and not self.has_head:
            raise ConnectionResetError(errno.ECONNRESET, os.strerror(errno.ECONNRESET))
        self.is_early = True
        if not self.has_head:
            self.has_head = self._parser.feed_head(data)
        elif data:
            self._parser.first += self._parser.body.feed(data)
        return not data or (self.has_head and self._parser.status >= 300)


def may_repeat(request: Request, parser: ResponseParser, error: BaseException) -> bool:
    """Return whether a request that failed on a connection from the pool goes out again on a fresh one.

    Servers close idle connections, which shows only when the next request is sent. Only requests that change nothing
    are sent twice, and only if no byte of a response was received.
    """
    return (
        request.method in ("GET", "HEAD")
        and not request.fresh
        and not parser.started
        and isinstance(error, (errors.ReadError, errors.WriteError))
        and not isinstance(error, TimeoutError)
    )


_TIMEOUTS: Final[dict[Stage, tuple[type[errors.TransportError], str]]] = {
    "pool": (
        errors.PoolTimeoutError,
        "all connections were busy for {} s; raise max_connections, or send fewer requests at once",
    ),
    "connect": (
        errors.ConnectTimeoutError,
        "no connection within {} s; check the host, and that it accepts connections",
    ),
    "write": (errors.WriteTimeoutError, "the server accepted no data for {} s"),
    "read": (errors.ReadTimeoutError, "the server sent nothing for {} s"),
}
_BROKEN: Final[dict[Stage, tuple[type[errors.TransportError], str]]] = {
    "pool": (errors.ConnectError, "no connection"),
    "connect": (errors.ConnectError, "no connection"),
    "write": (errors.WriteError, "the connection broke while the request went out"),
    "read": (errors.ReadError, "the connection broke before the response was complete"),
}


def map_error(request: Request, error: BaseException, stage: Stage, deadlines: Deadlines) -> errors.TransportError:
    """Return the kubecore error for a failure.

    Args:
        request: The request; the error names its method and URL.
        error: The exception of the socket, TLS or HTTP layer.
        stage: The step that failed.
        deadlines: The request's time limits.

    Returns:
        The error, not raised.
    """
    place = request.place
    error.__traceback__ = None  # Variables of its frames hold parts of the request or response, which may be secrets.
    if isinstance(error, errors.TransportError):
        return type(error)(f"{place}: {error}")
    if isinstance(error, MalformedError):
        return errors.ProtocolError(f"{place}: {error}")
    if isinstance(error, CutError):
        return errors.ReadError(f"{place}: {error}")
    if isinstance(error, TimeoutError) and not isinstance(error, ssl.SSLError) and error.errno is None:
        detail = str(error) if isinstance(error, WaitingError) else ""
        if deadlines.is_over:
            return errors.DeadlineError(f"{place}: not done within {deadlines.given}{f': {detail}' if detail else ''}")
        step: Stage = "read" if stage == "body" else stage
        kind, text = _TIMEOUTS[step]
        if detail:
            return kind(f"{place}: not done within {deadlines.seconds(stage)} s: {detail}")
        return kind(f"{place}: {text.format(deadlines.seconds(stage))}")
    kind, text = _BROKEN["read" if stage == "body" else stage]
    return kind(f"{place}: {text}: {hint_for(request, reason(error))}")


def hint_for(request: Request, why: str) -> str:
    """Add a hint to a connection error, if the machine exists and no server listens.

    Args:
        request: The request.
        why: The report of the operating system.
    """
    if os.strerror(errno.ECONNREFUSED) not in why:
        return why
    place = f"context ({request.origin})" if request.origin else "host"
    return f"{why}; is the server running, and is this the right {place}?"


def reason(error: BaseException) -> str:
    """Return the message of the operating system or OpenSSL, with a hint. It never contains a header or a body."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            f"certificate verify failed: {error.verify_message}; set the cluster's CA in tls.ca_file or tls.ca_data "
            "(certificate-authority in a kubeconfig), or the name it is for in tls.server_name (tls-server-name)"
        )
    if isinstance(error, ssl.SSLError):
        return f"TLS failed: {error.reason or error.args[-1]}"
    if isinstance(error, socket.gaierror):
        return f"the host has no address: {error.strerror}"
    inner = error.__cause__
    if isinstance(error, OSError) and error.errno is None and inner is not None:  # anyio tries every address.
        each: Sequence[BaseException] = getattr(inner, "exceptions", (inner,))
        return "; ".join(dict.fromkeys(reason(one) for one in each))
    if isinstance(error, OSError) and error.errno is not None:
        return os.strerror(error.errno)  # asyncio's messages differ.
    return " ".join(str(error).split())[:300] or type(error).__name__
