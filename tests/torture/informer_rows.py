"""Faults of informers on a real API server: `python -m tests.torture informer --rows all --n N --seed S`.

Each row is a function that starts informers of every kind and causes one fault. Then there are changes without faults,
and the checks of `informer_world`: the copies equal a list, the versions of an object rise, its changes are Added,
Updated and Deleted, requests were few, and nothing is left after the end.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from tests.cluster import Cluster
from tests.torture.gateway import status_response
from tests.torture.informer_world import World
from tests.torture.proxy import Plan
from tests.torture.server import Ask
from tests.torture.tally import Tally

__all__ = ["ROWS", "names_of", "play", "run"]


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


def names_of(rows: str) -> list[str]:
    """Return the names of rows.

    Args:
        rows: `all`, `quick`, or names with commas between them.

    Raises:
        ValueError: There is no such row.
    """
    if rows in ("all", "quick"):
        return [name for name, found in ROWS.items() if found.is_quick or rows == "all"]
    names = rows.split(",")
    if unknown := [name for name in names if name not in ROWS]:
        raise ValueError(f"no row {', '.join(unknown)}; rows are {', '.join(ROWS)}")
    return names


def play(tally: Tally, cluster: Cluster, names: Sequence[str], seed: int, *, is_long: bool = False) -> None:
    """Cause faults, one after the other.

    Args:
        tally: Counts the checks.
        cluster: The server.
        names: The names of the rows.
        seed: The seed of random choices.
        is_long: Whether faults may last for minutes.
    """
    for name in names:
        began = time.monotonic()
        with World(cluster, tally, name, seed, is_long=is_long) as world:
            try:
                ROWS[name].cause(world)
            except AssertionError as error:
                world.check(False, f"the fault does not come to its end: {error}")
            world.finish()
        tally.figure(name, f"{time.monotonic() - began:.1f}s")


def run(names: Sequence[str], rounds: int, seed: int) -> Tally:
    """Start a server, and cause each fault some times.

    Args:
        names: The names of the rows.
        rounds: How often each fault occurs.
        seed: The seed of the first round.
    """
    tally = Tally("informer", verbose=True)
    with Cluster(controllers=False) as cluster:
        for number in range(seed, seed + rounds):
            play(tally, cluster, names, number, is_long=True)
    return tally


# Connections.


def _cut_somewhere(world: World, *, most: int) -> None:
    """Cut the next connections of the informers at random bytes, then none."""
    chance = world.chance
    cuts = [Plan(cut_after=chance.randrange(most), how=chance.choice(("fin", "rst"))) for _ in range(6)]
    world.proxy.plan = lambda number: cuts.pop() if cuts else Plan()


@row("cut-watch-list", is_quick=True)
def cut_watch_list(world: World) -> None:
    """The first state is cut at any byte."""
    _cut_somewhere(world, most=20_000)
    world.follow()


@row("cut-list", is_quick=True)
def cut_list(world: World) -> None:
    """A server that can't send the state as events is listed, and the list is cut at any byte."""
    world.gateway.refuse = _without_watch_list
    _cut_somewhere(world, most=20_000)
    world.follow()
    world.check(all(found.lists for found in world.reflections), "the state is read as events")


def _without_watch_list(ask: Ask) -> bytes | None:
    return status_response(422, "Invalid") if "sendInitialEvents" in ask.target else None


@row("cut-watch", is_quick=True)
def cut_watch(world: World) -> None:
    """Watches are cut at any byte, while objects change."""
    world.follow()
    for _ in range(4):
        _cut_somewhere(world, most=4_000)
        world.proxy.cut(world.chance.choice(("fin", "rst")))
        world.change(5)
    world.heal()
    world.await_equal()
    world.check(not any(found.relists for found in world.reflections), "everything was read again")


@row("refused-watch-list", is_quick=True)
def refused_watch_list(world: World) -> None:
    """422 to the state as events leads to a list, and is remembered."""
    world.gateway.refuse = _without_watch_list
    world.follow()
    asks = [ask for ask in list(world.gateway.asks) if "sendInitialEvents" in ask.target]
    world.check(len(asks) == len(world.followers), f"{len(asks)} requests for the state as events")
