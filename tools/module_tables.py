"""Write the tables of modules in docs/architecture.md from the first lines of the modules' docstrings.

Usage: python -m tools.module_tables [--check]
"""

from __future__ import annotations

import argparse
import ast
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
PAGE: Final = ROOT / "docs" / "architecture.md"
PACKAGES: Final = ("core/kubecore", "generator/kgen", "generator/kgen_kubernetes", "tools")

_TABLE: Final = re.compile(r"(<!-- modules of (\S+) -->\n).*?(<!-- end -->)", re.DOTALL)


class PageError(Exception):
    """The page has a table of a folder without modules, or no table of a folder with modules."""


def summary(module: Path) -> str:
    """Return the first line of a module's docstring, without the period at its end.

    Raises:
        PageError: The module has no docstring.
    """
    text = ast.get_docstring(ast.parse(module.read_text(encoding="utf-8")))
    if not text:
        raise PageError(f"{module}: a module needs a docstring")
    return text.splitlines()[0].removesuffix(".")


def folders(root: Path) -> Iterator[str]:
    """Yield the folders that need a table, relative to the root."""
    for package in PACKAGES:
        for folder in sorted({file.parent for file in (root / package).rglob("*.py")}):
            yield folder.relative_to(root).as_posix()


def table(folder: Path) -> str:
    """Return the Markdown table of a folder's modules."""
    rows = [
        f"| `{module.name}` | {summary(module).replace('|', '&#124;')} |"
        for module in sorted(folder.glob("*.py"))
        if module.name not in ("__init__.py", "__main__.py")
    ]
    return "\n".join(["", "| module | contents |", "|---|---|", *rows, "", ""]) if rows else ""


def rendered(text: str, root: Path = ROOT) -> str:
    """Return the page with all its tables renewed.

    Args:
        text: The page.
        root: The folder that its paths are relative to.

    Raises:
        PageError: The tables do not fit the folders.
    """
    named = [folder for _, folder, _ in _TABLE.findall(text)]
    missing = [folder for folder in folders(root) if folder not in named and table(root / folder)]
    unknown = [folder for folder in named if not (root / folder).is_dir()]
    if missing or unknown:
        raise PageError(f"{PAGE.name}: no table of {missing}, a table of missing folders {unknown}")
    return _TABLE.sub(lambda match: match[1] + table(root / match[2]) + match[3], text)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.module_tables", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 if the page is not current")
    options = parser.parse_args(arguments)
    text = PAGE.read_text(encoding="utf-8")
    try:
        new = rendered(text)
    except PageError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    if new == text:
        return 0
    if options.check:
        print(f"error: {PAGE.name} is not current; run `python -m tools.module_tables`", file=sys.stderr)
        return 1
    PAGE.write_text(new, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
