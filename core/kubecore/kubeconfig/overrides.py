"""Overrides of a program for its kubeconfig: kubectl's options such as `--server`."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from typing import Any, Final, TypedDict

from kubecore import rest
from kubecore._config import rules, value_types
from kubecore.errors import ConfigError
from kubecore.kubeconfig.model import Cluster, User

__all__ = ["Overrides", "check_given", "over_cluster", "over_user", "plain_namespace"]

_NEVER_EMPTY: Final = (
    "token", "token_file", "cert_file", "cert_data", "key_file", "key_data", "username", "impersonate"
)  # fmt: skip
_NAMESPACE_PREFIX: Final = re.compile(r"(?:namespaces|namespace|ns)/(?=.)", re.IGNORECASE | re.ASCII | re.DOTALL)


class Overrides(TypedDict, total=False):
    """Values that replace those of the file. None keeps the value of the file.

    "" leaves it, too, except for `proxy_url`, and for credentials and `impersonate`: these are refused if they are
    empty, since somebody else would act than was meant, namely the user of the file.

    Attributes:
        context: The context, instead of the file's current one.
        cluster: The name of the cluster, instead of the context's.
        user: The name of the user, instead of the context's.
        namespace: The namespace, instead of the context's; `ns/NAME` and the like mean NAME.
        server: The server's URL. The file's `tls-server-name` is for the file's server, so it is dropped.
        tls_server_name: The name that the server's certificate must be for.
        insecure: Whether the server's certificate is not checked at all. True drops the file's CA.
        ca_file: The certificates that sign servers. It replaces the file's CA, and of its `insecure`.
        ca_data: The same as bytes.
        token: The token. It replaces the file's `token` and `tokenFile`.
        token_file: The file that holds the token; likewise.
        cert_file: The client's certificate. It replaces that of the file, whether that is a path or data.
        cert_data: The same as bytes.
        key_file: The key of the client's certificate; likewise.
        key_data: The same as bytes.
        username: The name for basic authentication.
        password: The password for basic authentication.
        impersonate: The user to impersonate: a name, or all fields. It replaces all impersonation settings of the file.
        proxy_url: The proxy; "" for none.
        compression: Whether compressed responses are accepted.
    """

    context: str | None
    cluster: str | None
    user: str | None
    namespace: str | None
    server: str | None
    tls_server_name: str | None
    insecure: bool | None
    ca_file: str | None
    ca_data: bytes | None
    token: str | None
    token_file: str | None
    cert_file: str | None
    cert_data: bytes | None
    key_file: str | None
    key_data: bytes | None
    username: str | None
    password: str | None
    impersonate: str | rest.Impersonate | None
    proxy_url: str | None
    compression: bool | None


def check_given(given: Mapping[str, Any]) -> None:
    """Refuse keywords that mean nothing, as Python itself would, and values of a wrong type.

    Args:
        given: The keywords.

    Raises:
        TypeError: There is no such keyword.
        ConfigError: A value has a wrong type.
    """
    unknown = sorted(given.keys() - Overrides.__annotations__.keys())
    if unknown:
        raise TypeError(f"unexpected keyword arguments: {', '.join(unknown)}")
    for mistake in value_types.mistakes_in(given, value_types.OVERRIDES):
        raise ConfigError(mistake)


def over_cluster(cluster: Cluster, given: Overrides) -> Cluster:
    """Return a cluster with overrides applied.

    Args:
        cluster: The cluster of the file.
        given: The overrides.

    Returns:
        A new cluster.

    Raises:
        ConfigError: The URL of the proxy is given and invalid.
    """
    changes: dict[str, Any] = {}
    for mistake in rules.proxy(given.get("proxy_url")):
        raise ConfigError(mistake)
    if given.get("server") or given.get("tls_server_name"):
        changes["server"] = given.get("server") or cluster.server
        changes["tls_server_name"] = given.get("tls_server_name") or ""
    if given.get("ca_file") or given.get("ca_data") or given.get("insecure"):
        changes["ca_file"] = given.get("ca_file") or ""
        changes["ca_data"] = given.get("ca_data") or b""
        changes["insecure"] = given.get("insecure") or False
    elif given.get("insecure") is not None:
        changes["insecure"] = False
    if given.get("proxy_url") is not None:
        changes["proxy_url"] = given.get("proxy_url")
    if given.get("compression") is not None:
        changes["disable_compression"] = not given.get("compression")
    return dataclasses.replace(cluster, **changes)


def over_user(user: User, given: Overrides) -> User:
    """Return a user with overrides applied.

    Args:
        user: The user of the file.
        given: The overrides.

    Returns:
        A new user.

    Raises:
        ConfigError: A credential or the name of a user is given and empty, or the user to impersonate is invalid.
    """
    changes: dict[str, Any] = {}
    for name in _NEVER_EMPTY:
        value = given.get(name)
        if value is not None and not value:
            raise ConfigError(f"{name} is empty: set it, or pass None to use the value of the kubeconfig")
    if given.get("cert_file") or given.get("cert_data"):
        changes["cert_file"], changes["cert_data"] = given.get("cert_file") or "", given.get("cert_data") or b""
    if given.get("key_file") or given.get("key_data"):
        changes["key_file"], changes["key_data"] = given.get("key_file") or "", given.get("key_data") or b""
    if given.get("token") or given.get("token_file"):
        changes["token"], changes["token_file"] = given.get("token") or "", given.get("token_file") or ""
    if given.get("username"):
        changes["username"] = given.get("username")
    if given.get("password"):
        changes["password"] = given.get("password")
    impersonate = given.get("impersonate")
    if impersonate:
        whole = rest.Impersonate(user=impersonate) if isinstance(impersonate, str) else impersonate
        for mistake in rules.impersonation(whole):
            raise ConfigError(mistake)
        changes["act_as"], changes["act_as_uid"] = whole.user, whole.uid
        changes["act_as_groups"] = tuple(whole.groups)
        changes["act_as_extra"] = {key: tuple(values) for key, values in whole.extra.items()}
    return dataclasses.replace(user, **changes)


def plain_namespace(text: str) -> str:
    """Return a namespace as kubectl parses it from the command line: `ns/web` means `web`."""
    return _NAMESPACE_PREFIX.sub("", text, count=1) if _NAMESPACE_PREFIX.match(text) else text
