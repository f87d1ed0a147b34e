"""Unpacking an untrusted archive: regular files and folders, only into one folder.

Python's own filters had five ways out in two years. Here no name is ever resolved by the system as a path: every folder
is opened from the one above it, without following links, and every file is made new under a name of ours and then
renamed. The archive is read as it comes, and never held.
Source: POSIX.1-2001 pax, GNU tar's manual.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
import tarfile
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Final, NamedTuple, Self

from kubecore._support.terminal import escape_for_terminal
from kubecore.errors import CopyError

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
_FILE_FLAGS: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
_FOLDER_FLAGS: Final = (
    os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
)


class Skipped(NamedTuple):
    """Something that was not copied.

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
        """Take note of something that is left out."""
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
        self._tree: _Tree | None = None
        self._file: _File | None = None
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
            raise CopyError(f"the archive's entry {_named(name)} has data that it can't have")
        if header.type == tarfile.DIRTYPE or header.type in _REGULAR:
            self._folder(parts, name, header.mode)
        elif header.type in _LINKS:
            self.copied.skip(name, _LINKS[header.type])
        else:
            raise CopyError(f"the archive's entry {_named(name)} is of an unknown type")

    def _parts(self, name: str) -> tuple[str, ...]:
        """Return the path from the copy's root to an entry."""
        if name.startswith("/") or "\0" in name:
            raise CopyError(f"the archive's entry {_named(name)} has a name that leads out of the copy")
        parts = tuple(part for part in name.split("/") if part not in ("", "."))
        base = () if self._base == "." else (self._base,)
        if ".." in parts or parts[: len(base)] != base:
            raise CopyError(f"the archive's entry {_named(name)} has a name that leads out of the copy")
        if len(parts) > _DEEPEST:
            raise CopyError(f"the archive has folders that are deeper than {_DEEPEST}")
        return parts[len(base) :]

    def _folder(self, parts: tuple[str, ...], name: str, mode: int) -> None:
        tree = self._root(name, is_folder=True)
        with _map_errors(name):
            tree.folder(parts, mode)
        self.copied.folders += 1

    def _begin_file(self, parts: tuple[str, ...], name: str, size: int, mode: int) -> None:
        tree = self._root(name, is_folder=bool(parts))
        final = parts[-1] if parts else self._single_name()
        with _map_errors(name):
            self._file = _File(tree, tree.folder(parts[:-1], 0o700), final, mode, name)
        self._data_left, self._padding = size, -size % _BLOCK
        if not size:
            self._end_file()

    def _end_file(self) -> None:
        assert self._file is not None  # noqa: S101 - who calls has it
        self._file.keep()
        self._file = None
        self.copied.files += 1

    def _root(self, name: str, *, is_folder: bool) -> _Tree:
        """Open the folder that the copy is made in: the copy itself, or the one that holds a single file."""
        if self._tree is None:
            with _map_errors(os.fspath(self._local)):
                if is_folder:
                    with contextlib.suppress(FileExistsError):
                        self._local.mkdir()
                    self._tree = _Tree(self._local)
                else:
                    self._is_single = True
                    self._tree = _Tree(self._local if self._local.is_dir() else self._local.parent)
        elif self._is_single or not is_folder:
            raise CopyError(f"the archive's entry {_named(name)} is not a part of the one file that it began with")
        return self._tree

    def _single_name(self) -> str:
        return self._base if self._local.is_dir() else self._local.name


class _Tree:
    """The folder that everything is made in."""

    def __init__(self, root: Path) -> None:
        if os.open not in os.supports_dir_fd:
            raise CopyError("this system can't open files from within a folder, which copying from a container needs")
        self.made: set[tuple[int, int]] = set()
        self._root = os.open(root, _FOLDER_FLAGS & ~getattr(os, "O_NOFOLLOW", 0))
        self._last: tuple[tuple[str, ...], int] = ((), self._root)

    def folder(self, parts: tuple[str, ...], mode: int) -> int:
        """Return the descriptor of a folder, which is created if it is missing; it stays open until the next call."""
        if self._last[0] == parts:
            return self._last[1]
        here = self._root
        try:
            for index, part in enumerate(parts):
                is_asked = index == len(parts) - 1
                with contextlib.suppress(FileExistsError):
                    os.mkdir(part, (mode & 0o777) | 0o700 if is_asked else 0o777, dir_fd=here)
                below = os.open(part, _FOLDER_FLAGS, dir_fd=here)
                self._release(here)
                here = below
        except BaseException:
            self._release(here)
            raise
        last, self._last = self._last[1], (parts, here)
        if last not in (self._root, here):
            os.close(last)
        return here

    def _release(self, descriptor: int) -> None:
        if descriptor not in (self._root, self._last[1]):
            os.close(descriptor)

    def close(self) -> None:
        last, self._last = self._last[1], ((), self._root)
        if last != self._root:
            os.close(last)
        os.close(self._root)


class _File:
    """One file on its way: made under a name of ours, so that a half one never stands under its own."""

    def __init__(self, tree: _Tree, folder: int, name: str, mode: int, shown_name: str) -> None:
        self._tree = tree
        self._name = name
        self._shown = shown_name
        self._folder = os.dup(folder)
        self._temporary = f".kubecore-{secrets.token_hex(8)}"
        try:
            self._descriptor = os.open(self._temporary, _FILE_FLAGS, (mode & 0o777) | 0o600, dir_fd=self._folder)
        except BaseException:
            os.close(self._folder)
            raise

    def write(self, data: memoryview) -> None:
        with _map_errors(self._shown):
            while data:
                data = data[os.write(self._descriptor, data) :]

    def keep(self) -> None:
        """Give it its name."""
        try:
            with _map_errors(self._shown):
                self._check_place()
                os.rename(self._temporary, self._name, src_dir_fd=self._folder, dst_dir_fd=self._folder)
                made = os.fstat(self._descriptor)
                self._tree.made.add((made.st_dev, made.st_ino))
        except BaseException:
            self.remove()
            raise
        self._close()

    def remove(self) -> None:
        with contextlib.suppress(OSError):
            os.unlink(self._temporary, dir_fd=self._folder)
        self._close()

    def _check_place(self) -> None:
        """Refuse to take the place of a folder, or of a file of the same copy (names that differ in case alone)."""
        try:
            there = os.stat(self._name, dir_fd=self._folder, follow_symlinks=False)
        except FileNotFoundError:
            return
        if stat.S_ISDIR(there.st_mode):
            raise CopyError(f"{_named(self._shown)} is a folder here and a file in the container")
        if (there.st_dev, there.st_ino) in self._tree.made:
            raise CopyError(f"{_named(self._shown)} is the same file here as another one of the container")

    def _close(self) -> None:
        if self._folder >= 0:
            os.close(self._descriptor)
            os.close(self._folder)
            self._folder = -1


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


def _named(name: str) -> str:
    return f"'{escape_for_terminal(name.encode('utf-8', 'backslashreplace').decode(), max_length=200)}'"


@contextlib.contextmanager
def _map_errors(name: str) -> Generator[None]:
    """Map OSErrors to kubecore errors that name the entry."""
    try:
        yield
    except (OSError, ValueError) as error:
        if isinstance(error, CopyError):
            raise
        why = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else type(error).__name__
        raise CopyError(f"{_named(name)} can't be made: {why}") from error
