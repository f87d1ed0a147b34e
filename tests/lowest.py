"""Print the oldest releases that pyproject.toml allows, as constraints for pip: that they work is tested, too.

`make unit LOWEST=1 VENV=.venv-lowest` runs the tests with them. Tools that only the tests need are left at their newest.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

__all__ = ["constraints"]


def constraints(pyproject: str) -> list[str]:
    """Return `name==version` of each dependency and extra that is declared with `>=`."""
    project = tomllib.loads(pyproject)["project"]
    declared = [*project["dependencies"], *(it for extra in project["optional-dependencies"].values() for it in extra)]
    return sorted(line.replace(">=", "==") for line in declared if ">=" in line)


if __name__ == "__main__":
    print("\n".join(constraints((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))))
