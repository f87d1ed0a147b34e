"""The output folder: comparing it with the generated files, and publishing into it.

Only files that carry kgen's mark are ever changed or removed. Everything is staged next to the package first and then
moved into place, file by file; if anything fails, the old tree is restored completely. A build that is killed half way
leaves old and new files and its staging folder: `kgen check` reports it, and the next build fixes the package and
removes the folder.
"""

from __future__ import annotations

import contextlib
import difflib
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from kgen.errors import OutputError, PlanError
from kgen.files import read_regular
from kgen.plan.headers import DATA_MARKER, MARKER, PAGE_MARKER
from kgen.runtime import with_version_of

__all__ = ["LOCK_SECONDS", "Differences", "Published", "compare", "leftovers", "publish", "settled"]

_STAGING: Final = ".kgen-"
"""Prefix of the name of a staging folder; mkdtemp adds eight letters."""

_LARGEST: Final = 64 << 20
"""Bytes of a file on disk that are read; a larger one is different from anything generated."""

LOCK_SECONDS: Final = 10.0
"""How long a build waits for another that writes into the same folder."""

_LOCK_PAUSE: Final = 0.05

_MARKERS: Final = (MARKER.encode(), DATA_MARKER.encode(), PAGE_MARKER.encode())

_CODE: Final = (".json", ".py")
_PAGES: Final = (".md",)
"""Ends of the names of files that are removed if they are no longer planned: packages and pages may share a folder."""

_BARE: Final = frozenset({"py.typed"})
"""Planned files that are empty, and so carry no mark."""


