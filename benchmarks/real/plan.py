"""The sizes of all cases, which every program reads from `plan.json`."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

from benchmarks.real.pods import NAMESPACE, SHARDS

FULL = 10_000
"""Pods of the published table."""


@dataclasses.dataclass(frozen=True)
class Plan:
    """Numbers and names of all cases.

    Attributes:
        pods: Pods on the server, and objects that `list` returns.
        namespace: Their namespace.
        label: A label selector.
        labelled: Pods that it selects.
        created: The namespace of created objects.
        compressed: Whether clients that have an option for it accept compressed responses.
        page: Pods of the first page.
        gets: Measured requests of `get`.
        warm_up: Requests of `get` before them.
        fan_out: Requests of one repetition of `fan_out`.
        connections: Most connections at a time.
        writes: Measured requests of `update` and `patch`.
        creates: Objects that `create` makes.
        tasks: Tasks or threads that make them.
        changes: Events of `watch`, and changes that a cache receives.
        reads: Reads of a cache in one batch.
        items: Items that go through a work queue.
        informers: Informers that have nothing to do in `idle`.
        idle_seconds: Seconds for which `idle` measures.
    """

    pods: int
    namespace: str = NAMESPACE
    label: str = "shard=3"
    labelled: int = 0
    created: str = "created"
    compressed: bool = False
    page: int = 500
    gets: int = 1000
    warm_up: int = 200
    fan_out: int = 1000
    connections: int = 100
    writes: int = 100
    creates: int = 2000
    tasks: int = 32
    changes: int = 10_000
    reads: int = 1000
    items: int = 100_000
    informers: int = 20
    idle_seconds: float = 120.0

    def write(self, folder: Path) -> None:
        """Write `plan.json` into a folder."""
        (folder / "plan.json").write_text(json.dumps(dataclasses.asdict(self)))


def sized(count: int) -> Plan:
    """Return the plan for so many pods; with fewer than `FULL`, everything else is smaller, too."""
    share = min(1.0, count / FULL)

    def part(full: int, least: int) -> int:
        return max(least, round(full * share))

    full = Plan(pods=count)
    return dataclasses.replace(
        full,
        labelled=len(range(3, count, SHARDS)),
        gets=part(full.gets, 20),
        warm_up=part(full.warm_up, 5),
        fan_out=part(full.fan_out, 100),
        writes=part(full.writes, 5),
        creates=part(full.creates, 50),
        changes=part(full.changes, 100),
        reads=part(full.reads, 20),
        items=part(full.items, 1000),
        idle_seconds=max(1.0, full.idle_seconds * share),
    )
