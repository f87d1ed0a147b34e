"""Connections to ports of pods and services: port_forward."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubecore.async_verbs.base import ResourceClient

if TYPE_CHECKING:
    from kubecore.streams.port_forward import async_forward

__all__ = ["PortForward", "ServicePortForward"]


class PortForward(ResourceClient):
    """Connects to ports of pods."""

    def port_forward(self, name: str, *, timeout: float | None = None) -> async_forward.AsyncPortForward:
        """Connect to ports of a pod: websockets to `portforward`. Nothing is sent before the first connection.

        Each connection has a separate websocket, so that none waits for another, and an error ends only one.

        Args:
            name: The pod's name.
            timeout: Seconds until a connection to the pod is open, for each, if `connect` gives none; None for 30 s.

        Returns:
            A context manager; its `connect(port)` gives a connection, `listen(port)` a port of this machine. The
            port is a number, or the name of a container's port.

        Raises:
            InvalidRequestError: Refused before anything was sent.
        """
        from kubecore.streams.port_forward import async_forward, targets

        target = targets.PodTarget(self._resource, self._namespace, name)
        return async_forward.AsyncPortForward(self._client, target, timeout=timeout)


class ServicePortForward(ResourceClient):
    """Connects to ports of services."""

    def port_forward(self, name: str, *, timeout: float | None = None) -> async_forward.AsyncPortForward:
        """Connect to ports of a pod of a service, as `kubectl port-forward service/NAME`: websockets to `portforward`.

        The service and its pods are read at the first connection. All connections go to one pod: the one that has been
        ready for longest. The service's port is translated to that of the pod; nothing is balanced.

        Args:
            name: The service's name.
            timeout: Seconds until a connection to the pod is open, for each, if `connect` gives none; None for 30 s.

        Returns:
            A context manager; its `connect(port)` gives a connection, `listen(port)` a port of this machine. A port is
            the number or the name of a port of the service.

        Raises:
            InvalidRequestError: Refused before anything was sent.
        """
        from kubecore.streams.port_forward import async_forward, targets

        target = targets.ServiceTarget(self._resource, self._namespace, name)
        return async_forward.AsyncPortForward(self._client, target, timeout=timeout)
