"""The pre-commit hooks install the dependencies of the extra `generator` and run existing commands."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
import yaml

from kgen.cli import run

ROOT = Path(__file__).parents[1]
HOOKS = {hook["id"]: hook for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))}


@pytest.mark.parametrize("name", ["kgen-check", "kgen-build"])
def test_a_pre_commit_hook_runs_kgen_with_its_dependencies(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert HOOKS[name]["additional_dependencies"] == project["optional-dependencies"]["generator"]
    program, command = HOOKS[name]["entry"].split()
    assert program in project["scripts"]
    assert run([command, "--help"]) == 0
    assert "Usage: kgen" in capsys.readouterr().out
