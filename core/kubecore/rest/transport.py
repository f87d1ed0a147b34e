"""The wire: the one module that knows httpcore2 and httpx. Their errors come out as ours.

httpcore2's pool serves; httpx comes in only with a client of the user's own (`http_client=`). Speaking to the pool
directly, without httpx's request and response objects, takes a tenth less time for a get of one pod; bodies are read
raw, in large pieces.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Generator, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, Protocol

import httpcore2

from kubecore import errors
from kubecore.rest import tls
from kubecore.rest.config import Config
from kubecore.rest.network import EagerBackend
from kubecore.rest.request import Request

__all__ = [
    "AsyncHttpClient",
    "AsyncStream",
    "AsyncTransport",
    "HttpClient",
    "Stream",
    "Transport",
    "async_transport",
    "transport",
]

_KEEPALIVE_SECONDS: Final = 90.0
"""How long an idle connection is kept; a server's own limit is longer, so that it rarely closes under a request."""


class HttpClient(Protocol):
    """What we need of a client of the user's own; `httpx.Client` has it."""

    def build_request(
        self, method: str, url: str, *, content: Any = ..., headers: Any = ..., timeout: Any = ...
    ) -> Any:
        """Make a request."""
        ...

    def send(self, request: Any, *, stream: bool = ..., follow_redirects: bool = ...) -> Any:
        """Send it; with `stream` the answer's body is still to be read."""
        ...


class AsyncHttpClient(Protocol):
    """What we need of a client of the user's own; `httpx.AsyncClient` has it."""

    def build_request(
        self, method: str, url: str, *, content: Any = ..., headers: Any = ..., timeout: Any = ...
    ) -> Any:
        """Make a request."""
        ...

    async def send(self, request: Any, *, stream: bool = ..., follow_redirects: bool = ...) -> Any:
        """Send it; with `stream` the answer's body is still to be read."""
        ...


class Stream(Protocol):
    """An answer whose body is still to be read."""

    @property
    def status(self) -> int:
        """The HTTP status code."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers, their names in lower case."""
        ...

    def chunks(self) -> Iterator[bytes]:
        """Yield the body as it comes.

        Raises:
            TransportError: it breaks off.
        """
        ...

    def close(self) -> None:
        """Give the connection back, or close it where the body was not read to its end."""
        ...


class AsyncStream(Protocol):
    """An answer whose body is still to be read."""

    @property
    def status(self) -> int:
        """The HTTP status code."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers, their names in lower case."""
        ...

    def chunks(self) -> AsyncIterator[bytes]:
        """Yield the body as it comes.

        Raises:
            TransportError: it breaks off.
        """
        ...

    async def aclose(self) -> None:
        """Give the connection back, or close it where the body was not read to its end."""
        ...


class Transport(Protocol):
    """Sends requests."""

    def open(self, request: Request) -> Stream:
        """Send a request and wait for the head of its answer.

        Raises:
            TransportError: there is none.
        """
        ...

    def close(self) -> None:
        """Close every connection."""
        ...


class AsyncTransport(Protocol):
    """Sends requests."""

    async def open(self, request: Request) -> AsyncStream:
        """Send a request and wait for the head of its answer.

        Raises:
            TransportError: there is none.
        """
        ...

    async def aclose(self) -> None:
        """Close every connection."""
        ...


def transport(config: Config, http_client: HttpClient | None) -> Transport:
    """Make the transport of a client.

    Args:
        config: where to, TLS, and how many connections.
        http_client: a client of the user's own to send with, or None. Certificates, proxies and timeouts are then its
            own.

    Raises:
        ConfigError: certificates or keys can't be used.
    """
    return _Pool(config) if http_client is None else _HttpxClient(http_client)


def async_transport(config: Config, http_client: AsyncHttpClient | None) -> AsyncTransport:
    """Make the transport of an asynchronous client: see `transport`."""
    return _AsyncPool(config) if http_client is None else _AsyncHttpxClient(http_client)


# Over httpcore2's pool.


class _Pool:
    def __init__(self, config: Config) -> None:
        self._pool = httpcore2.ConnectionPool(network_backend=EagerBackend(), **_pool_options(config))
        self._extensions = _extensions(config)

    def open(self, request: Request) -> Stream:
        with _named_errors(request):
            return _PoolStream(self._pool.handle_request(_core_request(request, self._extensions)), request)

    def close(self) -> None:
        self._pool.close()


class _AsyncPool:
    def __init__(self, config: Config) -> None:
        self._pool = httpcore2.AsyncConnectionPool(**_pool_options(config))
        self._extensions = _extensions(config)

    async def open(self, request: Request) -> AsyncStream:
        with _named_errors(request):
            return _AsyncPoolStream(
                await self._pool.handle_async_request(_core_request(request, self._extensions)), request
            )

    async def aclose(self) -> None:
        await self._pool.aclose()


def _pool_options(config: Config) -> dict[str, Any]:
    # A context is made even for http: it costs a millisecond, and without one httpcore2 would make its own.
    context = tls.context(config.tls) if config.server().scheme == "https" else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return {
        "ssl_context": context,
        "max_connections": config.max_connections,
        "max_keepalive_connections": config.max_connections,
        "keepalive_expiry": _KEEPALIVE_SECONDS,
    }


def _extensions(config: Config) -> dict[str, Any]:
    return {"sni_hostname": config.tls.server_name} if config.tls.server_name else {}


