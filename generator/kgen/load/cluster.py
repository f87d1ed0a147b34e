"""Pulling the documents of a live cluster into a folder: `kgen pull`. The only module that uses kubecore.

The folder gets one canonical document per path of `/openapi/v3`, `index.json` with the hash that the server gives each
and the hash of each file, and ORIGIN.md. Only documents whose hash has changed are fetched again; those that are no
longer served, or no longer selected, are removed. If one API fails, the others are pulled. Its document in the folder
stays, and `Pulled.problems` names it.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from kgen import files
from kgen.errors import ClusterError, ConfigError, InputError, OutputError, Problem, printable
from kgen.load.choice import Choice
from kgen.load.openapi_v3 import INDEX, group_version
from kgen.load.reading import parse_document
from kgen.shapes import is_array, is_object
from kubecore import errors, kubeconfig, rest

__all__ = ["Choice", "Pulled", "pull"]

ORIGIN: Final = "ORIGIN.md"

# The API server looks after its own index each second, and after those of other servers each minute.
_PAUSES: Final = (0.5, 1.0, 2.0, 4.0)

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(?:/[A-Za-z0-9][A-Za-z0-9._-]*)*")

# Nothing that a server or a proxy may fold into another path: no "..", no "%2e", no "#", no "?" in a query.
_QUERY: Final = re.compile(r"(?:\?[A-Za-z0-9._~=&-]*)?")

_FILE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\.json")

_FAILURES: Final = 3
"""Consecutive documents that fail because of the connection, after which the pull fails."""

_KUBERNETES_LICENCE: Final = (
    "Documents of Kubernetes' own API groups are part of Kubernetes, https://github.com/kubernetes/kubernetes,\n"
    "Copyright The Kubernetes Authors, licensed under the Apache License, Version 2.0.\n"
)


@dataclass(frozen=True, slots=True)
class Pulled:
    """Result of a pull.

    Attributes:
        server_version: the version that the server reports.
        fetched: paths whose documents were fetched.
        unchanged: paths whose documents did not change.
        removed: paths that the server no longer has, or that are no longer selected.
        problems: one for each chosen path whose document could not be fetched.
    """

    server_version: str
    fetched: tuple[str, ...]
    unchanged: tuple[str, ...]
    removed: tuple[str, ...]
    problems: tuple[Problem, ...] = ()


class _Entry(msgspec.Struct, frozen=True):
    """A document of the folder: its file, the server's hash and the file's own."""

    file: str
    hash: str
    sha256: str


class _Index(msgspec.Struct, frozen=True, omit_defaults=True):
    documents: dict[str, _Entry]
    groups: tuple[str, ...] = ()
    builtins: bool = True
    excluded: tuple[str, ...] = ()


class _ChangedError(Exception):
    """The server no longer has a document of its index."""


class _AllFailedError(Exception):
    """None of the documents that the folder lacks could be fetched."""

    def __init__(self, name: str, cause: Exception | str) -> None:
        super().__init__(name)
        self.name = name
        self.cause = cause


def pull(
    folder: Path,
    choice: Choice | None = None,
    *,
    kubeconfig: str | None = None,
    context: str | None = None,
    in_cluster: bool = False,
    note: str | None = None,
    progress: Callable[[str], None] = lambda _: None,
    today: datetime.date | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> Pulled:
    """Update a folder to the documents that a cluster serves.

    Args:
        folder: Receives the documents; created if it is missing.
        choice: The documents to pull; by default all.
        kubeconfig: The kubeconfig file; by default that of kubectl.
        context: The context of the kubeconfig.
        in_cluster: Whether to use the service account of the pod instead.
        note: Text for ORIGIN.md that the server does not provide, such as its flags.
        progress: Called with the current stage.
        today: The date for ORIGIN.md.
        sleep: Waits, before the index is read again.

    Raises:
        ConfigError: the kubeconfig is wrong, or a selected group does not exist.
        ClusterError: the cluster can't be reached, or its responses cannot be used.
        OutputError: the folder can't be written.
    """
    host = ""
    try:
        config = rest.in_cluster_config() if in_cluster else _kubeconfig(kubeconfig, context)
        host = config.host
        with rest.Client(config) as client:
            run = _Pull(client, folder, choice or Choice(), progress, sleep)
            return run(note, today or datetime.datetime.now(datetime.UTC).date())
    except errors.ConfigError as error:
        raise ConfigError(str(error), hint="check the kubeconfig, or name another: --kubeconfig, --context") from error
    except _AllFailedError as error:
        raise ClusterError(
            f"no document could be fetched; the first, {error.name}: {error.cause}",
            where=host or None,
            hint=f"choose others with --group, or leave it out: --exclude-group {_group(error.name)}",
        ) from error
    except errors.KubeError as error:
        raise ClusterError(
            str(error), where=host or None, hint="does `kubectl get --raw /openapi/v3` work with the same kubeconfig?"
        ) from error
    except OSError as error:
        raise OutputError(
            f"the folder can't be written: {error.strerror or error}",
            where=folder.name,
            hint="check the path and its rights",
        ) from error


def _kubeconfig(path: str | None, context: str | None) -> rest.Config:
    return kubeconfig.load_config(path, context=context)


class _Pull:
    """One run."""

    def __init__(
        self,
        client: rest.Client,
        folder: Path,
        choice: Choice,
        progress: Callable[[str], None],
        sleep: Callable[[float], None],
    ) -> None:
        self._client = client
        self._folder = folder
        self._choice = Choice(tuple(sorted(set(choice.groups))), choice.builtins, tuple(sorted(set(choice.excluded))))
        self._progress = progress
        self._sleep = sleep
        self._failed: dict[str, Exception | str] = {}

    def __call__(self, note: str | None, today: datetime.date) -> Pulled:
        """Fetch changed documents, write them, and remove those that are gone or not selected."""
        before = self._before()
        known = before.documents
        served, contents = self._capture(known)
        kept = {name: entry for name, entry in known.items() if name in self._failed and self._is_there(entry)}
        found = {
            name: _entry(name, served[name], contents[name]) if name in contents else known[name]
            for name in served
            if name not in self._failed
        }
        entries = dict(sorted({**kept, **found}.items()))
        removed = tuple(sorted(set(known) - set(entries)))
        server = self._version()
        index = _Index(entries, self._choice.groups, self._choice.builtins, self._choice.excluded)
        changed = (
            removed
            or (index.groups, index.builtins, index.excluded) != (before.groups, before.builtins, before.excluded)
            or any(known.get(name) is None or known[name].sha256 != entries[name].sha256 for name in contents)
        )
        self._write(index, contents, removed)
        if changed or not (self._folder / ORIGIN).is_file():
            self._put(ORIGIN, _origin(server, str(self._choice), note, today).encode())
        problems = tuple(_problem(name, cause, name in kept) for name, cause in sorted(self._failed.items()))
        return Pulled(server, tuple(sorted(contents)), tuple(sorted(set(found) - set(contents))), removed, problems)

    def _is_there(self, entry: _Entry) -> bool:
        return _FILE.fullmatch(entry.file) is not None and (self._folder / entry.file).is_file()

    def _capture(self, known: Mapping[str, _Entry]) -> tuple[dict[str, str], dict[str, bytes]]:
        """Return the location of each selected document, and the documents that the folder lacks.

        A document may change between the index and its fetch, as when an operator is being installed. Then the index
        is read again, and documents that were fetched before are kept if they have not changed.
        """
        fetched: dict[tuple[str, str], bytes] = {}
        late: _ChangedError | None = None
        for pause in (0.0, *_PAUSES):
            if late is not None:
                self._progress(f"{late}: reading the index again")
                self._sleep(pause)
            everything = self._served()
            silent = self._silent(everything)
            chosen = self._choice.of([*everything, *silent])
            self._failed = {name: silent[name] for name in silent if name in chosen}
            served: dict[str, str] = {}
            for name in sorted(chosen & everything.keys()):
                try:
                    served[name] = _location(name, everything[name])
                except ClusterError as error:
                    self._failed[name] = error
            needed = [name for name in sorted(served) if not self._is_current(name, served[name], known)]
            late = self._fetch_all([(name, served[name]) for name in needed], fetched)
            if late is None:
                contents = {name: fetched[name, served[name]] for name in needed if name not in self._failed}
                if self._failed and not contents and len(self._failed) == len(chosen):
                    name = min(self._failed)
                    raise _AllFailedError(name, self._failed[name])
                return served, contents
        raise ClusterError(
            f"{late}, {len(_PAUSES) + 1} times in a row",
            where="/openapi/v3",
            hint="wait until the cluster has settled, and pull again: nothing was written",
        ) from late

    def _fetch_all(self, wanted: list[tuple[str, str]], fetched: dict[tuple[str, str], bytes]) -> _ChangedError | None:
        """Fetch missing documents; return the problem of the first one that does not match the index."""
        late: _ChangedError | None = None
        missing = [place for place in wanted if place not in fetched]
        broken = 0
        for number, (name, location) in enumerate(missing, 1):
            self._progress(f"fetching {number} of {len(missing)}: {name}")
            try:
                fetched[name, location] = self._fetch(name, location)
                broken = 0
            except _ChangedError as error:
                late = late or error
            except (errors.StatusError, InputError) as error:
                self._failed[name] = error
                broken = 0
            except errors.TransportError as error:
                broken += 1
                if broken == _FAILURES:
                    raise
                self._failed[name] = error
        return late

    def _served(self) -> dict[str, object]:
        """Return the entry of the index for each document, by its name."""
        index = _parse(self._client.get_bytes("/openapi/v3"), "/openapi/v3")
        paths = index.get("paths")
        if not is_object(paths) or not paths:
            raise ClusterError(
                "the server lists no OpenAPI v3 documents",
                where="/openapi/v3",
                hint="Kubernetes serves them from 1.27 on",
            )
        for name in paths:
            if name and not name.startswith(".") and (not _NAME.fullmatch(name) or ".." in name or len(name) > 200):
                raise ClusterError(
                    f"the server lists a document with the name {printable(name, 100)!r}",
                    where="/openapi/v3",
                    hint="an API group can't be named so",
                )
        return {name: entry for name, entry in paths.items() if name and not name.startswith(".")}

    def _silent(self, listed: Mapping[str, object]) -> dict[str, str]:
        """Return the group versions that the server has, but has no document of, and why.

        The API server leaves the document of an aggregated API out of its index while that API does not respond.
        """
        try:
            groups = _parse(self._client.get_bytes("/apis"), "/apis").get("groups")
        except (errors.KubeError, InputError):
            return {}
        found: dict[str, str] = {}
        for group in groups if is_array(groups) else ():
            versions = group.get("versions") if is_object(group) else None
            for version in versions if is_array(versions) else ():
                name = f"apis/{version.get('groupVersion') if is_object(version) else ''}"
                if _NAME.fullmatch(name) and name.count("/") == 2 and len(name) < 200 and name not in listed:
                    found[name] = "the server has this API, but lists no OpenAPI document of it"
        return found

    def _before(self) -> _Index:
        """Return the content of the folder's index; an unreadable index counts as missing."""
        try:
            return msgspec.json.decode(files.read_regular(self._folder / INDEX), type=_Index)
        except (OSError, msgspec.DecodeError, ValueError):
            return _Index({})

    def _is_current(self, name: str, location: str, known: Mapping[str, _Entry]) -> bool:
        entry = known.get(name)
        if entry is None or not entry.hash or entry.hash != _hash(location) or entry.file != _file(name):
            return False
        try:
            return _digest(files.read_regular(self._folder / entry.file)) == entry.sha256
        except OSError:
            return False

    def _fetch(self, name: str, location: str) -> bytes:
        """Return a document; the server redirects an outdated hash to the newer one.

        Source: kube-openapi, pkg/handler3/handler.go; a document that is gone in the meantime is a 404, or an empty
            response.
        """
        try:
            data = self._client.get_bytes(location)
        except errors.RedirectError as error:
            raise _ChangedError(f"the document {name} has changed since the server listed it") from error
        except errors.NotFoundError as error:
            raise _ChangedError(f"the document {name} is listed, but not served") from error
        if not data:
            raise _ChangedError(f"the document {name} is listed, but empty")
        return canonical(_parse(data, f"/openapi/v3/{name}"))

    def _version(self) -> str:
        name = _parse(self._client.get_bytes("/version"), "/version").get("gitVersion")
        if not isinstance(name, str):
            raise ClusterError("the server does not report its version", where="/version", hint="is it Kubernetes?")
        return printable(name, 100)

    def _write(self, index: _Index, contents: Mapping[str, bytes], removed: tuple[str, ...]) -> None:
        """Write the documents first and the index last, so that an interrupted pull is finished by the next."""
        self._folder.mkdir(parents=True, exist_ok=True)
        for file in (*map(_file, contents), INDEX, ORIGIN):
            if (self._folder / file).is_symlink():
                raise OutputError(
                    "a symbolic link is in the way", where=file, hint="remove it, or choose another folder"
                )
        for name, data in contents.items():
            self._put(_file(name), data)
        self._put(INDEX, canonical(msgspec.to_builtins(index)))
        for name in removed:
            if _NAME.fullmatch(name):
                (self._folder / _file(name)).unlink(missing_ok=True)

    def _put(self, file: str, data: bytes) -> None:
        target = self._folder / file
        if target.is_file() and not target.is_symlink() and files.read_regular(target) == data:
            return
        files.replace(target, data)


