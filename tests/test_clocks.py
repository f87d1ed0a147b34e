"""No test expects an idle machine.

Measured time and waiting have no small upper limit, no test sleeps and then expects something, and none uses a port that
it has closed and that another process may have opened.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest

pytestmark = pytest.mark.thorough

ROOT = Path(__file__).parents[1]
CLOCKS: Final = {"monotonic", "perf_counter", "current_time", "time"}
SLEEPS: Final = {"time.sleep", "anyio.sleep", "asyncio.sleep", "trio.sleep"}
WAITS: Final = {"join", "fail_after"}
SMALLEST: Final = 10.0
"""Seconds that a busy machine may take for something that needs no waiting."""


def limits(source: str) -> Iterator[int]:
    """Yield the lines of comparisons that limit a measured time to a few seconds."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Compare):
            continue
        sides = [node.left, *node.comparators]
        for operator, left, right in zip(node.ops, sides, sides[1:], strict=False):
            if isinstance(operator, (ast.Gt, ast.GtE)):
                left, right = right, left
            elif not isinstance(operator, (ast.Lt, ast.LtE)):
                continue
            limit = right.value if isinstance(right, ast.Constant) else None
            if isinstance(limit, (int, float)) and limit < SMALLEST and _measures(left):
                yield node.lineno


def _measures(node: ast.expr) -> bool:
    return any(
        isinstance(part, ast.BinOp)
        and isinstance(part.op, ast.Sub)
        and any(_is_clock(side) for side in (part.left, part.right))
        for part in ast.walk(node)
    )


def _is_clock(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CLOCKS


def waits(source: str) -> Iterator[int]:
    """Yield the lines that limit a wait to a few seconds."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in WAITS:
            limit = node.args[0].value if len(node.args) == 1 and isinstance(node.args[0], ast.Constant) else None
            if isinstance(limit, (int, float)) and limit < SMALLEST:
                yield node.lineno


def guesses(source: str) -> Iterator[int]:
    """Yield the lines at which a test sleeps once. Loops that check again and slow servers are allowed."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name.startswith("test_"):
            yield from (call.lineno for call in _once(node) if ast.unparse(call.func) in SLEEPS)


def closed(source: str) -> Iterator[int]:
    """Yield the lines that open a listener only to choose a port, which another process can then open."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.With) and all(isinstance(part, (ast.Assign, ast.AnnAssign)) for part in node.body):
            text = ast.unparse(node)
            if "getsockname()" in text or re.search(r"= \w+\.port\b", text):
                yield node.lineno


def _once(node: ast.AST) -> Iterator[ast.Call]:
    """Yield the calls of a function, except those in loops and nested functions."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.For, ast.AsyncFor, ast.While)):
            continue
        if isinstance(child, ast.Call):
            yield child
        yield from _once(child)


FILES: Final = sorted((ROOT / "tests").rglob("test_*.py"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_measured_time_has_no_small_limit(file: Path) -> None:
    source = file.read_text("utf-8")
    assert list(limits(source)) == []
    assert list(waits(source)) == []


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_nothing_is_expected_after_a_sleep(file: Path) -> None:
    assert list(guesses(file.read_text("utf-8"))) == []


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_no_port_is_used_after_it_was_closed(file: Path) -> None:
    assert list(closed(file.read_text("utf-8"))) == []


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("assert time.monotonic() - began < 0.1", True),
        ("assert 0.9 < time.monotonic() - began + 0.01 <= 2.5", True),
        ("assert 1 > time.perf_counter() - began", True),
        ("assert time.monotonic() - began > 0.1", False),
        ("assert time.monotonic() - began < 30", False),
        ("assert time.monotonic() - began < LIMIT", False),
        ("assert pause() < 1", False),
    ],
)
def test_small_limits_are_found(line: str, found: bool) -> None:
    assert bool(list(limits(line))) is found


@pytest.mark.parametrize(
    ("find", "source", "found"),
    [
        (waits, "thread.join(5)", True),
        (waits, "with anyio.fail_after(0.1): pass", True),
        (waits, "thread.join(60)", False),
        (waits, "thread.join()", False),
        (waits, "', '.join(names)", False),
        (guesses, "def test_a():\n    time.sleep(0.1)\n    assert is_so()", True),
        (guesses, "async def test_a():\n    with a:\n        await anyio.sleep(0.1)", True),
        (guesses, "def test_a():\n    while not is_so():\n        time.sleep(0.1)", False),
        (guesses, "def test_a():\n    def server():\n        time.sleep(0.1)", False),
        (guesses, "def server():\n    time.sleep(0.1)", False),
        (closed, "with socket.create_server(at) as one:\n    port = one.getsockname()[1]", True),
        (closed, "with loopback() as server:\n    port: int = server.port", True),
        (closed, "with socket.create_server(at) as one:\n    port = one.getsockname()[1]\n    connect(port)", False),
    ],
)
def test_code_that_depends_on_an_idle_machine_is_found(
    find: Callable[[str], Iterator[int]], source: str, found: bool
) -> None:
    assert bool(list(find(source))) is found
