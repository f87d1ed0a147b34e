"""The pages of docs/integrations about kgen: files for pre-commit, GitHub, GitLab and Renovate."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from kgen.cli import run
from kubecore.testing import __main__ as testing_command
from tests.pages.guides import blocks
from tests.pages.programs import ROOT
from tests.test_project_files import WORKFLOWS
from tests.workflows import check_with_actionlint, check_with_zizmor

pytestmark = pytest.mark.thorough  # These tests check the text of the pages.

CI: Final = "docs/integrations/ci.md"
PRE_COMMIT: Final = "docs/integrations/pre-commit.md"
RENOVATE: Final = "docs/integrations/renovate.md"


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project of docs/crds.md, built, as the current folder."""
    (tmp_path / "crds").mkdir()
    [crd] = [block for block in blocks("docs/crds.md", "yaml") if "plural: widgets" in block][:1]
    (tmp_path / "crds/widgets.yaml").write_text(crd, "utf-8")
    (tmp_path / "pyproject.toml").write_text(blocks("docs/crds.md", "toml")[0], "utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert run(["build", "-q"]) == 0
    return tmp_path


def commands() -> list[str]:
    """Return the commands of both files of CI."""
    github, gitlab = (yaml.safe_load(block) for block in blocks(CI, "yaml"))
    found = [step["run"] for job in github["jobs"].values() for step in job["steps"] if "run" in step]
    listed = [line for job in ("clients", "tests") for line in gitlab[job]["script"]]
    assert found == listed
    return found


def test_both_files_of_ci_run_the_same_commands_and_they_exist(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    programs = {}
    for command in commands():
        program, *arguments = shlex.split(command)
        programs[program] = arguments
        if program == "kgen":
            assert run(arguments) == 0
        elif program == "python":
            assert arguments[:3] == ["-m", "kubecore.testing", "download"]
            with pytest.raises(SystemExit) as ended:
                testing_command.main([*arguments[2:], "--help"])
            assert ended.value.code == 0
    assert programs.keys() == {"pip", "kgen", "pytest", "python"}
    gitlab = yaml.safe_load(blocks(CI, "yaml")[1])
    assert {gitlab[job]["stage"] for job in ("clients", "tests")} == set(gitlab["stages"])
    capsys.readouterr()


def test_the_page_of_pre_commit_shows_the_difference_that_stops_a_commit(
    shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    crd = shop / "crds/widgets.yaml"
    crd.write_text(crd.read_text("utf-8").replace("How many.", "The number of parts."), "utf-8")
    capsys.readouterr()
    assert run(["check"]) == 1
    printed = capsys.readouterr()
    [shown] = blocks(PRE_COMMIT, "console")
    assert [line.rstrip() for line in shown.splitlines()] == [
        "$ kgen check",
        *(line.rstrip() for line in (printed.out + printed.err).splitlines()),
    ]


def test_the_configuration_of_pre_commit_names_hooks_that_exist_and_files_that_matter(shop: Path) -> None:
    hooks = {hook["id"] for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))}
    [repository] = yaml.safe_load(blocks(PRE_COMMIT, "yaml")[0])["repos"]
    version = re.search(r'^version = "(.*)"$', (ROOT / "pyproject.toml").read_text("utf-8"), re.MULTILINE)
    assert version is not None
    assert repository["rev"] == f"v{version[1]}"
    assert repository["repo"] in (ROOT / "pyproject.toml").read_text("utf-8")
    assert set(re.findall(r"^\| `(kgen-\w+)` \|", (ROOT / PRE_COMMIT).read_text("utf-8"), re.MULTILINE)) == hooks
    for hook in repository["hooks"]:
        assert hook["id"] in hooks
        pattern = re.compile(hook["files"])
        written = [path.relative_to(shop).as_posix() for path in shop.rglob("*") if path.is_file()]
        assert all(pattern.search(path) for path in written if "cache" not in path)
        assert not pattern.search("src/app.py")


def test_zizmor_finds_nothing_in_the_workflow_of_the_page(workflow: Path) -> None:
    check_with_zizmor(workflow)


@pytest.mark.slow
def test_actionlint_finds_nothing_in_the_workflow_of_the_page(workflow: Path) -> None:
    check_with_actionlint(workflow)


@pytest.fixture
def workflow(tmp_path: Path) -> Path:
    """The workflow of the page, in a file."""
    file = tmp_path / ".github/workflows/checks.yml"
    file.parent.mkdir(parents=True)
    file.write_text(blocks(CI, "yaml")[0], "utf-8")
    return file


def test_the_workflow_of_the_page_uses_the_same_actions_as_the_project() -> None:
    used = re.findall(r"uses: (.*)", blocks(CI, "yaml")[0])
    own = {line for path in WORKFLOWS for line in re.findall(r"uses: (.*)", path.read_text("utf-8"))}
    assert used
    assert set(used) <= own


def javascript(pattern: str) -> re.Pattern[str]:
    """Return a pattern of JavaScript with Python's names of groups."""
    return re.compile(pattern.replace("(?<", "(?P<"))


def test_the_patterns_of_renovate_match_the_pages() -> None:
    config: dict[str, Any] = json.loads(blocks(RENOVATE, "json")[0])
    assert json.loads(blocks(RENOVATE, "json")[1]).keys() == {"postUpgradeTasks"}
    name = re.search(r'^name = "(.*)"$', (ROOT / "pyproject.toml").read_text("utf-8"), re.MULTILINE)
    assert name is not None
    for rule in config["packageRules"]:
        assert rule["matchPackageNames"] == [name[1], "kgen-kubernetes/kgen"]
    kgen, server = config["customManagers"]
    for manager, version in ((kgen, "0.1.0"), (server, "1.37")):
        [pattern] = manager["matchStrings"]
        for block in blocks(CI, "yaml"):
            assert [found["currentValue"] for found in javascript(pattern).finditer(block)] == [version]
        files = [javascript(each.strip("/")) for each in manager["managerFilePatterns"]]
        for path in (".github/workflows/checks.yml", ".gitlab-ci.yml"):
            assert any(each.search(path) for each in files)
    release = javascript(server["extractVersionTemplate"])
    assert [bool(release.search(tag)) for tag in ("v1.37.0", "v1.37.1", "v1.38.0-rc.1")] == [True, False, False]
