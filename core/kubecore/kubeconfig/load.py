"""From kubeconfig files to a `rest.Config`.

Source: `k8s.io/client-go/tools/clientcmd` and its `api/v1` types.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple, NoReturn

from kubecore import rest, yaml
from kubecore.errors import ConfigError, DecodeError
from kubecore.rest.incluster import SERVICE_ACCOUNT
from kubecore.shapes import is_array, is_object

__all__ = ["KubeConfig", "load", "load_config"]

_SECTIONS: Final = {"clusters": "cluster", "contexts": "context", "users": "user"}

# Read by kubectl but not by this version: an error, for to leave them out would act as somebody else or by another way.
_NOT_YET: Final[Mapping[str, frozenset[str]]] = {
    "cluster": frozenset({"proxy-url"}),
    "user": frozenset({"as", "as-groups", "as-uid", "as-user-extra", "auth-provider", "exec"}),
}


class KubeConfig(NamedTuple):
    """What a context says.

    Attributes:
        config: the server and the credentials.
        namespace: the context's namespace, `default` where it has none.
        context: the context's name, "" in a cluster.
    """

    config: rest.Config
    namespace: str
    context: str


class _Entry(NamedTuple):
    """An entry of a section and the file that it stands in."""

    data: Mapping[str, Any]
    file: Path


def load_config(path: str | os.PathLike[str] | None = None, *, context: str | None = None) -> rest.Config:
    """Return the configuration that a kubeconfig's context describes: see `load`.

    Args:
        path: the file; by default the files of `KUBECONFIG`, else `~/.kube/config`, else the cluster that the program
            runs in.
        context: the context; by default the file's current one.

    Returns:
        The configuration.

    Raises:
        ConfigError: a file can't be read or is wrong; the error names file and entry.
    """
    return load(path, context=context).config


def load(path: str | os.PathLike[str] | None = None, *, context: str | None = None) -> KubeConfig:
    """Read kubeconfig files.

    Args:
        path: the file; by default the files of `KUBECONFIG`, else `~/.kube/config`, else the cluster that the program
            runs in.
        context: the context; by default the file's current one.

    Returns:
        The configuration and the namespace of the context.

    Raises:
        ConfigError: a file can't be read or is wrong; the error names file and entry.
    """
    files = _files(path)
    documents = [(file, _read(file)) for file in files if path is not None or file.exists()]
    if not any(document for _, document in documents):
        return _in_cluster(files)
    name = context or next(
        (current for _, document in documents if (current := _text(document, "current-context"))), ""
    )
    places = ", ".join(str(file) for file, _ in documents)
    if not name:
        raise ConfigError(
            f"{places}: no current-context is set: pass context=..., or run `kubectl config use-context NAME`"
        )
    entry = _entry(documents, "contexts", name, places)
    cluster_name, user_name = _text(entry.data, "cluster"), _text(entry.data, "user")
    if not cluster_name:
        raise ConfigError(f"{entry.file}: context {name!r} names no cluster")
    cluster = _entry(documents, "clusters", cluster_name, places)
    user = _entry(documents, "users", user_name, places) if user_name else _Entry({}, entry.file)
    config = _config(cluster, f"cluster {cluster_name!r}", user, f"user {user_name!r}")
    return KubeConfig(config, _text(entry.data, "namespace") or "default", name)


def _files(path: str | os.PathLike[str] | None) -> list[Path]:
    if path is not None:
        return [Path(path)]
    listed = [part for part in os.environ.get("KUBECONFIG", "").split(os.pathsep) if part]
    if listed:
        return [Path(part) for part in dict.fromkeys(listed)]
    home = os.environ.get("HOME") or os.path.expanduser("~")  # noqa: PTH111 - Path.home raises where there is none
    return [Path(home) / ".kube" / "config"]


def _in_cluster(files: list[Path]) -> KubeConfig:
    try:
        config = rest.in_cluster_config()
    except rest.NotInClusterError:
        tried = ", ".join(str(file) for file in files)
        raise ConfigError(
            f"there is no kubeconfig ({tried}), and this is no cluster: set KUBECONFIG, or pass a path"
        ) from None
    namespace = os.environ.get("POD_NAMESPACE", "")
    # As in client-go: a pod without the file is in `default`.
    with contextlib.suppress(OSError, UnicodeDecodeError):
        namespace = namespace or (SERVICE_ACCOUNT / "namespace").read_text("utf-8").strip()
    return KubeConfig(config, namespace or "default", "")


def _read(file: Path) -> Mapping[str, Any]:
    try:
        data = yaml.load(file.read_bytes(), source=str(file))
    except OSError as error:
        raise ConfigError(f"the kubeconfig can't be read: {file}: {error.strerror}") from None
    except DecodeError as error:
        raise ConfigError(f"the kubeconfig is no YAML: {error}") from None
    if data is None:
        return {}
    if not is_object(data):
        raise ConfigError(f"{file}: a kubeconfig is a mapping, this is a {type(data).__name__}")
    kind = data.get("kind") or "Config"
    if kind != "Config":
        raise ConfigError(f"{file}: expected kind Config, found {str(kind)[:100]!r}")
    return data


def _text(data: Mapping[str, Any], key: str) -> str:
    """Return an entry's text; names such as 1 are written without quotes at times, and mean their text."""
    value = data.get(key)
    return "" if value is None or isinstance(value, (dict, list)) else str(value)


