"""The command stops if `import kgen` finds another project's module."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow  # copies of the package, in processes

ROOT = Path(__file__).parents[1]
FOREIGN = "raise SystemExit('code of another project ran')\n"


def start(path: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run the entry point with a folder in front of all others on the import path."""
    command = [sys.executable, "-P", "-m", "kgen_kubernetes", *options, "--version"]
    environment = os.environ | {"PYTHONPATH": str(path)}
    return subprocess.run(command, env=environment, cwd=path, capture_output=True, text=True, check=False)


def refused(done: subprocess.CompletedProcess[str], *words: str) -> None:
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 2, done.stderr
    assert "pipx install" in done.stderr
    for word in words:
        assert word in done.stderr


@pytest.mark.parametrize("name", ["kgen.py", "kgen/__init__.py"])
def test_a_module_of_another_project_is_reported_and_not_run(name: str, tmp_path: Path) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text(FOREIGN)
    refused(start(tmp_path), "the module of another project", str(tmp_path / name))


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A folder with the packages of the project, as in an environment."""
    for name in ("kgen", "kgen_kubernetes"):
        shutil.copytree(ROOT / "generator" / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    done = start(tmp_path)
    assert done.returncode == 0, done.stderr
    assert "kgen, version" in done.stdout
    return tmp_path


def test_a_module_that_was_overwritten_is_named_and_not_run(installed: Path) -> None:
    (installed / "kgen" / "__init__.py").write_text(FOREIGN)
    refused(start(installed), "overwritten", str(installed / "kgen"))


def test_a_project_in_the_same_folder_is_reported(installed: Path) -> None:
    (installed / "kgen-0.3.dist-info").mkdir()
    refused(start(installed), "kgen-0.3 in ")


def test_a_module_that_another_project_removed_is_reported(installed: Path) -> None:
    (installed / "kgen" / "__init__.py").unlink()
    refused(start(installed), "import kgen")


def test_the_installed_command_starts_in_kgen_kubernetes() -> None:
    from importlib.metadata import distribution

    (command,) = [point for point in distribution("kgen-kubernetes").entry_points if point.name == "kgen"]
    assert command.value == "kgen_kubernetes:main"
