"""Fragments of the changelog have valid names, and towncrier makes a section of CHANGELOG.md from them."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tools import fragments

pytestmark = pytest.mark.thorough  # None of these files depends on Python.

ROOT = Path(__file__).parents[1]
PINNED = (ROOT / "constraints.txt").read_text("utf-8")


def build(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run towncrier without a network: its proxy is a closed port."""
    command = [str(Path(sys.executable).with_name("towncrier")), "build", "--dir", str(folder), *options]
    environ = {"PATH": "/usr/bin:/bin", "HTTPS_PROXY": "http://127.0.0.1:9", "LC_ALL": "C.UTF-8"}
    return subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a folder with the changelog, its configuration and its fragments."""
    for name in ("pyproject.toml", "CHANGELOG.md"):
        shutil.copyfile(ROOT / name, tmp_path / name)
    shutil.copytree(fragments.FOLDER, tmp_path / "changelog.d")
    return tmp_path


def test_the_fragments_are_valid() -> None:
    assert list(fragments.problems()) == []


def test_towncrier_is_pinned() -> None:
    assert len(re.findall(r"^towncrier==[\d.]+$", PINNED, re.MULTILINE)) == 1


def test_a_draft_has_every_fragment(checkout: Path) -> None:
    (checkout / "changelog.d" / "+words.added.md").write_text("A `planted` fragment,\nin two lines.\n", "utf-8")
    done = build(checkout, "--draft")
    assert done.returncode == 0, done.stderr
    printed = " ".join(done.stdout.split())
    texts = [fragment.text for fragment in fragments.fragments(checkout / "changelog.d")]
    assert "A `planted` fragment, in two lines." in texts
    assert [text for text in texts if text not in printed] == []


def test_a_build_moves_the_fragments_below_the_version(checkout: Path) -> None:
    before = (checkout / "CHANGELOG.md").read_text("utf-8")
    (checkout / "changelog.d" / "+words.removed.md").write_text("`kubecore.old` is gone; use `new`.\n", "utf-8")
    (checkout / "changelog.d" / "12.fixed.md").write_text("A watch ends.\n", "utf-8")
    done = build(checkout, "--keep", "--version", "9.8.7", "--date", "2030-01-02")
    assert done.returncode == 0, done.stderr
    text = (checkout / "CHANGELOG.md").read_text("utf-8")
    start, marker, rest = before.partition("<!-- towncrier release notes start -->\n")
    assert text.startswith(f"{start}{marker}\n## 9.8.7, 2030-01-02\n\n")
    assert text.endswith(rest)
    section = text.removesuffix(rest)
    assert "### Removed\n\n- `kubecore.old` is gone; use `new`.\n" in section
    assert "- A watch ends. ([#12](https://github.com/kgen-kubernetes/kgen/issues/12))\n" in section
    assert section.index("### Removed") < section.index("### Fixed")


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("words.added.md", "x", "the name is not NUMBER.TYPE.md"),
        ("+words.improved.md", "x", "the name is not NUMBER.TYPE.md"),
        ("+Words.added.md", "x", "the name is not NUMBER.TYPE.md"),
        ("+words.added.rst", "x", "the name is not NUMBER.TYPE.md"),
        ("12.md", "x", "the name is not NUMBER.TYPE.md"),
        ("+words.added.md", " \n", "the file is empty"),
        ("+words.added.md", "- x", "the text begins with a bullet"),
    ],
)
def test_an_invalid_fragment_is_named(name: str, text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("# x")
    (tmp_path / "7.fixed.md").write_text("Valid.")
    (tmp_path / "+two-words.added.1.md").write_text("Valid.")
    assert list(fragments.problems(tmp_path)) == []
    (tmp_path / name).write_text(text)
    [problem] = fragments.problems(tmp_path)
    assert problem.startswith(f"{name}: {message}")


def test_the_types_are_described() -> None:
    page = (ROOT / "CONTRIBUTING.md").read_text("utf-8").partition("## Changelog")[2]
    assert tuple(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)) == fragments.types()
