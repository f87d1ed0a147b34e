"""The folder that receives a copy: files and folders are created without following links.

No name is ever resolved by the system as a path: every folder is opened from the one above it, and every file is
created under a temporary name and then renamed.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from collections.abc import Generator
from pathlib import Path
from typing import Final

from kubecore._support.terminal import escape_for_terminal
from kubecore.errors import CopyError

__all__ = ["TargetFile", "TargetFolder", "map_errors", "quoted_name"]


_FILE_FLAGS: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)

_FOLDER_FLAGS: Final = (
    os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
)


class TargetFolder:
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
        """Close the descriptors."""
        last, self._last = self._last[1], ((), self._root)
        if last != self._root:
            os.close(last)
        os.close(self._root)


class TargetFile:
    """A file that is written under a temporary name, so that an incomplete one never has the final name."""

    def __init__(self, tree: TargetFolder, folder: int, name: str, mode: int, shown_name: str) -> None:
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
        """Write a chunk."""
        with map_errors(self._shown):
            while data:
                data = data[os.write(self._descriptor, data) :]

    def keep(self) -> None:
        """Give it its name."""
        try:
            with map_errors(self._shown):
                self._check_place()
                os.rename(self._temporary, self._name, src_dir_fd=self._folder, dst_dir_fd=self._folder)
                made = os.fstat(self._descriptor)
                self._tree.made.add((made.st_dev, made.st_ino))
        except BaseException:
            self.remove()
            raise
        self._close()

    def remove(self) -> None:
        """Remove the incomplete file."""
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
            raise CopyError(f"{quoted_name(self._shown)} is a folder here and a file in the container")
        if (there.st_dev, there.st_ino) in self._tree.made:
            raise CopyError(f"{quoted_name(self._shown)} is the same file here as another one of the container")

    def _close(self) -> None:
        if self._folder >= 0:
            os.close(self._descriptor)
            os.close(self._folder)
            self._folder = -1


def quoted_name(name: str) -> str:
    """Return the name of an entry for an error."""
    return f"'{escape_for_terminal(name.encode('utf-8', 'backslashreplace').decode(), max_length=200)}'"


@contextlib.contextmanager
def map_errors(name: str) -> Generator[None]:
    """Map OSErrors to kubecore errors that name the entry."""
    try:
        yield
    except (OSError, ValueError) as error:
        if isinstance(error, CopyError):
            raise
        why = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else type(error).__name__
        raise CopyError(f"{quoted_name(name)} can't be made: {why}") from error