@dataclass(frozen=True, slots=True)
class Differences:
    """Differences between the folder and the generated files; paths below the output folder, sorted.

    Attributes:
        changed: Files with other content.
        missing: Files that do not exist.
        extra: Generated files that are no longer planned.
        diffs: For each of these, the lines of a unified diff from the folder to the generated files.
        line_ends: Those of the changed files in which only the ends of lines differ.
    """

    changed: tuple[str, ...]
    missing: tuple[str, ...]
    extra: tuple[str, ...]
    diffs: Mapping[str, tuple[str, ...]]
    line_ends: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Return whether there is any."""
        return bool(self.changed or self.missing or self.extra)


@dataclass(frozen=True, slots=True)
class Published:
    """Result of publishing; paths below the output folder, sorted."""

    written: tuple[str, ...]
    removed: tuple[str, ...]
    unchanged: int


def compare(files: Mapping[str, str], output: Path, package: str) -> Differences:
    """Compare the folder with the generated files.

    Args:
        files: The text of every planned file by its path below `output`.
        output: The output folder.
        package: The package's folder in it.

    Raises:
        OutputError: The folder can't be read, or a path leads out of it.
    """
    try:
        present = {path: _read(_inside(output, path)) for path in files}
        extra = _extra(files, output, package)
    except OSError as error:
        raise OutputError(
            f"the output can't be read: {error.strerror or error}",
            where=str(error.filename or output.name),
            hint="check the folder and its rights",
        ) from error
    changed = tuple(sorted(path for path, data in present.items() if data is not None and data != files[path].encode()))
    missing = tuple(sorted(path for path, data in present.items() if data is None))
    diffs = {path: _diff(path, present[path] or b"", files[path]) for path in (*changed, *missing)}
    diffs |= {path: _diff(path, _read(output / path) or b"", "") for path in extra}
    line_ends = [path for path in changed if (present[path] or b"").replace(b"\r\n", b"\n") == files[path].encode()]
    return Differences(changed, missing, extra, diffs, tuple(line_ends))


def settled(files: Mapping[str, str], output: Path, package: str) -> Mapping[str, str]:
    """Return the files with the version of kgen that the package states now, if only that version would change.

    Args:
        files: The text of every planned file by its path below `output`.
        output: The output folder.
        package: The package's folder in it.

    Raises:
        OutputError: The folder can't be read, or a path leads out of it.
    """
    differences = compare(files, output, package)
    path = f"{package}/__init__.py"
    if differences.changed != (path,) or differences.missing or differences.extra:
        return files
    kept = with_version_of(files[path], (_read(output / path) or b"").decode("utf-8", "replace"))
    return {**files, path: kept} if kept.encode() == _read(output / path) else files


def publish(
    files: Mapping[str, str],
    output: Path,
    package: str,
    companion: Mapping[str, str] | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Published:
    """Update the folder to the generated files.

    Args:
        files: The text of every planned file by its path below `output`.
        output: The output folder; created if it is missing.
        package: The package's folder in it.
        companion: Files that are written only if others change, or if they are missing.
        say: Called with the reason before waiting for another build.

    Raises:
        OutputError: A planned path is taken by a file that kgen did not generate, leads out of the folder, or can't be
            written; or another process holds the folder's lock for `LOCK_SECONDS`. Nothing has changed then.
    """
    try:
        output.mkdir(parents=True, exist_ok=True)
        with _locked(output, say) as alone:
            whole = {**files, **(companion or {})}
            _refuse_foreign(whole, output)
            extra = _extra(files, output, package)
            changed = [path for path in sorted(files) if _read(_inside(output, path)) != files[path].encode()]
            absent = [path for path in companion or () if not (output / path).exists()]
            beside = [*(companion or ())] if changed or extra else absent
            if changed or extra or beside:
                _move(whole, [*changed, *beside], extra, output)
            for folder in leftovers(output) if alone else ():
                shutil.rmtree(folder, ignore_errors=True)
    except OSError as error:
        raise OutputError(
            f"the output can't be written: {error.strerror or error}",
            where=str(error.filename or output.name),
            hint="check the folder and its rights",
        ) from error
    return Published(tuple(changed), extra, len(files) - len(changed))


def leftovers(output: Path) -> tuple[Path, ...]:
    """Return the staging folders of builds: of one that is running, else of those that were killed."""
    found = (path for path in output.glob(f"{_STAGING}*") if re.fullmatch(r"[a-z0-9_]{8}", path.name[len(_STAGING) :]))
    return tuple(sorted(path for path in found if _is_staging(path)))


def _is_staging(folder: Path) -> bool:
    """Whether a folder contains only files of a staging folder."""
    try:
        return not folder.is_symlink() and {entry.name for entry in folder.iterdir()} <= {"new", "old"}
    except OSError:
        return False


@contextlib.contextmanager
def _locked(output: Path, say: Callable[[str], None]) -> Generator[bool]:
    """Let builds into one folder take turns: two at once would leave a mix. Yield whether this one is alone."""
    if sys.platform == "win32":
        yield False
        return
    import fcntl

    descriptor = os.open(output, os.O_RDONLY)
    try:
        end: float | None = None
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if end is None:
                    end = time.monotonic() + LOCK_SECONDS
                    say(f"another process holds the lock of {output.name!r}: waiting for up to {LOCK_SECONDS:.0f} s")
                if time.monotonic() >= end:
                    raise OutputError(
                        f"another process holds the lock of the folder for more than {LOCK_SECONDS:.0f} s",
                        where=output.name,
                        hint="wait for the other build, or end it, and build again",
                    ) from None
                time.sleep(_LOCK_PAUSE)
        yield True
    finally:
        os.close(descriptor)


def _move(files: Mapping[str, str], changed: list[str], extra: tuple[str, ...], output: Path) -> None:
    """Stage changed files, then move them into place; replaced files are kept until all moves are done."""
    staging = Path(tempfile.mkdtemp(prefix=_STAGING, dir=output))
    undo: list[tuple[Path, Path | None]] = []
    lost = False
    try:
        for path in changed:
            _write(staging / "new" / path, files[path])
        for path in (*changed, *extra):
            target = output / path
            undo.append((target, _set_aside(target, staging / "old" / path)))
            if path in files:
                target.parent.mkdir(parents=True, exist_ok=True)
                (staging / "new" / path).replace(target)
            else:
                target.unlink()
    except BaseException as error:
        lost = not all([_put_back(target, kept) for target, kept in reversed(undo)])  # noqa: C419 - every one is put back
        if lost:
            raise OutputError(
                "writing failed, and so did putting the old files back",
                where=staging.name,
                hint="they are in this folder of the output; move them back, or build again",
            ) from error
        raise
    finally:
        if not lost:
            shutil.rmtree(staging, ignore_errors=True)
        _remove_empty(output, [*changed, *extra])


def _set_aside(target: Path, kept: Path) -> Path | None:
    if not target.exists():
        return None
    kept.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(target, kept)  # A second name, so that the old file exists until the new one replaces it.
    except OSError:
        shutil.copy2(target, kept)  # Some file systems have no second names.
    return kept


def _put_back(target: Path, kept: Path | None) -> bool:
    """Undo one move and return whether that worked, so that the other files are restored in any case."""
    try:
        if kept is None:
            target.unlink(missing_ok=True)
        elif not target.exists() or not target.samefile(kept):  # Renaming onto a second name of itself does nothing.
            kept.replace(target)
    except OSError:
        return False
    return True


def _write(target: Path, source: str) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(source, "utf-8", newline="\n")


def _remove_empty(output: Path, paths: list[str]) -> None:
    """Remove folders that nothing is left in but Python's own cache."""
    folders = {parent for path in paths for parent in PurePosixPath(path).parents if parent.parts}
    for folder in sorted(folders, key=lambda folder: len(folder.parts), reverse=True):
        place = output / folder
        if place.is_dir() and all(entry.name == "__pycache__" for entry in place.iterdir()):
            shutil.rmtree(place, ignore_errors=True)


