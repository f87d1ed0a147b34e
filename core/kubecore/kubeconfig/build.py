"""From the entries of a kubeconfig to a `rest.Config`."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from kubecore import rest
from kubecore._config.secret import SecretText
from kubecore._support.terminal import escape_for_terminal
from kubecore.errors import ConfigError
from kubecore.kubeconfig import files
from kubecore.kubeconfig.errors import InvalidConfigError, Problem
from kubecore.kubeconfig.model import AuthProvider, Cluster, Exec, User
from kubecore.kubeconfig.validate import check_cluster, check_user, server_url

__all__ = ["Save", "build"]

Save = Callable[[Mapping[str, str]], None]

_MAX_TOKEN: Final = 1 << 20


def build(
    cluster: Cluster, user: User, *, policy: rest.ExecPolicy | None, save: Save | None, problems: list[Problem]
) -> rest.Config:
    """Build the configuration for a cluster and a user.

    Args:
        cluster: the server.
        user: the credentials.
        policy: the programs that may run; None for all.
        save: called with new tokens of an OpenID Connect provider.
        problems: mistakes that were found before; those of cluster and user are added.

    Returns:
        The configuration.

    Raises:
        InvalidConfigError: something contradicts itself or cannot be read; the error has all mistakes.
    """
    check_cluster(cluster, problems)
    check_user(user, problems)
    token = SecretText(user.token or _token(user, problems))
    oidc = _oidc(user, user.auth_provider, save, problems) if user.auth_provider is not None else None
    if problems:
        raise InvalidConfigError(*problems)
    config = rest.Config(
        host=server_url(cluster.server),
        bearer_token=str(token) or None,
        bearer_token_file=user.token_file or None,
        username=user.username or None,
        password=user.password or None,
        impersonate=_impersonate(user),
        exec=_exec(user.exec, cluster, policy) if user.exec is not None else None,
        oidc=oidc,
        tls=rest.TLSConfig(
            ca_file=cluster.ca_file or None,
            ca_data=cluster.ca_data or None,
            cert_file=user.cert_file or None,
            cert_data=user.cert_data or None,
            key_file=user.key_file or None,
            key_data=user.key_data or None,
            server_name=cluster.tls_server_name or None,
            insecure=cluster.insecure,
        ),
        proxy_url=cluster.proxy_url,
    )
    if cluster.disable_compression is not None:
        config.compression = not cluster.disable_compression
    try:
        config.check()
    except ConfigError as error:
        raise InvalidConfigError(Problem(f"{cluster.where}, {user.where}", str(error))) from None
    return config


def _token(user: User, problems: list[Problem]) -> str:
    """Read the token file, so that a missing file is reported now."""
    if not user.token_file:
        return ""
    why, content = files.unreadable(user.token_file), b""
    if not why:
        try:
            with Path(user.token_file).open("rb") as stream:
                content = stream.read(_MAX_TOKEN + 1)
        except OSError as error:
            why = files.reason(error)
    if len(content) > _MAX_TOKEN:
        why = "it is too large for a token"
    if why:
        problems.append(Problem(user.where, f"tokenFile can't be read: {user.token_file[:300]}: {why}"))
        return ""
    token = content.decode("latin-1").strip()
    if not token:
        problems.append(Problem(user.where, f"tokenFile is empty: {user.token_file[:300]}"))
    return token


def _impersonate(user: User) -> rest.Impersonate | None:
    if not user.act_as:
        return None
    return rest.Impersonate(
        user=user.act_as, uid=user.act_as_uid, groups=user.act_as_groups, extra=dict(user.act_as_extra)
    )


def _exec(plugin: Exec, cluster: Cluster, policy: rest.ExecPolicy | None) -> rest.ExecConfig:
    return rest.ExecConfig(
        command=plugin.command,
        args=plugin.args,
        env=dict(plugin.env),
        api_version=plugin.api_version,
        install_hint=_without_controls(plugin.install_hint),
        provide_cluster_info=plugin.provide_cluster_info,
        interactive_mode=plugin.interactive_mode or "IfAvailable",
        cluster_config=cluster.exec_extension,
        policy=policy if policy is not None else rest.ExecPolicy(),
    )


def _without_controls(text: str) -> str:
    """Escape control characters, since a hint goes to a terminal; white space stays."""
    return escape_for_terminal(text, keep="\t\n\v\f\r")


def _oidc(user: User, provider: AuthProvider, save: Save | None, problems: list[Problem]) -> rest.OIDCConfig:
    config = provider.config
    try:
        ca_data = base64.b64decode("".join(config.get("idp-certificate-authority-data", "").split()), validate=True)
    except (binascii.Error, ValueError):
        problems.append(Problem(user.where, "auth-provider.config.idp-certificate-authority-data is not valid base64"))
        ca_data = b""
    return rest.OIDCConfig(
        issuer_url=config.get("idp-issuer-url", ""),
        client_id=config.get("client-id", ""),
        client_secret=config.get("client-secret", ""),
        ca_file=config.get("idp-certificate-authority") or None,
        ca_data=ca_data or None,
        id_token=config.get("id-token", ""),
        refresh_token=config.get("refresh-token", ""),
        save=save,
    )
