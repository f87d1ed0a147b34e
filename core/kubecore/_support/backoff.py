"""Pauses between attempts that grow up to a limit, with a random part."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

__all__ = ["Backoff"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """How often something is tried, and the pauses between.

    Attributes:
        steps: How often it is tried, 1 or more.
        duration: The first pause, in seconds.
        factor: The number that each pause is multiplied by for the next one.
        jitter: The largest part of itself by which a pause is made longer at random.
        cap: The longest pause, in seconds; None for no limit.
    """

    steps: int
    duration: float
    factor: float = 1.0
    jitter: float = 0.0
    cap: float | None = None

    def pauses(self) -> Iterator[float]:
        """Yield the pauses, one fewer than steps."""
        for number in range(self.steps - 1):
            yield self.spread(self.after(number))

    def after(self, number: int) -> float:
        """Return a pause without its random part.

        Args:
            number: The number of pauses before this one.
        """
        if not number:
            return self.duration
        try:
            pause = self.duration * self.factor**number
        except OverflowError:
            pause = math.inf
        return pause if self.cap is None else min(pause, self.cap)

    def spread(
        self, pause: float, chance: Callable[[float, float], float] | None = None, *, least: float = 0.0
    ) -> float:
        """Add the random part to a pause: many clients that failed together must not come back together.

        Args:
            pause: The pause, in seconds.
            chance: Returns a random number between two; by default `random.uniform`.
            least: The largest random part of a short pause, in seconds: such a pause gets more than `jitter`.
        """
        if chance is None:
            import random  # It takes long to import, and most programs have no failed attempt.

            chance = random.uniform
        return chance(pause, pause + max(pause * self.jitter, least))
