# Derived from kubecore/discovery/async_client.py by tools/async_to_sync.py. Edit that file and run `make sync`.
"""Discovery with I/O: sends the requests of the steps in `discovery.cache`."""

from __future__ import annotations

from kubecore.discovery.cache import DiscoveryCache
from kubecore.discovery.catalog import ApiResource, Catalog
from kubecore.rest import Client, run_steps

__all__ = ["Discovery"]


class Discovery:
    """Discovery of a server's resources, with a cache.

    Args:
        client: Sends the calls.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self.cache: DiscoveryCache = DiscoveryCache()

    def catalog(self, *, timeout: float | None = None) -> Catalog:
        """Return the server's resources: requested when first needed, then cached.

        Args:
            timeout: Seconds for all requests and pauses together; None for the limits of `Config.timeouts` for each
                request.

        Returns:
            Groups, resources, and which group versions did not respond.

        Raises:
            StatusError: The server refuses discovery.
            TransportError: There is no response.
            DecodeError: The response is not the requested object.
        """
        return run_steps.run(self._client, self.cache.catalog(), timeout=timeout)

    def refresh(self, *, timeout: float | None = None) -> Catalog:
        """Request the server's resources again.

        Args:
            timeout: Seconds for all requests and pauses together; None for the limits of `Config.timeouts` for each
                request.

        Returns:
            Groups, resources, and which group versions did not respond.

        Raises:
            StatusError: The server refuses discovery.
            TransportError: There is no response.
            DecodeError: The response is not the requested object.
        """
        return run_steps.run(self._client, self.cache.refresh(), timeout=timeout)

    def find(self, kind: str, *, api_version: str = "", timeout: float | None = None) -> ApiResource:
        """Find the resource that a name means. An unknown name triggers another request.

        Args:
            kind: A kind, plural, singular or short name, in any case; version and group may follow as in kubectl, such
                as `deploy.apps` or `deployments.v1.apps`.
            api_version: The group version, such as `apps/v1`; "" for any, by the server's priority.
            timeout: Seconds for all requests and pauses together; None for the limits of `Config.timeouts` for each
                request.

        Returns:
            The resource.

        Raises:
            NoMatchError: There is no such kind; the error names those nearest to it.
            StatusError: The server refuses discovery.
            TransportError: There is no response.
            DecodeError: The response is not the requested object.
        """
        return run_steps.run(self._client, self.cache.find(kind, api_version), timeout=timeout)
