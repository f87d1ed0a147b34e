"""Credentials with several fields: impersonation, credential programs, OpenID Connect."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from kubecore.errors import ConfigError

__all__ = ["ExecConfig", "ExecPolicy", "Impersonate", "OIDCConfig", "shown"]

_HIDDEN: Final = "<hidden>"

EXEC_VERSIONS: Final = ("client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1")
INTERACTIVE: Final = ("Never", "IfAvailable", "Always")


@dataclass(slots=True, kw_only=True)
class Impersonate:
    """The user to impersonate; the server checks whether the real user may do so.

    Source: the headers `Impersonate-User`, `-Uid`, `-Group` and `-Extra-*`.

    Attributes:
        user: the user's name.
        uid: the user's unique identifier, "" for none.
        groups: the groups, which the user need not be in.
        extra: more attributes for authorizers: key to values.
    """

    user: str = ""
    uid: str = ""
    groups: Sequence[str] = ()
    extra: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])

    def check(self) -> None:
        """Refuse settings that would act as another user, or as the real one.

        Raises:
            ConfigError: the user is missing, or a value is empty, has white space around it or is invalid in a header.
        """
        if not self.user:
            raise ConfigError(
                "impersonate.user is empty, and without it the real user would act: "
                "set the user to act as, or impersonate=None for none"
            )
        if isinstance(self.groups, str):
            raise ConfigError("impersonate.groups is a text: pass a list of groups")
        values = [("user", self.user), *([("uid", self.uid)] if self.uid else [])]
        values += [("groups", group) for group in self.groups]
        for key, texts in self.extra.items():
            if isinstance(texts, str):
                raise ConfigError("impersonate.extra has a text as a value: pass a list of texts")
            if not texts:
                raise ConfigError("impersonate.extra has a key without values: add one, or remove the key")
            values += [("extra", key), *(("extra", text) for text in texts)]
        for name, value in values:
            if not value:
                raise ConfigError(f"impersonate.{name} has an empty value: remove it")
            if value != value.strip():
                raise ConfigError(
                    f"impersonate.{name}: {value[:100]!r} has white space around it, which the server would remove: "
                    "remove it, since another name would act"
                )
            if not value.isprintable():
                raise ConfigError(f"impersonate.{name} holds characters that no header can hold")


@dataclass(slots=True, kw_only=True)
class ExecPolicy:
    """Which programs a configuration may run: an untrusted kubeconfig may name any program.

    Attributes:
        kind: all of them, none, or those listed.
        allowed: names, or paths if a program is named by its path or found at it.
    """

    kind: Literal["AllowAll", "DenyAll", "Allowlist"] = "AllowAll"
    allowed: Sequence[str] | None = None

    def check(self) -> None:
        """Refuse contradictory settings.

        Raises:
            ConfigError: an unknown kind, an unexpected list, or a missing one.
        """
        kind: str = self.kind
        if kind not in ("AllowAll", "DenyAll", "Allowlist"):
            raise ConfigError(f"exec.policy.kind is {kind[:100]!r}; it can be AllowAll, DenyAll or Allowlist")
        if kind != "Allowlist" and self.allowed is not None:
            raise ConfigError(f"exec.policy.allowed has no effect with {kind}: remove it, or set kind to Allowlist")
        if kind == "Allowlist" and not self.allowed:
            raise ConfigError("exec.policy is an Allowlist that lists nothing: use DenyAll for none")


@dataclass(slots=True, kw_only=True)
class ExecConfig:
    """A program that prints credentials: an exec plugin, such as those of the clouds.

    Source: `client.authentication.k8s.io`, ExecCredential.

    Attributes:
        command: the program: a name that is looked for in PATH, or a path.
        args: its arguments, handed on as they are; there is no shell.
        env: variables added to the process's own.
        api_version: `client.authentication.k8s.io/v1` or `v1beta1`.
        install_hint: a hint for the user if the program is missing.
        provide_cluster_info: whether it receives data about the cluster.
        interactive_mode: whether it may prompt at the terminal: `Never`, `IfAvailable` or `Always`.
        stdin_unavailable: whether somebody else uses the terminal's input.
        stdin_unavailable_message: why.
        cluster_config: its settings in the kubeconfig's cluster, passed on with the cluster data.
        policy: which programs may run.
        timeout: its time limit in seconds; None for no limit, since a user at a terminal needs time.
    """

    command: str
    args: Sequence[str] = ()
    env: Mapping[str, str] = field(default_factory=dict[str, str])
    api_version: str = EXEC_VERSIONS[0]
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

    def check(self) -> None:
        """Refuse invalid settings.

        Raises:
            ConfigError: naming the field.
        """
        if not self.command:
            raise ConfigError("exec.command is empty: name the program")
        if isinstance(self.args, (str, bytes)):
            raise ConfigError("exec.args is a text: pass a list of arguments")
        if self.api_version not in EXEC_VERSIONS:
            raise ConfigError(f"exec.api_version is {self.api_version[:100]!r}; it can be {' or '.join(EXEC_VERSIONS)}")
        if self.interactive_mode not in INTERACTIVE:
            raise ConfigError(
                f"exec.interactive_mode is {self.interactive_mode[:100]!r}; it can be {', '.join(INTERACTIVE)}"
            )
        if any(not name for name in self.env):
            raise ConfigError("exec.env holds a variable without a name")
        self.policy.check()


@dataclass(slots=True, kw_only=True)
class OIDCConfig:
    """Tokens of an OpenID Connect provider, renewed with a refresh token: the auth provider `oidc`.

    Attributes:
        issuer_url: the provider; always https.
        client_id: the client's name there.
        client_secret: its secret, if it has one.
        ca_file: the certificates that sign the provider's, PEM; without any the system's own are trusted.
        ca_data: the same as bytes.
        id_token: the current token.
        refresh_token: used to get a new token.
        save: called with `id-token` and `refresh-token` after each renewal.
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

    def check(self) -> None:
        """Refuse invalid settings.

        Raises:
            ConfigError: naming the field.
        """
        if not self.issuer_url.startswith("https://"):
            raise ConfigError("oidc.issuer_url must be an https URL: refresh tokens go there")
        if not self.client_id:
            raise ConfigError("oidc.client_id is empty")


def shown(config: Any, hidden: set[str]) -> str:
    """Return a configuration's repr: the fields that are set, secrets hidden."""
    said: list[str] = []
    for item in dataclasses.fields(config):
        value = getattr(config, item.name)
        default = item.default_factory() if item.default_factory is not dataclasses.MISSING else item.default
        if value not in (None, False) and value != default:
            said.append(f"{item.name}={_HIDDEN if item.name in hidden else repr(value)}")
    return f"{type(config).__name__}({', '.join(said)})"
