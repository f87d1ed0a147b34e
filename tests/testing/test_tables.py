"""The cells of tables of custom resources."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from kubecore.testing._schemas.tables import cells_of, columns_of

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def cell(kind: str, value: Any) -> Any:
    column = {"name": "X", "type": kind, "jsonPath": ".x"}
    return cells_of({"metadata": {"name": "a"}, "x": value}, [column], NOW)[1]


@pytest.mark.parametrize(
    ("age", "shown"),
    [
        (timedelta(seconds=-3), "<invalid>"),
        (timedelta(seconds=-1), "0s"),
        (timedelta(seconds=119), "119s"),
        (timedelta(minutes=2), "2m"),
        (timedelta(minutes=2, seconds=1), "2m1s"),
        (timedelta(minutes=10, seconds=1), "10m"),
        (timedelta(minutes=179), "179m"),
        (timedelta(hours=3, minutes=1), "3h1m"),
        (timedelta(hours=8, minutes=59), "8h"),
        (timedelta(hours=47), "47h"),
        (timedelta(days=2, hours=1), "2d1h"),
        (timedelta(days=8, hours=23), "8d"),
        (timedelta(days=729), "729d"),
        (timedelta(days=731), "2y1d"),
        (timedelta(days=8 * 365 + 300), "8y"),
    ],
)
def test_dates_are_shown_as_ages(age: timedelta, shown: str) -> None:
    assert cell("date", (NOW - age).isoformat().replace("+00:00", "Z")) == shown


@pytest.mark.parametrize(
    ("kind", "value", "shown"),
    [
        ("integer", 1.5, 1),
        ("integer", "1", None),
        ("integer", 1e22, -(2**63)),
        ("number", 1.5, 1.5),
        ("boolean", "true", None),
        ("string", {"b": 1, "a": ["<"]}, '{"a":["\\u003c"],"b":1}'),
        ("string", None, "<no value>"),
        ("string", True, "true"),
        ("date", "", "<unknown>"),
        ("date", "soon", "<invalid>"),
        ("date", 1, None),
    ],
)
def test_values_are_shown_by_the_type_of_their_column(kind: str, value: Any, shown: Any) -> None:
    assert cell(kind, value) == shown


def test_table_without_columns_shows_the_age() -> None:
    assert [column["name"] for column in columns_of(())] == ["Name", "Age"]
    assert cells_of({"metadata": {"name": "a", "creationTimestamp": "2025-12-31T23:59:00Z"}}, (), NOW) == ["a", "60s"]
