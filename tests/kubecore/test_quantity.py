"""Quantities are read and written as in Kubernetes' library, whose results are in `gotables/quantity.jsonl`."""

from __future__ import annotations

import json
import subprocess
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubecore import quantity
from tests.golang import need_go

TABLES = Path(__file__).parent / "gotables"
ROWS: list[dict[str, Any]] = [json.loads(line) for line in (TABLES / "quantity.jsonl").read_text("utf-8").splitlines()]


@pytest.mark.parametrize("row", [row for row in ROWS if row["ok"]], ids=lambda row: row["input"])
def test_an_amount_is_read_and_written_as_go_does(row: dict[str, Any]) -> None:
    assert quantity.parse(row["input"]) == Decimal(row["value"])
    if Decimal(row["value"]).adjusted() < 21:  # Go omits the suffix of larger ones: it writes 1000E as "1".
        assert quantity.canonical(row["input"]) == row["canonical"]


@pytest.mark.parametrize("row", [row for row in ROWS if not row["ok"]], ids=lambda row: ascii(row["input"]))
def test_quantities_that_go_refuses_are_refused(row: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="is not a quantity"):
        quantity.parse(row["input"])


def test_the_table_matches_the_current_output_of_go() -> None:
    need_go(TABLES / "quantity")
    done = subprocess.run(["go", "run", "."], cwd=TABLES / "quantity", capture_output=True, text=True, check=True)
    assert [json.loads(line) for line in done.stdout.splitlines()] == ROWS


def test_amounts_are_compared_across_suffixes() -> None:
    assert quantity.compare("1", "1000m") == 0
    assert quantity.compare("1Gi", "1G") == 1
    assert quantity.compare("-1", "1n") == -1


def test_numbers_are_written_in_a_style() -> None:
    assert quantity.format(Decimal("1.5")) == "1500m"
    assert quantity.format(2**30, style="binary") == "1Gi"
    assert quantity.format(2_000_000, style="exponent") == "2e6"
    assert quantity.format(512, style="binary") == "512"
    assert quantity.parse(0.5) == Decimal("0.5")
    with pytest.raises(ValueError, match="finite"):
        quantity.format(float("inf"))


@given(
    st.text(max_size=20)
    | st.from_regex(r"[-+]?[0-9]{0,5}\.?[0-9]{0,5}[eEinumkKMGTP]{0,3}[-+]?[0-9]{0,12}", fullmatch=True)
)
def test_any_text_is_an_amount_or_a_value_error(text: str) -> None:
    try:
        value = quantity.parse(text)
    except ValueError:
        return
    assert quantity.parse(quantity.canonical(text)) >= value or value < 0


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**15), max_value=10**15, places=6))
def test_formatted_quantities_are_parsed_unchanged(value: Decimal) -> None:
    assert quantity.parse(quantity.format(value)) == value
    assert quantity.parse(quantity.format(value, style="exponent")) == value


def test_the_largest_suffix_is_kept_and_exponents_have_a_limit() -> None:
    assert quantity.canonical("1000E") == "1000E"
    assert quantity.parse("1e300") == Decimal("1e300")
    with pytest.raises(ValueError, match="is not a quantity"):
        quantity.parse("1e301")
