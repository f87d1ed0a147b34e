"""The environment has exact versions, for every tested Python and for the oldest allowed releases."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from tests import pins
from tests.conftest import PINS

ROOT = Path(__file__).parents[1]
CONSTRAINTS = (ROOT / "constraints.txt").read_text("utf-8")
PYPROJECT = (ROOT / "pyproject.toml").read_text("utf-8")


def test_every_line_is_an_exact_version_without_host_or_hash() -> None:
    lines = [line for line in CONSTRAINTS.splitlines() if not line.startswith("#")]
    assert len(lines) > 50
    for line in lines:
        requirement = Requirement(line)
        assert [part.operator for part in requirement.specifier] == ["=="], line
        assert requirement.url is None
        assert "*" not in str(requirement.specifier)
    assert not re.search(r"://|--hash|--find-links|index-url|^-|\bfile:", CONSTRAINTS, re.MULTILINE)


@pytest.mark.skipif(not PINS.exists(), reason="the environment was not made by `make`")
def test_everything_that_is_installed_is_pinned() -> None:
    pinned = pins.names(PINS.read_text("utf-8"))
    if not pinned:
        pytest.skip("`make latest` uses the newest releases")
    installed = {pins.normalized(item.metadata["Name"]): item.version for item in distributions()}
    # ensurepip of Python 3.11 installs setuptools, which the project does not use.
    others = {"kgen-kubernetes", "setuptools"}
    wrong = {
        name: version
        for name, version in installed.items()
        if Version(version) not in {Version(one) for one in pinned.get(name, set())}
    }
    assert not {name: version for name, version in wrong.items() if name not in others}


def test_declared_dependencies_and_the_build_backend_are_pinned_within_their_ranges() -> None:
    project = tomllib.loads(PYPROJECT)
    declared = [
        *project["build-system"]["requires"],
        *project["project"]["dependencies"],
        *(line for extra in project["project"]["optional-dependencies"].values() for line in extra),
        *(line for group in project["dependency-groups"].values() for line in group),
    ]
    pinned = pins.names(CONSTRAINTS)
    for requirement in map(Requirement, declared):
        versions = pinned.get(pins.normalized(requirement.name), set())
        assert versions, requirement
        assert all(requirement.specifier.contains(version) for version in versions), requirement
    assert {"pip", "hatchling", "editables"} <= pinned.keys()


def test_nothing_that_users_install_is_pinned_exactly() -> None:
    project = tomllib.loads(PYPROJECT)["project"]
    declared = [*project["dependencies"], *(it for extra in project["optional-dependencies"].values() for it in extra)]
    for requirement in map(Requirement, declared):
        operators = {part.operator for part in requirement.specifier}
        assert ">=" in operators, requirement
        assert operators <= {">=", "<"}, requirement


def test_the_oldest_releases_replace_the_pinned_ones() -> None:
    oldest = pins.lowest(PYPROJECT)
    declared = {pins.normalized(line.partition("==")[0]) for line in oldest}
    assert {"anyio", "click", "datamodel-code-generator", "httpx", "ruff", "watchfiles", "wsproto"} <= declared
    mixed = pins.names("\n".join(pins.with_lowest(CONSTRAINTS, oldest)))
    assert all(len(versions) == 1 for name, versions in mixed.items() if name in declared)
    assert mixed["ruff"] == {"0.12"}
    assert {name: mixed[name] for name in mixed.keys() - declared} == {
        name: versions for name, versions in pins.names(CONSTRAINTS).items() if name not in declared
    }


def test_versions_that_differ_between_pythons_get_markers() -> None:
    resolved = {
        "3.11": {"a": "1", "b": "1", "only": "3"},
        "3.12": {"a": "1", "b": "2"},
        "3.13": {"a": "1", "b": "2"},
    }
    lines = pins.merged(resolved)
    assert lines[0] == "a==1"
    assert lines[-1] == "only==3"
    for python, version in (("3.11", "1"), ("3.12", "2"), ("3.13", "2"), ("3.14", "2")):
        held = [it for it in map(Requirement, lines) if it.name == "b" and _holds(it, python)]
        assert [str(it.specifier) for it in held] == [f"=={version}"]


def _holds(requirement: Requirement, python: str) -> bool:
    return requirement.marker is None or requirement.marker.evaluate({"python_version": python})


def test_changed_versions_are_printed() -> None:
    old, new = "a==1\nb==1\nc==1\n", "a==2\nb==1\nd==1 ; python_version == '3.11'\n"
    assert list(pins.changes(old, new)) == ["a 1 -> 2", "c 1 is no longer needed", "d 1 is new"]
    assert list(pins.changes(new, new)) == []


def test_the_pins_are_resolved_for_every_declared_python() -> None:
    classifiers = tomllib.loads(PYPROJECT)["project"]["classifiers"]
    assert tuple(line.rpartition(" ")[2] for line in classifiers if re.search(r":: 3\.\d+$", line)) == pins.PYTHONS
