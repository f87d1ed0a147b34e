"""Counts and output of a command of the torture suite."""

from __future__ import annotations

import sys
import time
from typing import Final

__all__ = ["Tally"]

_SHOWN: Final = 20


class Tally:
    """Counter of tries and bad cases.

    Args:
        name: The name of the command.
        verbose: Whether bad cases are printed immediately, on stderr.
    """

    def __init__(self, name: str, *, verbose: bool = False) -> None:
        self.name = name
        self.tries = 0
        self.bad: list[str] = []
        self.figures: dict[str, str] = {}
        self._verbose = verbose
        self._began = time.monotonic()

    def check(self, is_good: bool, text: str) -> None:
        """Count one try."""
        self.tries += 1
        if not is_good:
            self.bad.append(text)
            if self._verbose:
                print(f"bad: {text}", file=sys.stderr)

    def good(self) -> None:
        """Count one successful try."""
        self.tries += 1

    def wrong(self, text: str) -> None:
        """Count one bad case."""
        self.check(False, text)

    def figure(self, name: str, value: object) -> None:
        """Record a measured value, which is printed after the counts."""
        self.figures[name] = str(value)

    def shown(self) -> list[str]:
        """Return the lines that are printed; the last one is the result."""
        lines = [f"bad: {text[:300]}" for text in self.bad[:_SHOWN]]
        if len(self.bad) > _SHOWN:
            lines.append(f"... and {len(self.bad) - _SHOWN} more")
        more = "".join(f" {name}={value}" for name, value in self.figures.items())
        seconds = time.monotonic() - self._began
        return [*lines, f"{self.name} tries={self.tries} bad={len(self.bad)}{more} seconds={seconds:.1f}"]