def _entry(documents: list[tuple[Path, Mapping[str, Any]]], section: str, name: str, places: str) -> _Entry:
    """Find an entry; the first file that names it owns it whole."""
    known: list[str] = []
    for file, document in documents:
        for item in _items(file, document, section):
            known.append(_text(item, "name"))
            if known[-1] == name:
                data = item.get(_SECTIONS[section])
                if data is not None and not is_object(data):
                    _refuse(file, f"{_SECTIONS[section]} {name!r} is no mapping")
                return _Entry(data or {}, file)
    raise ConfigError(
        f"{places}: there is no {_SECTIONS[section]} {name!r}; there is {', '.join(map(repr, sorted(known))) or 'none'}"
    )


def _items(file: Path, document: Mapping[str, Any], section: str) -> list[Mapping[str, Any]]:
    found: object = document.get(section) or []
    items: list[Mapping[str, Any]] = [item for item in found if is_object(item)] if is_array(found) else []
    if not is_array(found) or len(items) < len(found):
        _refuse(file, f"{section} is no list of mappings")
    names = [_text(item, "name") for item in items]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        _refuse(file, f"{_SECTIONS[section]} {twice!r} is there twice")
    return items


def _refuse(file: Path, what: str) -> NoReturn:
    raise ConfigError(f"{file}: {what}")


def _config(cluster: _Entry, cluster_name: str, user: _Entry, user_name: str) -> rest.Config:
    for kind, entry, name in (("cluster", cluster, cluster_name), ("user", user, user_name)):
        unread = sorted(key for key in _NOT_YET[kind] if entry.data.get(key))
        if unread:
            _refuse(entry.file, f"{name} sets {', '.join(unread)}, which is not supported yet")
    server = _text(cluster.data, "server")
    if not server:
        _refuse(cluster.file, f"{cluster_name} names no server")
    tls = rest.TLSConfig(
        ca_file=_path(cluster, "certificate-authority"),
        ca_data=_data(cluster, cluster_name, "certificate-authority-data"),
        cert_file=_path(user, "client-certificate"),
        cert_data=_data(user, user_name, "client-certificate-data"),
        key_file=_path(user, "client-key"),
        key_data=_data(user, user_name, "client-key-data"),
        server_name=_text(cluster.data, "tls-server-name") or None,
        insecure=cluster.data.get("insecure-skip-tls-verify") is True,
    )
    config = rest.Config(
        host=server if "://" in server else f"http://{server}",
        bearer_token=_text(user.data, "token") or None,
        bearer_token_file=_path(user, "tokenFile"),
        username=_text(user.data, "username") or None,
        password=_text(user.data, "password") or None,
        tls=tls,
    )
    try:
        config.check()
    except ConfigError as error:
        raise ConfigError(f"{cluster.file}: {cluster_name}, {user_name}: {error}") from None
    return config


def _path(entry: _Entry, key: str) -> str | None:
    """Return a path; a relative one starts at the folder of its file."""
    value = _text(entry.data, key)
    return str(Path(os.path.abspath(entry.file)).parent / value) if value else None  # noqa: PTH100 - resolve() would follow links


def _data(entry: _Entry, name: str, key: str) -> bytes | None:
    value = _text(entry.data, key)
    if not value:
        return None
    try:
        return base64.b64decode("".join(value.split()), validate=True)
    except (binascii.Error, ValueError):
        _refuse(entry.file, f"{name}: {key} is no base64")
