"""docs/security.md names tests that exist."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest

_ROOT: Final = Path(__file__).parents[1]
_PAGE: Final = (_ROOT / "docs/security.md").read_text(encoding="utf-8").partition("\n## Limits\n")[2]
_ROWS: Final = [line for line in _PAGE.splitlines() if line.startswith("| ") and not line.startswith("| limit |")]


@pytest.mark.parametrize("row", _ROWS, ids=lambda row: row.split("|")[1].strip()[:60])
def test_each_limit_names_tests_that_exist(row: str) -> None:
    files = re.findall(r"tests/[\w/]+\.py", row)
    assert files, "the row names no test"
    texts = [(_ROOT / file).read_text(encoding="utf-8") for file in files]
    for name in re.findall(r"`(test_\w+)`", row):
        assert any(re.search(rf"^(?:async )?def {name}\(", text, re.MULTILINE) for text in texts), name
    for module in re.findall(r"python -m ([\w.]+)", row):
        assert (_ROOT / module.replace(".", "/")).is_dir()


def test_the_page_has_its_rows() -> None:
    assert len(_ROWS) > 20
