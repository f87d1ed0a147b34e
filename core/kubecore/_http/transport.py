"""What carries requests: a pool of our own, or an HTTP client of the user's."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator, Mapping
from typing import Protocol

from kubecore._config.config import Config
from kubecore._http.httpx_transport import AsyncHttpClient, AsyncHttpxTransport, HttpClient, HttpxTransport
from kubecore._http.network import AsyncSocket, SyncSocket
from kubecore._http.pool import Pool
from kubecore._http.request import Body, Request

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

    def read(self, most: int) -> Body:
        """Return the whole body.

        Args:
            most: largest body that is read, in bytes.

        Raises:
            TransportError: it breaks off, or is larger.
        """
        ...

    def chunks(self) -> Iterator[bytes]:
        """Yield the body as it comes.

        Raises:
            TransportError: it breaks off.
        """
        ...

    def detach(self) -> tuple[SyncSocket, bytes]:
        """Take the connection out of the pool, with what came behind the head: it speaks another protocol now."""
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

    async def read(self, most: int) -> Body:
        """Return the whole body.

        Args:
            most: largest body that is read, in bytes.

        Raises:
            TransportError: it breaks off, or is larger.
        """
        ...

    def chunks(self) -> AsyncGenerator[bytes]:
        """Yield the body as it comes.

        Raises:
            TransportError: it breaks off.
        """
        ...

    def detach(self) -> tuple[AsyncSocket, bytes]:
        """Take the connection out of the pool, with what came behind the head: it speaks another protocol now."""
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
    return Pool(config) if http_client is None else HttpxTransport(http_client)


def async_transport(config: Config, http_client: AsyncHttpClient | None) -> AsyncTransport:
    """Make the transport of an asynchronous client: see `transport`."""
    if http_client is not None:
        return AsyncHttpxTransport(http_client)
    # anyio takes a third of the import time of all of kubecore, and only asynchronous programs need it.
    from kubecore._http.async_pool import AsyncPool

    return AsyncPool(config)
