"""From kubeconfig files to a `rest.Config`.

Source: `k8s.io/client-go/tools/clientcmd`.
"""

from __future__ import annotations

import functools
import os
import stat
from typing import NamedTuple, Unpack

from kubecore import rest
from kubecore._config import incluster
from kubecore._config.secret import hide
from kubecore.kubeconfig import files, model
from kubecore.kubeconfig.build import build
from kubecore.kubeconfig.convert import Save
from kubecore.kubeconfig.errors import ContextNotFoundError, EmptyConfigError, InvalidConfigError, Problem
from kubecore.kubeconfig.model import Cluster, Context, User
from kubecore.kubeconfig.overrides import Overrides, check_given, over_cluster, over_user, plain_namespace
from kubecore.kubeconfig.validation import check_data_only, check_namespace, missing
from kubecore.kubeconfig.write import save_tokens

__all__ = ["KubeConfig", "load", "load_config", "loads"]


class KubeConfig(NamedTuple):
    """The cluster, the user and the namespace of a context.

    Attributes:
        config: The server and the credentials.
        namespace: The namespace, `default` if none is set.
        context: The context's name, "" for none, as in a cluster.
        cluster: The cluster's name, "" for none.
        user: The user's name, "" for none.
        namespace_given: Whether the namespace is that of the keyword, not that of the file.
    """

    config: rest.Config
    namespace: str
    context: str
    cluster: str = ""
    user: str = ""
    namespace_given: bool = False


class _Chosen(NamedTuple):
    """The entries of a context, with overrides applied."""

    context_name: str
    context: Context
    cluster_name: str
    cluster: Cluster
    user_name: str
    user: User
    save: Save | None


def load_config(
    path: str | os.PathLike[str] | None = None,
    *,
    exec_policy: rest.ExecPolicy | None = None,
    **overrides: Unpack[Overrides],
) -> rest.Config:
    """Return the configuration that a kubeconfig's context describes: see `load`.

    Args:
        path: The file; by default the files of `KUBECONFIG`, else `~/.kube/config`, else the cluster that the program
            runs in.
        exec_policy: Which programs may run to give credentials; by default all.
        **overrides: Values that replace those of the file: see `Overrides`.

    Returns:
        The configuration.

    Raises:
        ConfigError: A file can't be read or is wrong; the error names file and entry.
    """
    return load(path, exec_policy=exec_policy, **overrides).config


def load(
    path: str | os.PathLike[str] | None = None,
    *,
    exec_policy: rest.ExecPolicy | None = None,
    **overrides: Unpack[Overrides],
) -> KubeConfig:
    """Read kubeconfig files.

    Args:
        path: The file; by default the files of `KUBECONFIG`, else `~/.kube/config`, else the cluster that the program
            runs in.
        exec_policy: Which programs may run to give credentials; by default all.
        **overrides: Values that replace those of the file, such as `context="prod"`: see `Overrides`.

    Returns:
        The configuration and the namespace of the context.

    Raises:
        ContextNotFoundError: There is no such context.
        EmptyConfigError: No server is named anywhere, and the program does not run in a cluster.
        InvalidConfigError: The entries of the context are invalid; the error has all mistakes, with file and entry.
        ConfigError: A file can't be read, or is not a kubeconfig.
    """
    check_given(overrides)
    merged = files.read_all(path)
    in_pod = _is_in_pod()
    try:
        chosen = _choose(merged, overrides)
    except EmptyConfigError:
        if not in_pod:
            raise
        chosen = _in_cluster(overrides)
    return _result(chosen, overrides, exec_policy, incluster.pod_namespace() if in_pod else "default")


def loads(
    data: bytes | str,
    *,
    trusted: bool = False,
    exec_policy: rest.ExecPolicy | None = None,
    **overrides: Unpack[Overrides],
) -> KubeConfig:
    """Read a kubeconfig from memory, such as one in a Secret. The environment is ignored.

    Args:
        data: The kubeconfig, YAML or JSON.
        trusted: Whether it may refer to local files and programs to run. The author of such a kubeconfig can read any
            file and run any program with this program's rights.
        exec_policy: Which programs may run to give credentials; by default all.
        **overrides: Values that replace those of the kubeconfig: see `Overrides`. They may name files.

    Returns:
        The configuration and the namespace of the context.

    Raises:
        ContextNotFoundError: There is no such context.
        EmptyConfigError: No server is named.
        InvalidConfigError: The entries of the context are invalid, or refer to files or programs without being trusted.
        ConfigError: The content is not a kubeconfig.
    """
    check_given(overrides)
    data = hide(data)
    document = files.Document(None, files.parse(data, "kubeconfig"))
    merged = files.merge([document], document.source)
    return _result(_choose(merged, overrides, data_only=not trusted), overrides, exec_policy, "default")


