"""The configuration that a clientset is created with."""

from __future__ import annotations

import dataclasses

from kubecore import rest

__all__ = ["resolve"]


def resolve(config: object, clientset: type) -> rest.Config:
    """Return the configuration of a clientset.

    Args:
        config: The argument of the clientset's constructor. None stands for the default configuration.
        clientset: The class of the clientset, for errors.

    Raises:
        ConfigError: If the default configuration can't be read, or does not exist.
        TypeError: If it is something else, such as a URL.
    """
    if isinstance(config, rest.Config):
        return config
    from kubecore import kubeconfig

    if config is None:
        return kubeconfig.load_config()
    if isinstance(config, kubeconfig.KubeConfig):
        return dataclasses.replace(config.config, namespace=config.namespace)
    name = clientset.__name__
    if isinstance(config, str):
        hint = f"{name}(rest.Config(host={config[:100]!r}, ...))" if "://" in config and "@" not in config else ""
        hint = hint or f"{name}(kubeconfig.load_config(path)) for a file, {name}(rest.Config(host=...)) for a URL"
    elif isinstance(getattr(config, "config", None), rest.Config):
        hint = f"{name}(cluster.config), with your {type(config).__name__} as cluster"
    else:
        hint = f"{name}(), {name}(kubeconfig.load_config()) or {name}(rest.Config(host=...))"
    raise TypeError(f"{name} needs a rest.Config, not a {type(config).__name__}: write {hint}")
