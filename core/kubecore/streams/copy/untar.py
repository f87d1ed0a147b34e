"""Unpacking an untrusted archive: regular files and folders, only into one folder.

Python's own filters had five ways out in two years. Here `target` creates the files and folders, without following
links. The archive is read as it arrives, and never held.
Source: POSIX.1-2001 pax, GNU tar's manual.
"""

from __future__ import annotations

import contextlib
import os
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Final, NamedTuple, Self

from kubecore._support.terminal import escape_for_terminal
from kubecore.errors import CopyError
from kubecore.streams.copy.target import TargetFile, TargetFolder, map_errors, quoted_name

__all__ = ["Copied", "Skipped", "Unpacker"]


_BLOCK: Final = 512

_MOST_ENTRIES: Final = 1_000_000

_MOST_EXTRA: Final = 64 * 1024
"""Longest name, or extension of a header, in bytes: no system has longer names than 4 KiB."""

_DEEPEST: Final = 200

_MOST_NAMED: Final = 1000

_LINKS: Final = {
    tarfile.SYMTYPE: "a symbolic link",
    tarfile.LNKTYPE: "a hard link",
    tarfile.CHRTYPE: "a device",
    tarfile.BLKTYPE: "a device",
    tarfile.FIFOTYPE: "a pipe",
}

_REGULAR: Final = (tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.CONTTYPE)


class Skipped(NamedTuple):
    """An entry that was not copied.

    Attributes:
        name: Its name.
        why: Its type.
    """

    name: str
    why: str


@dataclass(slots=True)
class Copied:
    """Result of a copy.

    Attributes:
        files: How many files.
        folders: How many folders.
        size: How many bytes the files hold.
        skipped: Entries that are neither file nor folder, and were skipped; the first 1,000.
    """

    files: int = 0
    folders: int = 0
    size: int = 0
    skipped: list[Skipped] = field(default_factory=list[Skipped])

    def skip(self, name: str, why: str) -> None:
        """Add an entry to those that were skipped."""
        if len(self.skipped) < _MOST_NAMED:
            self.skipped.append(Skipped(name, why))


