# Derived from kubecore/async_verbs/proxying.py by tools/async_to_sync.py. Edit that file and run `make sync`.
"""Requests to what stands behind an object: proxy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from kubecore.sync_verbs.base import ResourceClient

if TYPE_CHECKING:
    from kubecore.calls.proxy import ProxyMethod, ProxyQuery, ProxyResponse, ProxyScheme

__all__ = ["Proxy"]


class Proxy(ResourceClient):
    """Speaks HTTP with what stands behind an object, through the API server."""

    def proxy(
        self,
        name: str,
        method: ProxyMethod = "GET",
        path: str = "",
        *,
        port: int | str | None = None,
        scheme: ProxyScheme | None = None,
        query: ProxyQuery | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        timeout: float | None = None,
    ) -> ProxyResponse:
        """Send a request to a pod, a service or a node: any method, to `proxy`.

        An answer of any status is the backend's, and is returned; it is never tried again, and redirects are not
        followed. The API server's own failures are raised: a status of 400 and more whose body is a Status. A backend
        that answers with a Status itself can't be told apart.

        Args:
            name: the object's name.
            method: the HTTP method.
            path: the path at the backend; `%` begins what is encoded already, and `..` is refused.
            port: the port or its name; else the pod's first port, a service's only one, or the kubelet's.
            scheme: `https` where the backend speaks TLS; for a node's own port it is always.
            query: the query parameters.
            headers: headers for the backend. Those that say who asks are not passed on by the API server.
            body: the body; say what it is with the header `Content-Type`.
            timeout: seconds for the call, with its retries; None for the limits of `Config.timeouts`.

        Returns:
            The answer: status, headers and content.

        Raises:
            InvalidRequestError: refused before anything was sent.
            StatusError: the API server itself answered with a failure.
            TransportError: there is no whole answer.
        """
        from kubecore.calls.proxy import proxy_call

        call = proxy_call(
            self._resource,
            self._namespace,
            name,
            method,
            path,
            port=port,
            scheme=scheme,
            query=query,
            headers=headers,
            body=body,
        )
        return self._client.send(call, timeout=timeout)
