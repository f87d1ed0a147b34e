"""The public types are complete, and both checkers infer them exactly."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.thorough  # The configuration sets pythonVersion, so one Python is enough.

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
CHECKED = "tests/typing/check_types.py"
MYPY = [str(BIN / "mypy")]
PYRIGHT = [str(BIN / "pyright"), "--pythonpath", sys.executable]


@pytest.mark.parametrize("command", [MYPY, PYRIGHT], ids=["mypy", "pyright"])
def test_types_are_exact(command: list[str]) -> None:
    done = subprocess.run([*command, CHECKED], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("command", [MYPY, PYRIGHT], ids=["mypy", "pyright"])
def test_a_wrong_type_is_found(command: list[str], tmp_path: Path) -> None:
    wrong = (ROOT / CHECKED).read_text().replace("assert_type(error.code, int)", "assert_type(error.code, str)")
    file = tmp_path / "wrong_types.py"
    file.write_text(wrong)
    done = subprocess.run([*command, str(file)], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout
    assert "wrong_types.py" in done.stdout
