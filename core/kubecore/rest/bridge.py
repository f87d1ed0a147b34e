"""A synchronous client's settings and credentials for an event loop in a thread of its own."""

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
    """Make an asynchronous client with the same settings, limiter and credentials, so that nobody is asked twice.

    Args:
        client: the client.

    Returns:
        The other one, to be closed by who has it; connections are its own.

    Raises:
        ConfigError: a client of the user's own sends the requests.
    """
    if not isinstance(client._transport, Pool):
        raise ConfigError(
            "a client of your own (http_client=) works in its own thread alone; use a clientset without it to listen"
        )
    made = AsyncClient(client._requests.config)
    made._requests = client._requests
    made._authorization = AsyncAuthorization(client._authorization._source)
    made._current = made._authorization.current
    return made
