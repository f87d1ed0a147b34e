"""Each row of docs/differences-from-client-go.md has tests, which tests/differences.toml names."""

from __future__ import annotations

import ast
import functools
import importlib.util
import pkgutil
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

import kubeclient
import kubecore
from kubeclient.models import core_v1
from kubecore import rest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "differences-from-client-go.md").read_text("utf-8")
TESTS: dict[str, list[str]] = tomllib.loads((ROOT / "tests" / "differences.toml").read_text("utf-8"))

NOT_AVAILABLE = [
    *("controller", "events", "fake", "informer", "informers", "leader", "leaderelection", "listers"),
    "record",
]


def tables(header: str) -> list[list[str]]:
    """Return the cells of all rows of the page's tables that have this header."""
    found: list[list[str]] = []
    inside = False
    for line in PAGE.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")] if line.startswith("|") else []
        if not cells:
            inside = False
        elif line == header:
            inside = True
        elif inside and set("".join(cells)) != {"-"}:
            found.append(cells)
    return found


ROWS = tables("| client-go | here | why |")
PACKAGES = tables("| Go package | here |")


@functools.cache
def functions(file: str) -> frozenset[str]:
    tree = ast.parse((ROOT / file).read_text("utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)))


def test_the_rows_of_the_page_are_those_that_have_tests() -> None:
    first = [row[0] for row in ROWS]
    assert len(first) > 100
    assert len(first) == len(set(first)), "two rows begin with the same cell"
    assert set(first) == set(TESTS)
    assert [row for row in ROWS if len(row) != 3 or not all(row)] == []


@pytest.mark.parametrize("row", TESTS)
def test_the_tests_of_a_row_exist(row: str) -> None:
    assert TESTS[row], "a row without a test is not a difference that anybody can rely on"
    for name in TESTS[row]:
        file, _, function = name.partition("::")
        assert function.startswith("test_"), name
        assert function in functions(file), f"{name} does not exist"


def test_the_page_names_no_lists_from_elsewhere() -> None:
    assert re.findall(r"\((?:row )?[A-Z]\d+(?:, [A-Z]\d+)*\)|faults? \d+", PAGE) == []


@functools.cache
def owners() -> tuple[Any, ...]:
    clientset = kubeclient.Clientset(rest.Config(host="http://127.0.0.1:1"))
    clients = (clientset.core_v1.pods("d"), clientset.apps_v1.deployments("d"), clientset.batch_v1.jobs("d"))
    return (clientset, *clients, core_v1.Pod, importlib.import_module("kubecore.kubeconfig"))


def exists(name: str) -> bool:
    """Return whether a name of the table of packages is a module or an attribute of a module, a client or a model."""
    if name in ("http_client=", "kgen pull"):
        return True
    head, _, rest_of_it = name.partition(".")
    if head in ("kubecore", "kubeclient"):
        return pkgutil.resolve_name(name) is not None
    if head == "Config":
        return rest_of_it in rest.Config.__annotations__
    if head == "Clientset":
        return hasattr(kubeclient.Clientset, rest_of_it)
    found = [owner for owner in owners() if hasattr(owner, head)]
    return bool(found) and (not rest_of_it or hasattr(getattr(found[0], head), rest_of_it))


@pytest.mark.parametrize("row", PACKAGES, ids=lambda row: row[0][:30])
def test_every_name_in_the_table_of_packages_exists(row: list[str]) -> None:
    _, here = row
    named = [name for name in re.findall(r"`([^`]+)`", here) if name != "Until"]
    assert named or here.startswith("not available")
    assert [name for name in named if not exists(name)] == []


@pytest.mark.parametrize("name", NOT_AVAILABLE)
def test_packages_that_the_table_calls_unavailable_do_not_exist(name: str) -> None:
    assert importlib.util.find_spec(f"{kubecore.__name__}.{name}") is None, "correct the table of packages"
