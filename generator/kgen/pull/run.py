"""One run of `kgen pull`: which documents are fetched, kept and removed."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kgen.errors import ClusterError, InputError, Problem
from kgen.pull.choice import Choice
from kgen.pull.documents import group_of, location_of
from kgen.pull.folder import DocumentFolder, Entry, Index, entry_of
from kgen.pull.server import ChangedError, Server
from kubecore import errors, rest

__all__ = ["AllFailedError", "PullRun", "Pulled"]

# The API server looks after its own index each second, and after those of other servers each minute.
_PAUSES: Final = (0.5, 1.0, 2.0, 4.0)

_FAILURES: Final = 3
"""Consecutive documents that fail because of the connection, after which the pull fails."""


@dataclass(frozen=True, slots=True)
class Pulled:
    """Result of a pull.

    Attributes:
        server_version: The version that the server reports.
        fetched: Paths whose documents were fetched.
        unchanged: Paths whose documents did not change.
        removed: Paths that the server no longer has, or that are no longer selected.
        problems: One for each chosen path whose document could not be fetched.
    """

    server_version: str
    fetched: tuple[str, ...]
    unchanged: tuple[str, ...]
    removed: tuple[str, ...]
    problems: tuple[Problem, ...] = ()


class AllFailedError(Exception):
    """None of the documents that the folder lacks could be fetched."""

    def __init__(self, name: str, cause: Exception | str) -> None:
        super().__init__(name)
        self.name = name
        self.cause = cause


class PullRun:
    """Updates one folder from one server."""

    def __init__(
        self,
        client: rest.Client,
        folder: Path,
        choice: Choice,
        progress: Callable[[str], None],
        sleep: Callable[[float], None],
    ) -> None:
        self._server = Server(client)
        self._folder = DocumentFolder(folder)
        self._choice = Choice(tuple(sorted(set(choice.groups))), choice.builtins, tuple(sorted(set(choice.excluded))))
        self._progress = progress
        self._sleep = sleep
        self._failed: dict[str, Exception | str] = {}

    def __call__(self, note: str | None, today: datetime.date) -> Pulled:
        """Fetch changed documents, write them, and remove those that are gone or not selected."""
        before = self._folder.index()
        known = before.documents
        locations, contents = self._capture(known)
        kept = {name: entry for name, entry in known.items() if name in self._failed and self._folder.has(entry)}
        current = {
            name: entry_of(name, locations[name], contents[name]) if name in contents else known[name]
            for name in locations
            if name not in self._failed
        }
        entries = dict(sorted({**kept, **current}.items()))
        removed = tuple(sorted(set(known) - set(entries)))
        server = self._server.version()
        index = Index(entries, self._choice.groups, self._choice.builtins, self._choice.excluded)
        changed = (
            removed
            or (index.groups, index.builtins, index.excluded) != (before.groups, before.builtins, before.excluded)
            or any(known.get(name) is None or known[name].sha256 != entries[name].sha256 for name in contents)
        )
        self._folder.write(index, contents, removed)
        if changed or not self._folder.has_origin():
            self._folder.write_origin(server, str(self._choice), note, today)
        problems = tuple(_problem(name, cause, name in kept) for name, cause in sorted(self._failed.items()))
        return Pulled(server, tuple(sorted(contents)), tuple(sorted(set(current) - set(contents))), removed, problems)

    def _capture(self, known: Mapping[str, Entry]) -> tuple[dict[str, str], dict[str, bytes]]:
        """Return the location of each selected document, and the documents that the folder lacks.

        A document may change between the index and its fetch, as when an operator is being installed. Then the index
        is read again, and documents that were fetched before are kept if they have not changed.
        """
        fetched: dict[tuple[str, str], bytes] = {}
        change: ChangedError | None = None
        for pause in (0.0, *_PAUSES):
            if change is not None:
                self._progress(f"{change}: reading the index again")
                self._sleep(pause)
            listed = self._server.listed()
            unlisted = self._server.unlisted(listed)
            chosen = self._choice.of([*listed, *unlisted])
            self._failed = {name: unlisted[name] for name in unlisted if name in chosen}
            locations: dict[str, str] = {}
            for name in sorted(chosen & listed.keys()):
                try:
                    locations[name] = location_of(name, listed[name])
                except ClusterError as error:
                    self._failed[name] = error
            needed = [
                name
                for name in sorted(locations)
                if not self._folder.is_current(name, locations[name], known.get(name))
            ]
            change = self._fetch_all([(name, locations[name]) for name in needed], fetched)
            if change is None:
                contents = {name: fetched[name, locations[name]] for name in needed if name not in self._failed}
                if self._failed and not contents and len(self._failed) == len(chosen):
                    name = min(self._failed)
                    raise AllFailedError(name, self._failed[name])
                return locations, contents
        raise ClusterError(
            f"{change}, {len(_PAUSES) + 1} times in a row",
            where="/openapi/v3",
            hint="wait until the cluster has settled, and pull again: nothing was written",
        ) from change

    def _fetch_all(self, wanted: list[tuple[str, str]], fetched: dict[tuple[str, str], bytes]) -> ChangedError | None:
        """Fetch missing documents; return the problem of the first one that does not match the index."""
        change: ChangedError | None = None
        missing = [place for place in wanted if place not in fetched]
        broken = 0
        for number, (name, location) in enumerate(missing, 1):
            self._progress(f"fetching {number} of {len(missing)}: {name}")
            try:
                fetched[name, location] = self._server.fetch(name, location)
                broken = 0
            except ChangedError as error:
                change = change or error
            except (errors.StatusError, InputError) as error:
                self._failed[name] = error
                broken = 0
            except errors.TransportError as error:
                broken += 1
                if broken == _FAILURES:
                    raise
                self._failed[name] = error
        return change


def _problem(name: str, cause: Exception | str, kept: bool) -> Problem:
    what = cause.what if isinstance(cause, (ClusterError, InputError)) else str(cause)
    return Problem(
        f"the document {name} was not fetched: {what}",
        name,
        ("the folder keeps the one that it has; " if kept else "the folder has no document of it; ")
        + f"pull again once the API responds, choose others with --group, or --exclude-group {group_of(name)}",
    )
