"""Constraints files for pip: exact versions of everything that the checkout installs.

`constraints.txt` pins all tools and libraries, transitive ones, pip and the build backend included, for each tested
Python. `python -m tests.pins` renews it (`make pins`). `python -m tests.pins --lowest` prints it with the oldest releases
that pyproject.toml allows in place of the pinned ones (`make unit LOWEST=1`).

Only the standard library is imported: the environment does not exist yet.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

__all__ = ["PYTHONS", "changes", "lowest", "merged", "names", "with_lowest"]

ROOT = Path(__file__).parents[1]
FILE = ROOT / "constraints.txt"
PYTHONS = ("3.11", "3.12", "3.13")
"""Versions of Python that the pins are resolved for, the oldest first."""

_BACKEND = ("pip", "hatchling", "editables")
"""Packages that pip itself installs with: none of them is a dependency in pyproject.toml."""

_HEADER = """\
# Exact versions of everything that the Makefile and the tests install. `make pins` renews this file.
"""
_LINE = re.compile(r"(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;]+)(?:\s*;.*)?")


def normalized(name: str) -> str:
    """Return the name of a distribution as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def lowest(pyproject: str) -> list[str]:
    """Return `name==version` of each dependency and extra that is declared with `>=`."""
    project = tomllib.loads(pyproject)["project"]
    declared = [*project["dependencies"], *(it for extra in project["optional-dependencies"].values() for it in extra)]
    found = (re.fullmatch(r"([A-Za-z0-9._-]+)>=([^,;\s]+)(?:,.*)?", line) for line in declared)
    return sorted(f"{match[1]}=={match[2]}" for match in found if match)


def names(constraints: str) -> dict[str, set[str]]:
    """Return the pinned versions of each package, by its normalized name."""
    found: dict[str, set[str]] = {}
    for line in constraints.splitlines():
        if match := _LINE.fullmatch(line.strip()):
            found.setdefault(normalized(match["name"]), set()).add(match["version"])
    return found


def with_lowest(constraints: str, oldest: Sequence[str]) -> list[str]:
    """Return the lines of a constraints file with some packages at other versions."""
    replaced = {normalized(line.partition("==")[0]) for line in oldest}
    kept = [line for line in constraints.splitlines() if _LINE.fullmatch(line)]
    return [line for line in kept if normalized(line.partition("==")[0]) not in replaced] + list(oldest)


def merged(resolved: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Return lines that are valid on every Python.

    Args:
        resolved: Versions by package, by the version of Python that they were resolved for.

    Returns:
        `name==version`, with an environment marker if Pythons differ. The newest Python's version holds for later ones.
    """
    pythons = sorted(resolved, key=lambda python: [int(part) for part in python.split(".")])
    lines: list[str] = []
    for name in sorted({name for pins in resolved.values() for name in pins}):
        versions = {python: resolved[python][name] for python in pythons if name in resolved[python]}
        if len(set(versions.values())) == 1:
            lines.append(f"{name}=={next(iter(versions.values()))}")
            continue
        for python, version in versions.items():
            relation = ">=" if python == pythons[-1] else "=="
            lines.append(f"{name}=={version} ; python_version {relation} '{python}'")
    return lines


def changes(old: str, new: str) -> Iterator[str]:
    """Yield one line for each package that differs between two constraints files."""
    before, after = names(old), names(new)
    for name in sorted(before.keys() | after.keys()):
        if before.get(name) != after.get(name):
            sides = [" and ".join(sorted(found.get(name, ()))) for found in (before, after)]
            if not sides[0]:
                yield f"{name} {sides[1]} is new"
            elif not sides[1]:
                yield f"{name} {sides[0]} is no longer needed"
            else:
                yield f"{name} {sides[0]} -> {sides[1]}"


def _interpreter(version: str) -> str:
    """Return the command of an interpreter. Each candidate is run, because a shim may run another version."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    candidates = [f"python{version}", *(str(path) for path in pyenv.glob(f"versions/{version}.*/bin/python"))]
    for candidate in candidates:
        found = shutil.which(candidate)
        code = f"import sys; sys.exit('%d.%d' % sys.version_info[:2] != '{version}')"
        if found and subprocess.run([found, "-c", code], capture_output=True, check=False).returncode == 0:
            return found
    sys.exit(f"Python {version} is not installed; pins are resolved on {', '.join(PYTHONS)}")


def _resolved(python: str) -> dict[str, str]:
    """Resolve the newest versions of everything on one Python."""
    with tempfile.TemporaryDirectory(prefix="kgen-pins-") as name:
        subprocess.run([python, "-m", "venv", name], check=True)
        pip = [str(Path(name, "bin", "python")), "-m", "pip", "--disable-pip-version-check", "--quiet"]
        subprocess.run([*pip, "install", "--upgrade", "pip"], check=True)
        report = Path(name, "report.json")
        groups = ["--group", "dev", "--group", "audit"]
        command = ["install", "--dry-run", "--ignore-installed", "--report", str(report), ".[generator,watch,ws]"]
        subprocess.run([*pip, *command, *groups, *_BACKEND], cwd=ROOT, check=True)
        installed = json.loads(report.read_text("utf-8"))["install"]
    found = {normalized(item["metadata"]["name"]): item["metadata"]["version"] for item in installed}
    return {name: version for name, version in found.items() if name != "kgen-kubernetes"}


def main(arguments: Sequence[str]) -> None:
    """Renew the constraints file, or print it with the oldest releases."""
    old = FILE.read_text("utf-8") if FILE.exists() else ""
    if arguments == ["--lowest"]:
        print("\n".join(with_lowest(old, lowest((ROOT / "pyproject.toml").read_text("utf-8")))))
        return
    new = _HEADER + "\n".join(merged({version: _resolved(_interpreter(version)) for version in PYTHONS})) + "\n"
    FILE.write_text(new, "utf-8")
    for line in changes(old, new):
        print(line)
    print(f"{FILE.name}: {len(names(new))} packages")


if __name__ == "__main__":
    main(sys.argv[1:])
