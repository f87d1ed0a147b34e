"""The configuration of a program that runs in a pod: client-go's `rest.InClusterConfig`."""

from __future__ import annotations

import logging
import os
import ssl
from pathlib import Path
from typing import Final

from kubecore._config.config import Config
from kubecore._config.credentials import TLSConfig
from kubecore._config.secret import SecretText, read_file
from kubecore.errors import ConfigError

__all__ = ["SERVICE_ACCOUNT", "NotInClusterError", "in_cluster_config", "pod_namespace"]

SERVICE_ACCOUNT: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount")
"""The folder that the kubelet mounts into every pod that has a service account."""

_LOG: Final = logging.getLogger("kubecore")


class NotInClusterError(ConfigError):
    """The program does not run in a pod: `KUBERNETES_SERVICE_HOST` or `KUBERNETES_SERVICE_PORT` is not set."""

    __module__ = "kubecore.rest"  # as programs import it


def in_cluster_config(*, folder: Path | None = None) -> Config:
    """Return the configuration that the kubelet gives to the processes of a pod.

    Args:
        folder: The folder of the service account's files, if not the usual one.

    Returns:
        The server of the environment, with the service account's token (read again as it is renewed) and CA.

    Raises:
        NotInClusterError: The environment has no server address.
        ConfigError: The token can't be read.
    """
    host, port = os.environ.get("KUBERNETES_SERVICE_HOST", ""), os.environ.get("KUBERNETES_SERVICE_PORT", "")
    if not host or not port:
        raise NotInClusterError(
            "not in a cluster: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT must be set, as they are in a pod; "
            "outside of one use kubeconfig.load_config()"
        )
    files = folder or SERVICE_ACCOUNT
    token = files / "token"
    return Config(
        host=f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}",
        bearer_token=_read(token),
        bearer_token_file=str(token),
        tls=TLSConfig(ca_file=_ca(files / "ca.crt")),
        origin="the pod's service account",
        namespace=pod_namespace(files),
    )


def pod_namespace(folder: Path | None = None) -> str:
    """Return the namespace of the pod that the program runs in: `POD_NAMESPACE`, else the service account's file.

    Args:
        folder: The folder of the service account's files, if not the usual one.

    Returns:
        The namespace; `default` if neither names one, as in client-go.
    """
    namespace = os.environ.get("POD_NAMESPACE", "")
    if not namespace:
        try:
            namespace = ((folder or SERVICE_ACCOUNT) / "namespace").read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError):
            return "default"
    return namespace or "default"


def _read(token: Path) -> str:
    try:
        text = SecretText(read_file(token).decode("ascii").strip())
    except (OSError, UnicodeDecodeError) as error:
        what = error.strerror if isinstance(error, OSError) else "it is not text"
        raise ConfigError(
            f"the service account's token can't be read: {token}: {what}; "
            "is automountServiceAccountToken off for this pod?"
        ) from None
    if not text:
        raise ConfigError(f"the service account's token is empty: {token}")
    return str(text)


def _ca(file: Path) -> str | None:
    """Return the CA's path if it can be used; otherwise, like client-go, use the system's CAs and log a warning."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=str(file))
    except (OSError, ValueError) as error:
        _LOG.warning("the cluster's CA can't be used, so the system's CAs are: %s: %s", file, error)
        return None
    return str(file)
