"""`kgen check` knows the versions of the tools that built a package."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from kgen import tool_versions
from kgen.cli import run
from tests.conftest import ROOT

pytestmark = pytest.mark.slow  # builds


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Build the package of a project and return its folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "crds").mkdir()
    shutil.copy(ROOT / "tests/crds/gauges.yaml", tmp_path / "crds")
    (tmp_path / "kgen.toml").write_text('specs = "crds"\npackage = "mine"\ncore = false\n')
    assert run(["build", "-q"]) == 0
    return tmp_path / "generated" / "mine"


def with_version(package: Path, name: str, version: str) -> str:
    """Write a record with another version of one tool, and return its text."""
    text = tool_versions.text({**tool_versions.here(), name: version})
    (package / tool_versions.NAME).write_text(text)
    return text


def change_a_file(package: Path) -> None:
    (package / "clientset.py").write_text((package / "clientset.py").read_text() + "# changed\n")


def test_a_build_records_every_tool(package: Path) -> None:
    recorded = tool_versions.read(package)
    assert recorded == tool_versions.here()
    assert set(recorded) == {"kgen-kubernetes", "ruff", "datamodel-code-generator", "jinja2"}


@pytest.mark.thorough
@pytest.mark.parametrize("name", ["kgen-kubernetes", "ruff", "datamodel-code-generator", "jinja2"])
def test_a_difference_names_the_tool_of_another_version(
    name: str, package: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with_version(package, name, "0.0.1")
    assert run(["check", "-q"]) == 0, "the version alone is not a difference"
    assert "other versions" not in capsys.readouterr().err
    change_a_file(package)
    assert run(["check", "-q"]) == 1
    stderr = capsys.readouterr().err
    assert f"built with other versions: {name} 0.0.1 (installed: {tool_versions.here()[name]});" in stderr
    assert f"pip install '{name}==0.0.1'" in stderr


def test_a_difference_with_the_same_versions_names_no_tool(package: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change_a_file(package)
    assert run(["check", "-q"]) == 1
    assert "version" not in capsys.readouterr().err


def test_check_reports_a_missing_record_and_build_writes_it(package: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (package / tool_versions.NAME).unlink()
    assert run(["check", "-q"]) == 0
    change_a_file(package)
    assert run(["check", "-q"]) == 1
    assert "no record of the versions" in capsys.readouterr().err
    assert run(["build", "-q"]) == 0
    assert tool_versions.read(package) == tool_versions.here()
    (package / tool_versions.NAME).unlink()
    assert run(["build", "-q"]) == 0
    assert tool_versions.read(package) == tool_versions.here()


def test_the_record_changes_only_together_with_a_generated_file(package: Path) -> None:
    kept = with_version(package, "ruff", "0.0.1")
    shutil.rmtree(package.parents[1] / "cache")
    assert run(["build", "-q"]) == 0
    assert (package / tool_versions.NAME).read_text() == kept
    change_a_file(package)
    assert run(["build", "-q"]) == 0
    assert tool_versions.read(package) == tool_versions.here()


@pytest.mark.parametrize("version", ["1.0'; touch x; '", "1.0\x1b[31m", "", "1" * 100])
def test_an_invalid_version_is_reported_as_unknown(
    version: str, package: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with_version(package, "ruff", version)
    change_a_file(package)
    assert run(["check", "-q"]) == 1
    stderr = capsys.readouterr().err
    assert "ruff unknown (installed: " in stderr
    assert not version or version not in stderr


def test_a_users_file_of_that_name_is_not_overwritten(package: Path) -> None:
    (package / tool_versions.NAME).write_text("mine\n")
    change_a_file(package)
    assert run(["build", "-q"]) == 2
    assert (package / tool_versions.NAME).read_text() == "mine\n"
