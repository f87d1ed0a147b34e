"""Render: templates format the plan; nothing but `Code` can be printed."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from pathlib import Path

import jinja2

from kgen.errors import PlanError
from kgen.plan import PlannedFile
from kgen.text import Code, code

__all__ = ["comments_of", "render", "templates_folder"]


def templates_folder() -> Path:
    """Return kgen's own templates: inside the wheel, or at the top of a checkout."""
    inside = Path(__file__).parent / "templates"
    return inside if inside.is_dir() else Path(__file__).parents[2] / "templates"


def render(files: Iterable[PlannedFile], override: Path | None = None) -> dict[str, str]:
    """Return the text of every file by its path, as the templates print it: not yet formatted by ruff.

    Args:
        files: The planned files.
        override: A folder with templates that replace kgen's own of the same name.

    Raises:
        PlanError: If a template is wrong, or prints text that is not known to be inert.
    """
    environment = _own_environment() if override is None else _environment(override)
    return {file.path: _render(environment, file) for file in files}


def comments_of(override: Path | None) -> frozenset[str] | None:
    """Return all comments in the user's templates, including the "#"; None if there are no such templates."""
    if override is None:
        return None
    files = sorted(file for file in override.rglob("*.jinja*") if file.is_file())
    lines = (line for file in files for line in file.read_text("utf-8", "replace").splitlines())
    return frozenset(line[at:].rstrip() for line in lines for at, char in enumerate(line) if char == "#")


def _render(environment: jinja2.Environment, file: PlannedFile) -> str:
    if not file.template:
        return ""
    try:
        return _template(environment, file.template).render(it=file.context)
    except jinja2.TemplateSyntaxError as error:
        raise PlanError(f"template {error.name}: {error.message}", where=f"line {error.lineno}") from error
    except (jinja2.TemplateError, TypeError) as error:
        raise PlanError(f"template {file.template}: {error}", where=file.path) from error


@functools.lru_cache(maxsize=64)
def _template(environment: jinja2.Environment, name: str) -> jinja2.Template:
    return environment.get_template(name)


@functools.cache
def _own_environment() -> jinja2.Environment:
    return _environment(None)


def _environment(override: Path | None) -> jinja2.Environment:
    folders = [folder for folder in (override, templates_folder()) if folder is not None]
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folders),
        undefined=jinja2.StrictUndefined,
        finalize=_only_code,
        autoescape=False,  # noqa: S701 - Python, not HTML; a type decides what may be printed  # nosec
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["names"] = _names
    return environment


def _names(items: Iterable[Code]) -> Code:
    """Return names as imports and `__all__` list them."""
    return code(", ".join(str(_only_code(item)) for item in items))


def _only_code(value: object) -> object:
    if isinstance(value, (Code, jinja2.Undefined)):
        return value
    msg = f"{type(value).__name__} {str(value)[:60]!r} is not Code; pass it through kgen.text first"
    raise TypeError(msg)
