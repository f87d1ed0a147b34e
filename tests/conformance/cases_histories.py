"""Conformance cases: random histories, and those in which a difference was found."""

from __future__ import annotations

from typing import Final

from tests.conformance.cases import case
from tests.conformance.histories import Step, define_in, history, send
from tests.conformance.wire import Wire

SEEDS: Final = range(1, 21)
"""The seeds of the recorded histories."""

FOUND: Final[dict[str, tuple[Step, ...]]] = {}
"""Shrunk histories whose responses differed once."""


def _register(name: str, rule: str, steps: list[Step]) -> None:
    def play(wire: Wire) -> None:
        define_in(wire, steps)
        send(steps, wire)

    play.__name__ = name
    case(rule)(play)


for _seed in SEEDS:
    _register(f"seed_{_seed}", "a random history", history(_seed))
for _name, _steps in FOUND.items():
    _register(_name, "a history that found a difference", list(_steps))
