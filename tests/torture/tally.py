"""What a command of the torture suite counts and prints."""

from __future__ import annotations

import sys
import time
from typing import Final

__all__ = ["Tally"]

_SHOWN: Final = 20


class Tally:
    """Counts what was tried and what came out wrong.

    Args:
        name: the command.
        verbose: whether a bad case is printed at once, on stderr.
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
        """Count one try that came out right."""
        self.tries += 1

    def wrong(self, text: str) -> None:
        """Count one try that came out wrong."""
        self.check(False, text)

    def figure(self, name: str, value: object) -> None:
        """Note a figure that was measured, to be printed beside the counts."""
        self.figures[name] = str(value)

    def shown(self) -> list[str]:
        """Return the lines that are printed; the last one is the result."""
        lines = [f"bad: {text[:300]}" for text in self.bad[:_SHOWN]]
        if len(self.bad) > _SHOWN:
            lines.append(f"... and {len(self.bad) - _SHOWN} more")
        more = "".join(f" {name}={value}" for name, value in self.figures.items())
        seconds = time.monotonic() - self._began
        return [*lines, f"{self.name} tries={self.tries} bad={len(self.bad)}{more} seconds={seconds:.1f}"]
