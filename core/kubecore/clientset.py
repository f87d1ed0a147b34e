"""What every generated clientset is made of: one REST client, shared by all its groups."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from kubecore import rest
from kubecore.rest.transport import AsyncHttpClient, HttpClient

__all__ = ["AsyncBaseClientset", "BaseClientset"]


class BaseClientset:
    """Opens and closes the client that the groups share.

    Args:
        config: Where the server is and how to reach it.
        http_client: A client of your own to send every request with, instead of kubecore's connection pool. It stays
            yours: closing the clientset leaves it open.

    Raises:
        ConfigError: if `config` contradicts itself or names files that can't be read.
    """

    def __init__(self, config: rest.Config, *, http_client: HttpClient | None = None) -> None:
        self.rest_client: rest.Client = rest.Client(config, http_client=http_client)

    def close(self) -> None:
        """Close every connection; a second call does nothing."""
        self.rest_client.close()

    def __enter__(self) -> Self:
        """Return the clientset."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close every connection."""
        self.close()


class AsyncBaseClientset:
    """Opens and closes the client that the groups share.

    Args:
        config: Where the server is and how to reach it.
        http_client: A client of your own to send every request with, instead of kubecore's connection pool. It stays
            yours: closing the clientset leaves it open.

    Raises:
        ConfigError: if `config` contradicts itself or names files that can't be read.
    """

    def __init__(self, config: rest.Config, *, http_client: AsyncHttpClient | None = None) -> None:
        self.rest_client: rest.AsyncClient = rest.AsyncClient(config, http_client=http_client)

    async def aclose(self) -> None:
        """Close every connection; a second call does nothing."""
        await self.rest_client.aclose()

    async def __aenter__(self) -> Self:
        """Return the clientset."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close every connection."""
        await self.aclose()
