"""Each case of client-go's conformance that is ours has a test that names it, or a row with a reason why it differs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# The cases of rest (R), the in-cluster configuration (I), clientcmd (C), exec plugins (E), retry (T) and the pager (P).
CASES = (
    *(
        [
            "R1",
            "R2",
            "R4",
            "R5",
            "R7",
            "R8",
            "R10",
            "R11",
            "R13",
            "R14",
            "R16",
            "R17",
            "R19",
            "R20",
            "R22",
            "R23",
            "R25",
            "R26",
            "R28",
            "R29",
            "R31",
            "R32",
            "R34",
            "R35",
            "R37",
            "R38",
            "R40",
        ]
    ),
    "I1",
    *(
        [
            "C1",
            "C2",
            "C4",
            "C5",
            "C7",
            "C8",
            "C10",
            "C11",
            "C13",
            "C14",
            "C16",
            "C17",
            "C19",
            "C20",
            "C22",
            "C23",
            "C25",
            "C26",
            "C28",
        ]
    ),
    *(["E1", "E3", "E4", "E6", "E7", "E9", "E10"]),
    "T1",
    "P1",
    *(["W8", "W14", "W15"]),
)
FILES = [
    *(ROOT / "tests").rglob("test_*.py"),
    *(ROOT / "tests" / "torture").glob("*.py"),
    ROOT / "tests" / "differences.toml",
]
TEXT = "\n".join(file.read_text("utf-8") for file in FILES if file != Path(__file__))


@pytest.mark.parametrize("case", CASES)
def test_a_case_is_shown_or_explained(case: str) -> None:
    assert re.search(rf"(?:\b|_){case}(?:\b|_)", TEXT, re.IGNORECASE), f"{case} has neither a test nor a line"


# What hostile input must get (rows), and the faults that the transport must stand.
ROWS = [
    f"{letter}{number}" for letter, count in (("A", 7), ("B", 13), ("C", 8), ("D", 6)) for number in range(1, count + 1)
]
FAULTS = [*range(1, 41), 43, 44, 45]


@pytest.mark.parametrize("row", ROWS)
def test_a_row_is_shown_or_explained(row: str) -> None:
    assert re.search(rf"(?:\b|_){row}(?:\b|_)", TEXT, re.IGNORECASE), f"no test names row {row}"


def faults_named() -> set[int]:
    """Return the faults that tests name: `fault 3`, `faults 4, 5 and 7`, `test_faults_4_and_5_...`."""
    found: set[int] = set()
    for listed in re.findall(r"faults?[ _]((?:\d+(?:-\d+)?(?:, | and |_and_)?)+)", TEXT, re.IGNORECASE):
        for first, last in re.findall(r"(\d+)(?:-(\d+))?", listed):
            found |= set(range(int(first), int(last or first) + 1))
    return found


def test_every_fault_is_shown() -> None:
    assert set(FAULTS) <= faults_named()
