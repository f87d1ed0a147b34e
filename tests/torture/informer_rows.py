"""Faults of informers on a real API server: `python -m tests.torture informer --rows all --n N --seed S`.

Each row is a function that starts informers of every kind and causes one fault. Then there are changes without faults,
and the checks of `informer_world`: the copies equal a list, the versions of an object rise, its changes are Added,
Updated and Deleted, requests were few, and nothing is left after the end.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from tests.cluster import Cluster
from tests.torture import informer_connections, informer_responses, informer_servers  # noqa: F401 - they add rows
from tests.torture.informer_table import ROWS
from tests.torture.informer_world import World
from tests.torture.tally import Tally

__all__ = ["names_of", "play", "run"]


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
