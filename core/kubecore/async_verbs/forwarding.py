"""Connections to ports of pods: port_forward."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubecore.async_verbs.base import ResourceClient

if TYPE_CHECKING:
    from kubecore.streams import async_forward

__all__ = ["PortForward"]


class PortForward(ResourceClient):
    """Connects to ports of pods."""

    def port_forward(self, name: str, *, timeout: float | None = None) -> async_forward.AsyncPortForward:
        """Connect to ports of a pod: websockets to `portforward`. Nothing is sent before the first connection.

        Each connection has a websocket of its own, so that none waits for another, and an error ends that one alone.

        Args:
            name: the pod's name.
            timeout: seconds until a connection to the pod is open, for each, where `connect` gives none; None for 30 s.

        Returns:
            A context manager; its `connect(port)` gives a connection, `listen(port)` a port of this machine.

        Raises:
            InvalidRequestError: refused before anything was sent.
        """
        from kubecore.streams import async_forward, tunnel

        call = tunnel.forward_call(self.resource, self._namespace, name)
        return async_forward.AsyncPortForward(self._client, call, timeout=timeout)