class Unpacker:
    """Unpacks an archive as it arrives: a context manager, which removes incomplete files.

    Args:
        base: The required first segment of all names in the archive.
        local: The target. An existing folder is filled; a file is put into it under the name `base`.
        progress: Called with the number of bytes so far.
    """

    def __init__(self, base: str, local: Path, progress: Callable[[int], object] | None = None) -> None:
        self.copied: Copied = Copied()
        self._progress = progress
        self._base = base
        self._local = local
        self._extra = bytearray()  # A header, or a long name, as it comes.
        self._extra_left = _BLOCK
        self._extra_type = b""
        self._data_left = 0  # Of the file, and then of its padding.
        self._padding = 0
        self._long_name: str | None = None
        self._size: int | None = None
        self._zeros = 0
        self._entries = 0
        self._tree: TargetFolder | None = None
        self._file: TargetFile | None = None
        self._is_single = False

    def __enter__(self) -> Self:
        """Return the unpacker."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Remove a file that is not whole."""
        if self._file is not None:
            self._file.remove()
            self._file = None
        if self._tree is not None:
            self._tree.close()
            self._tree = None

    def feed(self, data: bytes) -> None:
        """Add a chunk of the archive.

        Raises:
            CopyError: It is not an archive, or contains forbidden entries; or a file cannot be created.
        """
        view = memoryview(data)
        while view and self._zeros < 2:
            if self._data_left:
                view = self._take_data(view)
            elif self._padding:
                skipped = min(self._padding, len(view))
                self._padding -= skipped
                view = view[skipped:]
            else:
                view = self._take_extra(view)

    def finish(self) -> Copied:
        """End the archive.

        Returns:
            The result of the copy.

        Raises:
            CopyError: The archive had not ended, or there was nothing in it.
        """
        if not self._zeros:
            raise CopyError("the archive broke off: not everything was copied")
        if self._tree is None:
            links = [item.why for item in self.copied.skipped]
            raise CopyError(f"nothing was copied: it is {links[0]}" if links else "nothing was copied")
        return self.copied

    def _take_data(self, view: memoryview) -> memoryview:
        piece = view[: self._data_left]
        self._data_left -= len(piece)
        if self._file is not None:
            self._file.write(piece)
            self.copied.size += len(piece)
            if self._progress is not None:
                self._progress(self.copied.size)
            if not self._data_left:
                self._end_file()
        return view[len(piece) :]

    def _take_extra(self, view: memoryview) -> memoryview:
        piece = view[: self._extra_left]
        self._extra += piece
        self._extra_left -= len(piece)
        if not self._extra_left:
            whole, kind = bytes(self._extra), self._extra_type
            self._extra.clear()
            self._extra_left, self._extra_type = _BLOCK, b""
            if kind:
                self._padding = -len(whole) % _BLOCK
                self._extend(kind, whole)
            else:
                self._begin(whole)
        return view[len(piece) :]

    def _begin(self, block: bytes) -> None:
        if block == bytes(_BLOCK):
            self._zeros += 1
            return
        if self._zeros:
            raise CopyError("the archive continues after its end")
        try:
            header = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
        except (tarfile.HeaderError, ValueError) as error:
            raise CopyError(
                f"the received data is not a tar archive: {escape_for_terminal(str(error), max_length=100)}"
            ) from None
        if header.type in (tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK, tarfile.XHDTYPE, tarfile.XGLTYPE):
            self._expect(header)
            return
        name, size = self._long_name if self._long_name is not None else header.name, self._size
        self._long_name = self._size = None
        self._entry(header, name, header.size if size is None else size)

    def _expect(self, header: tarfile.TarInfo) -> None:
        """Prepare for an entry that extends the header of the next one."""
        if not 0 < header.size <= _MOST_EXTRA:
            raise CopyError(f"the archive has a name or header of {header.size} bytes; the limit is {_MOST_EXTRA}")
        self._extra_type, self._extra_left = header.type, header.size

    def _extend(self, kind: bytes, data: bytes) -> None:
        if kind == tarfile.GNUTYPE_LONGNAME:
            self._long_name = data.rstrip(b"\0").decode("utf-8", "surrogateescape")
        elif kind in (tarfile.XHDTYPE, tarfile.XGLTYPE):
            for key, value in _records(data):
                if key.startswith("GNU.sparse") or (kind == tarfile.XGLTYPE and key in ("path", "size", "linkpath")):
                    raise CopyError(
                        f"the archive uses {escape_for_terminal(key, max_length=60)}, which is not unpacked"
                    )
                if key == "path":
                    self._long_name = value
                elif key == "size":
                    self._size = _number(value)

    def _entry(self, header: tarfile.TarInfo, name: str, size: int) -> None:
        self._entries += 1
        if self._entries > _MOST_ENTRIES:
            raise CopyError(f"the archive has more than {_MOST_ENTRIES} entries")
        if size < 0:
            raise CopyError("the archive has an entry of negative size")
        parts = self._parts(name)
        if header.type in _REGULAR and not name.endswith("/"):
            self._begin_file(parts, name, size, header.mode)
            return
        if size:
            raise CopyError(f"the archive's entry {quoted_name(name)} has data that it can't have")
        if header.type == tarfile.DIRTYPE or header.type in _REGULAR:
            self._folder(parts, name, header.mode)
        elif header.type in _LINKS:
            self.copied.skip(name, _LINKS[header.type])
        else:
            raise CopyError(f"the archive's entry {quoted_name(name)} is of an unknown type")

    def _parts(self, name: str) -> tuple[str, ...]:
        """Return the path from the copy's root to an entry."""
        if name.startswith("/") or "\0" in name:
            raise CopyError(f"the archive's entry {quoted_name(name)} has a name that leads out of the copy")
        parts = tuple(part for part in name.split("/") if part not in ("", "."))
        base = () if self._base == "." else (self._base,)
        if ".." in parts or parts[: len(base)] != base:
            raise CopyError(f"the archive's entry {quoted_name(name)} has a name that leads out of the copy")
        if len(parts) > _DEEPEST:
            raise CopyError(f"the archive has folders that are deeper than {_DEEPEST}")
        return parts[len(base) :]

    def _folder(self, parts: tuple[str, ...], name: str, mode: int) -> None:
        tree = self._root(name, is_folder=True)
        with map_errors(name):
            tree.folder(parts, mode)
        self.copied.folders += 1

    def _begin_file(self, parts: tuple[str, ...], name: str, size: int, mode: int) -> None:
        tree = self._root(name, is_folder=bool(parts))
        final = parts[-1] if parts else self._single_name()
        with map_errors(name):
            self._file = TargetFile(tree, tree.folder(parts[:-1], 0o700), final, mode, name)
        self._data_left, self._padding = size, -size % _BLOCK
        if not size:
            self._end_file()

    def _end_file(self) -> None:
        assert self._file is not None  # noqa: S101 - who calls has it
        self._file.keep()
        self._file = None
        self.copied.files += 1

    def _root(self, name: str, *, is_folder: bool) -> TargetFolder:
        """Open the folder that the copy is made in: the copy itself, or the one that holds a single file."""
        if self._tree is None:
            with map_errors(os.fspath(self._local)):
                if is_folder:
                    with contextlib.suppress(FileExistsError):
                        self._local.mkdir()
                    self._tree = TargetFolder(self._local)
                else:
                    self._is_single = True
                    self._tree = TargetFolder(self._local if self._local.is_dir() else self._local.parent)
        elif self._is_single or not is_folder:
            raise CopyError(f"the archive's entry {quoted_name(name)} is not a part of the one file that it began with")
        return self._tree

    def _single_name(self) -> str:
        return self._base if self._local.is_dir() else self._local.name


def _records(data: bytes) -> Iterator[tuple[str, str]]:
    r"""Read the records of a pax header: `27 path=...\n`, the length of the whole in front."""
    at = 0
    while at < len(data):
        length, space, _ = data[at : at + 8].partition(b" ")
        count = _number(length.decode("ascii", "replace")) if space else 0
        record = data[at : at + count]
        key, equals, value = record[len(length) + 1 : -1].partition(b"=")
        if count <= len(length) + 1 or len(record) != count or record[-1:] != b"\n" or not equals or not key:
            raise CopyError("the archive has a header that can't be read")
        yield key.decode("utf-8", "surrogateescape"), value.decode("utf-8", "surrogateescape")
        at += count


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        raise CopyError("the archive has a header that can't be read")
    return int(text)
