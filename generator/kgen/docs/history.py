"""The releases in which names appeared, and the names that each release removed: from the changes between releases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from kgen.difference import Change
from kgen.errors import InputError
from kgen.files import read_regular
from kgen.ir import Api, ModelRef

__all__ = ["History", "Release", "read_changes"]

_MOST_BYTES: Final = 16 << 20
_PART_OF: Final = {"verb": "resource", "field": "model", "constant": "constants"}
"""The whole that each part belongs to: its name is that of the part without the last word."""


@dataclass(frozen=True, slots=True)
class Release:
    """A release.

    Attributes:
        name: Its name, such as `1.37`.
        changes: The changes from the release before it; the parts of anything that is new as a whole are not listed.
    """

    name: str
    changes: tuple[Change, ...]


class History:
    """The release of each name of an API.

    Args:
        releases: The releases, the oldest first.
        api: The API in the newest release.
    """

    def __init__(self, releases: Sequence[Release], api: Api) -> None:
        self._names: Final = tuple(release.name for release in releases)
        self._added: Final[dict[tuple[str, str], int]] = {}
        for index, release in enumerate(releases):
            for change in release.changes:
                if change.action == "added":
                    self._added[change.what, change.name] = index
        self._groups: Mapping[str, str] = {str(group.accessor): group.api_version for group in api.groups}
        self.removed: Final = tuple(
            (release.name, removed)
            for release in reversed(releases)
            if (removed := tuple(change for change in release.changes if change.action == "removed"))
        )
        """The names that each release removed, the newest release first."""

    def __bool__(self) -> bool:
        """Whether there are earlier releases."""
        return bool(self._names)

    def group(self, api_version: str) -> str:
        """Return the release in which a group version appeared, "" if it is in the oldest one."""
        return self._name(self._index("group", api_version))

    def resource(self, api_version: str, plural: str) -> str:
        """Return the release in which a resource appeared, "" if it is in the oldest one."""
        return self._name(self._index("resource", f"{api_version} {plural}"))

    def model(self, ref: ModelRef) -> str:
        """Return the release in which a type appeared, "" if it is in the oldest one."""
        return self._name(self._index("model", str(ref)))

    def verb(self, api_version: str, plural: str, verb: str) -> str:
        """Return the release in which a verb appeared, "" if its resource is not older."""
        return self._later("verb", f"{api_version} {plural} {verb}")

    def field(self, ref: ModelRef, name: str) -> str:
        """Return the release in which a field appeared, "" if its type is not older."""
        return self._later("field", f"{ref}.{name}")

    def constant(self, ref: ModelRef, constants: str, name: str) -> str:
        """Return the release in which a value of a field appeared, "" if the list of its values is not older."""
        return self._later("constant", f"{ref.module}.{constants}.{name}")

    def _name(self, index: int) -> str:
        return self._names[index] if index >= 0 else ""

    def _later(self, what: str, name: str) -> str:
        index = self._index(what, name)
        return self._name(index) if index > self._index(*_whole(what, name)) else ""

    def _index(self, what: str, name: str) -> int:
        """Return the index of the release in which a name, or the newest whole that it is in, appeared; or -1."""
        own = self._added.get((what, name), -1)
        if what == "group":
            return own
        if what in _PART_OF:
            return max(own, self._index(*_whole(what, name)))
        group = name.partition(" ")[0] if what == "resource" else self._groups.get(name.partition(".")[0], "")
        return max(own, self._index("group", group))


def _whole(what: str, name: str) -> tuple[str, str]:
    return _PART_OF[what], name.rpartition(" " if what == "verb" else ".")[0]


def read_changes(path: Path) -> tuple[Change, ...] | None:
    """Return the changes in a file that `kgen diff --format json` wrote; None if it is something else.

    Args:
        path: A file or a folder.

    Raises:
        InputError: The file cannot be read, or its list is not one of changes.
    """
    if path.suffix != ".json" or path.is_dir():
        return None
    try:
        data = read_regular(path, _MOST_BYTES)
        return tuple(msgspec.json.decode(data, type=list[Change])) if data.lstrip()[:1] == b"[" else None
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(
            f"the changes of a release can't be read: {error}",
            where=path.name,
            hint="write the file with `kgen diff OLD NEW --format json`",
        ) from error
