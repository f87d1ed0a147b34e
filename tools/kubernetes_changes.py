"""The pages in docs/kubernetes: the changes of each minor version of Kubernetes, as `kgen diff` lists them.

The documents of the newest versions are in specs/. Of older ones, the names that each added or removed are in
tools/changes.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path
from typing import Final

from kgen import difference
from kgen.docs.history import read_changes
from kgen.earlier import release_of
from kgen.pipeline import describe

ROOT: Final = Path(__file__).resolve().parents[1]
SPECS: Final = ROOT / "specs"
PAGES: Final = ROOT / "docs" / "kubernetes"
CHANGES: Final = ROOT / "tools" / "changes"
RELEASES: Final = ("1.30.14", "1.31.14", "1.32.13", "1.33.13", "1.34.4", "1.35.4")
"""The versions whose documents `record` compares."""

_INDEX: Final = """\
# Kubernetes versions

The changes of each minor version of Kubernetes, in the names of `kubeclient`: groups, resources, verbs, models, fields
and constants. The pages of the [reference](../reference/index.md) name the version in which a name appeared
("since 1.36"), also if its feature was alpha in that version. In a checkout of kgen, `kgen diff 1.36 1.37` lists the
same changes.

"""
_RECORDED: Final = """\
This page lists only added and removed names, without constants.
"""


def by_version(paths: Sequence[Path]) -> list[Path]:
    """Return files and folders that have the names of versions, the oldest first."""
    return sorted(paths, key=lambda path: numbers(release_of(path)))


def recorded() -> list[Path]:
    """Return the files of the changes of older versions, the oldest first."""
    return by_version(list(CHANGES.glob("*.json")))


def documents() -> list[Path]:
    """Return the folders of documents, the oldest first."""
    return by_version([path for path in SPECS.iterdir() if re.fullmatch(r"\d+\.\d+", path.name)])


def pages() -> dict[str, str]:
    """Return the text of each page by the name of its file."""
    found = {file.stem: _recorded_page(file) for file in recorded()}
    for old, new in pairwise(documents()):
        before = describe(old)
        differences = difference.changes(before, describe(new, before))
        found[new.name] = _page(old.name, new.name, "", differences)
    names = sorted(found, key=numbers, reverse=True)
    index = _INDEX + "".join(f"- [{name}]({name}.md)\n" for name in names)
    return {"index.md": index, **{f"{name}.md": found[name] for name in names}}


def _recorded_page(file: Path) -> str:
    major, minor = numbers(file.stem)
    return _page(f"{major}.{minor - 1}", file.stem, f"\n{_RECORDED}", read_changes(file) or ())


def _page(old: str, new: str, note: str, differences: Sequence[difference.Change]) -> str:
    text = difference.shown(differences, "markdown").replace("### ", "## ")
    title = f"# Kubernetes {new}\n\nThe changes from Kubernetes {old} to {new}, in the names of `kubeclient`.\n"
    return f"{title}{note}\n{text}\n"


def record() -> None:
    """Write the names that each older version added or removed, from the documents in the Go module of Kubernetes."""
    with tempfile.TemporaryDirectory() as scratch:
        folders = [_fetched(version, Path(scratch)) for version in RELEASES]
        for old, new in pairwise(folders):
            before = describe(old)
            differences = difference.changes(before, describe(new, before))
            kept = [asdict(change) for change in differences if change.action in ("added", "removed")]
            file = CHANGES / f"{new.name}.json"
            file.write_text("[\n" + ",\n".join(map(json.dumps, kept)) + "\n]\n", "utf-8")


def _fetched(version: str, scratch: Path) -> Path:
    """Return a folder with the documents of a version, named as kgen names them."""
    command = ["go", "mod", "download", "-json", f"k8s.io/kubernetes@v{version}"]
    done = subprocess.run(command, cwd=scratch, capture_output=True, text=True, check=True)
    folder = scratch / version.rpartition(".")[0]
    folder.mkdir()
    for file in (Path(json.loads(done.stdout)["Dir"]) / "api/openapi-spec/v3").glob("*_openapi.json"):
        shutil.copyfile(file, folder / file.name.replace("_openapi.json", ".json"))
    return folder


def numbers(version: str) -> tuple[int, int]:
    """Return the major and the minor version."""
    major, _, minor = version.partition(".")
    return int(major), int(minor)


def _differing(expected: dict[str, str]) -> Iterator[str]:
    there = {path.name: path.read_text("utf-8") for path in PAGES.glob("*.md")}
    return (name for name in sorted(expected.keys() | there.keys()) if expected.get(name) != there.get(name))


def main() -> int:
    """Write the pages; with `--check`, print which ones differ; with `record`, record older versions first."""
    if "record" in sys.argv[1:]:
        record()
    expected = pages()
    names = list(_differing(expected))
    if "--check" in sys.argv[1:]:
        for name in names:
            print(f"docs/kubernetes/{name} differs; write it: python -m tools.kubernetes_changes", file=sys.stderr)
        return 1 if names else 0
    PAGES.mkdir(exist_ok=True)
    for name in names:
        if name in expected:
            (PAGES / name).write_text(expected[name], "utf-8")
        else:
            (PAGES / name).unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())