def _extra(files: Mapping[str, str], output: Path, package: str) -> tuple[str, ...]:
    found: list[str] = []
    ends = _CODE if f"{package}/__init__.py" in files else _PAGES
    for folder, folders, names in os.walk(output / package):
        folders[:] = sorted(name for name in folders if name != "__pycache__")
        for name in names:
            place = Path(folder, name)
            path = place.relative_to(output).as_posix()
            if path not in files and name.endswith(ends) and not place.is_symlink() and _is_ours(place):
                found.append(path)
    return tuple(sorted(found))


def _is_ours(file: Path) -> bool:
    try:
        return read_regular(file, max(map(len, _MARKERS))).startswith(_MARKERS)
    except OSError:
        return False


def _refuse_foreign(files: Mapping[str, str], output: Path) -> None:
    for path, source in sorted(files.items()):
        place = _inside(output, path)
        foreign = _file_among_folders(output, path)
        if foreign is None and place.exists() and not _is_ours(place):
            same = place.name in _BARE and place.is_file() and _read(place) == source.encode()
            foreign = None if same else path
        if foreign is not None:
            raise OutputError(
                "a file that kgen did not generate is in the way",
                where=foreign,
                hint="move it away, or choose another output or package",
            )


def _file_among_folders(output: Path, path: str) -> str | None:
    """Return the file that occupies the place of a folder that a planned path needs, or None."""
    folders = [folder for folder in PurePosixPath(path).parents if folder.parts]
    taken = [folder for folder in folders if (output / folder).exists() and not (output / folder).is_dir()]
    return str(taken[0]) if taken else None


def _inside(output: Path, path: str) -> Path:
    """Return the place of a planned path; refuse one that leads out of the output folder."""
    pure = PurePosixPath(path)
    if pure.is_absolute() or ".." in pure.parts or "\0" in path or "\\" in path:
        raise PlanError(f"the path {path[:200]!r} leads out of the output folder")
    place = output
    for part in pure.parts:
        place /= part
        if place.is_symlink():
            raise OutputError(
                "a symbolic link is in the way",
                where=place.relative_to(output).as_posix(),
                hint="remove it, or choose another output",
            )
    return place


def _read(file: Path) -> bytes | None:
    try:
        return read_regular(file, _LARGEST)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise OutputError(
            f"a file can't be read: {error.strerror}", where=file.name, hint="check its rights"
        ) from error


def _diff(path: str, old: bytes, new: str) -> tuple[str, ...]:
    before = old.decode("utf-8", "replace").splitlines()
    return tuple(
        difflib.unified_diff(before, new.splitlines(), f"{path} (on disk)", f"{path} (generated)", lineterm="", n=2)
    )
