"""Paths and commands that CONTRIBUTING.md and tests/README.md name exist, and the table of tests is complete."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT

PAGES = ("CONTRIBUTING.md", "tests/README.md")
MADE = {"dist/", "build/site"}
"""Paths that a command creates: a fresh clone does not have them."""


def paths(text: str) -> list[str]:
    """Return every quoted text that has the form of a path, and the targets of links."""
    quoted = re.findall(r"`([\w.*-]+(?:/[\w.*-]*)+|[\w-]+\.(?:py|md|toml|txt))`", text)
    return [*quoted, *re.findall(r"\]\(([^):#]+)\)", text)]


@pytest.mark.parametrize("page", PAGES)
def test_every_path_of_the_page_exists(page: str) -> None:
    found = paths((ROOT / page).read_text("utf-8"))
    assert len(found) > 10
    assert [path for path in found if path not in MADE and not list(ROOT.glob(path))] == []


def test_paths_that_a_command_creates_are_not_committed() -> None:
    listed = subprocess.run(["git", "ls-files", *MADE], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert listed == ""


def test_paths_are_found() -> None:
    text = "`a/b.py`, `.ci/run`, `c/`, `tests/test_*.py`, `d.toml`, `make x`, `area: effect`, `v1`, [e](f/g.md)"
    assert paths(text) == ["a/b.py", ".ci/run", "c/", "tests/test_*.py", "d.toml", "f/g.md"]


@pytest.mark.parametrize("page", PAGES)
def test_every_command_of_the_page_is_a_target(page: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    named = set(re.findall(r"(?:`|^)make ([a-z-]+)", (ROOT / page).read_text("utf-8"), re.MULTILINE))
    assert named
    assert named <= targets


def test_every_folder_of_tests_is_in_the_table() -> None:
    listed = subprocess.run(["git", "ls-files", "tests"], cwd=ROOT, capture_output=True, text=True, check=False).stdout
    folders = {f"tests/{Path(line).parts[1]}/" for line in listed.splitlines() if line.count("/") > 1}
    assert folders <= set(paths((ROOT / "tests" / "README.md").read_text("utf-8")))


def test_every_mark_is_described() -> None:
    marks = re.findall(r'^    "(\w+): ', (ROOT / "pyproject.toml").read_text("utf-8"), re.MULTILINE)
    assert {"slow", "thorough", "server"} <= set(marks)
    text = (ROOT / "tests" / "README.md").read_text("utf-8")
    assert [mark for mark in marks if f"| `{mark}` |" not in text] == []
