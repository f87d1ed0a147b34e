"""Requests over a client of the user's own: an `httpx.Client` or `httpx.AsyncClient`.

Certificates, proxies, timeouts and connections are then that client's; httpx itself is not imported here.
"""

from __future__ import annotations

import io
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Mapping
from contextlib import aclosing, contextmanager
from typing import Any, Final, TypeVar

from kubecore import errors
from kubecore._http.async_protocols import AsyncHttpClient
from kubecore._http.deadlines import Deadlines, hint_for, map_error
from kubecore._http.protocols import HttpClient
from kubecore._http.request import Body, Request, too_large
from kubecore._http.tls import Identity

__all__ = ["AsyncHttpxTransport", "HttpxTransport"]


R = TypeVar("R")


class HttpxTransport:
    """Sends requests over a client of the user's own.

    Args:
        client: The client; it stays open when we close.
        certificate: Returns the client certificate that a source of credentials gives, which is an error here.
    """

    def __init__(self, client: HttpClient, certificate: Callable[[], Identity | None]) -> None:
        self._client = client
        self._certificate = certificate

    def open(self, request: Request) -> _HttpxStream:
        """Send a request and wait for the response head.

        Raises:
            TransportError: There is no response.
        """
        with _named_errors(request):
            _refuse_what_is_ours(request, self._certificate())
            deadlines = Deadlines(request)
            made = self._client.build_request(**_arguments(request, _timeouts(self._client, request, deadlines)))
            response = self._client.send(made, stream=True, follow_redirects=False)
            deadlines.response_started(response.status_code)
            return _HttpxStream(response, request, deadlines)

    def close(self) -> None:
        """Leave the client open: it is the user's."""


class AsyncHttpxTransport:
    """Sends requests over a client of the user's own: see `HttpxTransport`."""

    def __init__(self, client: AsyncHttpClient, certificate: Callable[[], Identity | None]) -> None:
        self._client = client
        self._certificate = certificate

    async def open(self, request: Request) -> _AsyncHttpxStream:
        """Send a request and wait for the response head.

        Raises:
            TransportError: There is no response.
        """
        with _named_errors(request):
            _refuse_what_is_ours(request, self._certificate())
            deadlines = Deadlines(request)
            made = self._client.build_request(**_arguments(request, None))
            response = await _within(
                deadlines.seconds_to_deadline("read"),
                lambda: self._client.send(made, stream=True, follow_redirects=False),
            )
            deadlines.response_started(response.status_code)
            return _AsyncHttpxStream(response, request, deadlines)

    async def aclose(self) -> None:
        """Leave the client open: it is the user's."""


def _refuse_what_is_ours(request: Request, certificate: Identity | None) -> None:
    if certificate is not None:
        raise errors.ConfigError(
            f"{request.place}: the exec plugin returned a client certificate, which "
            "a custom client (http_client=) cannot present; use a clientset without it"
        )
    if request.upgrade:
        raise errors.ConfigError(
            f"{request.place}: a custom client (http_client=) cannot upgrade a connection, "
            "which exec, attach and port-forward need; use a clientset without it for these"
        )


async def _within(seconds: float | None, function: Callable[[], Awaitable[R]]) -> R:
    """Call a function with a time limit.

    Raises:
        TimeoutError: The time is up.
    """
    if seconds is None:
        return await function()
    import anyio

    with anyio.fail_after(seconds):
        return await function()


def _timeouts(client: HttpClient, request: Request, deadlines: Deadlines) -> tuple[float | None, ...] | None:
    """Return the timeouts of the user's client, none of them longer than the call may take; None for its own."""
    left = None if request.streaming else deadlines.seconds_to_deadline("read")
    if left is None:
        return None
    own = getattr(client, "timeout", None)
    each = (getattr(own, name, None) for name in ("connect", "read", "write", "pool"))
    return tuple(left if seconds is None else min(left, seconds) for seconds in each)


def _arguments(request: Request, timeouts_of_call: tuple[float | None, ...] | None) -> dict[str, Any]:
    server = request.server
    headers = list(request.headers)
    if not any(name == b"Accept-Encoding" for name, _ in headers):
        headers.append((b"Accept-Encoding", b"identity"))  # httpx would accept all encodings that it can read.
    arguments: dict[str, Any] = {
        "method": request.method,
        "url": f"{server.scheme}://{server.netloc}{request.target}",
        "headers": headers,
        "content": request.body,
    }
    if timeouts_of_call is not None:
        arguments["timeout"] = timeouts_of_call
    elif request.streaming:
        # Whatever the client's default is: a watch may pause, but not for ever.
        timeouts = request.timeouts
        arguments["timeout"] = (timeouts.connect, _pause(request), timeouts.write, timeouts.pool)
    return arguments


def _pause(request: Request) -> float | None:
    """Return how long an endless response may pause."""
    idle = Deadlines(request).seconds("body")
    if request.ends_at is None:
        return idle
    left = max(request.ends_at - time.monotonic(), 0.001)
    return left if idle is None else min(left, idle)


