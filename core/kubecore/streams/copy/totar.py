"""Packing files and folders into an archive that is made while it is read, and never held."""

from __future__ import annotations

import os
import stat
import tarfile
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Final

from kubecore._support.terminal import escape_for_terminal
from kubecore.errors import CopyError
from kubecore.streams.copy.untar import Copied

__all__ = ["pack"]

_PIECE: Final = 32 * 1024
_BLOCK: Final = 512
_READ_FLAGS: Final = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)


def pack(local: Path, base: str, copied: Copied, progress: Callable[[int], object] | None) -> Generator[bytes]:
    """Make an archive.

    Args:
        local: The file or folder.
        base: Its name in the archive.
        copied: Records its content.
        progress: Called with the number of bytes so far.

    Yields:
        The archive, in chunks.

    Raises:
        CopyError: A file can't be read, or changes in the meantime.
    """
    try:
        yield from _entry(local.resolve(strict=True), base, copied, progress)
    except OSError as error:
        named = escape_for_terminal(os.fspath(error.filename or local), max_length=200)
        raise CopyError(f"'{named}' can't be read: {error.strerror or error}") from error
    yield bytes(2 * _BLOCK)


def _entry(path: Path, name: str, copied: Copied, progress: Callable[[int], object] | None) -> Generator[bytes]:
    there = path.lstat()
    if stat.S_ISDIR(there.st_mode):
        copied.folders += 1
        yield _header(name, tarfile.DIRTYPE, there, 0)
        for below in sorted(path.iterdir()):
            yield from _entry(below, f"{name}/{below.name}", copied, progress)
    elif stat.S_ISREG(there.st_mode):
        yield from _file(path, name, copied, progress)
    else:
        copied.skip(os.fspath(path), "a symbolic link" if stat.S_ISLNK(there.st_mode) else "no file or folder")


def _file(path: Path, name: str, copied: Copied, progress: Callable[[int], object] | None) -> Generator[bytes]:
    descriptor = os.open(path, _READ_FLAGS)
    try:
        there = os.fstat(descriptor)
        left = there.st_size
        yield _header(name, tarfile.REGTYPE, there, left)
        while left:
            data = os.read(descriptor, min(_PIECE, left))
            if not data:
                raise CopyError(
                    f"'{escape_for_terminal(os.fspath(path), max_length=200)}' became shorter while it was read"
                )
            left -= len(data)
            copied.size += len(data)
            yield data
            if progress is not None:
                progress(copied.size)
    finally:
        os.close(descriptor)
    copied.files += 1
    yield bytes(-there.st_size % _BLOCK)


def _header(name: str, kind: bytes, there: os.stat_result, size: int) -> bytes:
    header = tarfile.TarInfo(name)
    header.type, header.size = kind, size
    header.mode = stat.S_IMODE(there.st_mode) & 0o777
    header.mtime = max(int(there.st_mtime), 0)
    # GNU's form: tar of busybox knows it, too.
    return header.tobuf(tarfile.GNU_FORMAT, "utf-8", "surrogateescape")