def _choose(merged: files.Merged, overrides: Overrides, *, data_only: bool = False) -> _Chosen:
    """Find the context and its entries; all mistakes that make this impossible are raised at once."""
    context_name = overrides.get("context") or merged.current_context
    if context_name and context_name not in merged.contexts:
        raise ContextNotFoundError(missing(merged, "context", context_name, merged.places))
    problems: list[Problem] = []
    entry = merged.contexts.get(context_name) if context_name else None
    context = model.read_context(entry, problems) if entry is not None else Context(where=merged.places)

    cluster, cluster_name = Cluster(), overrides.get("cluster") or context.cluster
    if cluster_name in merged.clusters:
        cluster = model.read_cluster(merged.clusters[cluster_name], problems)
    elif cluster_name:
        problems.append(missing(merged, "cluster", cluster_name, context.where))

    user, user_name, save = User(), overrides.get("user") or context.user, None
    if user_name in merged.users:
        user_entry = merged.users[user_name]
        user = model.read_user(user_entry, problems)
        if user_entry.document.file is not None:
            # The program may change its folder before the tokens are renewed.
            save = functools.partial(save_tokens, user_entry.document.file.absolute(), user_name)
    elif user_name:
        problems.append(missing(merged, "user", user_name, context.where))

    if data_only:
        check_data_only(cluster, user, problems)
    if problems:
        raise InvalidConfigError(*problems)
    if cluster == Cluster() and not overrides.get("server"):
        raise EmptyConfigError(_nothing(merged, context_name, context, cluster_name, cluster))
    over = over_cluster(cluster, overrides), over_user(user, overrides)
    return _Chosen(context_name, context, cluster_name, over[0], user_name, over[1], save)


def _nothing(merged: files.Merged, context_name: str, context: Context, cluster_name: str, cluster: Cluster) -> Problem:
    """Return the reason why no server is known."""
    if cluster_name:
        return Problem(cluster.where, "server is missing")
    if context_name:
        return Problem(context.where, "it names no cluster")
    if not merged.documents:
        what = "no kubeconfig found, and not running in a cluster; set KUBECONFIG, or pass a path"
        return Problem(merged.places, what)
    if not any(document.data for document in merged.documents):
        return Problem(merged.places, "there is nothing in it: name another kubeconfig")
    return Problem(
        merged.places, "no current-context is set: pass context=..., or run `kubectl config use-context NAME`"
    )


def _result(
    chosen: _Chosen, overrides: Overrides, policy: rest.ExecPolicy | None, default_namespace: str
) -> KubeConfig:
    problems: list[Problem] = []
    given = plain_namespace(overrides.get("namespace") or "")
    check_namespace(given, "namespace=", problems)
    check_namespace(chosen.context.namespace, chosen.context.where, problems)
    config = build(chosen.cluster, chosen.user, policy=policy, save=chosen.save, problems=problems)
    config.origin = _origin(chosen)
    config.namespace = given or chosen.context.namespace or default_namespace
    return KubeConfig(
        config,
        config.namespace,
        chosen.context_name,
        chosen.cluster_name,
        chosen.user_name,
        bool(given),
    )


def _origin(chosen: _Chosen) -> str:
    """Return whose configuration it is, for errors."""
    if not chosen.context_name and not chosen.user_name:
        return "the pod's service account" if chosen.user.token_file else ""
    user = f"user {chosen.user_name[:100]!r}" if chosen.user_name else "no user"
    return f"{user} of context {chosen.context_name[:100]!r}" if chosen.context_name else user


def _in_cluster(overrides: Overrides) -> _Chosen:
    config = rest.in_cluster_config()
    where = str(incluster.SERVICE_ACCOUNT)
    cluster = Cluster(where=where, server=config.host, ca_file=config.tls.ca_file or "")
    user = User(where=where, token=config.bearer_token or "", token_file=config.bearer_token_file or "")
    return _Chosen("", Context(), "", over_cluster(cluster, overrides), "", over_user(user, overrides), None)


def _is_in_pod() -> bool:
    """Return whether the program runs in a pod that has a service account."""
    variables = ("KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT")
    try:
        status = (incluster.SERVICE_ACCOUNT / "token").stat()
    except OSError:
        return False
    return all(os.environ.get(name) for name in variables) and not stat.S_ISDIR(status.st_mode)
