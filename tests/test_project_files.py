"""The files for the hosting of the project: workflows, forms, versions, the bill of materials."""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.workflows import check_with_actionlint, check_with_zizmor
from tools import release_check, sbom

pytestmark = pytest.mark.thorough  # None of these files depends on Python.

ROOT = Path(__file__).parents[1]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def test_zizmor_finds_nothing_in_the_workflows() -> None:
    check_with_zizmor(ROOT / ".github")


@pytest.mark.slow
def test_actionlint_finds_nothing_in_the_workflows() -> None:
    check_with_actionlint(*WORKFLOWS)


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_actions_are_pinned_by_their_hash_with_a_comment(workflow: Path) -> None:
    used = re.findall(r"uses: (.*)", workflow.read_text("utf-8"))
    assert used
    assert [line for line in used if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v[\d.]+", line)] == []


def test_only_the_job_that_publishes_may_get_an_identity() -> None:
    jobs: dict[str, Any] = yaml.safe_load((ROOT / ".github/workflows/release.yml").read_text("utf-8"))["jobs"]
    assert [name for name, job in jobs.items() if "id-token" in job["permissions"]] == ["publish"]
    assert set(jobs["publish"]["needs"]) == set(jobs) - {"publish"}
    assert "secrets." not in "".join(path.read_text("utf-8") for path in WORKFLOWS)


def test_a_report_of_a_bug_needs_the_output_of_the_doctor() -> None:
    form = yaml.safe_load((ROOT / ".github/ISSUE_TEMPLATE/bug.yml").read_text("utf-8"))
    [field] = [field for field in form["body"] if field["id"] == "doctor"]
    assert "python -m kubecore doctor" in field["attributes"]["label"]
    assert field["validations"]["required"]


def test_the_bill_of_materials_is_up_to_date_and_in_the_wheel(wheel: Path) -> None:
    written = sbom.FILE.read_text("utf-8")
    assert written == sbom.text(), "renew it: python -m tools.sbom"
    names = {component["name"] for component in json.loads(written)["components"]}
    assert {"anyio", "msgspec", "pyyaml"} <= names
    with zipfile.ZipFile(wheel) as archive:
        [inside] = [name for name in archive.namelist() if name.endswith("/sboms/sbom.cdx.json")]
        assert archive.read(inside).decode() == written
    assert list(release_check.wheel_problems(wheel)) == []


def test_all_files_have_the_version_of_the_project(tmp_path: Path) -> None:
    assert list(release_check.version_problems(ROOT)) == []
    for name in ("pyproject.toml", "CHANGELOG.md", "CITATION.cff"):
        (tmp_path / name).write_text((ROOT / name).read_text("utf-8"), "utf-8")
    text = (tmp_path / "pyproject.toml").read_text("utf-8")
    (tmp_path / "pyproject.toml").write_text(re.sub(r'(?m)^version = ".*"$', 'version = "99.0.0"', text), "utf-8")
    assert list(release_check.version_problems(tmp_path, "v98.0.0")) == [
        "the tag is v98.0.0, the version of pyproject.toml 99.0.0",
        "CHANGELOG.md has no heading ## 99.0.0",
        "CITATION.cff has another version than 99.0.0",
    ]


def test_builds_that_differ_are_named(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    for folder in (one, other):
        folder.mkdir()
        (folder / "same").write_bytes(b"1")
    (one / "changed").write_bytes(b"1")
    (other / "changed").write_bytes(b"2")
    (one / "missing").write_bytes(b"1")
    assert release_check.different(one, other) == ["two builds of changed differ", "two builds of missing differ"]


def test_the_tested_platforms_of_the_page_are_the_classifiers() -> None:
    page = (ROOT / "docs/policies/platforms.md").read_text("utf-8")
    classifiers = re.findall(
        r'"Programming Language :: Python :: (3\.\d+)"', (ROOT / "pyproject.toml").read_text("utf-8")
    )
    [tested] = re.findall(r"^\| Python ([\d., ]+) on Linux \| tested ", page, re.MULTILINE)
    assert tested.split(", ") == classifiers
