"""Projects with CRDs for the tests of the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

TIMEOUT = 120  # Seconds. A command that reads a pipe would wait forever.


def manifest(group: str = "example.com", kind: str = "Widget") -> dict[str, Any]:
    plural = f"{kind.lower()}s"
    size = {"type": "integer", "default": 1}
    spec = {"type": "object", "required": ["size"], "properties": {"size": size}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"plural": plural, "kind": kind},
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "storage": True,
                    "subresources": {"status": {}},
                    "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}},
                }
            ],
        },
    }


def put(path: Path, *manifests: dict[str, Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("---\n".join(json.dumps(raw) + "\n" for raw in manifests))
    return path


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a project with one CRD in each of two groups."""
    put(tmp_path / "crds" / "one.yaml", manifest())
    put(tmp_path / "crds" / "two.yaml", manifest("other.org", "Other"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path


BUILD = ["--specs", "crds", "--package", "mine"]
