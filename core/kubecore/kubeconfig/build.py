"""From the entries of a kubeconfig to a `rest.Config`."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from kubecore import rest
from kubecore._config.secret import SecretText
from kubecore.kubeconfig import files
from kubecore.kubeconfig.convert import Save, config_of
from kubecore.kubeconfig.errors import InvalidConfigError, Problem
from kubecore.kubeconfig.model import Cluster, User
from kubecore.kubeconfig.validation import check_cluster, check_together, check_user

__all__ = ["build"]

_MAX_TOKEN: Final = 1 << 20


def build(
    cluster: Cluster, user: User, *, policy: rest.ExecPolicy | None, save: Save | None, problems: list[Problem]
) -> rest.Config:
    """Build the configuration for a cluster and a user.

    Args:
        cluster: The server.
        user: The credentials.
        policy: The programs that may run; None for all.
        save: Called with new tokens of an OpenID Connect provider.
        problems: Mistakes that were found before; those of cluster and user are added.

    Returns:
        The configuration.

    Raises:
        InvalidConfigError: Something contradicts itself or cannot be read; the error has all mistakes.
    """
    check_cluster(cluster, problems)
    check_user(user, problems)
    token = SecretText(user.token or _token(user, problems))
    if problems:
        raise InvalidConfigError(*problems)
    config = config_of(cluster, user, token=token, policy=policy, save=save)
    check_together(config, f"{cluster.where}, {user.where}", problems)
    if problems:
        raise InvalidConfigError(*problems)
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
