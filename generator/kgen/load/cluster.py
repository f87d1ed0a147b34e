"""Pulling the documents of a live cluster into a folder: `kgen pull`. The only module that uses kubecore.

The folder gets one canonical document per path of `/openapi/v3`, `index.json` with the hash that the server gives each
and the hash of each file, and ORIGIN.md. Only documents whose hash has changed are fetched again; those that are no
longer served, or no longer chosen, are removed.
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

from kgen.errors import ClusterError, ConfigError, OutputError, printable
from kgen.load.choice import Choice
from kgen.load.openapi_v3 import INDEX
from kgen.load.reading import parse_document
from kgen.shapes import is_object
from kubecore import errors, kubeconfig, rest

__all__ = ["Choice", "Pulled", "pull"]

ORIGIN: Final = "ORIGIN.md"

# The API server looks after its own index each second, and after those of other servers each minute.
_PAUSES: Final = (0.5, 1.0, 2.0, 4.0)

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(?:/[A-Za-z0-9][A-Za-z0-9._-]*)*")
_KUBERNETES_LICENCE: Final = (
    "Documents of Kubernetes' own API groups are part of Kubernetes, https://github.com/kubernetes/kubernetes,\n"
    "Copyright The Kubernetes Authors, licensed under the Apache License, Version 2.0.\n"
)


@dataclass(frozen=True, slots=True)
class Pulled:
    """What a pull did.

    Attributes:
        server_version: what the server calls its version.
        fetched: paths whose documents were fetched.
        unchanged: paths whose documents are those of the folder.
        removed: paths that the server no longer has, or that are no longer chosen.
    """

    server_version: str
    fetched: tuple[str, ...]
    unchanged: tuple[str, ...]
    removed: tuple[str, ...]


class _Entry(msgspec.Struct, frozen=True):
    """A document of the folder: its file, the server's hash and the file's own."""

    file: str
    hash: str
    sha256: str


class _Index(msgspec.Struct, frozen=True, omit_defaults=True):
    documents: dict[str, _Entry]
    groups: tuple[str, ...] = ()
    builtins: bool = True


class _ChangedError(Exception):
    """The server has no longer what its index says."""


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
    """Bring a folder up to what a cluster serves.

    Args:
        folder: Gets the documents; made if it is not there.
        choice: What of the cluster; by default all.
        kubeconfig: The kubeconfig file; by default what kubectl would take.
        context: The context of the kubeconfig.
        in_cluster: Whether to use the service account of the pod instead.
        note: What ORIGIN.md is to say beside what the server tells, such as its flags.
        progress: Is told what is being done.
        today: The date for ORIGIN.md.
        sleep: Waits, before the index is read again.

    Raises:
        ConfigError: the kubeconfig is wrong, or a chosen group is not there.
        ClusterError: the cluster can't be reached, or its answers can't be used.
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
        self._choice = Choice(tuple(sorted(set(choice.groups))), choice.builtins)
        self._progress = progress
        self._sleep = sleep

    def __call__(self, note: str | None, today: datetime.date) -> Pulled:
        """Fetch what has changed, write it, and remove what is gone or not chosen."""
        before = self._before()
        known = before.documents
        served, contents = self._capture(known)
        entries = {
            name: _entry(name, served[name], contents[name]) if name in contents else known[name]
            for name in sorted(served)
        }
        removed = tuple(sorted(set(known) - set(served)))
        server = self._version()
        index = _Index(entries, self._choice.groups, self._choice.builtins)
        changed = (
            removed
            or (index.groups, index.builtins) != (before.groups, before.builtins)
            or any(known.get(name) is None or known[name].sha256 != entries[name].sha256 for name in contents)
        )
        self._write(index, contents, removed)
        if changed or not (self._folder / ORIGIN).is_file():
            self._put(ORIGIN, _origin(server, str(self._choice), note, today).encode())
        return Pulled(server, tuple(sorted(contents)), tuple(sorted(set(served) - set(contents))), removed)

    def _capture(self, known: Mapping[str, _Entry]) -> tuple[dict[str, str], dict[str, bytes]]:
        """Return where each chosen document is, and those that the folder lacks.

        A document may change between the index and its fetch, as when an operator is being installed. Then the index
        is read again, and what was fetched before is kept where it has not changed.
        """
        fetched: dict[tuple[str, str], bytes] = {}
        late: _ChangedError | None = None
        for pause in (0.0, *_PAUSES):
            if late is not None:
                self._progress(f"{late}: reading the index again")
                self._sleep(pause)
            everything = self._served()
            served = {name: everything[name] for name in self._choice.of(everything)}
            needed = [name for name in sorted(served) if not self._is_current(name, served[name], known)]
            late = self._fetch_all([(name, served[name]) for name in needed], fetched)
            if late is None:
                return served, {name: fetched[name, served[name]] for name in needed}
        raise ClusterError(
            f"{late}, {len(_PAUSES) + 1} times in a row",
            where="/openapi/v3",
            hint="wait until the cluster has settled, and pull again: nothing was written",
        ) from late

    def _fetch_all(self, wanted: list[tuple[str, str]], fetched: dict[tuple[str, str], bytes]) -> _ChangedError | None:
        """Fetch documents that are not there yet; return what is wrong with the first that is not as the index says."""
        late: _ChangedError | None = None
        missing = [place for place in wanted if place not in fetched]
        for number, (name, location) in enumerate(missing, 1):
            self._progress(f"fetching {number} of {len(missing)}: {name}")
            try:
                fetched[name, location] = self._fetch(name, location)
            except _ChangedError as error:
                late = late or error
        return late

    def _served(self) -> dict[str, str]:
        """Return the path that each document is fetched from, by its name."""
        index = _parse(self._client.get_bytes("/openapi/v3"), "/openapi/v3")
        paths = index.get("paths")
        if not is_object(paths) or not paths:
            raise ClusterError(
                "the server lists no OpenAPI v3 documents",
                where="/openapi/v3",
                hint="Kubernetes serves them from 1.27 on",
            )
        return {name: self._location(name, entry) for name, entry in paths.items() if name and not name.startswith(".")}

    def _location(self, name: str, entry: object) -> str:
        location = entry.get("serverRelativeURL") if is_object(entry) else None
        if not _NAME.fullmatch(name) or ".." in name or len(name) > 200:
            raise ClusterError(
                f"the server lists a document with the name {printable(name, 100)!r}",
                where="/openapi/v3",
                hint="an API group can't be named so",
            )
        if (
            not isinstance(location, str)
            or not location.startswith("/openapi/v3/")
            or not location.isprintable()
            or " " in location
        ):
            raise ClusterError(
                f"the server does not say where the document {name} is",
                where="/openapi/v3",
                hint="report it to who runs the API of that group",
            )
        return location

    def _before(self) -> _Index:
        """Return what the folder's index says; an index that can't be read is as good as none."""
        try:
            return msgspec.json.decode((self._folder / INDEX).read_bytes(), type=_Index)
        except (OSError, msgspec.DecodeError, ValueError):
            return _Index({})

    def _is_current(self, name: str, location: str, known: Mapping[str, _Entry]) -> bool:
        entry = known.get(name)
        if entry is None or not entry.hash or entry.hash != _hash(location) or entry.file != _file(name):
            return False
        try:
            return _digest((self._folder / entry.file).read_bytes()) == entry.sha256
        except OSError:
            return False

    def _fetch(self, name: str, location: str) -> bytes:
        """Return a document; the server answers a hash that is out of date with a redirect to the newer one.

        Source: kube-openapi, pkg/handler3/handler.go; what has gone in the meantime is a 404, or nothing at all.
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
            raise ClusterError("the server does not say its version", where="/version", hint="is it Kubernetes?")
        return printable(name, 100)

    def _write(self, index: _Index, contents: Mapping[str, bytes], removed: tuple[str, ...]) -> None:
        """Write the documents first and the index last, so that an interrupted pull is finished by the next."""
        self._folder.mkdir(parents=True, exist_ok=True)
        for name, data in contents.items():
            self._put(_file(name), data)
        self._put(INDEX, canonical(msgspec.to_builtins(index)))
        for name in removed:
            if _NAME.fullmatch(name):
                (self._folder / _file(name)).unlink(missing_ok=True)

    def _put(self, file: str, data: bytes) -> None:
        target = self._folder / file
        if target.is_file() and target.read_bytes() == data:
            return
        staged = self._folder / f".{file}.new"
        staged.write_bytes(data)
        staged.replace(target)


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
    """Return the hash that the server puts into a document's URL, "" where it puts none."""
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