def _location(name: str, entry: object) -> str:
    """Return the path and the query that a document is fetched from.

    Raises:
        ClusterError: the server names another place than that of the document.
    """
    location = entry.get("serverRelativeURL") if is_object(entry) else None
    path = f"/openapi/v3/{name}"
    if isinstance(location, str) and location.startswith(path) and _QUERY.fullmatch(location[len(path) :]):
        return location
    raise ClusterError(
        f"the server does not report the location of the document {name}",
        where="/openapi/v3",
        hint="report it to the operator of the API of that group",
    )


def _problem(name: str, cause: Exception | str, kept: bool) -> Problem:
    what = cause.what if isinstance(cause, (ClusterError, InputError)) else str(cause)
    return Problem(
        f"the document {name} was not fetched: {what}",
        name,
        ("the folder keeps the one that it has; " if kept else "the folder has no document of it; ")
        + f"pull again once the API responds, choose others with --group, or --exclude-group {_group(name)}",
    )


def _group(name: str) -> str:
    return group_version(name)[0] or (name.split("/")[1] if name.startswith("apis/") else "core")


def canonical(document: Mapping[str, Any]) -> bytes:
    """Return a document as it is kept: keys sorted, one space of indent, so that a change is a small diff."""
    return (json.dumps(document, sort_keys=True, indent=1, ensure_ascii=False) + "\n").encode("utf-8", "surrogatepass")


def _parse(data: bytes, where: str) -> Mapping[str, Any]:
    return parse_document(data, where)


def _entry(name: str, location: str, data: bytes) -> _Entry:
    return _Entry(_file(name), _hash(location), _digest(data))


def _file(name: str) -> str:
    return name.replace("/", "__") + ".json"


def _hash(location: str) -> str:
    """Return the hash in the URL of a document, "" if there is none."""
    match = re.search(r"[?&]hash=([0-9A-Fa-f]+)", location)
    return match[1] if match else ""


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _origin(server: str, chosen: str, note: str | None, today: datetime.date) -> str:
    facts = {"Server version": server, "Date": today.isoformat(), "Groups": chosen, "Note": printable(note or "")}
    parts = [
        "# Origin\n",
        "Captured by `kgen pull` from `/openapi/v3` of a Kubernetes API server.\n",
        "".join(f"- {label}: {fact}\n" for label, fact in facts.items() if fact),
        _KUBERNETES_LICENCE,
    ]
    return "\n".join(parts)
