"""The way to the server: a proxy or none, its address, and TLS."""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
import time
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING

from kubecore._config.config import Config
from kubecore._config.credentials import TLSConfig
from kubecore._http import dial, tls
from kubecore._http.async_socket import AsyncSocket
from kubecore._http.daemon_thread import Aside, file_seconds
from kubecore._http.deadlines import reason
from kubecore._http.dial import Names
from kubecore._http.http1 import CutError, MalformedError
from kubecore._http.sync_socket import SyncSocket
from kubecore.errors import ProxyError

if TYPE_CHECKING:
    from kubecore._http.proxy import Proxy

__all__ = ["Connector", "no_certificate"]


def no_certificate() -> None:
    """Return None: the client certificate, if any, is that of the configuration."""


class Connector:
    """Makes connections to the server of a configuration.

    Args:
        config: The host, TLS, and the proxy.
        certificate: Returns the client certificate for new connections, None for that of the configuration.

    Raises:
        ConfigError: Certificates or keys can't be used, or the proxy's URL is invalid.
    """

    def __init__(self, config: Config, certificate: Callable[[], tls.Identity | None] = no_certificate) -> None:
        self._certificate = certificate
        server = config.server()
        self._host = server.host
        self._port = server.port or (443 if server.scheme == "https" else 80)
        self._name = config.tls.server_name or server.name
        self._tls = tls.Rotating(config.tls) if server.scheme == "https" else None
        self._refreshing = Aside(self._refresh)
        self._proxy = _proxy(config)
        first = self._proxy
        self._names = Names(self._host, self._port) if first is None else Names(first.host, first.port)
        is_secure = self._proxy is not None and self._proxy.scheme == "https"
        self._proxy_context: ssl.SSLContext | None = tls.context(TLSConfig()) if is_secure else None

    @property
    def generation(self) -> int:
        """A number that changes with the certificates; a connection of an older one is not to be used again."""
        return 0 if self._tls is None else self._tls.generation

    @property
    def trouble(self) -> str:
        """The step that a connection waits for, if it is not the other end; else ""."""
        return self._names.trouble

    def refresh(self, deadline: float | None) -> None:
        """Read certificates and keys that changed.

        A reading that is not done waits for its file system; its result is used when it comes.

        Args:
            deadline: When the request must be done, on the monotonic clock; None for no limit. If the files cannot be
                read by then, their previous content stays in use.
        """
        if self._tls is not None and self._tls.is_due and not self._refreshing.is_running:
            with contextlib.suppress(TimeoutError):
                self._refreshing.run(file_seconds(deadline))
        self._identify()

    async def refresh_async(self, deadline: float | None) -> None:
        """Read certificates and keys that changed: see `refresh`."""
        if self._tls is not None and self._tls.is_due and not self._refreshing.is_running:
            import anyio

            with anyio.move_on_after(file_seconds(deadline)):
                await self._refreshing.run_async()
        self._identify()

    def _refresh(self) -> None:
        if self._tls is not None:
            self._tls.refresh()

    def _identify(self) -> None:
        """Use the current client certificate for new connections."""
        if self._tls is not None:
            self._tls.identify(self._certificate())

    def connect(self, seconds: float | None) -> SyncSocket:
        """Connect.

        Args:
            seconds: For all of it, None for no limit.

        Raises:
            OSError: There is no connection.
            ProxyError: The proxy does not let us through.
        """
        if self._proxy is None:
            made = dial.connect(self._names, seconds)
        else:
            made = self._tunnel(self._proxy, None if seconds is None else time.monotonic() + seconds)
        if self._tls is None:
            return SyncSocket(made)
        context, generation = self._tls.current
        return SyncSocket(dial.secure(made, context, self._name), generation)

    async def connect_async(self) -> AsyncSocket:
        """Connect: see `connect`; the caller sets the time limit."""
        if self._proxy is None:
            made = await dial.connect_async(self._names)
        else:
            made = await self._tunnel_async(self._proxy)
        if self._tls is not None:
            context, generation = self._tls.current
            made = await dial.secure_async(made, context, self._name)
            made.generation = generation
        return made

    def _tunnel(self, way: Proxy, deadline: float | None) -> socket.socket:
        from kubecore._http.tunnel import handshake

        with _of_proxy(way):
            made = dial.connect(self._names, _left(deadline))
            if self._proxy_context is not None:
                made = dial.secure_proxy(made, self._proxy_context, way.host.partition("%")[0])
            try:
                steps = handshake(way, self._host, self._port)
                data = next(steps)
                with contextlib.suppress(StopIteration):
                    while True:
                        made.settimeout(_left(deadline))
                        if data:
                            made.sendall(data)
                        data = steps.send(made.recv(65536))
                made.settimeout(_left(deadline))
            except BaseException:
                made.close()
                raise
        return made

    async def _tunnel_async(self, way: Proxy) -> AsyncSocket:
        from kubecore._http.tunnel import handshake

        with _of_proxy(way):
            made = await dial.connect_async(self._names)
            if self._proxy_context is not None:
                made = await dial.secure_async(made, self._proxy_context, way.host.partition("%")[0])
            try:
                steps = handshake(way, self._host, self._port)
                data = next(steps)
                with contextlib.suppress(StopIteration):
                    while True:
                        if data:
                            await made.write(data)
                        data = steps.send(await made.read())
            except BaseException:
                await made.aclose()
                raise
        return made


def _proxy(config: Config) -> Proxy | None:
    """Return the proxy, if any; its module is loaded only if there may be one."""
    server = config.server()
    variable = f"{server.scheme}_proxy"
    if config.proxy_url is None and not (os.environ.get(variable) or os.environ.get(variable.upper())):
        return None
    if config.proxy_url == "":
        return None
    from kubecore._http import proxy

    return proxy.from_environment(server) if config.proxy_url is None else proxy.parse(config.proxy_url, "proxy_url")


def _left(deadline: float | None) -> float | None:
    return None if deadline is None else max(deadline - time.monotonic(), 0.001)


@contextlib.contextmanager
def _of_proxy(way: Proxy) -> Generator[None]:
    """Mark errors as caused by the proxy."""
    try:
        yield
    except TimeoutError:
        raise
    except (OSError, MalformedError, CutError) as error:
        raise ProxyError(f"the proxy {way.url} does not let us through: {reason(error)}") from error
