"""The base class of generated clientsets: one REST client, shared by all groups."""

from __future__ import annotations

import functools
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar

from kubecore import rest
from kubecore._http.async_protocols import AsyncHttpClient
from kubecore.clientset.configuration import resolve

if TYPE_CHECKING:
    from kubecore.calls.raw import QueryValues, RawResponse
    from kubecore.calls.version import Info
    from kubecore.discovery import AsyncDiscovery
    from kubecore.dynamic import AsyncDynamicClient, AsyncObjects
    from kubecore.kubeconfig import KubeConfig
    from kubecore.model.model import Model

__all__ = ["AsyncBaseClientset"]

M = TypeVar("M", bound="Model")


class AsyncBaseClientset:
    """Opens and closes the client that the groups share.

    Args:
        config: Address of the server and how to reach it. None loads the same configuration as kubectl, as
            `kubeconfig.load()` does: the files of `KUBECONFIG`, else `~/.kube/config`, else the cluster that the
            program runs in.
        http_client: A custom client that sends every request, instead of kubecore's connection pool. Closing the
            clientset does not close it.

    Raises:
        ConfigError: If `config` contradicts itself or names files that can't be read, or there is none.
        TypeError: If `config` is something else, such as a URL.
    """

    def __init__(
        self, config: rest.Config | KubeConfig | None = None, *, http_client: AsyncHttpClient | None = None
    ) -> None:
        self.rest_client: rest.AsyncClient = rest.AsyncClient(resolve(config, type(self)), http_client=http_client)

    def __repr__(self) -> str:
        """Show the server."""
        host = getattr(getattr(self, "rest_client", None), "host", "")  # Empty if the constructor raised.
        return f"{type(self).__name__}({host!r})"

    @property
    def namespace(self) -> str:
        """The namespace of the kubeconfig's context or of the pod; `default` if the configuration names none."""
        return self.rest_client.namespace or "default"

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> None:
            from kubecore.model import hints

            raise hints.missing_in_clientset(self, name)

    async def server_version(self, *, timeout: float | None = None) -> Info:
        """Request the server's version: `GET /version`.

        Args:
            timeout: Seconds for the call, with its retries; None for the limits of `Config.timeouts`.

        Returns:
            The version, and how the server was built.

        Raises:
            StatusError: The server responded with an error.
            TransportError: The response is missing or incomplete.
            DecodeError: The response is not the requested object.
        """
        from kubecore.calls import version

        return await self.rest_client.send(version.call(), timeout=timeout)

    async def raw(
        self,
        method: str,
        path: str,
        *,
        query: QueryValues | None = None,
        body: bytes | None = None,
        content_type: str = "application/json",
        accept: str = "*/*",
        timeout: float | None = None,
    ) -> RawResponse:
        """Send a request of any kind to any path, such as `/healthz` or `/metrics`.

        Args:
            method: The HTTP method, such as `GET`.
            path: The path without query, from the server's root. It is percent-encoded if needed; a path
                that leads somewhere else, such as one with `..`, is refused.
            query: The query parameters; several values of one name are a list.
            body: The body.
            content_type: The body's media type.
            accept: The accepted media types.
            timeout: Seconds for the call, with its retries; None for the limits of `Config.timeouts`.

        Returns:
            The unchanged response.

        Raises:
            InvalidRequestError: Refused before anything was sent.
            StatusError: The server responded with an error.
            TransportError: The response is missing or incomplete.
        """
        from kubecore.calls import raw

        return await self.rest_client.send(
            raw.call(method, path, query=query, body=body, content_type=content_type, accept=accept), timeout=timeout
        )

    @functools.cached_property
    def discovery(self) -> AsyncDiscovery:
        """Discovery of the server's resources: requested when first needed, then cached."""
        from kubecore.discovery import AsyncDiscovery

        return AsyncDiscovery(self.rest_client)

    @functools.cached_property
    def dynamic(self) -> AsyncDynamicClient:
        """Clients of kinds that are named when the program runs, found by discovery."""
        from kubecore.dynamic import AsyncDynamicClient

        return AsyncDynamicClient(self.rest_client, self.discovery)

    def resource(self, kind: type[M], namespace: str = "") -> AsyncObjects[M]:
        """Return the client of a kind, for code that is generic over kinds. Nothing is sent.

        Args:
            kind: The model, such as `core_v1.ConfigMap`, of any generated package.
            namespace: The namespace; "" for all of them, and for resources of the cluster.

        Returns:
            The client of its objects.

        Raises:
            NoMatchError: No generated package has a resource for it; `dynamic.resource` uses discovery.
        """
        from kubecore.dynamic import AsyncObjects
        from kubecore.dynamic.resource import of_model

        return AsyncObjects(self.rest_client, of_model(kind), namespace)

    async def aclose(self) -> None:
        """Close every connection; a second call does nothing."""
        await self.rest_client.aclose()

    async def __aenter__(self) -> Self:
        """Return the clientset."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close every connection."""
        await self.aclose()
