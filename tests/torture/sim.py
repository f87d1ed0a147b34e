"""Random histories on virtual time: `python -m tests.torture sim --n N --seed S`. The models are in tests/sim."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from tests.sim import election, store_model
from tests.torture.tally import Tally

_MODELS: Final[tuple[Callable[[int | None, int], Tally], ...]] = (election.run, store_model.run)


def run(n: int | None, seed: int) -> Tally:
    """Run histories of every model.

    Args:
        n: The number of histories of each model; None for the default of the model.
        seed: The seed.
    """
    total = Tally("sim")
    for model in _MODELS:
        tally = model(n, seed)
        total.tries += tally.tries
        total.bad += tally.bad
        total.figures.update({f"{tally.name}-{name}": figure for name, figure in tally.figures.items()})
    return total
