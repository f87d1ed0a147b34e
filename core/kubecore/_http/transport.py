"""Transports for requests: kubecore's connection pool, a custom HTTP client, or a server in the same process."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from kubecore._config.config import Config
from kubecore._http.tls import Identity

if TYPE_CHECKING:
    from kubecore._http.async_protocols import AsyncHttpClient, AsyncTransport
    from kubecore._http.protocols import HttpClient, Transport

__all__ = ["async_transport", "transport"]


def transport(config: Config, http_client: HttpClient | None, certificate: Callable[[], Identity | None]) -> Transport:
    """Make the transport of a client.

    Args:
        config: The server, the TLS settings and the number of connections.
        http_client: A client of the user's own to send with, or None. Certificates, proxies and timeouts are then its
            own.
        certificate: Returns the client certificate for new connections, None for that of the configuration.

    Raises:
        ConfigError: Certificates or keys can't be used.
    """
    if http_client is not None:
        from kubecore._http.httpx_transport import HttpxTransport

        return HttpxTransport(http_client, certificate)
    if config.transport is not None:
        made: Transport = config.transport.make_transport(config)
        return made
    from kubecore._http.pool import Pool

    return Pool(config, certificate)


def async_transport(
    config: Config, http_client: AsyncHttpClient | None, certificate: Callable[[], Identity | None]
) -> AsyncTransport:
    """Make the transport of an asynchronous client: see `transport`."""
    if http_client is not None:
        from kubecore._http.httpx_transport import AsyncHttpxTransport

        return AsyncHttpxTransport(http_client, certificate)
    if config.transport is not None:
        made: AsyncTransport = config.transport.make_async_transport(config)
        return made
    # A third of the import time of kubecore is that of anyio, and only asynchronous programs need it.
    from kubecore._http.async_pool import AsyncPool

    return AsyncPool(config, certificate)
