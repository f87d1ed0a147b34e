"""Each command that reads documents accepts the versions of Kubernetes that come with kgen."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from kgen import bundled_specs
from kgen.cli import run

ROOT = Path(__file__).parents[2]

KNOWN = ", ".join(sorted(folder.name for folder in (ROOT / "specs").glob("*.*") if folder.is_dir()))

COMMANDS = {
    "build": ["build", "--specs", "{}", "--package", "made", "--include", "node.k8s.io/v1"],
    "check": ["check", "--specs", "{}", "--package", "made"],
    "list": ["list", "--specs", "{}"],
    "docs": ["docs", "--specs", "{}", "--include", "node.k8s.io/v1"],
    "docs --earlier": [
        *("docs", "--specs", "1.37", "--include", "node.k8s.io/v1"),
        *("--earlier", "1.36", "--earlier", "{}", "--release", "now"),
    ],
    "diff from": ["diff", "{}", "crd.yaml"],
    "diff to": ["diff", "crd.yaml", "{}"],
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make an empty project the current folder, with a CRD in it."""
    shutil.copy(ROOT / "tests/crds/gauges.yaml", tmp_path / "crd.yaml")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path


def command(name: str, version: str) -> list[str]:
    return [word.format(version) for word in COMMANDS[name]]


@pytest.mark.parametrize("name", ["build", "list", "docs", "docs --earlier", "diff to"])
@pytest.mark.usefixtures("folder")
def test_a_version_that_comes_with_kgen_is_accepted(name: str) -> None:
    assert run(command(name, "1.37")) == 0


@pytest.mark.parametrize(
    ("name", "version"), [*((name, "1.2") for name in COMMANDS), ("list", "v1.37"), ("list", "1.37.2")]
)
@pytest.mark.usefixtures("folder")
def test_an_unknown_version_is_an_error_that_names_the_known_ones(
    name: str, version: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(command(name, version)) == 2
    stderr = capsys.readouterr().err
    assert f"error: no documents of Kubernetes {version} came with kgen\n" in stderr
    assert f"or one of these versions: {KNOWN}" in stderr


def test_the_configuration_accepts_a_version(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "kgen.toml").write_text(
        'specs = ["1.37", "crd.yaml"]\ninclude = ["node.k8s.io/v1", "metrics.example.org"]\n'
    )
    assert run(["list"]) == 0
    stdout = capsys.readouterr().out
    assert "node.k8s.io/v1" in stdout
    assert "metrics.example.org/v1" in stdout
    (folder / "kgen.toml").write_text('specs = "1.2"\n')
    assert run(["list"]) == 2
    assert "where: kgen.toml specs\n" in capsys.readouterr().err


def test_a_folder_with_the_name_of_a_version_is_read(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "1.37").mkdir()
    shutil.move(folder / "crd.yaml", folder / "1.37")
    assert run(["list", "--specs", "1.37"]) == 0
    assert "metrics.example.org/v1" in capsys.readouterr().out
    assert run(["list", "--specs", "other/1.37"]) == 2
    assert "there is no '1.37'" in capsys.readouterr().err


def test_the_wheel_accepts_its_version(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "specs").mkdir()
    (folder / "specs" / "1.37").symlink_to(ROOT / "specs" / "1.37")
    monkeypatch.setattr(bundled_specs, "__file__", str(folder / "bundled_specs.py"))
    assert run(["list", "--specs", "1.37"]) == 0
    assert run(["list", "--specs", "1.36"]) == 2
    assert "or one of these versions: 1.37; others are in specs/ of a checkout" in capsys.readouterr().err
