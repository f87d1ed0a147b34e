"""The interface of objects that make the transports of clients (`Config.transport`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from kubecore._config.config import Config

__all__ = ["TransportFactory"]


class TransportFactory(Protocol):
    """Makes the transports of clients: `kubecore.testing.FakeCluster` has one.

    The transports are private interfaces of kubecore (`kubecore._http.protocols`), which may change.
    """

    def make_transport(self, config: Config) -> Any:
        """Return the transport of a synchronous client."""
        ...

    def make_async_transport(self, config: Config) -> Any:
        """Return the transport of an asynchronous client."""
        ...
