"""Opening files that somebody else may have put there: no pipes, no devices, no symbolic links under a new name.

A pipe blocks the reader until somebody writes, a device may never end, and a symbolic link leads a write elsewhere.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
from pathlib import Path
from typing import BinaryIO, Final

__all__ = ["NotRegularError", "open_regular", "read_regular", "replace"]

_READ: Final = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_CREATE: Final = (
    os.O_WRONLY
    | os.O_CREAT
    | os.O_EXCL
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)


class NotRegularError(OSError):
    """The path is a pipe, a socket, a device or a folder."""

    def __init__(self, path: Path, kind: str) -> None:
        super().__init__(errno.EINVAL, f"it is {kind}, not a file", str(path))


def open_regular(path: Path) -> BinaryIO:
    """Open a regular file for reading, without waiting for anybody.

    Args:
        path: The file; symbolic links to regular files are followed.

    Raises:
        NotRegularError: The path is not a regular file.
        OSError: It cannot be opened.
    """
    # Looked at before it is opened, since opening a device may have an effect, and afterwards, since it may change.
    _require_regular(path, path.stat().st_mode)
    descriptor = os.open(path, _READ)
    try:
        _require_regular(path, os.fstat(descriptor).st_mode)
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def read_regular(path: Path, limit: int | None = None) -> bytes:
    """Return the content of a regular file.

    Args:
        path: The file; symbolic links to regular files are followed.
        limit: Number of bytes after which reading stops; None reads all.

    Raises:
        NotRegularError: The path is not a regular file.
        OSError: It cannot be read.
    """
    with open_regular(path) as stream:
        return stream.read(-1 if limit is None else limit)


def replace(target: Path, data: bytes) -> None:
    """Replace a file as a whole: the new one is staged next to it under a random name, which no link can have.

    Args:
        target: The file; if it is a symbolic link, the link is replaced, not its target.
        data: The new content.

    Raises:
        OSError: It cannot be written. The old file is unchanged then.
    """
    staged = target.with_name(f".{target.name[:100]}.{secrets.token_hex(8)}.new")
    descriptor = os.open(staged, _CREATE, 0o666)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
        staged.replace(target)
    except BaseException:
        staged.unlink(missing_ok=True)
        raise


def _require_regular(path: Path, mode: int) -> None:
    if stat.S_ISREG(mode):
        return
    kinds = {
        stat.S_IFIFO: "a pipe",
        stat.S_IFSOCK: "a socket",
        stat.S_IFCHR: "a device",
        stat.S_IFBLK: "a device",
        stat.S_IFDIR: "a folder",
    }
    raise NotRegularError(path, kinds.get(stat.S_IFMT(mode), "something else"))
