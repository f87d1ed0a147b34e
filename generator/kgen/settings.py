"""The user's configuration: `[tool.kgen]` of pyproject.toml, or kgen.toml."""

from __future__ import annotations

import os
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from kgen.errors import ConfigError, nearest
from kgen.files import read_regular
from kgen.shapes import is_object

__all__ = ["FILES", "Settings", "current_folder", "find_file", "nearest_folder", "place_of", "read_file"]

FILES: Final = ("kgen.toml", "pyproject.toml")

MAX_BYTES: Final = 16 << 20
"""Bytes of a configuration file that are read."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of a file or the command line; None means "not set".

    Attributes:
        specs: One or several: a folder of OpenAPI v3 documents, one of them, an OpenAPI v2 `swagger.json`, or CRD
            manifests, a file or a folder; or a version of Kubernetes whose documents come with kgen.
        builtins: The source of Kubernetes' own types: the package `kubeclient`, or `generate`.
        core: Whether the clientset has the groups of that package, too.
        output: The folder that gets the package.
        package: The import name of the package.
        include: Groups (`apps`) or group versions (`apps/v1`) to build; all when empty.
        exclude: Groups or group versions to leave out.
        templates: A folder whose templates are taken before kgen's own of the same name.
        templates_context: The version of the context that these templates were written for; see docs/templates.md.
        hooks: A Python file, or an importable module, with functions of the user's own; see `kgen.hooks`.
        earlier: Inputs of earlier releases, the oldest first, for the pages of `kgen docs`: documents as in `specs`, or
            files of changes as `kgen diff --format json` writes them.
        release: The name of the release that `specs` are of.
        kubeclient_docs: The address of the reference of kubeclient, or its folder relative to the pages of `kgen docs`,
            which link to it; "" for no links.
        names: Custom names.
        strict: Whether a warning stops the build.
    """

    specs: str | tuple[str, ...] | None = None
    builtins: str | None = None
    core: bool | None = None
    output: str | None = None
    package: str | None = None
    include: tuple[str, ...] | None = None
    exclude: tuple[str, ...] | None = None
    templates: str | None = None
    templates_context: int | None = None
    hooks: str | None = None
    earlier: str | tuple[str, ...] | None = None
    release: str | None = None
    kubeclient_docs: str | None = None
    names: dict[str, str] | None = None
    strict: bool | None = None


def current_folder(cwd: Path | None) -> Path:
    """Return the folder to begin in, by default the current one, as an absolute path.

    Raises:
        ConfigError: It is gone.
    """
    try:
        return (cwd or Path.cwd()).absolute()
    except OSError as error:
        raise ConfigError(
            f"the current folder can't be used: {error.strerror}", hint="change to a folder that exists"
        ) from error


def find_file(folder: Path) -> Path | None:
    """Return the nearest file upwards that has a configuration, or None.

    Raises:
        ConfigError: A file can't be read, or a folder has two; or the file belongs to another user, whose hooks and
            templates would run as the user who runs kgen.
    """
    for above in (folder, *folder.parents):
        files = [above / name for name in FILES if _is_file(above / name)]
        present = [file for file in files if _is_configuration(file)]
        if len(present) > 1:
            raise ConfigError(
                "both kgen.toml and [tool.kgen] of pyproject.toml exist",
                where="kgen.toml",
                hint="keep one of the two",
            )
        if present:
            _refuse_foreign(present[0])
            return present[0]
    return None


def _is_configuration(file: Path) -> bool:
    try:
        return _table(file) is not None
    except ConfigError:
        if _owner(file) in _trusted():
            raise
        return False  # A file of another user in a parent folder must not stop the build.


def _refuse_foreign(file: Path) -> None:
    if _owner(file) not in _trusted():
        raise ConfigError(
            f"the configuration {str(file)!r} belongs to another user: its hooks and templates would run as you",
            where=file.name,
            hint=f"if you trust it, pass it: --config {file}; otherwise write your own kgen.toml",
        )


def _owner(file: Path) -> int:
    try:
        return file.stat().st_uid
    except OSError:
        return -1


def _trusted() -> frozenset[int]:
    """Return the users whose configuration files are trusted: the current user, root, and the user who called sudo."""
    if sys.platform == "win32":
        return frozenset({0})  # There Python does not report the owner of files.
    caller = os.environ.get("SUDO_UID", "") if os.geteuid() == 0 else ""
    return frozenset({0, os.geteuid(), *([int(caller)] if caller.isdecimal() else [])})


def nearest_folder(here: Path) -> Path:
    """Return the nearest folder with a file that may be the configuration, whether or not it is valid."""
    above = (folder for folder in (here, *here.parents) if any(_is_file(folder / name) for name in FILES))
    return next(above, here)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # A parent folder that cannot be read does not belong to the project.
        return False


def _table(file: Path) -> Mapping[str, Any] | None:
    """Return kgen's table of a file, or None if it has none."""
    try:
        content = tomllib.loads(read_regular(file, MAX_BYTES).decode())
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"this is not TOML: {error}", where=file.name, hint="correct the line") from error
    except (OSError, UnicodeDecodeError) as error:
        what = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ConfigError(
            f"the configuration can't be read: {what}", where=file.name, hint="check the path and its rights"
        ) from error
    if file.name != "pyproject.toml":
        return content
    tool = content.get("tool")
    table = tool.get("kgen") if is_object(tool) else None
    if table is None or is_object(table):
        return table
    raise ConfigError("tool.kgen is not a table", where=file.name, hint="write [tool.kgen] and the keys below it")


def read_file(file: Path) -> Settings:
    """Return the settings of a file.

    Raises:
        ConfigError: The configuration is invalid; the error names the file, the key and the nearest match.
    """
    table = _table(file)
    if table is None:
        raise ConfigError("the file has no [tool.kgen]", where=file.name, hint="add it, or name a file that has it")
    known = Settings.__struct_fields__
    for key in table:
        if key not in known:
            raise ConfigError(f"unknown key {key!r}", where=place_of(file.name, key), hint=_unknown(file, key, known))
    try:
        return msgspec.convert(table, Settings)
    except msgspec.ValidationError as error:
        what, _, path = str(error).partition(" - at `$.")
        raise ConfigError(
            f"wrong type: {what}", where=place_of(file.name, path.strip("`")), hint="see `kgen build --help`"
        ) from error


def _unknown(file: Path, key: str, known: tuple[str, ...]) -> str:
    if key == "tool" and file.name != "pyproject.toml":
        return f"in {file.name} the keys stand at the top, without [tool.kgen]"
    near = nearest(key, known)
    return f"did you mean {near!r}?" if near else f"known keys: {', '.join(sorted(known))}"


def place_of(file: str, key: str) -> str:
    """Return the name of a key of a file in messages."""
    return f"{file} {'tool.kgen.' if file == 'pyproject.toml' else ''}{key}"
