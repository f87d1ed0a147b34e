"""Write `sbom.cdx.json`, the dependencies of the distribution as CycloneDX, for the wheel.

Usage: python -m tools.sbom. Versions are those of constraints.txt, with which everything is tested; only dependencies
without extras are listed. Source: https://cyclonedx.org/docs/1.6/json/ and PEP 770 for its place in the wheel.
"""

from __future__ import annotations

import json
import re
import tomllib
from importlib.metadata import requires
from pathlib import Path
from typing import Any, Final

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT: Final = Path(__file__).resolve().parent.parent
FILE: Final = ROOT / "sbom.cdx.json"


def bill(root: Path = ROOT) -> dict[str, Any]:
    """Return the bill of materials."""
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    pins = dict(re.findall(r"^([\w.-]+)==([^\s;]+)", (root / "constraints.txt").read_text("utf-8"), re.MULTILINE))
    own = _reference(project["name"], project["version"])
    graph = {own: [canonicalize_name(Requirement(line).name) for line in project["dependencies"]]}
    waiting = list(graph[own])
    versions: dict[str, str] = {}
    while waiting:
        name = waiting.pop()
        if name not in versions:
            versions[name] = pins[name]
            needed = [Requirement(line) for line in requires(name) or ()]
            graph[_reference(name, versions[name])] = [canonicalize_name(one.name) for one in needed if _applies(one)]
            waiting += graph[_reference(name, versions[name])]
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": _component(project["name"], project["version"], "library")},
        "components": [_component(name, version, "library") for name, version in sorted(versions.items())],
        "dependencies": [
            {"ref": reference, "dependsOn": sorted(_reference(name, versions[name]) for name in names)}
            for reference, names in sorted(graph.items())
        ],
    }


def _applies(requirement: Requirement) -> bool:
    return requirement.marker is None or requirement.marker.evaluate({"extra": "", "python_version": "3.11"})


def _reference(name: str, version: str) -> str:
    return f"pkg:pypi/{canonicalize_name(name)}@{version}"


def _component(name: str, version: str, kind: str) -> dict[str, str]:
    reference = _reference(name, version)
    return {"type": kind, "bom-ref": reference, "name": name, "version": version, "purl": reference}


def text(root: Path = ROOT) -> str:
    """Return the content of the file."""
    return json.dumps(bill(root), indent=1) + "\n"


if __name__ == "__main__":
    FILE.write_text(text(), "utf-8")
