# Derived from kubecore/_http/async_protocols.py by tools/async_to_sync.py. Edit that file and run `make sync`.
"""The interfaces of HTTP clients, transports and responses."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from kubecore._http.request import Body, Request
    from kubecore._http.sync_socket import SyncSocket

__all__ = ["HttpClient", "Stream", "Transport"]


class HttpClient(Protocol):
    """Required interface of a custom client; `httpx.Client` has it."""

    def build_request(
        self, method: str, url: str, *, content: Any = ..., headers: Any = ..., timeout: Any = ...
    ) -> Any:
        """Make a request."""
        ...

    def send(self, request: Any, *, stream: bool = ..., follow_redirects: bool = ...) -> Any:
        """Send the request; with `stream`, the body of the response is not read yet."""
        ...


class Stream(Protocol):
    """A response whose body has not been read yet."""

    @property
    def status(self) -> int:
        """The HTTP status code."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers, their names in lower case."""
        ...

    def read(self, max_bytes: int) -> Body:
        """Return the whole body.

        Args:
            max_bytes: Largest body that is read, in bytes.

        Raises:
            TransportError: It breaks off, or is larger.
        """
        ...

    def chunks(self) -> Generator[bytes]:
        """Yield the body as it comes.

        Raises:
            TransportError: It breaks off.
        """
        ...

    def detach(self) -> tuple[SyncSocket, bytes]:
        """Take the connection out of the pool, with the data received after the head: it uses another protocol now."""
        ...

    def close(self) -> None:
        """Return the connection to the pool, or close it if the body was not read completely."""
        ...


class Transport(Protocol):
    """Sends requests."""

    def open(self, request: Request) -> Stream:
        """Send a request and wait for the response head.

        Raises:
            TransportError: There is no response.
        """
        ...

    def close(self) -> None:
        """Close every connection."""
        ...
