"""Prove that the tree can be released: `python -m tools.release_check [TAG]` builds everything twice and compares.

The distributions are left in dist/. Nothing is uploaded. The version of a tag, such as `v1.2.0`, must be that
of the project. In a workflow of GitHub the tag is that of the run.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent


def main() -> int:
    """Build, compare and check. Return the exit code."""
    tag = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("GITHUB_REF_NAME", "")
    problems = list(version_problems(ROOT, tag if tag.startswith("v") else ""))
    output = ROOT / "dist"
    shutil.rmtree(output, ignore_errors=True)
    with tempfile.TemporaryDirectory() as again:
        for folder in (output, Path(again)):
            build(folder)
        problems += different(output, Path(again))
    problems += list(wheel_problems(next(output.glob("*.whl"))))
    for file in sorted(output.iterdir()):
        print(f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}")
    for problem in problems:
        print(f"error: {problem}", file=sys.stderr)
    return 1 if problems else 0


def build(folder: Path) -> None:
    """Build the source distribution and, from it, the wheel, with the time of the last commit."""
    time = subprocess.run(
        ["git", "log", "-1", "--format=%ct"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.strip()
    command = [sys.executable, "-m", "build", "--outdir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, env={**os.environ, "SOURCE_DATE_EPOCH": time}, stdout=subprocess.DEVNULL)


def different(one: Path, other: Path) -> list[str]:
    """Return the files of two folders that differ."""
    names = {file.name for folder in (one, other) for file in folder.iterdir()}
    contents = {
        name: [(folder / name).read_bytes() for folder in (one, other) if (folder / name).exists()] for name in names
    }
    return [
        f"two builds of {name} differ"
        for name, found in sorted(contents.items())
        if len(found) < 2 or found[0] != found[1]
    ]


def version_problems(root: Path, tag: str = "") -> Iterator[str]:
    """Yield the files whose version is not that of the project."""
    version = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    if tag and tag != f"v{version}":
        yield f"the tag is {tag}, the version of pyproject.toml {version}"
    if f"## {version}" not in (root / "CHANGELOG.md").read_text("utf-8"):
        yield f"CHANGELOG.md has no heading ## {version}"
    elif tag and f"## {version}, not yet released" in (root / "CHANGELOG.md").read_text("utf-8"):
        yield f"CHANGELOG.md says that {version} is not yet released"
    if f"\nversion: {version}\n" not in (root / "CITATION.cff").read_text("utf-8"):
        yield f"CITATION.cff has another version than {version}"


def wheel_problems(wheel: Path) -> Iterator[str]:
    """Yield faults of a wheel: the bill of materials and the licence must be in it."""
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    for ending in (".dist-info/sboms/sbom.cdx.json", ".dist-info/licenses/LICENSE", "kubecore/py.typed"):
        if not any(name.endswith(ending) for name in names):
            yield f"{wheel.name} has no {ending}"


if __name__ == "__main__":
    sys.exit(main())
