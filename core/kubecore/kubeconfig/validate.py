"""Validation of a kubeconfig: client-go's `clientcmd.Validate`, with file and entry."""

from __future__ import annotations

import os
import re
from typing import Final
from urllib.parse import urlsplit

from kubecore import rest
from kubecore._config.credentials import EXEC_VERSIONS, INTERACTIVE
from kubecore.errors import ConfigError
from kubecore.kubeconfig import files, model
from kubecore.kubeconfig.errors import Problem
from kubecore.kubeconfig.model import Cluster, Exec, User

__all__ = ["check_cluster", "check_data_only", "check_namespace", "check_user", "missing", "server_url", "validate"]

_LABEL: Final = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?", re.ASCII)
_PROXIES: Final = ("http", "https", "socks5")


def validate(path: str | os.PathLike[str] | None = None) -> list[Problem]:
    """Find all mistakes of all entries; `load` checks only those of its context.

    Args:
        path: the file; by default the files of `KUBECONFIG`, else `~/.kube/config`.

    Returns:
        The mistakes, each with its file and entry. A file that can't be read at all is one.
    """
    try:
        merged = files.read_all(path)
    except ConfigError as error:
        return [Problem("kubeconfig", str(error))]
    if not any(document.data for document in merged.documents):
        return [Problem(merged.places, "there is nothing in it: set KUBECONFIG, or pass a path")]
    problems: list[Problem] = []
    for entry in merged.clusters.values():
        before = len(problems)
        cluster = model.read_cluster(entry, problems)
        if len(problems) == before:
            check_cluster(cluster, problems)
    for entry in merged.users.values():
        before = len(problems)
        user = model.read_user(entry, problems)
        if len(problems) == before:
            check_user(user, problems)
    for entry in merged.contexts.values():
        _check_context(entry, merged, problems)
    if merged.current_context and merged.current_context not in merged.contexts:
        problems.append(missing(merged, "context", merged.current_context, merged.places))
    return problems


def missing(merged: files.Merged, kind: files.Kind, name: str, where: str) -> Problem:
    """Return the mistake that an entry does not exist, with the names of existing ones.

    Args:
        merged: The files.
        kind: The kind of entry.
        name: The name.
        where: The place of the reference.
    """
    known = sorted(merged.section(kind))
    listed = ", ".join(repr(other[:100]) for other in known[:20]) + (", ..." if len(known) > 20 else "")
    return Problem(where, f"there is no {kind} {name[:100]!r}; there is {listed or 'none'}")


def check_cluster(cluster: Cluster, problems: list[Problem]) -> None:
    """Find the mistakes of a cluster.

    Args:
        cluster: the cluster.
        problems: its mistakes are added here.
    """

    def wrong(what: str) -> None:
        problems.append(Problem(cluster.where, what))

    if not cluster.server:
        wrong("server is missing")
    else:
        try:
            rest.Config(host=server_url(cluster.server)).server()
        except ConfigError as error:
            wrong(f"server: {error}")
    if cluster.proxy_url and not _is_proxy(cluster.proxy_url):
        wrong(f"invalid proxy-url: expected a URL that starts with {', '.join(f'{scheme}://' for scheme in _PROXIES)}")
    if cluster.ca_file and cluster.ca_data:
        wrong("certificate-authority and certificate-authority-data are both set: remove one of them")
    if cluster.insecure and (cluster.ca_file or cluster.ca_data):
        wrong("insecure-skip-tls-verify conflicts with a certificate authority; remove one of them")
    _check_file("certificate-authority", cluster.ca_file, cluster.where, problems)


def check_user(user: User, problems: list[Problem]) -> None:
    """Find the mistakes of a user.

    Args:
        user: the user.
        problems: its mistakes are added here.
    """

    def wrong(what: str) -> None:
        problems.append(Problem(user.where, what))

    if user.token and (user.username or user.password):
        wrong("both a token and a user name are set: remove one of them")
    if user.cert_file and user.cert_data:
        wrong("client-certificate and client-certificate-data are both set: remove one of them")
    if user.key_file and user.key_data:
        wrong("client-key and client-key-data are both set: remove one of them")
    has_cert, has_key = bool(user.cert_file or user.cert_data), bool(user.key_file or user.key_data)
    if has_cert != has_key:
        found, lacking = ("client-certificate", "client-key") if has_cert else ("client-key", "client-certificate")
        wrong(f"{found} is set without {lacking}: set both, or neither")
    _check_file("client-certificate", user.cert_file, user.where, problems)
    _check_file("client-key", user.key_file, user.where, problems)
    if not user.act_as and (user.act_as_uid or user.act_as_groups or user.act_as_extra):
        wrong("as-uid, as-groups or as-user-extra is set without as: set the user's name too")
    if user.is_anonymous and user.unused:
        wrong(f"it has no credential that can be used, so requests would be anonymous: {'; '.join(user.unused[:10])}")
    if user.exec is not None and user.auth_provider is not None:
        wrong("exec and auth-provider are both set: remove one of them")
    if user.exec is not None:
        problems.extend(Problem(user.where, f"exec.{what}") for what in _exec_mistakes(user.exec))
    if user.auth_provider is not None:
        problems.extend(Problem(user.where, what) for what in _provider_mistakes(user.auth_provider))


