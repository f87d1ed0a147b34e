"""Requests to the process behind an object: proxy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from kubecore.async_verbs.base import ResourceClient

if TYPE_CHECKING:
    from kubecore.calls.proxy import ProxyMethod, ProxyQuery, ProxyResponse, ProxyScheme

__all__ = ["Proxy"]


class Proxy(ResourceClient):
    """HTTP requests to the process behind an object, through the API server."""

    async def proxy(
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

        A response of any status is the backend's, and is returned; it is never tried again, and redirects are not
        followed. Errors of the API server itself are raised: a status of 400 or above whose body is a Status. A backend
        that responds with a Status cannot be distinguished from it.

        Args:
            name: The object's name.
            method: The HTTP method.
            path: The path at the backend; `%` starts an existing escape, and `..` is refused.
            port: The port or its name; else the pod's first port, a service's only one, or the kubelet's.
            scheme: `https` if the backend uses TLS; for a node's own port it is always.
            query: The query parameters.
            headers: Headers for the backend. The API server does not pass on those with credentials.
            body: The body; set its type with the header `Content-Type`.
            timeout: Seconds for the call, with its retries; None for the limits of `Config.timeouts`.

        Returns:
            The response: status, headers and content.

        Raises:
            InvalidRequestError: Refused before anything was sent.
            StatusError: The API server itself responded with a failure.
            TransportError: The response is missing or incomplete.
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
        return await self._client.send(call, timeout=timeout)
