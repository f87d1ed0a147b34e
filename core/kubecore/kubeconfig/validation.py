"""Validation of a kubeconfig: client-go's `clientcmd.Validate`, with file and entry."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final, TypeVar

from kubecore import rest
from kubecore._config import rules
from kubecore._config.secret import SecretText
from kubecore.errors import ConfigError
from kubecore.kubeconfig import convert, files, model
from kubecore.kubeconfig.errors import Problem
from kubecore.kubeconfig.model import Cluster, User

__all__ = ["check_cluster", "check_data_only", "check_namespace", "check_together", "check_user", "missing", "validate"]

E = TypeVar("E", Cluster, User)

_LABEL: Final = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?", re.ASCII)

NAMES: Final = rules.Names(
    ca_file="certificate-authority",
    ca_data="certificate-authority-data",
    cert_file="client-certificate",
    cert_data="client-certificate-data",
    key_file="client-key",
    key_data="client-key-data",
    insecure="insecure-skip-tls-verify",
    a_ca="a certificate authority",
    token="token",  # noqa: S106 - a name
    token_file="tokenFile",  # noqa: S106 - likewise
    impersonate="as",
    uid="as-uid",
    groups="as-groups",
    extra="as-user-extra",
    exec_version="exec.apiVersion",
    interactive="exec.interactiveMode",
    oidc="auth-provider",
    issuer="auth-provider.config.idp-issuer-url",
    client="auth-provider.config.client-id",
    choose="remove one of them",
    unset="remove it",
    half_a_pair="{found} is set without {missing}: set both, or neither",
    nobody="as-uid, as-groups or as-user-extra is set without as: set the user's name too",
    proxy="invalid proxy-url: expected a URL that starts with http://, https://, socks5://",
)


def validate(path: str | os.PathLike[str] | None = None) -> list[Problem]:
    """Find all mistakes of all entries; `load` checks only those of its context.

    Args:
        path: The file; by default the files of `KUBECONFIG`, else `~/.kube/config`.

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
    clusters = _valid(merged.clusters, model.read_cluster, check_cluster, problems)
    users = _valid(merged.users, model.read_user, check_user, problems)
    for entry in merged.contexts.values():
        context = _check_context(entry, merged, problems)
        if context.cluster in clusters and context.user in users:
            cluster, user = clusters[context.cluster], users[context.user]
            config = convert.config_of(cluster, user, token=SecretText(user.token))
            check_together(config, f"{cluster.where}, {user.where}", problems)
    if merged.current_context and merged.current_context not in merged.contexts:
        problems.append(missing(merged, "context", merged.current_context, merged.places))
    return problems


def _valid(
    entries: Mapping[str, files.Entry],
    read: Callable[[files.Entry, list[Problem]], E],
    check: Callable[[E, list[Problem]], None],
    problems: list[Problem],
) -> dict[str, E]:
    """Return the entries without mistakes; the mistakes of the others are added to the problems."""
    valid: dict[str, E] = {}
    for name, entry in entries.items():
        before = len(problems)
        found = read(entry, problems)
        if len(problems) == before:
            check(found, problems)
        if len(problems) == before:
            valid[name] = found
    return valid


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
        cluster: The cluster.
        problems: Its mistakes are added here.
    """

    def wrong(what: str) -> None:
        problems.append(Problem(cluster.where, what))

    if not cluster.server:
        wrong("server is missing")
    else:
        try:
            rest.Config(host=convert.server_url(cluster.server)).server()
        except ConfigError as error:
            wrong(f"server: {error}")
    for what in (*rules.proxy(cluster.proxy_url, NAMES), *rules.authorities(convert.tls_of(cluster, User()), NAMES)):
        wrong(what)
    _check_file("certificate-authority", cluster.ca_file, cluster.where, problems)


def check_user(user: User, problems: list[Problem]) -> None:
    """Find the mistakes of a user.

    Args:
        user: The user.
        problems: Its mistakes are added here.
    """
    problems.extend(Problem(user.where, what) for what in _mistakes_of_user(user))
    _check_file("client-certificate", user.cert_file, user.where, problems)
    _check_file("client-key", user.key_file, user.where, problems)


def check_together(config: rest.Config, where: str, problems: list[Problem]) -> None:
    """Find the mistakes of a cluster and a user that are valid alone, such as a token that would not be encrypted.

    Args:
        config: The configuration for both.
        where: The two entries.
        problems: The mistake is added here, if it is not among them.
    """
    try:
        config.check()
    except ConfigError as error:
        problem = Problem(where, str(error))
        if problem not in problems:
            problems.append(problem)


def check_namespace(namespace: str, where: str, problems: list[Problem]) -> None:
    """Check the name of a namespace.

    Args:
        namespace: Its name, "" for none.
        where: The place of the reference.
        problems: The mistake is added here.
    """
    if namespace and _LABEL.fullmatch(namespace) is None:
        what = f"namespace {namespace[:100]!r} is not a valid name: a-z, 0-9 and -, at most 63 characters"
        problems.append(Problem(where, what))


def check_data_only(cluster: Cluster, user: User, problems: list[Problem]) -> None:
    """Find the fields that read files or run programs.

    Args:
        cluster: The cluster.
        user: The user.
        problems: Each such field is added here.
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


def _check_context(entry: files.Entry, merged: files.Merged, problems: list[Problem]) -> model.Context:
    context = model.read_context(entry, problems)
    if not entry.name:
        problems.append(Problem(entry.where, "its name is empty"))
    for kind, name in (("cluster", context.cluster), ("user", context.user)):
        if not name:
            problems.append(Problem(entry.where, f"it names no {kind}"))
        elif name not in (merged.clusters if kind == "cluster" else merged.users):
            problems.append(missing(merged, "cluster" if kind == "cluster" else "user", name, entry.where))
    check_namespace(context.namespace, entry.where, problems)
    return context


def _mistakes_of_user(user: User) -> Iterator[str]:
    yield from rules.login(
        token=user.token or None,
        token_file=user.token_file or None,
        username=user.username or None,
        password=user.password or None,
        names=NAMES,
    )
    yield from rules.client_certificate(convert.tls_of(Cluster(), user), NAMES)
    impersonate = convert.impersonate_of(user)
    if impersonate is not None:
        yield from rules.impersonation(impersonate, NAMES)
    if user.is_anonymous and user.unused:
        yield f"it has no credential that can be used, so requests would be anonymous: {'; '.join(user.unused[:10])}"
    plugin = convert.exec_of(user.exec, Cluster()) if user.exec is not None else None
    provider = convert.oidc_of(user.auth_provider) if user.auth_provider is not None else None
    yield from rules.two_programs(plugin, provider, NAMES)
    if plugin is not None:
        yield from rules.exec_plugin(plugin, NAMES)
    if user.auth_provider is not None:
        yield from _mistakes_of_provider(user.auth_provider)


def _mistakes_of_provider(provider: model.AuthProvider) -> Iterator[str]:
    if provider.name != "oidc":
        name = f"auth-provider {provider.name[:100]!r}"
        yield f"{name} was removed from Kubernetes clients: use an exec plugin of your cloud, under exec"
        return
    yield from rules.oidc_provider(convert.oidc_of(provider), NAMES)
    if convert.provider_ca(provider) is None:
        yield "auth-provider.config.idp-certificate-authority-data is not valid base64"


def _check_file(key: str, file: str, where: str, problems: list[Problem]) -> None:
    why = files.unreadable(file) if file else ""
    if why:
        problems.append(Problem(where, f"{key} can't be read: {file[:300]}: {why}"))
