"""The first configuration of a project: `kgen init`."""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path
from typing import Any, Final

from kgen.errors import ConfigError, OutputError
from kgen.files import read_regular
from kgen.shapes import is_object

__all__ = ["write_config"]

# Folders in which projects have their CRDs, including that of controller-gen.
_FOLDERS: Final = ("crds", "config/crd/bases", "manifests/crds", "deploy/crds", "deploy", "manifests", "specs")

_HEADING: Final = "\n[tool.kgen]\n"
_TABLE: Final = """\
# CRD manifests (a file or a folder), a folder that `kgen pull` wrote, or an OpenAPI document; one, or a list.
specs = "{specs}"
# The import name of the package, and the folder in which it is written.
package = "{package}"
output = "{output}"
# Groups ("apps", "core") or group versions ("apps/v1"); all when left out.
# include = ["example.com"]
# exclude = ["example.com/v1alpha1"]
# Kubernetes' own types: imported from the package "kubeclient", or made too ("generate", with its documents in specs).
builtins = "kubeclient"
# Whether the Clientset has the groups of Kubernetes, too.
core = true
# A folder with templates that replace kgen's own.
# templates = "templates"
# A Python file with hooks: on_spec, on_resource, on_model, on_file.
# hooks = "kgen_hooks.py"
# Whether a warning stops the build.
strict = false
"""


def write_config(folder: Path) -> tuple[str, bool]:
    """Write a commented configuration: into pyproject.toml if it can take a table, else into kgen.toml.

    Args:
        folder: The project.

    Returns:
        The name of the file, and whether its inputs exist already.

    Raises:
        ConfigError: A configuration exists, or pyproject.toml is not valid TOML.
        OutputError: The file can't be written, or is a symbolic link.
    """
    pyproject, own = folder / "pyproject.toml", folder / "kgen.toml"
    project = _read(pyproject)
    for file in (pyproject, own):
        if file.is_symlink():
            raise OutputError("a symbolic link is in the way", where=file.name, hint="remove it, or write the file")
    if own.exists() or "kgen" in _table(project, "tool"):
        name = own.name if own.exists() else pyproject.name
        raise ConfigError("there is a configuration already", where=name, hint="change it, or remove it first")
    found = next((name for name in _FOLDERS if (folder / name).is_dir()), None)
    text = _TABLE.format(
        specs=found or _FOLDERS[0],
        package=_package(_table(project, "project").get("name"), folder.name),
        output="src" if (folder / "src").is_dir() else ".",
    )
    fits = pyproject.exists() and _fits(pyproject)
    target = pyproject if fits else own
    try:
        flags = os.O_APPEND if fits else os.O_CREAT | os.O_EXCL
        descriptor = os.open(target, os.O_WRONLY | flags | getattr(os, "O_NOFOLLOW", 0), 0o666)
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as stream:
            stream.write(_HEADING + text if fits else text)
    except OSError as error:
        raise OutputError(
            f"the configuration can't be written: {error.strerror or error}", where=target.name, hint="check its rights"
        ) from error
    return target.name, found is not None


def _fits(pyproject: Path) -> bool:
    """Whether a table can be appended: not behind `tool = {...}`, which TOML closes."""
    try:
        tomllib.loads(read_regular(pyproject).decode() + _HEADING)
    except ValueError:
        return False
    return True


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(read_regular(file).decode()) if file.exists() else {}
    except (OSError, ValueError) as error:
        raise ConfigError(f"this can't be read: {error}", where=file.name, hint="correct the file") from error


def _table(content: dict[str, Any], name: str) -> dict[str, Any]:
    table = content.get(name)
    return table if is_object(table) else {}


def _package(project: object, folder: str) -> str:
    """Return the project's name with `_client` behind it, as a package is called."""
    words = re.sub(r"[^a-z0-9]+", "_", (project if isinstance(project, str) else folder).lower()).strip("_")
    return f"{words}_client" if words and not words[0].isdigit() else "my_client"
