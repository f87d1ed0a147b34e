"""Linters of GitHub workflows: zizmor is installed with the tests, actionlint is a Go program."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Final

from tests.golang import need_go

__all__ = ["check_with_actionlint", "check_with_zizmor"]

_ACTIONLINT: Final = "github.com/rhysd/actionlint/cmd/actionlint@v1.7.12"
_OUTSIDE: Final = Path("/")
"""A folder that is not in a Go module."""


def check_with_zizmor(path: Path) -> None:
    """Fail if zizmor finds a weakness in a workflow, or in the workflows of a folder."""
    zizmor = Path(sys.executable).with_name("zizmor")
    _run([str(zizmor), "--offline", "--pedantic", "--no-progress", str(path)])


def check_with_actionlint(*files: Path) -> None:
    """Fail if actionlint finds a mistake in workflows; skip the test if Go can't run it, as `need_go` does."""
    program = ("run", "-mod=mod", _ACTIONLINT)
    need_go(_OUTSIDE, *program, "-version")
    _run(["go", *program, "-shellcheck=", "-pyflakes=", *map(str, files)])


def _run(command: list[str]) -> None:
    done = subprocess.run(command, cwd=_OUTSIDE, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
