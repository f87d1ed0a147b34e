"""The connection to an API server: its address, credentials, and the clients that send calls."""

from __future__ import annotations

from kubecore._config.config import Config, Timeouts, TransportFactory
from kubecore._config.credentials import ExecConfig, ExecPolicy, Impersonate, OIDCConfig, TLSConfig
from kubecore._config.incluster import NotInClusterError, in_cluster_config
from kubecore._config.observe import Attempt, Observer, Outcome
from kubecore._config.ratelimit import RateLimiter, TokenBucket
from kubecore._config.warnings import ServerWarning, WarningHandler
from kubecore.rest.async_client import AsyncClient
from kubecore.rest.client import Client
from kubecore.rest.hooks import WriteHook, WriteHooks

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
    "TransportFactory",
    "WarningHandler",
    "WriteHook",
    "WriteHooks",
    "in_cluster_config",
]
