"""The folder that receives the documents: its index, ORIGIN.md, and the files of the documents."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from kgen import files
from kgen.errors import OutputError, printable
from kgen.load.openapi_v3 import INDEX
from kgen.pull.documents import canonical, digest, file_of, hash_of, is_file_name, is_name

__all__ = ["DocumentFolder", "Entry", "Index", "entry_of"]

ORIGIN: Final = "ORIGIN.md"

_KUBERNETES_LICENCE: Final = (
    "Documents of Kubernetes' own API groups are part of Kubernetes, https://github.com/kubernetes/kubernetes,\n"
    "Copyright The Kubernetes Authors, licensed under the Apache License, Version 2.0.\n"
)


class Entry(msgspec.Struct, frozen=True):
    """A document of the folder: its file, the server's hash and the file's own."""

    file: str
    hash: str
    sha256: str


class Index(msgspec.Struct, frozen=True, omit_defaults=True):
    """The documents of the folder, by name, and the choice that they were pulled with."""

    documents: dict[str, Entry]
    groups: tuple[str, ...] = ()
    builtins: bool = True
    excluded: tuple[str, ...] = ()


class DocumentFolder:
    """Reads and writes one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def index(self) -> Index:
        """Return the content of the folder's index; an unreadable index counts as missing."""
        try:
            return msgspec.json.decode(files.read_regular(self._folder / INDEX), type=Index)
        except (OSError, ValueError, RecursionError):
            return Index({})

    def has(self, entry: Entry) -> bool:
        """Whether the file of a document exists."""
        return is_file_name(entry.file) and (self._folder / entry.file).is_file()

    def is_current(self, name: str, location: str, entry: Entry | None) -> bool:
        """Whether the file of a document has the content that the server lists."""
        if entry is None or not entry.hash or entry.hash != hash_of(location) or entry.file != file_of(name):
            return False
        try:
            return digest(files.read_regular(self._folder / entry.file)) == entry.sha256
        except OSError:
            return False

    def write(self, index: Index, contents: Mapping[str, bytes], removed: tuple[str, ...]) -> None:
        """Write the documents first and the index last, so that an interrupted pull is finished by the next."""
        self._folder.mkdir(parents=True, exist_ok=True)
        for file in (*map(file_of, contents), INDEX, ORIGIN):
            if (self._folder / file).is_symlink():
                raise OutputError(
                    "a symbolic link is in the way", where=file, hint="remove it, or choose another folder"
                )
        for name, data in contents.items():
            self._put(file_of(name), data)
        self._put(INDEX, canonical(msgspec.to_builtins(index)))
        for name in removed:
            if is_name(name):
                (self._folder / file_of(name)).unlink(missing_ok=True)

    def write_origin(self, server: str, chosen: str, note: str | None, today: datetime.date) -> None:
        """Write ORIGIN.md."""
        self._put(ORIGIN, _origin(server, chosen, note, today).encode())

    def has_origin(self) -> bool:
        """Whether ORIGIN.md exists."""
        return (self._folder / ORIGIN).is_file()

    def _put(self, file: str, data: bytes) -> None:
        target = self._folder / file
        if target.is_file() and not target.is_symlink() and files.read_regular(target) == data:
            return
        files.replace(target, data)


def entry_of(name: str, location: str, data: bytes) -> Entry:
    """Return the entry of a fetched document."""
    return Entry(file_of(name), hash_of(location), digest(data))


def _origin(server: str, chosen: str, note: str | None, today: datetime.date) -> str:
    facts = {"Server version": server, "Date": today.isoformat(), "Groups": chosen, "Note": printable(note or "")}
    parts = [
        "# Origin\n",
        "Captured by `kgen pull` from `/openapi/v3` of a Kubernetes API server.\n",
        "".join(f"- {label}: {fact}\n" for label, fact in facts.items() if fact),
        _KUBERNETES_LICENCE,
    ]
    return "\n".join(parts)
