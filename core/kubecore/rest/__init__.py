"""The connection to an API server: where it is, who asks, and the clients that send calls."""

from __future__ import annotations

from kubecore.rest.async_client import AsyncClient
from kubecore.rest.client import Client
from kubecore.rest.config import Config, Timeouts, TLSConfig
from kubecore.rest.credentials import ExecConfig, ExecPolicy, Impersonate, OIDCConfig
from kubecore.rest.incluster import NotInClusterError, in_cluster_config
from kubecore.rest.observe import Attempt, Observer, Outcome
from kubecore.rest.ratelimit import RateLimiter, TokenBucket
from kubecore.rest.warnings import ServerWarning, WarningHandler

__all__ = [
    "AsyncClient",
    "Attempt",
    "Client",
    "Config",
    "ExecConfig",
    "ExecPolicy",
    "Impersonate",
    "NotInClusterError",
    "OIDCConfig",
    "Observer",
    "Outcome",
    "RateLimiter",
    "ServerWarning",
    "TLSConfig",
    "Timeouts",
    "TokenBucket",
    "WarningHandler",
    "in_cluster_config",
]
