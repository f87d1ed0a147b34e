"""The connection to an API server: where it is, who asks, and the clients that send calls."""

from __future__ import annotations

from kubecore.rest.async_client import AsyncClient
from kubecore.rest.client import Client
from kubecore.rest.config import Config, Timeouts, TLSConfig
from kubecore.rest.incluster import NotInClusterError, in_cluster_config

__all__ = ["AsyncClient", "Client", "Config", "NotInClusterError", "TLSConfig", "Timeouts", "in_cluster_config"]