class _Head:
    def __init__(self, response: Any, request: Request, deadlines: Deadlines) -> None:
        self._deadlines = deadlines
        self.status: int = response.status_code
        headers: dict[str, str] = dict(response.headers.items())
        # A mock transport, a cache or a response hook may have read the body; httpx then keeps it, decompressed.
        self._is_read: bool = getattr(response, "is_stream_consumed", False) or getattr(response, "is_closed", False)
        if self._is_read and headers.pop("content-encoding", None) is not None:
            headers.pop("content-length", None)
        self.headers: Mapping[str, str] = headers
        self._response = response
        self._request = request

    def detach(self) -> Any:
        """Refuse: see `_refuse_what_is_ours`; the connection is the user's."""
        raise errors.ProtocolError(f"{self._request.place}: the connection is not ours")


class _HttpxStream(_Head):
    def read(self, max_bytes: int) -> Body:
        whole = io.BytesIO()
        for chunk in self.chunks():
            whole.write(chunk)
            if whole.tell() > max_bytes:
                raise too_large(self._request, max_bytes)
        return whole.getvalue()

    def chunks(self) -> Generator[bytes]:
        with _named_errors(self._request):
            if not self._is_read:
                for chunk in self._response.iter_raw():
                    self._deadlines.seconds_to_deadline("body")
                    yield chunk
            elif self._response.content:
                yield self._response.content

    def close(self) -> None:
        self._response.close()


class _AsyncHttpxStream(_Head):
    async def read(self, max_bytes: int) -> Body:
        whole = io.BytesIO()
        async with aclosing(self.chunks()) as chunks:
            async for chunk in chunks:
                whole.write(chunk)
                if whole.tell() > max_bytes:
                    raise too_large(self._request, max_bytes)
        return whole.getvalue()

    async def chunks(self) -> AsyncGenerator[bytes]:
        with _named_errors(self._request):
            if not self._is_read:
                async with aclosing(self._response.aiter_raw()) as chunks:
                    while True:
                        chunk = await _within(self._deadlines.seconds_to_deadline("body"), lambda: anext(chunks, None))
                        if chunk is None:
                            break
                        yield chunk
            elif self._response.content:
                yield self._response.content

    async def aclose(self) -> None:
        await self._response.aclose()


_ERRORS: Final[Mapping[str, tuple[type[errors.TransportError], str]]] = {
    "ConnectTimeout": (
        errors.ConnectTimeoutError,
        "no connection in time; check the host, and that it accepts connections",
    ),
    "ReadTimeout": (errors.ReadTimeoutError, "the server sent nothing for too long"),
    "WriteTimeout": (errors.WriteTimeoutError, "the server accepted no data for too long"),
    "PoolTimeout": (errors.PoolTimeoutError, "all connections of your HTTP client were busy for too long"),
    "ConnectError": (errors.ConnectError, "no connection"),
    "ReadError": (errors.ReadError, "the connection broke before the response was complete"),
    "WriteError": (errors.WriteError, "the connection broke while the request went out"),
    "ProxyError": (errors.ProxyError, "the proxy failed"),
    "LocalProtocolError": (errors.ProtocolError, "the request is not valid HTTP"),
    "RemoteProtocolError": (errors.ProtocolError, "the response is not valid HTTP, or is incomplete"),
}
_LIBRARIES: Final = ("httpx", "httpcore", "httpcore2", "h11", "h2")


@contextmanager
def _named_errors(request: Request) -> Generator[None]:
    """Map the exceptions of the library to kubecore errors that name the request."""
    try:
        yield
    except (errors.KubeError, GeneratorExit):
        raise
    except TimeoutError as error:
        raise map_error(request, TimeoutError(), "read", Deadlines(request)) from error
    except OSError as error:
        raise errors.ConnectError(f"{request.place}: {error.strerror or error}") from error
    except Exception as error:
        found = next((_ERRORS[cls.__name__] for cls in type(error).__mro__ if cls.__name__ in _ERRORS), None)
        if found is None:
            if type(error).__module__.partition(".")[0] in _LIBRARIES:
                raise errors.TransportError(f"{request.place}: {type(error).__name__}: {error}") from error
            raise
        kind, text = found
        if (
            issubclass(kind, TimeoutError)
            and request.deadline is not None
            and time.monotonic() > request.deadline - 0.01
        ):
            raise map_error(request, TimeoutError(), "read", Deadlines(request)) from error
        cause = hint_for(request, _cause(error))
        raise kind(f"{request.place}: {text}{f': {cause}' if cause else ''}") from error


def _cause(error: BaseException) -> str:
    """Return the message of the operating system or OpenSSL. It never contains a header or a body."""
    if type(error).__name__ == "LocalProtocolError":
        return ""  # h11 quotes the header, which may be a credential.
    return "" if "Timeout" in type(error).__name__ else " ".join(str(error).split())[:300]
