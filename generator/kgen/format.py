"""Format: ruff sorts the imports and lays out the lines, one process each for the whole tree."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from kgen.errors import KgenError, OutputError, PlanError

__all__ = ["format_files"]

# Isolated: the user's configuration must not affect the comparison of `kgen check`. Nothing excluded: ruff
# skips folders with names such as `dist`, which an API group may have, and files that a .gitignore above the folder
# names.
_OPTIONS: Final = (
    *("--isolated", "--quiet", "--no-cache", "--target-version", "py311", "--line-length", "120"),
    *("--no-respect-gitignore", "--config", "exclude = []"),
)
_STEPS: Final = (("check", "--select", "I,RUF022", "--preview", "--fix"), ("format",))


def format_files(files: Mapping[str, str]) -> dict[str, str]:
    """Return the files, formatted by ruff.

    Args:
        files: The text of every file by its path; only those of Python change.

    Raises:
        KgenError: The command `ruff` is missing.
        PlanError: A file is not Python.
        OutputError: The folder for temporary files can't be written.
    """
    try:
        with tempfile.TemporaryDirectory(prefix="kgen-") as name:
            folder = Path(name)
            for path, source in files.items():
                target = folder / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(source, "utf-8", newline="\n")
            for step in _STEPS:
                _ruff(*step, *_OPTIONS, ".", folder=folder)
            return {path: (folder / path).read_text("utf-8") for path in sorted(files)}
    except OSError as error:
        raise OutputError(
            f"the folder for temporary files can't be used: {error.strerror or error}",
            where=os.environ.get("TMPDIR", ""),
            hint="free space in it, or name another: TMPDIR=...",
        ) from error


def _program() -> str:
    """Return the path of ruff's program; ruff moved the function that knows it."""
    module: Any = import_module("ruff")
    if not hasattr(module, "find_ruff_bin"):
        module = import_module("ruff.__main__")
    found: str = module.find_ruff_bin()
    return found


def _ruff(*arguments: str, folder: Path) -> None:
    try:
        done = subprocess.run([_program(), *arguments], cwd=folder, capture_output=True, text=True, check=False)
    except OSError as error:
        raise KgenError(
            f"ruff can't be run: {error.strerror or error}", hint="pip install 'kgen-kubernetes[generator]'"
        ) from error
    if done.returncode != 0:
        words = (done.stderr or done.stdout).strip()[:500]
        raise PlanError(f"ruff rejects the rendered code: {words}")
