"""The table of the real server: `python -m benchmarks real`."""

from __future__ import annotations

import functools
import subprocess
import sys
from collections.abc import Sequence

from benchmarks import environment, results
from benchmarks.real import cases, plan, turns
from benchmarks.real.programs import Programs, Ready
from benchmarks.real.server import Filled
from benchmarks.results import Table, Target


def measure(filled: Filled, made: Programs, only: Sequence[str], clients: Sequence[str], rounds: int) -> Table:
    """Run the cases and return the table without its targets."""
    plan.sized(filled.pods).write(filled.folder)
    runs = turns.Turns(made, functools.partial(_prepare, filled), functools.partial(clean, filled))
    for turn in range(rounds):
        for case in (cases.CASES[name] for name in only):
            for client in turns.rotated(clients, turn):
                if turns.takes_part(case, client, turn):
                    runs.run(case.name, client, filled.url, filled.folder)
    return runs.table(filled, rounds)


def _prepare(filled: Filled, case: str) -> Ready | None:
    """Return the function that makes the changes of `watch` in another process."""
    if case != "watch":
        return None
    command = [sys.executable, "-m", "benchmarks.real.changes", filled.cluster.etcd_url]
    changes = str(plan.sized(filled.pods).changes)
    return lambda: void(subprocess.run([*command, changes], cwd=environment.ROOT, check=True))


def void(_: object) -> None:
    """Ignore a result."""


def clean(filled: Filled, case: str) -> None:
    """Remove the objects that a case created."""
    if case == "create":
        status, _ = filled.cluster.raw("DELETE", "/api/v1/namespaces/created/configmaps")
        assert status == 200


def targets(table: Table) -> list[Target]:
    """Return the targets with the figures of a table."""
    return judged(table, cases.TARGETS)


def judged(table: Table, wanted: Sequence[cases.Target]) -> list[Target]:
    """Return these targets with the figures of a table. Absolute targets are for the full number of pods."""
    return [_target(table, target) for target in wanted if target.at_least or table.pods == plan.FULL]


def _target(table: Table, target: cases.Target) -> Target:
    ours = table.find(target.case, target.client, target.quantity)
    peer = table.find(target.peer_case or target.case, target.peer, target.quantity)
    # An absolute figure per object is in a smaller unit than the figure of the case.
    scale = (1000 if ours and (ours.unit, target.unit) == ("ms", "us") else 1) / target.per
    return results.judge(
        Target(
            title=target.title,
            case=target.case,
            client=target.client,
            unit=target.unit,
            value=ours.value * scale if ours else None,
            peer=target.peer,
            peer_value=peer.value * scale if peer else None,
            at_least=round(target.at_least, 3) if target.peer else None,
            at_most=None if target.peer else target.at_most,
        )
    )
