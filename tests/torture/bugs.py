"""Bugs in the fake API server: `python -m tests.torture bugs` plants each of them, and most must be detected."""

from __future__ import annotations

from typing import Final

from tests.testing.planted.importing import fails
from tests.testing.planted.server import BUGS
from tests.torture.tally import Tally

__all__ = ["run"]

_FEWEST: Final = 57
"""How many of the bugs must be detected."""


def run(n: int | None, seed: int) -> Tally:
    """Plant the first `n` bugs, by default all."""
    tally = Tally("bugs")
    chosen = BUGS[:n]
    missed: list[str] = []
    for bug in chosen:
        found = fails(bug)
        print(f"{bug.name}: {found or 'not detected'}", flush=True)
        if found:
            tally.good()
        else:
            missed.append(bug.name)
    is_enough = len(chosen) - len(missed) >= min(_FEWEST, len(chosen))
    for name in missed:
        tally.check(is_enough, f"{name} is not detected")
    tally.figure("detected", len(chosen) - len(missed))
    return tally
