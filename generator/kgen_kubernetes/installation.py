"""Whether the module `kgen` that Python finds is the one of this distribution, and alone."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Final

__all__ = ["foreign", "missing"]

_NEEDED: Final = ("click", "datamodel_code_generator", "jinja2", "ruff")

_MARK: Final = '"""kgen: generator for typed Kubernetes clients."""'
"""First line of our `kgen/__init__.py`; compared as text, so that code of another project does not run."""


def missing() -> list[str]:
    """Return the modules of the extra `generator` that are not installed."""
    return [name for name in _NEEDED if find_spec(name) is None]


def foreign() -> str | None:
    """Return the problem with the module that `import kgen` finds, or None if it is ours."""
    ours = Path(__file__).parents[1] / "kgen"
    spec = find_spec("kgen")
    origin = spec.origin if spec is not None else None
    if spec is None or origin is None or not _same(Path(origin), ours / "__init__.py"):
        place = origin or ", ".join((spec and spec.submodule_search_locations) or ()) or "nowhere"
        return f"`import kgen` finds the module of another project: {place}"
    try:
        with Path(origin).open(encoding="utf-8", errors="replace") as stream:
            is_ours = stream.readline().rstrip() == _MARK
    except OSError as error:
        return f"the module kgen cannot be read: {error.strerror}"
    if not is_ours:
        return f"another project has overwritten the module kgen: {origin}"
    mixed = _mixed(ours.parent)
    return f"another project has installed files into the module kgen: {mixed}" if mixed else None


def _same(file: Path, other: Path) -> bool:
    try:
        return file.samefile(other)
    except OSError:
        return False


def _mixed(folder: Path) -> str | None:
    """Return the other project named `kgen` if it is installed into the same folder: its files replace some of ours."""
    metadata = next(iter(sorted(folder.glob("kgen-*.dist-info"))), None)
    return f"{metadata.name.removesuffix('.dist-info')} in {folder}" if metadata is not None else None
