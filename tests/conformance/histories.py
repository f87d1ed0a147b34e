"""Random histories: both servers run the same requests, and their transcripts must be equal."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, Final

from tests.conformance.backends import Backend
from tests.conformance.history_kinds import KINDS, definitions
from tests.conformance.history_player import Player
from tests.conformance.normal import normalised
from tests.conformance.transcripts import Transcript, differing, line
from tests.conformance.wire import Wire

__all__ = [
    "MANAGERS",
    "NAMES",
    "PLACES",
    "VERBS",
    "Step",
    "define",
    "define_in",
    "differences",
    "history",
    "play",
    "send",
    "shown",
    "shrunk",
]

NAMES: Final = ("a", "b", "c")
MANAGERS: Final = ("first", "second", "third")
PLACES: Final = ("", "two:")


@dataclass(frozen=True)
class Step:
    """A step of a history: one request, or a few that belong together.

    Attributes:
        verb: The verb, or the kind of a patch.
        plural: The resource.
        place: The prefix of the namespace.
        name: The name of the object.
        manager: The manager of fields.
        draw: The number that decides about the rest.
    """

    verb: str
    plural: str
    place: str
    name: str
    manager: str
    draw: int


VERBS: Final = {
    "create": 6,
    "get": 2,
    "list": 2,
    "update": 3,
    "merge": 3,
    "strategic": 3,
    "json": 2,
    "apply": 5,
    "status": 2,
    "scale": 1,
    "finalizers": 2,
    "delete": 3,
    "delete collection": 1,
    "watch": 2,
}
"""The verbs and how often they are drawn."""


def history(seed: int, kinds: tuple[str, ...] = ()) -> list[Step]:
    """Draw the steps of a history.

    Args:
        seed: Equal seeds give equal histories.
        kinds: The plurals to draw from; by default, all of `KINDS`.
    """
    chance = random.Random(seed)
    chosen = chance.sample(kinds or tuple(KINDS), 2)
    return [
        Step(
            verb=chance.choices(list(VERBS), list(VERBS.values()))[0],
            plural=chance.choice(chosen),
            place=chance.choice(PLACES),
            name=chance.choice(NAMES),
            manager=chance.choice(MANAGERS),
            draw=chance.randrange(1 << 30),
        )
        for _ in range(chance.randint(5, 40))
    ]


def define(backend: Backend) -> str:
    """Create the definitions of the custom kinds, and return their group."""
    wire = Wire(backend)
    define_in(wire)
    return wire.group


def define_in(wire: Wire, steps: Sequence[Step] | None = None) -> None:
    """Create the definitions of the custom kinds, of all or of those that a history needs, without records."""
    with wire.unrecorded():
        for each in definitions(wire.group):
            if steps is None or any(step.plural == each["spec"]["names"]["plural"] for step in steps):
                wire.define(each)


def play(steps: list[Step], backend: Backend, group: str = "") -> Transcript:
    """Send the requests of a history to a server and return the transcript.

    Args:
        steps: The history.
        backend: The server.
        group: The result of `define` for this server, which many histories can use; by default, it is called.
    """
    wire = Wire(backend, group or define(backend))
    send(steps, wire)
    return normalised(wire.exchanges, wire.names)


def send(steps: list[Step], wire: Wire) -> None:
    """Send the requests of a history, and remove objects that later histories would meet: those of the cluster, and
    Services, whose addresses are few.
    """
    player = Player(wire)
    for step in steps:
        player.send(step)
    with wire.unrecorded():
        for plural in {step.plural for step in steps} & {"gears", "services"}:
            for path in (f"{place}{plural}/{name}" for place in PLACES for name in (*NAMES, "z")):
                wire.patch(path, {"metadata": {"finalizers": None}})
                wire.delete(path)


def shrunk(steps: list[Step], fails: Callable[[list[Step]], bool]) -> list[Step]:
    """Return fewer steps that still fail: each is left out if the others still do."""
    number = len(steps) - 1
    while number >= 0:
        fewer = steps[:number] + steps[number + 1 :]
        if fails(fewer):
            steps = fewer
        number -= 1
    return steps


def differences(real: Transcript, fake: Transcript) -> list[str]:
    """Return a text for each response that differs."""
    found: list[str] = []
    for number in differing(real, fake):
        left, right = (side[number - 1] if number <= len(side) else {} for side in (real, fake))
        changes = "; ".join(list(_changes(left, right, ""))[:4])
        found.append(f"{number}: {left.get('request') or right.get('request')} | {left.get('code')} | {changes}")
    return found


def shown(steps: list[Step], real: Transcript, fake: Transcript) -> str:
    """Return a description of a failing history: its steps, its requests and the differences."""
    requests = [f"  {entry['request']} {entry['code']}" for entry in real]
    return "\n".join(["steps:", *(f"  {step}," for step in steps), "requests:", *requests, *differences(real, fake)])


def _changes(real: Any, fake: Any, path: str) -> Iterator[str]:
    if isinstance(real, dict) and isinstance(fake, dict):
        for name in sorted(real.keys() | fake.keys()):
            yield from _changes(real.get(name, "nothing"), fake.get(name, "nothing"), f"{path}.{name}")
    elif isinstance(real, list) and isinstance(fake, list):
        for number, (left, right) in enumerate(zip_longest(real, fake, fillvalue="nothing")):
            yield from _changes(left, right, f"{path}[{number}]")
    elif line(real) != line(fake):
        yield f"{path}: real {line(real)[:200]}, fake {line(fake)[:200]}"
