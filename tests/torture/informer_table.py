"""The table of faults of informers; `informer_rows` runs them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from tests.torture.informer_world import World

__all__ = ["ROWS", "Row", "row"]


class Row(NamedTuple):
    """A fault.

    Attributes:
        cause: Starts the informers and causes it.
        is_quick: Whether it ends within some seconds.
    """

    cause: Callable[[World], None]
    is_quick: bool


ROWS: Final[dict[str, Row]] = {}
"""The faults by name."""


def row(name: str, *, is_quick: bool = False) -> Callable[[Callable[[World], None]], Callable[[World], None]]:
    """Add a function to the rows."""

    def add(cause: Callable[[World], None]) -> Callable[[World], None]:
        ROWS[name] = Row(cause, is_quick)
        return cause

    return add
