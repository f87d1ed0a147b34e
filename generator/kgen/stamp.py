"""Detects without a build that there is nothing to do.

A cache in the user's home records the inputs and outputs of a build: if neither the documents, kgen, its libraries nor
the generated files have changed since, a build ends immediately. `kgen check` never uses it. Hooks may read any file,
so a project with hooks is always built.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

import msgspec

from kgen.bundled_specs import bundled_specs
from kgen.config import Config
from kgen.files import read_regular, replace

__all__ = ["Stamp"]

_READ: Final = (".jinja", ".jinja2", ".json", ".py", ".xz", ".yaml", ".yml")

_LIBRARIES: Final = ("datamodel-code-generator", "jinja2", "msgspec", "ruff")


class Stamp:
    """The current inputs of one build.

    Made before the build reads anything. A build whose documents changed while it ran is not recorded, because it may
    have read either version.

    Args:
        config: The settings of the build.
    """

    def __init__(self, config: Config) -> None:
        self._config = config
        self._place = _place(config)

    def is_current(self) -> bool:
        """Return whether the last build had the same inputs, and its files are unchanged and no others were added."""
        if self._place is None:
            return False
        output = self._config.output
        try:
            files = msgspec.json.decode(self._place.read_bytes(), type=dict[str, str])
            return (
                bool(files)
                and _files_of(output, self._config.package) == set(files)
                and all(_digest(read_regular(output / path)) == digest for path, digest in files.items())
            )
        except (OSError, ValueError):
            return False

    def remember(self, files: Mapping[str, str]) -> None:
        """Record a build. If there is no place for the record, the next build runs in full."""
        if self._place is None or self._place != _place(self._config):
            return
        digests = {path: _digest(source.encode()) for path, source in files.items()}
        with contextlib.suppress(OSError):
            self._place.parent.mkdir(parents=True, exist_ok=True)
            replace(self._place, msgspec.json.encode(digests))
            for left in self._place.parent.glob(".*.new"):  # Of builds that were killed, or only forget this once.
                left.unlink()


def _place(config: Config) -> Path | None:
    """Return the file that records a build with these inputs, or None if that is impossible."""
    if config.hooks is not None:
        return None
    cache_home = os.environ.get("XDG_CACHE_HOME", "")
    try:
        # The XDG specification requires ignoring relative paths: one would litter the project.
        cache = Path(cache_home) if Path(cache_home).is_absolute() else Path("~/.cache").expanduser()
        return cache / "kgen" / "builds" / f"{_inputs(config)}.json"
    except (OSError, RuntimeError):  # A document cannot be read, which the build reports, or the user has no home.
        return None


def _files_of(output: Path, package: str) -> set[str]:
    files = (output / package).rglob("*")
    kinds = (".json", ".py", ".typed")
    return {path.relative_to(output).as_posix() for path in files if path.suffix in kinds}


def _inputs(config: Config) -> str:
    """Return the digest of everything that a build reads."""
    whole = hashlib.sha256()
    own = Path(__file__).parent
    options = (
        config.sources,
        config.builtins,
        config.core,
        config.output,
        config.package,
        config.include,
        config.exclude,
        sorted(config.names.items()),
        config.strict,
    )
    whole.update(repr((options, sys.version_info[:2], [_version(name) for name in _LIBRARIES])).encode())
    from_checkout = own.parents[1] / "templates"
    for number, root in enumerate((own, from_checkout, config.templates, bundled_specs(), *config.specs)):
        for file in _files(root):
            name = "" if root is None or file == root else file.relative_to(root).as_posix()
            whole.update(f"\n{number} {name!r} ".encode())
            with file.open("rb") as stream:  # A file that is too large for a build is read here in chunks.
                whole.update(hashlib.file_digest(stream, "sha256").digest())
    return whole.hexdigest()


def _files(root: Path | None) -> Iterable[Path]:
    if root is None:
        return []
    if root.is_file():
        return [root]
    return sorted(path for path in root.rglob("*") if path.is_file() and path.suffix.lower() in _READ)


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
