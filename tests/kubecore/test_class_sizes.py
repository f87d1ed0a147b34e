"""No class that decides about watches or waits has more than 200 lines or 12 attributes."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import kubecore

CORE = Path(kubecore.__file__).parent
FILES = sorted(path for folder in ("watch", "waiting") for path in (CORE / folder).glob("*.py"))


def attributes(class_: ast.ClassDef) -> set[str]:
    targets = (node for node in ast.walk(class_) if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store))
    return {node.attr for node in targets if isinstance(node.value, ast.Name) and node.value.id == "self"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_classes_stay_small(path: Path) -> None:
    for class_ in (node for node in ast.parse(path.read_text("utf-8")).body if isinstance(node, ast.ClassDef)):
        lines = (class_.end_lineno or 0) - class_.lineno + 1
        assert (lines <= 200, len(attributes(class_)) <= 12) == (True, True), (class_.name, lines, attributes(class_))