def _core_request(request: Request, extensions: Mapping[str, Any]) -> httpcore2.Request:
    server = request.server
    url = httpcore2.URL(scheme=server.scheme, host=server.host, port=server.port, target=request.target)
    return httpcore2.Request(
        request.method,
        url,
        headers=request.headers,
        content=request.body,
        extensions={"timeout": request.timeout, **extensions},
    )


class _PoolHead:
    """The head of an answer; the two streams differ in how they read the rest."""

    def __init__(self, response: httpcore2.Response, request: Request) -> None:
        self.status = response.status
        self.headers: Mapping[str, str] = {
            k.decode("latin-1").lower(): v.decode("latin-1") for k, v in response.headers
        }
        self._stream: Any = response.stream
        self._request = request


class _PoolStream(_PoolHead):
    def chunks(self) -> Iterator[bytes]:
        with _named_errors(self._request):
            yield from self._stream

    def close(self) -> None:
        with _named_errors(self._request):
            self._stream.close()


class _AsyncPoolStream(_PoolHead):
    async def chunks(self) -> AsyncIterator[bytes]:
        with _named_errors(self._request):
            async for chunk in self._stream:
                yield chunk

    async def aclose(self) -> None:
        with _named_errors(self._request):
            await self._stream.aclose()


# Over a client of the user's own.


class _HttpxClient:
    def __init__(self, client: HttpClient) -> None:
        self._client = client

    def open(self, request: Request) -> Stream:
        with _named_errors(request):
            made = self._client.build_request(**_httpx_request(request))
            return _HttpxStream(self._client.send(made, stream=True, follow_redirects=False), request)

    def close(self) -> None:
        """Leave the client open: it is the user's."""


class _AsyncHttpxClient:
    def __init__(self, client: AsyncHttpClient) -> None:
        self._client = client

    async def open(self, request: Request) -> AsyncStream:
        with _named_errors(request):
            made = self._client.build_request(**_httpx_request(request))
            return _AsyncHttpxStream(await self._client.send(made, stream=True, follow_redirects=False), request)

    async def aclose(self) -> None:
        """Leave the client open: it is the user's."""


def _httpx_request(request: Request) -> dict[str, Any]:
    server = request.server
    options: dict[str, Any] = {
        "method": request.method,
        "url": f"{server.scheme}://{server.netloc}{request.target}",
        "headers": [*request.headers, (b"Accept-Encoding", b"identity")],
        "content": request.body,
    }
    if request.timeout["read"] is None:
        options["timeout"] = None  # A watch has no read timeout, whatever the client's default is.
    return options


class _HttpxHead:
    def __init__(self, response: Any, request: Request) -> None:
        self.status = response.status_code
        self.headers: Mapping[str, str] = dict(response.headers.items())
        self._response = response
        self._request = request


class _HttpxStream(_HttpxHead):
    def chunks(self) -> Iterator[bytes]:
        with _named_errors(self._request):
            yield from self._response.iter_raw()

    def close(self) -> None:
        self._response.close()


class _AsyncHttpxStream(_HttpxHead):
    async def chunks(self) -> AsyncIterator[bytes]:
        with _named_errors(self._request):
            async for chunk in self._response.aiter_raw():
                yield chunk

    async def aclose(self) -> None:
        await self._response.aclose()


# Errors. httpx names its exceptions as httpcore2 does, so that one table serves for both.

_ERRORS: Final[Mapping[str, tuple[type[errors.TransportError], str]]] = {
    "ConnectTimeout": (
        errors.ConnectTimeoutError,
        "no connection within {connect} s; is the host right, and does it answer?",
    ),
    "ReadTimeout": (errors.ReadTimeoutError, "the server sent nothing for {read} s"),
    "WriteTimeout": (errors.WriteTimeoutError, "the server took nothing for {write} s"),
    "PoolTimeout": (
        errors.PoolTimeoutError,
        "all connections were busy for {pool} s; raise max_connections or close watches",
    ),
    "ConnectError": (errors.ConnectError, "no connection"),
    "ReadError": (errors.ReadError, "the connection broke while the answer came"),
    "WriteError": (errors.WriteError, "the connection broke while the request went out"),
    "ProxyError": (errors.ProxyError, "the proxy failed"),
    "LocalProtocolError": (errors.ProtocolError, "the request is not valid HTTP"),
    "RemoteProtocolError": (errors.ProtocolError, "the answer is not valid HTTP, or broke off"),
}


@contextmanager
def _named_errors(request: Request) -> Generator[None]:
    """Turn what the libraries raise into errors of ours that name the request."""
    try:
        yield
    except (errors.KubeError, GeneratorExit):
        raise
    except OSError as error:
        raise errors.ConnectError(f"{request.place}: {error.strerror or error}") from error
    except Exception as error:
        found = next((_ERRORS[cls.__name__] for cls in type(error).__mro__ if cls.__name__ in _ERRORS), None)
        if found is None:
            if type(error).__module__.partition(".")[0] in ("httpcore2", "httpx", "h11"):
                raise errors.TransportError(f"{request.place}: {type(error).__name__}: {error}") from error
            raise
        kind, text = found
        words = text.format_map(request.timeout)
        cause = _cause(error)
        raise kind(f"{request.place}: {words}{f': {cause}' if cause else ''}") from error


def _cause(error: BaseException) -> str:
    """Say what the operating system or OpenSSL said; it never holds a header or a body."""
    if type(error).__name__ == "LocalProtocolError":
        return ""  # h11 quotes the header, which may be a credential.
    text = " ".join(str(error).split())[:300]
    return "" if isinstance(error, TimeoutError) or "Timeout" in type(error).__name__ else text
