"""Applies and updates have the results of Go's library, which `gotables/apply.jsonl` contains."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.golang import need_go
from tests.testing.apply_histories import API_VERSIONS, TABLE, compare_with, difference, record, type_of
from tests.testing.apply_oracle import PROGRAM, Oracle

Json = dict[str, Any]


def differences() -> Iterator[str]:
    """Run all operations of the table; yield the differences."""
    begin: Json = {}
    live: Json | None = None
    for number, line in enumerate(TABLE.read_text("utf-8").splitlines(), 1):
        row = json.loads(line)
        if "begin" in row:
            begin, live = row["begin"], None
            known = type_of(begin)
            continue
        try:
            wrong = difference(begin, known, live, row["operation"], row["result"])
        except Exception as error:  # a planted bug may raise anything
            wrong = repr(error)
        if wrong:
            yield f"line {number}: {wrong}"
        live = row["result"].get("object", live)


def test_operations_have_the_results_of_go() -> None:
    assert list(differences()) == []


@pytest.mark.slow
def test_the_table_matches_the_current_output_of_go() -> None:
    need_go(PROGRAM)
    assert record() == TABLE.read_text("utf-8")


@pytest.mark.thorough
@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_random_operations_have_the_results_of_go(tmp_path: Path, seed: int) -> None:
    need_go(PROGRAM)
    with Oracle(tmp_path, API_VERSIONS) as oracle:
        numbers, found = compare_with(oracle, seed, 100)
    assert found == []
    assert numbers["apply"] > 500
    assert numbers["update"] > 300
