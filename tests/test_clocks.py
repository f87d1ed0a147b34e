"""No test expects an idle machine: measured time has no small upper limit."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

ROOT = Path(__file__).parents[1]
CLOCKS: Final = {"monotonic", "perf_counter", "current_time", "time"}
SMALLEST: Final = 10.0
"""Seconds that a busy machine may take for something that needs no waiting."""


def limits(source: str) -> Iterator[int]:
    """Yield the lines of comparisons that hold the difference to a clock below a few seconds."""
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


@pytest.mark.parametrize("file", sorted((ROOT / "tests").rglob("test_*.py")), ids=lambda file: file.name)
def test_measured_time_has_no_small_limit(file: Path) -> None:
    assert list(limits(file.read_text("utf-8"))) == []


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
