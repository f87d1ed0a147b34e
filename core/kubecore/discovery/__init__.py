"""Discovery: a server's groups, versions and resources, and the resource for a name.

Source: client-go's `discovery` and `restmapper`; KEP-3352, aggregated discovery.
"""

from __future__ import annotations

from kubecore.discovery.async_client import AsyncDiscovery
from kubecore.discovery.catalog import ApiGroup, ApiResource, ApiSubresource, Catalog
from kubecore.discovery.client import Discovery

__all__ = ["ApiGroup", "ApiResource", "ApiSubresource", "AsyncDiscovery", "Catalog", "Discovery"]
