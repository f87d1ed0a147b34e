"""The changelog contains the output of `kgen diff` for the newest version of Kubernetes."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from kgen.cli import run

ROOT = Path(__file__).parents[1]
CHANGELOG = (ROOT / "CHANGELOG.md").read_text("utf-8")


@pytest.mark.slow
def test_the_changelog_contains_all_changes_of_the_newest_kubernetes_version(
    capsys: pytest.CaptureFixture[str],
) -> None:
    versions = sorted(tuple(map(int, folder.name.split("."))) for folder in (ROOT / "specs").iterdir())
    old, new = (".".join(map(str, version)) for version in list(pairwise(versions))[-1])
    assert run(["diff", str(ROOT / "specs" / old), str(ROOT / "specs" / new), "--format", "markdown"]) == 0
    _, found, section = CHANGELOG.partition(f"## kubeclient: from Kubernetes {old} to {new}\n")
    assert found
    assert capsys.readouterr().out.strip() in section
