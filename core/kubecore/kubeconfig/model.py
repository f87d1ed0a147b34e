"""The entries of a kubeconfig as typed values.

Source: `k8s.io/client-go/tools/clientcmd/api/v1` types.
"""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from kubecore._support.json_types import is_json_array, is_json_object
from kubecore.kubeconfig.errors import Problem
from kubecore.kubeconfig.files import Entry, not_text, text_of

__all__ = ["AuthProvider", "Cluster", "Context", "Exec", "User", "read_cluster", "read_context", "read_user"]

EXEC_EXTENSION: Final = "client.authentication.k8s.io/exec"
"""The extension of a cluster that is handed on to exec plugins."""

_CREDENTIAL_KEYS: Final = (
    "token", "tokenFile", "username", "password", "client-certificate", "client-certificate-data", "client-key",
    "client-key-data", "exec", "auth-provider",
)  # fmt: skip
_USER_KEYS: Final = frozenset({*_CREDENTIAL_KEYS, "as", "as-uid", "as-groups", "as-user-extra", "extensions"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """A cluster. Missing values are empty, or None if an explicit "no" has a meaning."""

    where: str = field(default="the cluster", compare=False)
    server: str = field(default="", repr=False)
    tls_server_name: str = ""
    insecure: bool = False
    ca_file: str = ""
    ca_data: bytes = field(default=b"", repr=False)
    proxy_url: str | None = field(default=None, repr=False)
    disable_compression: bool | None = None
    exec_extension: Any = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exec:
    """A program that gives credentials, as the file has it."""

    command: str = ""
    args: tuple[str, ...] = field(default=(), repr=False)
    env: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    api_version: str = ""
    install_hint: str = ""
    provide_cluster_info: bool = False
    interactive_mode: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthProvider:
    """A kind of credentials that clients know by name, with its settings."""

    name: str = ""
    config: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A user; missing values are empty."""

    where: str = field(default="the user", compare=False)
    cert_file: str = ""
    cert_data: bytes = field(default=b"", repr=False)
    key_file: str = ""
    key_data: bytes = field(default=b"", repr=False)
    token: str = field(default="", repr=False)
    token_file: str = ""
    username: str = ""
    password: str = field(default="", repr=False)
    act_as: str = ""
    act_as_uid: str = ""
    act_as_groups: tuple[str, ...] = ()
    act_as_extra: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    exec: Exec | None = None
    auth_provider: AuthProvider | None = None
    unused: tuple[str, ...] = field(default=(), compare=False)
    """Keys without a value, or that no client reads, each with its problem."""

    @property
    def is_anonymous(self) -> bool:
        """Whether it has no credential at all."""
        has_text = self.token or self.token_file or self.username or self.password
        has_certificate = self.cert_file or self.cert_data or self.key_file or self.key_data
        return not (has_text or has_certificate or self.exec or self.auth_provider)


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """A context; missing values are empty."""

    where: str = field(default="the context", compare=False)
    cluster: str = ""
    user: str = ""
    namespace: str = ""


def read_cluster(entry: Entry, problems: list[Problem]) -> Cluster:
    """Read a cluster.

    Args:
        entry: The entry.
        problems: Fields of the wrong type are added here.

    Returns:
        The cluster; relative paths are resolved.
    """
    fields = _Fields(entry.data, entry, problems)
    return Cluster(
        where=entry.where,
        server=fields.text("server"),
        tls_server_name=fields.text("tls-server-name"),
        insecure=fields.flag("insecure-skip-tls-verify") or False,
        ca_file=fields.path("certificate-authority"),
        ca_data=fields.data("certificate-authority-data"),
        proxy_url=fields.text("proxy-url") or None,
        disable_compression=fields.flag("disable-compression"),
        exec_extension=_exec_extension(fields),
    )


def read_user(entry: Entry, problems: list[Problem]) -> User:
    """Read a user.

    Args:
        entry: The entry.
        problems: Fields of the wrong type are added here.

    Returns:
        The user; relative paths are resolved.
    """
    fields = _Fields(entry.data, entry, problems)
    return User(
        where=entry.where,
        cert_file=fields.path("client-certificate"),
        cert_data=fields.data("client-certificate-data"),
        key_file=fields.path("client-key"),
        key_data=fields.data("client-key-data"),
        token=fields.text("token"),
        token_file=fields.path("tokenFile"),
        username=fields.text("username"),
        password=fields.text("password"),
        act_as=fields.text("as"),
        act_as_uid=fields.text("as-uid"),
        act_as_groups=fields.texts("as-groups"),
        act_as_extra=_extra(fields),
        exec=_exec(fields),
        auth_provider=_auth_provider(fields),
        unused=(
            *(_unused(key) for key in fields.keys() if key not in _USER_KEYS),  # noqa: SIM118 - no mapping
            *(f"{key} is empty" for key in _CREDENTIAL_KEYS if key in fields.keys() and fields.raw(key) in (None, "")),  # noqa: SIM118 - likewise
            *(f"{key[:100]!r} stands next to user, not in it" for key in entry.others if key in _CREDENTIAL_KEYS),
        ),
    )


def read_context(entry: Entry, problems: list[Problem]) -> Context:
    """Read a context.

    Args:
        entry: The entry.
        problems: Fields of the wrong type are added here.

    Returns:
        The context.
    """
    fields = _Fields(entry.data, entry, problems)
    return Context(
        where=entry.where,
        cluster=fields.text("cluster"),
        user=fields.text("user"),
        namespace=fields.text("namespace"),
    )


def _unused(key: str) -> str:
    import difflib

    like = difflib.get_close_matches(key.lower(), sorted(map(str.lower, _USER_KEYS)), 1)
    meant = next((known for known in sorted(_USER_KEYS) if like and known.lower() == like[0]), "")
    return f"{key[:100]!r} is not a key of a user{f'; did you mean {meant!r}?' if meant else ''}"


def _exec_extension(fields: _Fields) -> Any:
    found = [inner for inner in fields.objects("extensions") if inner.text("name") == EXEC_EXTENSION]
    if len(found) > 1:
        fields.refuse(f"extensions names {EXEC_EXTENSION} twice: remove one of them")
    return found[0].raw("extension") if found else None


def _extra(fields: _Fields) -> Mapping[str, tuple[str, ...]]:
    extra = fields.object("as-user-extra")
    return {key: extra.texts(key) for key in extra.keys()} if extra is not None else {}  # noqa: SIM118 - no mapping


def _exec(fields: _Fields) -> Exec | None:
    inner = fields.object("exec")
    if inner is None:
        return None
    command = inner.text("command")
    return Exec(
        command=inner.path("command") if os.sep in command else command,
        args=inner.texts("args"),
        env=tuple((variable.text("name"), variable.text("value")) for variable in inner.objects("env")),
        api_version=inner.text("apiVersion"),
        install_hint=inner.text("installHint"),
        provide_cluster_info=inner.flag("provideClusterInfo") or False,
        interactive_mode=inner.text("interactiveMode"),
    )


def _auth_provider(fields: _Fields) -> AuthProvider | None:
    inner = fields.object("auth-provider")
    if inner is None:
        return None
    config = inner.object("config")
    settings = {key: config.text(key) for key in config.keys()} if config is not None else {}  # noqa: SIM118 - likewise
    return AuthProvider(name=inner.text("name"), config=settings)


class _Fields:
    """Reads the fields of a mapping. A field of the wrong type is reported, and counts as not set."""

    def __init__(self, data: Any, entry: Entry, problems: list[Problem], path: str = "") -> None:
        self._entry = entry
        self._problems = problems
        self._path = path
        self._data: Mapping[str, Any] = {}
        if is_json_object(data):
            self._data = data
        elif data is not None:
            self._problems.append(Problem(entry.where, f"{path.removesuffix('.') or 'this'} is not a mapping"))

    def keys(self) -> list[str]:
        return [str(key) for key in self._data]

    def raw(self, key: str) -> Any:
        return self._data.get(key)

    def refuse(self, what: str) -> None:
        self._problems.append(Problem(self._entry.where, self._path + what))

    def text(self, key: str) -> str:
        found = text_of(self._data.get(key))
        if found is None:
            self.refuse(f"{key} {not_text(self._data.get(key))}")
        return found or ""

    def flag(self, key: str) -> bool | None:
        value = self._data.get(key)
        if value is None or isinstance(value, bool):
            return value
        self.refuse(f"{key} is neither true nor false")
        return None

    def data(self, key: str) -> bytes:
        text = self.text(key)
        try:
            decoded = base64.b64decode("".join(text.split()), validate=True)
        except (binascii.Error, ValueError):
            self.refuse(f"{key} is not base64")
            return b""
        if text and not decoded.strip():
            self.refuse(f"{key} is empty")
        return decoded

    def path(self, key: str) -> str:
        """Return a path; a relative one starts at the folder of its file."""
        value, file = self.text(key), self._entry.document.file
        if not value or file is None:
            return value
        return str(Path(os.path.abspath(file)).parent / value)  # noqa: PTH100 - resolve() would follow links

    def texts(self, key: str) -> tuple[str, ...]:
        listed = self._list(key)
        texts = [text_of(item) for item in listed]
        for number, (item, text) in enumerate(zip(listed, texts, strict=True)):
            if text is None:
                self.refuse(f"{key}[{number}] {not_text(item)}")
        return tuple(text for text in texts if text is not None)

    def object(self, key: str) -> _Fields | None:
        value = self._data.get(key)
        return None if value is None else self._inner(value, key)

    def objects(self, key: str) -> list[_Fields]:
        return [self._inner(item, f"{key}[{number}]") for number, item in enumerate(self._list(key))]

    def _inner(self, value: Any, path: str) -> _Fields:
        return _Fields(value, self._entry, self._problems, f"{self._path}{path}.")

    def _list(self, key: str) -> list[Any]:
        value = self._data.get(key)
        if is_json_array(value):
            return list(value)
        if value is not None:
            self.refuse(f"{key} is not a list")
        return []
