"""The way to the server: its address, and TLS."""

from __future__ import annotations

import ssl

from kubecore.rest import network, tls
from kubecore.rest.config import Config
from kubecore.rest.network import AsyncSocket, SyncSocket

__all__ = ["Route"]


class Route:
    """Makes connections to the server of a configuration.

    Args:
        config: the host, and TLS.

    Raises:
        ConfigError: certificates or keys can't be used.
    """

    def __init__(self, config: Config) -> None:
        server = config.server()
        self._host = server.host
        self._is_tls = server.scheme == "https"
        self._port = server.port or (443 if self._is_tls else 80)
        self._name = config.tls.server_name or server.host
        self._context: ssl.SSLContext | None = tls.context(config.tls) if self._is_tls else None

    def connect(self, seconds: float | None) -> SyncSocket:
        """Connect.

        Args:
            seconds: for all of it, None for no limit.

        Raises:
            OSError: there is no connection.
        """
        made = network.connect(self._host, self._port, seconds)
        if self._context is not None:
            made = network.secure(made, self._context, self._name)
        return SyncSocket(made)

    async def connect_async(self) -> AsyncSocket:
        """Connect: see `connect`; whoever calls sets the time limit."""
        made = await network.connect_async(self._host, self._port)
        if self._context is not None:
            await network.secure_async(made, self._context, self._name)
        return made