def check_namespace(namespace: str, where: str, problems: list[Problem]) -> None:
    """Check the name of a namespace.

    Args:
        namespace: its name, "" for none.
        where: the place of the reference.
        problems: the mistake is added here.
    """
    if namespace and _LABEL.fullmatch(namespace) is None:
        what = f"namespace {namespace[:100]!r} is not a valid name: a-z, 0-9 and -, at most 63 characters"
        problems.append(Problem(where, what))


def check_data_only(cluster: Cluster, user: User, problems: list[Problem]) -> None:
    """Find the fields that read files or run programs.

    Args:
        cluster: the cluster.
        user: the user.
        problems: each such field is added here.
    """
    provider = user.auth_provider
    found = {
        (cluster.where, "certificate-authority"): cluster.ca_file,
        (user.where, "client-certificate"): user.cert_file,
        (user.where, "client-key"): user.key_file,
        (user.where, "tokenFile"): user.token_file,
        (user.where, "exec"): user.exec,
        (user.where, "auth-provider.config.idp-certificate-authority"): (
            provider is not None and provider.config.get("idp-certificate-authority")
        ),
    }
    for (where, key), value in found.items():
        if value:
            does = "runs a program" if key == "exec" else "names a file"
            problems.append(Problem(where, f"{key} {does}: pass trusted=True if you trust its author"))


def server_url(server: str) -> str:
    """Return the URL of a server; as in client-go, only an explicit https counts."""
    return server if "://" in server else f"http://{server}"


def _check_context(entry: files.Entry, merged: files.Merged, problems: list[Problem]) -> None:
    context = model.read_context(entry, problems)
    if not entry.name:
        problems.append(Problem(entry.where, "its name is empty"))
    for kind, name in (("cluster", context.cluster), ("user", context.user)):
        if not name:
            problems.append(Problem(entry.where, f"it names no {kind}"))
        elif name not in (merged.clusters if kind == "cluster" else merged.users):
            problems.append(missing(merged, "cluster" if kind == "cluster" else "user", name, entry.where))
    check_namespace(context.namespace, entry.where, problems)


def _exec_mistakes(plugin: Exec) -> list[str]:
    found: list[str] = []
    if not plugin.command:
        found.append("command is empty: name the program")
    if not plugin.api_version:
        found.append(f"apiVersion is empty: write {EXEC_VERSIONS[0]}")
    elif plugin.api_version not in EXEC_VERSIONS:
        found.append(f"apiVersion is {plugin.api_version[:100]!r}; it can be {' or '.join(EXEC_VERSIONS)}")
    if any(not name for name, _ in plugin.env):
        found.append("env holds a variable without a name")
    if not plugin.interactive_mode and plugin.api_version == EXEC_VERSIONS[0]:
        found.append(f"interactiveMode is empty; it can be {', '.join(INTERACTIVE)}")
    elif plugin.interactive_mode and plugin.interactive_mode not in INTERACTIVE:
        found.append(f"interactiveMode is {plugin.interactive_mode[:100]!r}; it can be {', '.join(INTERACTIVE)}")
    return found


def _provider_mistakes(provider: model.AuthProvider) -> list[str]:
    if provider.name != "oidc":
        name = f"auth-provider {provider.name[:100]!r}"
        return [f"{name} was removed from Kubernetes clients: use an exec plugin of your cloud, under exec"]
    config = provider.config
    found = [
        f"auth-provider.config.{key} is empty: set it" for key in ("idp-issuer-url", "client-id") if not config.get(key)
    ]
    if config.get("idp-issuer-url") and not config["idp-issuer-url"].startswith("https://"):
        found.append("auth-provider.config.idp-issuer-url is not an https URL; it would receive refresh tokens")
    return found


def _check_file(key: str, file: str, where: str, problems: list[Problem]) -> None:
    why = files.unreadable(file) if file else ""
    if why:
        problems.append(Problem(where, f"{key} can't be read: {file[:300]}: {why}"))


def _is_proxy(url: str) -> bool:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    return parts.scheme in _PROXIES and bool(host)
