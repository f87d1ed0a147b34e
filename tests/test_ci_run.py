"""`.ci/run` with a fake `make`: each lane fails the run, and failed tests run once more in their own lane."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT

MAKE = """#!/bin/sh
echo "make $*"
case "$*" in again*) echo "tests/a.py::test_x of $*" >> "$KGEN_SECOND_CHANCES" ;; esac
if echo "$*" | grep -Eq "$HANGING"; then
    touch hanging
    while [ ! -e never ]; do sleep 0.01; done
fi
if echo "$*" | grep -Eq "$WAITING"; then
    while [ ! -e hanging ]; do sleep 0.01; done
fi
! echo "$*" | grep -Eq "$FAILING"
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with `.ci/run`, and the programs that it starts."""
    (tmp_path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "run", tmp_path / ".ci" / "run")
    (tmp_path / "bin").mkdir()
    for name in ("make", "git", "python3.11", "python3.12", "python3.13", "chromium"):
        program = tmp_path / "bin" / name
        program.write_text(MAKE if name == "make" else "#!/bin/sh\n")
        program.chmod(0o755)
    return tmp_path


def ci_run(checkout: Path, *, failing: str = "^$", hanging: str = "^$", waiting: str = "^$") -> tuple[int, list[str]]:
    """Return the exit code and the printed lines. The arguments are patterns of `make` commands."""
    environment = {"PATH": f"{checkout / 'bin'}:{os.environ['PATH']}", "HOME": str(checkout)}
    environment |= {"FAILING": failing, "HANGING": hanging, "WAITING": waiting}
    command = [checkout / ".ci" / "run"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)
    return done.returncode, [line for line in done.stdout.splitlines() if line]


def commands(lines: list[str]) -> list[list[str]]:
    """Return the words of the `make` commands that test something."""
    return [line.split()[1:] for line in lines if line.startswith("make ") and not line.startswith("make peers")]


def test_each_lane_has_its_own_environment_and_cache(checkout: Path) -> None:
    code, lines = ci_run(checkout)
    assert code == 0
    found = {
        word.removeprefix("CACHE="): words for words in commands(lines) for word in words if word.startswith("CACHE=")
    }
    assert {name: words[0] for name, words in found.items()} == {
        ".cache/pytest-3.11": "test",
        ".cache/pytest-3.11-server": "unit",
        ".cache/pytest-3.12": "unit",
        ".cache/pytest-3.13": "unit",
    }
    pythons = {name: [word for word in words if word.startswith("PYTHON=")] for name, words in found.items()}
    assert all(python[0].endswith(name.split("-")[1]) for name, python in pythons.items())
    assert {name for name, words in found.items() if "VENV=.venv-3.12" in words} == {".cache/pytest-3.12"}
    assert {name for name, words in found.items() if "VENV=.venv-3.13" in words} == {".cache/pytest-3.13"}
    assert "==> no test needed a second chance" in lines


def test_other_clients_that_cannot_be_installed_do_not_fail_the_run(checkout: Path) -> None:
    code, lines = ci_run(checkout, failing="^peers")
    assert code == 0
    assert len([words for words in commands(lines) if words[0] in ("test", "unit")]) == 4
    assert any(line.startswith("the other clients could not be installed") for line in lines)


def test_every_test_runs_on_the_oldest_version(checkout: Path) -> None:
    _, lines = ci_run(checkout)
    whole = [line for line in lines if line.startswith("make ") and "VENV=" not in line]
    assert [line for line in whole if "-m 'not server'" in line] == [line for line in whole if " test " in line]
    assert [line for line in whole if "ARGS=-m server" in line] == [line for line in whole if " unit " in line]
    assert [line.split()[1] for line in whole] == ["build", "peers", "test", "unit"]


@pytest.mark.parametrize("lane", ["3.11", "3.11-server", "3.12", "3.13"])
def test_a_lane_that_fails_twice_fails_the_run(lane: str, checkout: Path) -> None:
    code, lines = ci_run(checkout, failing=f"pytest-{lane}$")
    assert code != 0
    again = [words for words in commands(lines) if words[0] == "again"]
    assert [f"CACHE=.cache/pytest-{lane}" in words for words in again] == [True]


@pytest.mark.parametrize("lane", ["3.11", "3.11-server", "3.12", "3.13"])
def test_tests_that_pass_when_they_run_again_are_listed_at_the_end(lane: str, checkout: Path) -> None:
    code, lines = ci_run(checkout, failing=f"^(test|unit).*pytest-{lane}$")
    assert code == 0
    place = lines.index("==> tests that needed a second chance:")
    assert lines[place + 1].startswith("tests/a.py::test_x of again ")
    assert f"pytest-{lane}" in lines[place + 1]


def test_the_background_is_ended_if_the_foreground_fails(checkout: Path) -> None:
    code, lines = ci_run(checkout, failing="pytest-3.11$", hanging="pytest-3.12|server$", waiting="pytest-3.11$")
    assert code != 0
    place = lines.index("==> output of a background lane")
    assert not [words for words in commands(lines[place:]) if "VENV=.venv-3.13" in words or words[0] == "again"]
    assert lines.count("==> output of a background lane") == 2
