"""Programs from archives that are not trusted: only regular files, and limits of sizes, members and memory."""

from __future__ import annotations

import gzip
import io
import shutil
import tarfile
import zlib
from collections.abc import Collection
from pathlib import Path
from typing import Final

__all__ = ["ArchiveError", "unpack"]

_MAX_PROGRAM: Final = 1 << 30
_MAX_CONTENT: Final = 4 << 30
_MAX_READ: Final = 16 << 20
_MAX_MEMBERS: Final = 1_000


class ArchiveError(RuntimeError):
    """An archive is invalid or too large."""


def unpack(archive: Path, folder: Path, names: Collection[str]) -> None:
    """Write the programs of an archive into a new folder.

    The folders of the archive have no effect. Links, devices, sparse files and files with other names are skipped.

    Args:
        archive: A tar archive that was compressed with gzip.
        folder: The folder, which must not exist.
        names: The names of the programs.

    Raises:
        ArchiveError: The archive is invalid, or larger than the limits.
    """
    folder.mkdir()
    try:
        with _Limited(archive) as content, tarfile.open(fileobj=content, mode="r:") as members:
            for number, member in enumerate(members):
                if number >= _MAX_MEMBERS or member.size < 0:
                    raise ArchiveError(f"the archive has more than {_MAX_MEMBERS} members, or wrong sizes")
                name = member.name.rpartition("/")[2]
                if not member.isreg() or member.issparse() or name not in names:
                    continue
                if member.size > _MAX_PROGRAM:
                    raise ArchiveError(f"{name} in the archive is larger than {_MAX_PROGRAM} bytes")
                _write(members, member, folder / name)
    except (tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError, ValueError, RecursionError) as error:
        raise ArchiveError(f"the archive is invalid: {error}") from error


def _write(members: tarfile.TarFile, member: tarfile.TarInfo, path: Path) -> None:
    source = members.extractfile(member)
    if source is not None:
        with path.open("wb") as file:
            shutil.copyfileobj(source, file, 1 << 20)
        path.chmod(0o755)


class _Limited(gzip.GzipFile):
    """The content of an archive. `tarfile` reads headers of any size at once, and skips any distance."""

    def read(self, size: int | None = -1) -> bytes:
        """Read some bytes."""
        self._limit(size, _MAX_READ)
        return super().read(size)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a position."""
        self._limit(offset, _MAX_CONTENT)
        return super().seek(offset, whence)

    @staticmethod
    def _limit(size: int | None, most: int) -> None:
        if size is None or not 0 <= size <= most:
            raise ArchiveError(f"the archive is invalid: it needs {size} bytes, at most {most} are read")
