"""A synchronous client's settings and credentials for an event loop in another thread."""

# ruff: noqa: SLF001 - a friend of both clients.
# pyright: reportPrivateUsage=false

from __future__ import annotations

from kubecore._auth.authorization import AsyncAuthorization
from kubecore._http.pool import Pool
from kubecore.errors import ConfigError
from kubecore.rest.async_client import AsyncClient
from kubecore.rest.client import Client

__all__ = ["async_client_for"]


def async_client_for(client: Client) -> AsyncClient:
    """Make an asynchronous client with the same settings, limiter and credentials, so that users are prompted once.

    Args:
        client: The client.

    Returns:
        The asynchronous client, to be closed by the caller; it has separate connections.

    Raises:
        ConfigError: A custom HTTP client sends the requests.
    """
    if not isinstance(client._transport, Pool):
        raise ConfigError(
            "a custom client (http_client=) works only in its own thread; use a clientset without it to listen"
        )
    async_client = AsyncClient(client._requests.config)
    async_client._requests = client._requests
    async_client._authorization = AsyncAuthorization(client._authorization._source)
    async_client._current = async_client._authorization.current
    return async_client
