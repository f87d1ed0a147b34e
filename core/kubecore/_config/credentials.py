"""Settings with several fields: TLS, impersonation, credential programs, OpenID Connect."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

__all__ = ["ExecConfig", "ExecPolicy", "Impersonate", "OIDCConfig", "TLSConfig", "shown"]

_HIDDEN: Final = "<hidden>"


@dataclass(slots=True, kw_only=True)
class TLSConfig:
    """TLS settings: verification of the server, and the client certificate; each part is a file or data, never both.

    Attributes:
        ca_file: The certificates that sign servers, PEM; without any the system's own are trusted.
        ca_data: The same as bytes.
        cert_file: The client's certificate, PEM.
        cert_data: The same as bytes.
        key_file: The key of the client's certificate, PEM.
        key_data: The same as bytes.
        server_name: The name that the server's certificate must be for, if it is not the host's.
        insecure: Whether the server's certificate is not checked at all. Anyone on the network path can then read and
            change everything.
    """

    ca_file: str | None = None
    ca_data: bytes | None = None
    cert_file: str | None = None
    cert_data: bytes | None = None
    key_file: str | None = None
    key_data: bytes | None = field(default=None, repr=False)
    server_name: str | None = None
    insecure: bool = False

    def __repr__(self) -> str:
        """Show the fields that are set; keys and certificates are hidden."""
        return shown(self, hidden={"ca_data", "cert_data", "key_data"})


@dataclass(slots=True, kw_only=True)
class Impersonate:
    """The user to impersonate; the server checks whether the real user may do so.

    Source: the headers `Impersonate-User`, `-Uid`, `-Group` and `-Extra-*`.

    Attributes:
        user: The user's name.
        uid: The user's unique identifier, "" for none.
        groups: The groups, which the user need not be in.
        extra: More attributes for authorizers: key to values.
    """

    user: str = ""
    uid: str = ""
    groups: Sequence[str] = ()
    extra: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])


@dataclass(slots=True, kw_only=True)
class ExecPolicy:
    """Which programs a configuration may run: an untrusted kubeconfig may name any program.

    Attributes:
        kind: All of them, none, or those listed.
        allowed: Names, or paths if a program is named by its path or found at it.
    """

    kind: Literal["AllowAll", "DenyAll", "Allowlist"] = "AllowAll"
    allowed: Sequence[str] | None = None


@dataclass(slots=True, kw_only=True)
class ExecConfig:
    """A program that prints credentials: an exec plugin, such as those of the clouds.

    Source: `client.authentication.k8s.io`, ExecCredential.

    Attributes:
        command: The program: a name that is looked for in PATH, or a path.
        args: Its arguments, handed on as they are; there is no shell.
        env: Variables added to the process's own.
        api_version: `client.authentication.k8s.io/v1` or `v1beta1`.
        install_hint: A hint for the user if the program is missing.
        provide_cluster_info: Whether it receives data about the cluster.
        interactive_mode: Whether it may prompt at the terminal: `Never`, `IfAvailable` or `Always`.
        stdin_unavailable: Whether somebody else uses the terminal's input.
        stdin_unavailable_message: Why.
        cluster_config: Its settings in the kubeconfig's cluster, passed on with the cluster data.
        policy: Which programs may run.
        timeout: Its time limit in seconds; None for no limit, since a user at a terminal needs time.
    """

    command: str
    args: Sequence[str] = ()
    env: Mapping[str, str] = field(default_factory=dict[str, str])
    api_version: str = "client.authentication.k8s.io/v1"
    install_hint: str = ""
    provide_cluster_info: bool = False
    interactive_mode: str = "Never"
    stdin_unavailable: bool = False
    stdin_unavailable_message: str = ""
    cluster_config: Any = None
    policy: ExecPolicy = field(default_factory=ExecPolicy)
    timeout: float | None = 120.0

    def __repr__(self) -> str:
        """Show the fields that are set; arguments, variables and the cluster's part may hold secrets."""
        return shown(self, hidden={"args", "env", "cluster_config"})


@dataclass(slots=True, kw_only=True)
class OIDCConfig:
    """Tokens of an OpenID Connect provider, renewed with a refresh token: the auth provider `oidc`.

    Attributes:
        issuer_url: The provider; always https.
        client_id: The client's name there.
        client_secret: Its secret, if it has one.
        ca_file: The certificates that sign the provider's, PEM; without any the system's own are trusted.
        ca_data: The same as bytes.
        id_token: The current token.
        refresh_token: Used to get a new token.
        save: Called with `id-token` and `refresh-token` after each renewal.
    """

    issuer_url: str
    client_id: str
    client_secret: str = ""
    ca_file: str | None = None
    ca_data: bytes | None = None
    id_token: str = ""
    refresh_token: str = ""
    save: Callable[[Mapping[str, str]], None] | None = None

    def __repr__(self) -> str:
        """Show the fields that are set; secrets and tokens are hidden."""
        return shown(self, hidden={"client_secret", "id_token", "refresh_token", "ca_data", "save"})


def shown(config: Any, hidden: set[str]) -> str:
    """Return a configuration's repr: the fields that are set, secrets hidden."""
    parts: list[str] = []
    for item in dataclasses.fields(config):
        value = getattr(config, item.name)
        default = item.default_factory() if item.default_factory is not dataclasses.MISSING else item.default
        if value not in (None, False) and value != default:
            parts.append(f"{item.name}={_HIDDEN if item.name in hidden else repr(value)}")
    return f"{type(config).__name__}({', '.join(parts)})"
