"""kubeconfig files: client-go's `clientcmd`."""

from __future__ import annotations

from kubecore.kubeconfig.load import KubeConfig, load, load_config

__all__ = ["KubeConfig", "load", "load_config"]
