# Derived from kubecore/discovery/async_client.py by tools/async_to_sync.py. Edit that file and run `make sync`.
"""Discovery with I/O: requests what the steps of `discovery.cache` need."""

from __future__ import annotations

from kubecore.discovery.cache import DiscoveryCache
from kubecore.discovery.catalog import ApiResource, Catalog
from kubecore.rest import Client, run_steps

__all__ = ["Discovery"]


class Discovery:
    """Asks a server what it offers, and remembers it.

    Args:
        client: sends the calls.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self.cache: DiscoveryCache = DiscoveryCache()

    def catalog(self, *, timeout: float | None = None) -> Catalog:
        """Return what the server offers: asked when it is first needed, then remembered.

        Args:
            timeout: seconds for all requests and pauses together; None for the limits of `Config.timeouts` for each
                request.

        Returns:
            Groups, resources, and which group versions could not be asked.

        Raises:
            StatusError: the server does not tell.
            TransportError: there is no answer.
            DecodeError: the answer is not what was asked for.
        """
        return run_steps.run(self._client, self.cache.catalog(), timeout=timeout)

    def refresh(self, *, timeout: float | None = None) -> Catalog:
        """Ask the server again.

        Args:
            timeout: seconds for all requests and pauses together; None for the limits of `Config.timeouts` for each
                request.

        Returns:
            Groups, resources, and which group versions could not be asked.

        Raises:
            StatusError: the server does not tell.
            TransportError: there is no answer.
            DecodeError: the answer is not what was asked for.
        """
        return run_steps.run(self._client, self.cache.refresh(), timeout=timeout)

    def find(self, kind: str, *, api_version: str = "", timeout: float | None = None) -> ApiResource:
        """Find the resource that a name means. A name that is not known asks the server once more.

        Args:
            kind: a kind, plural, singular or short name, in any case; version and group may follow as kubectl takes
                them, such as `deploy.apps` or `deployments.v1.apps`.
            api_version: the group version, such as `apps/v1`; "" for any, by the server's priority.
            timeout: seconds for all requests and pauses together; None for the limits of `Config.timeouts` for each
                request.

        Returns:
            The resource.

        Raises:
            NoMatchError: there is none; the error names those nearest to it.
            StatusError: the server does not tell.
            TransportError: there is no answer.
            DecodeError: the answer is not what was asked for.
        """
        return run_steps.run(self._client, self.cache.find(kind, api_version), timeout=timeout)
