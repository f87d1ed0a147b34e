"""Retry state of one call (no I/O): counts attempts, decides whether and when to retry, notifies observers.

Source: the retry table of `k8s.io/client-go/rest` (`with_retry.go`).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import urljoin, urlsplit

from kubecore import errors
from kubecore._auth.credential import Credential
from kubecore._config import warnings
from kubecore._config.observe import Attempt, Outcome, checked
from kubecore._http.request import IdleLimit, Request, check_body, check_response, too_large
from kubecore._support.backoff import Backoff
from kubecore.calls.call import Call
from kubecore.calls.deadline import Deadline
from kubecore.rest.hooks import is_write
from kubecore.rest.request_builder import RequestBuilder, replace_headers

if TYPE_CHECKING:
    from kubecore.calls.call import Received

__all__ = ["RetryState"]

E = TypeVar("E", bound=errors.KubeError)

_LOG: Final = logging.getLogger("kubecore")

_BACKOFF: Final = Backoff(steps=1, duration=1.0, jitter=0.25)
"""The pause after a broken connection, and the random part of each pause."""

_LEAST_JITTER: Final = 0.01
_LONG_WAIT: Final = 0.05
_MOST_REDIRECTS: Final = 10
_NEVER_AGAIN: Final = (errors.ConnectError, errors.PoolTimeoutError, errors.DeadlineError, errors.ProtocolError)


class RetryState:
    """The attempts of one call.

    Args:
        requests: Makes its requests.
        call: The call.
        streaming: Whether the response may continue for ever, as a watch's does.
        idle_timeout: Whether it is closed if no data arrives for `Timeouts.idle` seconds, or a lower limit.
        ends_at: When all must be over, the response too, on the monotonic clock; None for no limit but the configured
            ones.
        deadline: When the caller wants the response, or the headers of an endless one; instead of `Timeouts.total`.
        once: Whether it is retried only if the server requests it: the effect of the first attempt is unknown, or its
            data would be missing.
        upgrade: The headers that request another protocol. The effect is unknown, so such a call is retried only if the
            server requests it.

    Attributes:
        is_given: Whether an observer provided credentials in the current attempt.
    """

    __slots__ = (
        "_before",
        "_called",
        "_deadline",
        "_delay",
        "_ended",
        "_ends_at",
        "_extra",
        "_head_deadline",
        "_hook_limit",
        "_idle_timeout",
        "_is_renewed",
        "_number",
        "_once",
        "_redirects",
        "_request",
        "_requests",
        "_seconds",
        "_started",
        "_streaming",
        "_target",
        "_upgrade",
        "is_given",
    )

    def __init__(
        self,
        requests: RequestBuilder,
        call: Call[Any],
        *,
        streaming: bool = False,
        idle_timeout: IdleLimit = False,
        ends_at: float | None = None,
        deadline: Deadline | None = None,
        once: bool = False,
        upgrade: Sequence[tuple[bytes, bytes]] = (),
    ) -> None:
        self._requests = requests
        self._called = call
        self._streaming = streaming
        self._idle_timeout = idle_timeout
        self._ends_at = ends_at
        self._upgrade = upgrade
        self._once = once or bool(upgrade)
        self._seconds: float | None = None
        self._head_deadline: float | None = ends_at
        self._deadline: float | None
        if deadline is not None:
            self._seconds = deadline.seconds
            self._deadline = self._head_deadline = deadline if ends_at is None or deadline < ends_at else ends_at
        else:
            self._deadline = self._new_deadline()
        self._hook_limit: float | None = None
        self._number = 0
        self._delay = 0.0
        self._is_renewed = False
        self._redirects = 0
        self._target: str | None = None
        self._ended: list[Callable[[Outcome], None]] = []
        self._started = 0.0
        self._request: Request | None = None
        self._extra: list[tuple[bytes, bytes]] = []
        self._before = ""
        self.is_given: bool = False

    def wait(self) -> float:
        """Return the seconds to wait before the next attempt, as required by the limiter and the server."""
        limiter = self._requests.limiter
        if limiter is None or (self._idle_timeout and self._number == 0):  # As in client-go, a watch may begin at once.
            return self._delay
        wait = max(self._delay, limiter.reserve())
        if wait > _LONG_WAIT and wait > self._delay:
            _LOG.info("%s waits %.2f s for the rate limiter", self._called.path, wait)
        if self.deadline is not None and time.monotonic() + wait >= self.deadline:
            raise self.late(f"the rate limiter requires a wait of {wait:.2f} s")
        return wait

    def late(self, why: str) -> errors.DeadlineError:
        """Return the error for a deadline that passes before the request is sent.

        Args:
            why: The cause of the delay.
        """
        if self._is_limited:
            given = "the time that a write hook allows"
        elif self._seconds is not None:
            given = f"{self._seconds:g} s (timeout=)"
        else:
            total = self._requests.config.timeouts.total
            given = f"{total:g} s" if total is not None and self._ends_at is None else "the time that was given"
        return errors.DeadlineError(f"{self._place}: not done within {given}: {why}")

    def announce(self) -> bool:
        """Call the write hooks and the observers before the next attempt; without any nothing happens.

        Returns:
            Whether an observer provides credentials, so that no others are needed.

        Raises:
            Exception: A hook refuses the attempt.
        """
        if self._requests.write_hooks.registered and (self._upgrade or is_write(self._called)):
            self._hook_limit = self._requests.write_hooks.limit(self._called)
        self._number += 1
        if self._ended or _LOG.isEnabledFor(logging.DEBUG):
            self._started = time.perf_counter()
        if not self._requests.config.observers:
            return False
        self._observe()
        self.is_given = any(name.lower() == b"authorization" for name, _ in self._extra)
        return self.is_given

    def not_sent(self, error: BaseException) -> None:
        """Call the observers after an attempt that was not sent: there are no credentials, or not in time."""
        if self._started:
            self._notify(None, error)

    def begin(self, credential: Credential) -> Request:
        """Return the request of the announced attempt.

        Args:
            credential: The credentials.
        """
        request = self._requests.make(
            self._called,
            credential,
            streaming=self._streaming,
            deadline=self._deadline,
            target=self._target,
            idle_timeout=self._idle_timeout,
            ends_at=self._ends_at,
            upgrade=self._upgrade,
            head_deadline=self._head_deadline,
            seconds=self._seconds,
            fresh=self._once,
        )
        if self._hook_limit is not None:
            request = request._replace(
                deadline=self.deadline,
                head_deadline=_earlier(self._head_deadline, self._hook_limit),
                is_hook_limit=self._is_limited,
            )
        if self._extra:
            replace_headers(request.headers, self._extra)
        self._request = request
        return request

    def is_final(self, status: int, headers: Mapping[str, str]) -> bool:
        """Handle a response head.

        Args:
            status: The HTTP status code.
            headers: The headers, their names in lower case.

        Returns:
            Whether this is the final response; else there is another attempt, after `wait`.

        Raises:
            TransportError: The response is not acceptable.
        """
        if self._started:
            self._notify(status, None)
        # The warnings of a backend that the API server only hands on are not the API server's.
        if "warning" in headers and not self._called.is_proxied:
            for warning in warnings.parse(headers["warning"]):
                place = f"{self._called.method} {self._requests.server.prefix}{self._called.path}"
                self._requests.warning_handler(warning._replace(request=place))
        if self._called.is_proxied:
            check_body(self._current, status, headers, self._requests.max_bytes)
            return True
        if 200 <= status < 300:
            check_response(self._current, status, headers, self._requests.max_bytes)
            return True
        if 300 <= status < 400 and self._follows(status, headers):
            return False
        check_response(self._current, status, headers, self._requests.max_bytes)
        if status == 429 or status >= 500:
            from kubecore.calls.retry_after import retry_after  # Only a failed response needs it.

            seconds = retry_after(headers)
            if seconds is None or not self._again(seconds):
                return True
            flow = headers.get("x-kubernetes-pf-flowschema-uid", "")
            why = f"{status}, by the FlowSchema with the UID {flow[:60]!r}" if flow else str(status)
            _LOG.info("%s is retried in %.2f s: the response was %s", self._current.place, self._delay, why)
            self._before = f"the server responded {why}"
            return False
        return True

    def report(self, body: Received | None) -> None:
        """Call the write hooks after a success.

        Args:
            body: The whole body of the response.
        """
        called = self._called
        if is_write(called) and not called.is_proxied and isinstance(body, (bytes, bytearray, memoryview)):
            self._requests.write_hooks.report(called, bytes(body))

    def check_size(self, size: int) -> None:
        """Check the size of a response that is read in chunks.

        Args:
            size: The number of bytes so far.

        Raises:
            BodyTooLargeError: It is larger than the limit.
        """
        if size > self._requests.max_bytes:
            raise too_large(self._current, self._requests.max_bytes)

    def retry_after_401(self, renewed: bool) -> bool:
        """Handle a 401.

        Args:
            renewed: Whether other credentials are at hand since.

        Returns:
            Whether there is to be another attempt with them: one.
        """
        if self._is_renewed or not renewed:
            return False
        self._is_renewed = True
        self._delay = 0.0
        self._before = "the server responded 401, and other credentials were tried"
        return True

    def retry_after_error(self, error: errors.TransportError) -> bool:
        """Record that there was no response.

        Args:
            error: The reason.

        Returns:
            Whether there is another attempt, after `wait`.
        """
        if self._started:
            self._notify(None, error)
        if not self._is_read or isinstance(error, _NEVER_AGAIN):
            return False
        if isinstance(error, TimeoutError) and not self._streaming:
            return False
        if not isinstance(error, (errors.ReadError, errors.WriteError)):
            return False
        if isinstance(error, TimeoutError) and self._seconds is None:
            self._deadline = self._new_deadline()  # It was waiting for its first event, which may take any time.
        if not self._again(_BACKOFF.duration):
            return False
        self._before = f"{type(error).__name__}: {str(error).removeprefix(self._current.place + ': ')}"
        return True

    def annotate(self, error: E) -> E:
        """Add to an error which request failed, whose credentials were used, and why the attempt before failed.

        Returns:
            The error, without the frames that it went through: their variables hold the response, maybe a Secret,
            and credentials, and tools that collect errors send variables along. A context that is not shown goes, too:
            its frames hold the response as well.
        """
        if isinstance(error, errors.StatusError) and self._request is not None:
            error.locate(self._request.place, self._requests.config.origin)
        if self._number > 1:
            before = f"; the one before: {self._before}" if self._before else ""
            error.add_note(f"after {self._number} attempts{before}")
        if error.__suppress_context__:
            error.__context__ = None
        return error.with_traceback(None)

    @property
    def deadline(self) -> float | None:
        """The time limit for the request, and for its response if that has an end; None for no limit."""
        return self._deadline if self._hook_limit is None else _earlier(self._deadline, self._hook_limit)

    @property
    def _is_limited(self) -> bool:
        """Whether the deadline is that of a write hook."""
        return self._hook_limit is not None and (self._deadline is None or self._hook_limit < self._deadline)

    def _new_deadline(self) -> float | None:
        """Return the deadline of a call that begins now."""
        total = self._requests.config.timeouts.total
        deadline = None if total is None else time.monotonic() + total
        if deadline is None or (self._ends_at is not None and self._ends_at < deadline):
            return self._ends_at
        return deadline

    @property
    def _current(self) -> Request:
        assert self._request is not None  # noqa: S101 - there is no response before `begin`
        return self._request

    @property
    def _place(self) -> str:
        """Method and URL, for errors and the log; the request may not exist yet."""
        if self._request is not None:
            return self._request.place
        call, server = self._called, self._requests.server
        return f"{call.method} {server.scheme}://{server.netloc}{server.prefix}{call.path}"

    @property
    def _is_read(self) -> bool:
        return self._called.method in ("GET", "HEAD") and not self._once

    def _again(self, seconds: float) -> bool:
        """Plan another attempt; there is none if the number of attempts or the total time is used up."""
        if self._number > self._requests.config.max_retries:
            return False
        # Clients that received the same Retry-After, 0 too, must not retry at the same time.
        seconds = _BACKOFF.spread(seconds, least=_LEAST_JITTER)
        deadline = self.deadline
        if deadline is not None and time.monotonic() + seconds >= deadline:
            return False
        self._delay = seconds
        return True

    def _follows(self, status: int, headers: Mapping[str, str]) -> bool:
        """Follow a redirect on the same server, if that is enabled."""
        if not self._requests.config.follow_redirects or status not in (301, 302, 303, 307, 308):
            return False
        if not self._is_read and status not in (307, 308):
            return False
        request = self._current
        here = f"{request.server.scheme}://{request.server.netloc}"
        try:
            there = urlsplit(urljoin(here + request.target, headers.get("location", "")))
        except ValueError:
            return False
        self._redirects += 1
        if f"{there.scheme}://{there.netloc}" != here or self._redirects > _MOST_REDIRECTS:
            return False
        self._target = there.path + (f"?{there.query}" if there.query else "")
        self._delay = 0.0
        return True

    def _observe(self) -> None:
        call, server = self._called, self._requests.server
        target = self._target if self._target is not None else server.prefix + call.path
        attempt = Attempt(
            verb=call.verb,
            group=call.group,
            resource=call.resource,
            subresource=call.subresource,
            namespace=call.namespace,
            name=call.name,
            method=call.method,
            url=f"{server.scheme}://{server.netloc}{target.partition('?')[0]}",
            number=self._number,
        )
        ended = [observer(attempt) for observer in self._requests.config.observers]
        self._ended = [callback for callback in ended if callback is not None]
        self._started = time.perf_counter()
        try:
            self._extra = checked(attempt)
        except errors.InvalidRequestError as error:
            self.not_sent(error)
            raise

    def _notify(self, code: int | None, error: BaseException | None) -> None:
        seconds = time.perf_counter() - self._started
        if _LOG.isEnabledFor(logging.DEBUG):
            result = code if error is None else type(error).__name__
            _LOG.debug("%s: %s in %.1f ms", self._place, result, seconds * 1000)
        outcome = Outcome(code, error, seconds)
        for ended in self._ended:
            ended(outcome)


def _earlier(one: float | None, other: float | None) -> float | None:
    """Return the earlier of two times; None is never."""
    if one is None or other is None:
        return one if other is None else other
    return min(one, other)
