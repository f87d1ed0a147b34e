"""The interfaces of HTTP clients, transports and responses."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from kubecore._http.async_socket import AsyncSocket
    from kubecore._http.request import Body, Request

__all__ = ["AsyncHttpClient", "AsyncStream", "AsyncTransport"]


class AsyncHttpClient(Protocol):
    """Required interface of a custom client; `httpx.AsyncClient` has it."""

    def build_request(
        self, method: str, url: str, *, content: Any = ..., headers: Any = ..., timeout: Any = ...
    ) -> Any:
        """Make a request."""
        ...

    async def send(self, request: Any, *, stream: bool = ..., follow_redirects: bool = ...) -> Any:
        """Send the request; with `stream`, the body of the response is not read yet."""
        ...


class AsyncStream(Protocol):
    """A response whose body has not been read yet."""

    @property
    def status(self) -> int:
        """The HTTP status code."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers, their names in lower case."""
        ...

    async def read(self, max_bytes: int) -> Body:
        """Return the whole body.

        Args:
            max_bytes: Largest body that is read, in bytes.

        Raises:
            TransportError: It breaks off, or is larger.
        """
        ...

    def chunks(self) -> AsyncGenerator[bytes]:
        """Yield the body as it comes.

        Raises:
            TransportError: It breaks off.
        """
        ...

    def detach(self) -> tuple[AsyncSocket, bytes]:
        """Take the connection out of the pool, with the data received after the head: it uses another protocol now."""
        ...

    async def aclose(self) -> None:
        """Return the connection to the pool, or close it if the body was not read completely."""
        ...


class AsyncTransport(Protocol):
    """Sends requests."""

    async def open(self, request: Request) -> AsyncStream:
        """Send a request and wait for the response head.

        Raises:
            TransportError: There is no response.
        """
        ...

    async def aclose(self) -> None:
        """Close every connection."""
        ...
