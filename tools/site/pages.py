"""The pages of the site: which file of the repository becomes which page."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tools.site.links import rewrite

ROOT: Final = Path(__file__).resolve().parents[2]
MOVED: Final = {
    "README.md": "index.md",
    "SECURITY.md": "SECURITY.md",
    "CHANGELOG.md": "CHANGELOG.md",
    "CONTRIBUTING.md": "CONTRIBUTING.md",
    "benchmarks/RESULTS.md": "RESULTS.md",
}
"""Pages outside of docs/, with their path in the site. A link to the README leads to the first page."""
CODE: Final = {".py": "python", ".yaml": "yaml", ".toml": "toml"}


def sources(root: Path = ROOT) -> dict[str, str]:
    """Return the path in the site of each file of the repository that has a page or is shown on one."""
    found = {
        path.relative_to(root).as_posix(): path.relative_to(root / "docs").as_posix() for path in _files(root / "docs")
    }
    found |= {path.relative_to(root).as_posix(): f"{path.relative_to(root).as_posix()}.md" for path in examples(root)}
    return found | MOVED


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file() and not path.name.startswith("."))


def examples(root: Path) -> list[Path]:
    """Return the files of examples/ that have pages."""
    folder = root / "examples"
    found = [path for path in sorted(folder.rglob("*")) if path.suffix in CODE and path.name != "__init__.py"]
    return [
        path for path in found if not {"website", ".venv", "__pycache__"} & set(path.relative_to(folder).parts[:-1])
    ]


def place(source: str, known: dict[str, str], repository: str, root: Path = ROOT) -> str:
    """Return the target in the site of a link to a path of the repository.

    Args:
        source: The path in the repository.
        known: The paths in the site, as `sources` returns them.
        repository: The address of the repository, for files that the site does not have.
        root: The folder of the repository.
    """
    if source in known:
        return known[source]
    if source.startswith("docs/reference/"):  # generated pages
        return source.removeprefix("docs/")
    if (root / source).is_dir() and (index := posixpath.join(source, "index.md")) in known:
        return known[index]
    if not (root / source).exists():
        raise FileNotFoundError(f"a page links to {source}, which does not exist")
    return f"{repository}/blob/main/{source}"


def assemble(output: Path, repository: str, root: Path = ROOT) -> None:
    """Write all pages but the generated ones to a folder."""
    known = sources(root)
    for source, target in known.items():
        if source == "README.md":
            continue
        file = output / target
        file.parent.mkdir(parents=True, exist_ok=True)
        path = root / source
        if path.suffix in CODE and source.startswith("examples/"):
            file.write_text(_example(path, root), "utf-8")
        elif path.suffix == ".md":
            text = rewrite(path.read_text("utf-8"), source, lambda it: place(it, known, repository, root))
            file.write_text(text, "utf-8")
        else:
            file.write_bytes(path.read_bytes())


def _example(path: Path, root: Path) -> str:
    """Return the page of an example: its code."""
    code = path.read_text("utf-8").rstrip("\n")
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", code)), default=0))
    return f"# {path.relative_to(root / 'examples').as_posix()}\n\n{fence}{CODE[path.suffix]}\n{code}\n{fence}\n"
