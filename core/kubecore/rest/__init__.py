"""The connection to an API server: its address, credentials, and the clients that send calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubecore._config.config import Config, Timeouts, TransportFactory
from kubecore._config.credentials import ExecConfig, ExecPolicy, Impersonate, OIDCConfig, TLSConfig
from kubecore._config.incluster import NotInClusterError, in_cluster_config
from kubecore._config.observe import Attempt, Observer, Outcome
from kubecore._config.ratelimit import RateLimiter, TokenBucket
from kubecore._config.warnings import ServerWarning, WarningHandler
from kubecore._support import lazy_names
from kubecore.rest.async_client import AsyncClient
from kubecore.rest.client import Client
from kubecore.rest.hooks import WriteHook, WriteHooks

if TYPE_CHECKING:
    from kubecore.rest.async_page_iterator import AsyncPageIterator
    from kubecore.rest.page_iterator import PageIterator

__all__ = [
    "AsyncClient",
    "AsyncPageIterator",
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
    "PageIterator",
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

# The verbs import iterators when they are first used, too.
if not TYPE_CHECKING:
    __getattr__ = lazy_names(__name__, {"AsyncPageIterator": "async_page_iterator", "PageIterator": "page_iterator"})
