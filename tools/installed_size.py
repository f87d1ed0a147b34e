"""Print the size of an installation without extras: kgen-kubernetes and the distributions that it requires.

Usage: python -m tools.installed_size [SITE_PACKAGES]. Without the folder, the wheel is built and installed in a
temporary environment. Files of bytecode (`.pyc`), which pip writes and an installer may omit, are counted separately.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Final, NamedTuple

from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name

ROOT: Final = Path(__file__).resolve().parent.parent
NAME: Final = canonicalize_name("kgen-kubernetes")


class Size(NamedTuple):
    """Bytes of an installed distribution, without and with bytecode."""

    name: str
    files: int
    with_bytecode: int


def sizes(site_packages: Path) -> list[Size]:
    """Return the size of the client and of each distribution that it requires without extras, largest first.

    Args:
        site_packages: The folder in which they are installed, for the Python that runs this.
    """
    found = {canonicalize_name(each.name): each for each in distributions(path=[str(site_packages)])}
    needed = {NAME}
    pending = [NAME]
    while pending:
        new = set(_required(found[pending.pop()])) - needed
        needed |= new
        pending += new
    return sorted((_size(found[name]) for name in needed), key=lambda size: -size.files)


def total(of: list[Size]) -> Size:
    """Return the sum of sizes."""
    return Size("total", sum(size.files for size in of), sum(size.with_bytecode for size in of))


def _required(distribution: Distribution) -> Iterator[NormalizedName]:
    for line in distribution.requires or ():
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            yield canonicalize_name(requirement.name)


def _size(distribution: Distribution) -> Size:
    files = without = 0
    for file in distribution.files or ():
        path = Path(str(distribution.locate_file(file)))
        size = path.stat().st_size if path.is_file() else 0
        files += size
        without += 0 if path.suffix == ".pyc" else size
    return Size(distribution.name, without, files)


def _installed(folder: Path) -> Path:
    """Install the client in an environment in a folder; return the folder of its packages."""
    venv.create(folder, with_pip=True)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, str(ROOT)], check=True)
    return next(folder.glob("lib/python*/site-packages"))


def main(arguments: list[str]) -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory(prefix="kgen-size-") as name:
        found = sizes(Path(arguments[0]) if arguments else _installed(Path(name)))
    print(f"{'distribution':20} {'MiB':>6}   with .pyc")
    for size in (*found, total(found)):
        print(f"{size.name:20} {size.files / 2**20:6.2f} {size.with_bytecode / 2**20:11.2f}")


if __name__ == "__main__":
    main(sys.argv[1:])
