"""Knowing without building that there is nothing to do.

A cache of the user's remembers what a build read and wrote: when neither the documents, kgen, its libraries nor the
generated files have changed since, a build is over at once. `kgen check` never asks it.
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

from kgen.config import Config

__all__ = ["is_current", "remember"]

_LIBRARIES: Final = ("datamodel-code-generator", "jinja2", "msgspec", "ruff")


def is_current(config: Config) -> bool:
    """Return whether the last build read the same and its files are still there, unchanged and alone."""
    try:
        files = msgspec.json.decode(_file(config).read_bytes(), type=dict[str, str])
        package = config.output / config.package
        there = {
            path.relative_to(config.output).as_posix()
            for path in package.rglob("*")
            if path.suffix == ".py" or path.name == "py.typed"
        }
        return (
            bool(files)
            and there == set(files)
            and all(_digest((config.output / path).read_bytes()) == digest for path, digest in files.items())
        )
    except (OSError, msgspec.DecodeError, ValueError):
        return False


def remember(config: Config, files: Mapping[str, str]) -> None:
    """Remember a build; where there is no place for it, the next one just takes its time."""
    digests = {path: _digest(source.encode()) for path, source in files.items()}
    with contextlib.suppress(OSError):
        place = _file(config)
        place.parent.mkdir(parents=True, exist_ok=True)
        staged = place.with_suffix(f".{os.getpid()}")
        staged.write_bytes(msgspec.json.encode(digests))
        staged.replace(place)


def _file(config: Config) -> Path:
    cache = os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()
    return Path(cache) / "kgen" / "builds" / f"{_inputs(config)}.json"


def _inputs(config: Config) -> str:
    """Return the digest of everything that a build reads."""
    whole = hashlib.sha256()
    own = Path(__file__).parent
    said = (
        config.source,
        config.output,
        config.package,
        config.include,
        config.exclude,
        sorted(config.names.items()),
        config.strict,
    )
    whole.update(repr((said, sys.version_info[:2], [_version(name) for name in _LIBRARIES])).encode())
    from_checkout = own.parents[1] / "templates"
    for root in (config.specs, own, from_checkout, config.templates):
        for file in _files(root):
            whole.update(f"\n{file.name} ".encode())
            whole.update(hashlib.sha256(file.read_bytes()).digest())
    return whole.hexdigest()


def _files(root: Path | None) -> Iterable[Path]:
    if root is None:
        return []
    if root.is_file():
        return [root]
    return sorted(
        path for path in root.rglob("*") if path.is_file() and path.suffix in (".json", ".py", ".jinja", ".jinja2")
    )


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
