"""Tests that run Go programs: without Go or the modules of a program they are skipped, or fail if they are required."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import pytest

from tests.cluster.build import go_problem

__all__ = ["ACTIONLINT", "need_go", "need_program"]

ACTIONLINT: Final = "github.com/rhysd/actionlint/cmd/actionlint@v1.7.12"


def need_go(folder: Path, *command: str) -> None:
    """Skip a test if a Go command fails in a folder; fail it if `KGEN_REQUIRE_CLUSTER` is set.

    Args:
        folder: The folder of the program.
        *command: The arguments of `go`; by default, those that load the packages of the program.
    """
    _need(go_problem(folder, *(command or ("list", "-deps", "."))))


def need_program(package: str) -> None:
    """Skip a test if a Go program of another project can't be run; fail it if `KGEN_REQUIRE_CLUSTER` is set.

    Args:
        package: The package with its version.
    """
    _need(go_problem(Path("/"), "run", package, "-version"))


def _need(problem: str) -> None:
    if problem and os.environ.get("KGEN_REQUIRE_CLUSTER"):
        pytest.fail(problem, pytrace=False)
    if problem:
        pytest.skip(problem)
