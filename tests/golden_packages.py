"""Two small generated packages that are committed, so that a change of a template can be read as a diff.

`python -m tests.golden_packages` (or `make golden`) writes them again.
"""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from kgen.config import Config
from kgen.pipeline import generate
from kgen.runtime import with_version_of

__all__ = ["GOLDEN", "PACKAGES", "made", "on_disk"]

ROOT: Final = Path(__file__).parents[1]
GOLDEN: Final = ROOT / "tests" / "golden"
PACKAGES: Final = ("widgets", "namespaces")
"""The first is generated from a CRD, the second from a resource of Kubernetes."""

_DOCUMENT: Final = ROOT / "specs" / "1.37" / "api__v1.json"


def made(package: str) -> dict[str, str]:
    """Return the files that kgen generates for a package, by their path below the folder of golden packages.

    Args:
        package: One of `PACKAGES`.
    """
    with tempfile.TemporaryDirectory() as folder:
        specs = GOLDEN / "widgets.yaml" if package == "widgets" else _namespaces(Path(folder))
        files = dict(
            generate(Config(specs=(specs,), sources=(specs.name,), output=Path(folder) / "out", package=package)).files
        )
    init = f"{package}/__init__.py"
    if (GOLDEN / init).exists():  # A new version of kgen alone must change nothing.
        files[init] = with_version_of(files[init], (GOLDEN / init).read_text("utf-8"))
    return files


def on_disk(package: str) -> dict[str, str]:
    """Return the committed files of a package, by their path below the folder of golden packages.

    Args:
        package: One of `PACKAGES`.
    """
    files = [path for path in (GOLDEN / package).rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    return {path.relative_to(GOLDEN).as_posix(): path.read_bytes().decode() for path in files}


def _namespaces(folder: Path) -> Path:
    """Write a document that contains only the paths of namespaces and the schemas that they need."""
    document = json.loads(_DOCUMENT.read_bytes())
    paths = {path: item for path, item in document["paths"].items() if re.search(r"/namespaces(/{name}|$)", path)}
    schemas: dict[str, Any] = document["components"]["schemas"]
    needed = dict.fromkeys(_references(paths))
    for name in (waiting := list(needed)):
        found = [each for each in _references(schemas[name]) if each not in needed]
        needed |= dict.fromkeys(found)
        waiting += found
    file = folder / "namespaces.json"
    kept = {"paths": paths, "components": {"schemas": {name: schemas[name] for name in needed}}}
    file.write_text(json.dumps(document | kept), "utf-8")
    return file


def _references(value: object) -> Iterator[str]:
    yield from re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(value))


def main() -> None:
    """Write both packages."""
    for package in PACKAGES:
        files = made(package)
        shutil.rmtree(GOLDEN / package, ignore_errors=True)
        for path, source in files.items():
            (GOLDEN / path).parent.mkdir(parents=True, exist_ok=True)
            (GOLDEN / path).write_bytes(source.encode())
        print(f"{GOLDEN.name}/{package}: {len(files)} files")


if __name__ == "__main__":
    main()
