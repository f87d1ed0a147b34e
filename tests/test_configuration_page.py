"""docs/configuration.md has every field of a configuration and every environment variable that kubecore reads."""

from __future__ import annotations

import ast
import dataclasses
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from kubecore import rest

pytestmark = pytest.mark.thorough  # These tests check the text of a page.

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs/configuration.md").read_text("utf-8")
CLASSES = ("Config", "Timeouts", "TLSConfig", "ExecConfig", "ExecPolicy", "OIDCConfig", "Impersonate")
UNITS = {"", "seconds", "bytes", "connections", "requests", "requests per second"}


def rows(heading: str) -> list[list[str]]:
    """Return the cells of the table below a heading, without its first two lines."""
    [section] = re.findall(rf"^## {heading}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split(" |")] for line in lines[2:]]


@pytest.mark.parametrize("name", CLASSES)
def test_the_page_has_every_field_of_a_configuration_with_its_type_and_default(name: str) -> None:
    shown = {row[0]: (row[1].replace("` or `", " | ").replace('"', "'"), row[2]) for row in rows(name)}
    assert shown == {
        f"`{field.name}`": (f"`{field.type}`", default(field)) for field in dataclasses.fields(getattr(rest, name))
    }
    assert {row[3] for row in rows(name)} <= UNITS
    assert all(row[4].endswith(".") for row in rows(name))


def default(field: dataclasses.Field[object]) -> str:
    if field.default_factory is not dataclasses.MISSING:
        value = field.default_factory()
        return "`{}`" if value == {} else f"`{type(value).__name__}()`"
    if field.default is dataclasses.MISSING:
        return "required"
    return f'`"{field.default}"`' if isinstance(field.default, str) else f"`{field.default!r}`"


def test_every_class_of_the_configuration_has_a_table() -> None:
    types = {word for name in CLASSES for row in rows(name) for word in re.findall(r"\w+", row[1])}
    classes = {name for name in rest.__all__ if dataclasses.is_dataclass(getattr(rest, name))}
    assert types & classes == set(CLASSES) - {"Config"}


def test_the_page_has_every_environment_variable_that_kubecore_reads() -> None:
    read = {name for path in sorted((ROOT / "core").rglob("*.py")) for name in variables(path.read_text("utf-8"))}
    shown = {name for row in rows("Environment") for name in re.findall(r"`([A-Z_]+)`", row[0])}
    assert read == shown


def variables(source: str) -> Iterator[str]:
    """Yield the names of environment variables that a module reads, and `?` for a name that this test can't find."""
    if "environ" not in source and "getenv" not in source:
        return
    tree = ast.parse(source)
    constants = {
        statement.target.id: statement.value.value
        for statement in tree.body
        if isinstance(statement, ast.AnnAssign)
        and isinstance(statement.target, ast.Name)
        and isinstance(statement.value, ast.Constant)
    }
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(value=holder, attr="get"), args=[key, *_]) if is_environment(holder):
                yield from named(key, constants)
            case ast.Call(func=ast.Attribute(attr="getenv"), args=[key, *_]):
                yield from named(key, constants)
            case ast.Subscript(value=holder, slice=key) if is_environment(holder):
                yield from named(key, constants)
            case ast.Compare(left=key, ops=[ast.In() | ast.NotIn()], comparators=[holder]) if is_environment(holder):
                yield from named(key, constants)
            case _:
                pass


def is_environment(node: ast.expr) -> bool:
    return ast.unparse(node) in ("os.environ", "environ")


INDIRECT = {
    "name": {"HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT"},
    "name.lower()": {"HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY"},
    "variable": {"HTTPS_PROXY", "HTTP_PROXY"},
    "variable.upper()": {"HTTPS_PROXY", "HTTP_PROXY"},
    "VARIABLE": {"KUBECORE_DETECT_MUTATION"},
}
"""The names behind expressions of `kubecore._http` (proxies), `kubecore.kubeconfig.loading` and `kubecore.cache`."""


def named(key: ast.expr, constants: Mapping[str, object]) -> Iterator[str]:
    text = ast.unparse(key)
    if isinstance(key, ast.Constant):
        yield str(key.value)
    elif isinstance(key, ast.Name) and key.id in constants:
        yield str(constants[key.id])
    else:
        yield from INDIRECT.get(text, {f"? {text}"})


@pytest.mark.parametrize(
    "source",
    [
        'import os\nos.environ["A"]',
        'import os\nos.environ.get("A", "")',
        'import os\nif "A" in os.environ: pass',
        'import os\nos.getenv("A")',
        'import os\nNAME: Final = "A"\nos.environ.get(NAME)',
    ],
)
def test_the_search_finds_each_way_to_read_a_variable(source: str) -> None:
    assert list(variables(source)) == ["A"]
    assert list(variables("import os\nos.environ.get(chosen())")) == ["? chosen()"]
