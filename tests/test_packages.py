"""Every package of generator/, core/ and generated/ is in the wheel, typed and checked by the import rules."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
FOLDERS = ("generator", "core", "generated")
SETTINGS: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def packages() -> list[Path]:
    return [file.parent for folder in FOLDERS for file in sorted((ROOT / folder).glob("*/__init__.py"))]


def test_every_package_is_in_the_wheel_with_its_types() -> None:
    wheel = SETTINGS["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    assert sorted(wheel) == sorted(package.relative_to(ROOT).as_posix() for package in packages())
    assert [package for package in packages() if not (package / "py.typed").exists()] == []


def test_every_package_is_checked() -> None:
    names = {package.name for package in packages()}
    assert names <= set(SETTINGS["tool"]["mypy"]["packages"])
    assert names == set(SETTINGS["tool"]["importlinter"]["root_packages"])
    assert set(FOLDERS) <= set(SETTINGS["tool"]["pyright"]["include"])
    assert set(FOLDERS) <= set(SETTINGS["tool"]["hatch"]["build"]["dev-mode-dirs"])
