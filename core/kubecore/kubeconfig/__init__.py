"""kubeconfig files: client-go's `clientcmd`."""

from __future__ import annotations

from kubecore.kubeconfig.errors import (
    ContextNotFoundError,
    EmptyConfigError,
    InvalidConfigError,
    Problem,
    is_configuration_invalid,
    is_context_not_found,
    is_empty_config,
)
from kubecore.kubeconfig.loading import KubeConfig, load, load_config, loads
from kubecore.kubeconfig.overrides import Overrides
from kubecore.kubeconfig.validation import validate
from kubecore.kubeconfig.write import KubeConfigFiles, use_context

__all__ = [
    "ContextNotFoundError",
    "EmptyConfigError",
    "InvalidConfigError",
    "KubeConfig",
    "KubeConfigFiles",
    "Overrides",
    "Problem",
    "is_configuration_invalid",
    "is_context_not_found",
    "is_empty_config",
    "load",
    "load_config",
    "loads",
    "use_context",
    "validate",
]
