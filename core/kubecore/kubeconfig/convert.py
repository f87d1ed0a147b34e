"""The entries of a kubeconfig as parts of a `rest.Config`, without checks."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping

from kubecore import rest
from kubecore._config.rules import EXEC_VERSIONS
from kubecore._config.secret import SecretText
from kubecore._support.terminal import escape_for_terminal
from kubecore.kubeconfig.model import AuthProvider, Cluster, Exec, User

__all__ = ["Save", "config_of", "exec_of", "impersonate_of", "oidc_of", "provider_ca", "server_url", "tls_of"]

Save = Callable[[Mapping[str, str]], None]


def config_of(
    cluster: Cluster, user: User, *, token: SecretText, policy: rest.ExecPolicy | None = None, save: Save | None = None
) -> rest.Config:
    """Return the configuration for a cluster and a user.

    Args:
        cluster: The server.
        user: The credentials.
        token: The token of the user, or that of its file.
        policy: The programs that may run; None for all.
        save: Called with new tokens of an OpenID Connect provider.
    """
    config = rest.Config(
        host=server_url(cluster.server),
        bearer_token=str(token) or None,
        bearer_token_file=user.token_file or None,
        username=user.username or None,
        password=user.password or None,
        impersonate=impersonate_of(user),
        exec=exec_of(user.exec, cluster, policy) if user.exec is not None else None,
        oidc=oidc_of(user.auth_provider, save) if user.auth_provider is not None else None,
        tls=tls_of(cluster, user),
        proxy_url=cluster.proxy_url,
    )
    if cluster.disable_compression is not None:
        config.compression = not cluster.disable_compression
    return config


def server_url(server: str) -> str:
    """Return the URL of a server; as in client-go, only an explicit https counts."""
    return server if "://" in server else f"http://{server}"


def tls_of(cluster: Cluster, user: User) -> rest.TLSConfig:
    """Return the certificates and keys."""
    return rest.TLSConfig(
        ca_file=cluster.ca_file or None,
        ca_data=cluster.ca_data or None,
        cert_file=user.cert_file or None,
        cert_data=user.cert_data or None,
        key_file=user.key_file or None,
        key_data=user.key_data or None,
        server_name=cluster.tls_server_name or None,
        insecure=cluster.insecure,
    )


def impersonate_of(user: User) -> rest.Impersonate | None:
    """Return the user to impersonate, None for none."""
    if not (user.act_as or user.act_as_uid or user.act_as_groups or user.act_as_extra):
        return None
    return rest.Impersonate(
        user=user.act_as, uid=user.act_as_uid, groups=user.act_as_groups, extra=dict(user.act_as_extra)
    )


def exec_of(plugin: Exec, cluster: Cluster, policy: rest.ExecPolicy | None = None) -> rest.ExecConfig:
    """Return a program that gives credentials."""
    # Source: `SetDefaults_ExecConfig`; v1 has no default.
    default_mode = "" if plugin.api_version == EXEC_VERSIONS[0] else "IfAvailable"
    return rest.ExecConfig(
        command=plugin.command,
        args=plugin.args,
        env=dict(plugin.env),
        api_version=plugin.api_version,
        # A hint goes to a terminal; white space stays.
        install_hint=escape_for_terminal(plugin.install_hint, keep="\t\n\v\f\r"),
        provide_cluster_info=plugin.provide_cluster_info,
        interactive_mode=plugin.interactive_mode or default_mode,
        cluster_config=cluster.exec_extension,
        policy=policy if policy is not None else rest.ExecPolicy(),
    )


def oidc_of(provider: AuthProvider, save: Save | None = None) -> rest.OIDCConfig:
    """Return an OpenID Connect provider."""
    config = provider.config
    return rest.OIDCConfig(
        issuer_url=config.get("idp-issuer-url", ""),
        client_id=config.get("client-id", ""),
        client_secret=config.get("client-secret", ""),
        ca_file=config.get("idp-certificate-authority") or None,
        ca_data=provider_ca(provider) or None,
        id_token=config.get("id-token", ""),
        refresh_token=config.get("refresh-token", ""),
        save=save,
    )


def provider_ca(provider: AuthProvider) -> bytes | None:
    """Return the certificates that sign the provider's, b"" for none; None if they are not valid base64."""
    try:
        return base64.b64decode(
            "".join(provider.config.get("idp-certificate-authority-data", "").split()), validate=True
        )
    except ValueError:  # binascii.Error is one.
        return None
