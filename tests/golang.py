"""Tests that run Go programs: without Go or the modules of a program they are skipped, or fail if they are required."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.cluster.build import go_problem

__all__ = ["need_go"]


def need_go(folder: Path, *command: str) -> None:
    """Skip a test if a Go command fails in a folder; fail it if `KGEN_REQUIRE_CLUSTER` is set.

    Args:
        folder: The folder of the program.
        *command: The arguments of `go`; by default, those that load the packages of the program.
    """
    problem = go_problem(folder, *(command or ("list", "-deps", ".")))
    if problem and os.environ.get("KGEN_REQUIRE_CLUSTER"):
        pytest.fail(problem, pytrace=False)
    if problem:
        pytest.skip(problem)
