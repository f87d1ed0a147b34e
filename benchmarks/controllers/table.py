"""The table of controllers: `python -m benchmarks controllers`."""

from __future__ import annotations

import contextlib
import functools
import json
import ssl
import subprocess
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks import record, recorded, results
from benchmarks.controllers import bodies, cases
from benchmarks.real import near, plan, turns
from benchmarks.real.cases import Case
from benchmarks.real.programs import ProgramError, Programs, Ready
from benchmarks.real.server import Filled
from benchmarks.results import Missing, Table


def measure(filled: Filled, made: Programs, only: Sequence[str], clients: Sequence[str], rounds: int) -> Table:
    """Run the cases and return the table without its targets."""
    sizes = plan.sized(filled.pods)
    sizes.write(filled.folder)
    with contextlib.ExitStack() as stack:
        replay = filled.folder / "replay"
        replayed = ""
        if cases.REPLAYED.keys() & set(only):
            replayed = stack.enter_context(_replay(replay, sizes, made.goclient))
        runs = turns.Turns(
            made,
            functools.partial(_prepare, replayed, replay),
            functools.partial(_clean, filled),
            cases.CASES,
            "controllers",
        )
        if filled.pods > plan.FULL:
            runs.missing += [
                Missing(client=name, reason=why) for name, why in cases.TOO_LARGE.items() if name in clients
            ]
            clients = [client for client in clients if client not in cases.TOO_LARGE]
        for turn in range(rounds):
            for case in (cases.CASES[name] for name in only):
                url, folder = (replayed, replay) if case.name in cases.REPLAYED else (filled.url, filled.folder)
                for client in turns.rotated(clients, turn):
                    if turns.takes_part(case, client, turn):
                        runs.run(case.name, client, url, folder)
        return runs.table(filled, rounds)


def of_size(pods: int) -> Mapping[str, Case]:
    """Return the cases for a number of pods."""
    return cases.SYNCS if pods > plan.FULL else cases.CASES


def targets(table: Table) -> list[results.Target]:
    """Return the targets with the figures of a table."""
    return near.judged(table, cases.SYNC_TARGETS if table.pods > plan.FULL else cases.TARGETS)


@contextlib.contextmanager
def _replay(folder: Path, sizes: plan.Plan, goclient: Path | None) -> Iterator[str]:
    """Run the server of recorded responses; yield its URL."""
    folder.mkdir()
    record.write_certificates(folder)
    small = plan.sized(min(sizes.pods, plan.FULL))
    small.write(folder)
    bodies.write(folder, small.pods, small.changes)
    if goclient is not None:
        for command, names in (("encode", ["list", *_pages(folder)]), ("encode-watch", bodies.EVENTS)):
            files = [str(folder / f"{name}.{suffix}") for name in names for suffix in ("json", "pb")]
            subprocess.run([goclient, command, *files], check=True)
    with recorded.server(folder, "benchmarks.controllers.replay") as url:
        yield url


def _pages(folder: Path) -> list[str]:
    return sorted(file.stem for file in folder.glob("page-*.json"))


def _prepare(url: str, folder: Path, case: str) -> Ready | None:
    order = cases.REPLAYED.get(case)
    return functools.partial(_send, url, folder, order) if order else None


def _send(url: str, folder: Path, order: str) -> dict[str, Any]:
    """Let the server of recorded responses send events to the open watch; return the figures that it measured."""
    request = urllib.request.Request(f"{url}/replay/{order}", method="POST")
    context = ssl.create_default_context(cafile=str(folder / "ca.pem"))
    with urllib.request.urlopen(request, context=context) as response:
        figures: dict[str, Any] = json.load(response)
    if "error" in figures:
        raise ProgramError(figures["error"])
    return figures


def _clean(filled: Filled, case: str) -> None:
    """Remove the objects that a failover wrote."""
    if case in ("killed", "released"):
        for path in ("/api/v1/namespaces/created/configmaps", "/apis/coordination.k8s.io/v1/namespaces/created/leases"):
            status, _ = filled.cluster.raw("DELETE", path)
            assert status == 200
