"""Let the clients take turns: in each round, every client runs every case once, and another client begins."""

from __future__ import annotations

import statistics
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks import environment, results
from benchmarks.real import cases, programs
from benchmarks.real.server import Filled
from benchmarks.results import Figure, Missing, Table

Runs = dict[tuple[str, str, str], list[dict[str, Any]]]
"""The figures that the programs printed, by case, client and network."""


class Turns:
    """Runs of programs, and the clients that failed.

    Args:
        made: The programs.
        prepare: Called before each run with its case; returns the function to call when the program is ready.
        clean: Called after each run with its case.
        known: The cases of the table.
        name: The table, whose programs run.
    """

    def __init__(
        self,
        made: programs.Programs,
        prepare: Callable[[str], programs.Ready | None],
        clean: Callable[[str], None],
        known: Mapping[str, cases.Case] = cases.CASES,
        name: str = "real",
    ) -> None:
        self._programs = made
        self._prepare = prepare
        self._clean = clean
        self._known = known
        self._name = name
        self._runs: Runs = defaultdict(list)
        self.missing = [Missing(client=client, reason=reason) for client, reason in made.missing.items()]

    def run(self, case: str, client: str, url: str, folder: Path, network: str = "") -> None:
        """Run a case of a client once, unless it failed before."""
        if client in self._programs.missing or self._failed(case, client, network):
            return
        try:
            command = self._programs.command(client, case, url, folder, self._name)
            printed = programs.run(command, self._prepare(case))
        except programs.ProgramError as error:
            lines = str(error).splitlines()
            self.missing.append(Missing(client=client, reason=lines[-1], case=case, network=network))
            print(f"{case} {client} failed:\n{error}", file=sys.stderr)
            return
        finally:
            self._clean(case)
        self._runs[case, client, network].append(printed)
        shown = _READERS[self._known[case].quantities[0]](printed)
        print(f"{case:9} {client:19} {network:18} {shown:.6f}", file=sys.stderr, flush=True)

    def _failed(self, case: str, client: str, network: str) -> bool:
        return any((each.case, each.client, each.network) == (case, client, network) for each in self.missing)

    def table(self, filled: Filled, rounds: int) -> Table:
        """Return the table of all runs, without its targets."""
        figures = [
            figure
            for (case, client, network), printed in self._runs.items()
            for figure in _figures(self._known[case], client, printed, network)
        ]
        return Table(
            machine=environment.machine(),
            versions=environment.versions() | {"kube-apiserver": filled.version},
            rounds=rounds,
            pods=filled.pods,
            pod_bytes=filled.pod_bytes,
            figures=figures,
            missing=self.missing,
        )


_READERS: dict[str, Callable[[dict[str, Any]], float]] = {
    cases.SECONDS: lambda run: statistics.median(run["seconds"]),
    cases.CPU: lambda run: float(run["cpu_seconds"]),
    cases.PEAK: lambda run: run["peak_kib"] / 1024,
    cases.PAUSE: lambda run: float(run["pause_seconds"]),
    cases.RESIDENT: lambda run: run["resident_kib"] / 1024,
    cases.CACHE: lambda run: (run["resident_kib"] - run["before_kib"]) / 1024,
    cases.REQUESTS: lambda run: float(run["requests"]),
}
"""How the figure of a quantity is read from the output of a program; times are in seconds, memory is in MiB."""

_UNITS = {cases.PEAK: "MiB", cases.RESIDENT: "MiB", cases.CACHE: "MiB", cases.REQUESTS: "requests"}


def _figures(case: cases.Case, client: str, printed: Sequence[dict[str, Any]], network: str) -> Iterator[Figure]:
    # The network changes neither CPU time nor memory.
    for quantity in case.quantities if not network else (cases.SECONDS,):
        if quantity == cases.REQUESTS and cases.REQUESTS not in printed[0]:
            continue  # Not every program can count them.
        unit = _UNITS.get(quantity, case.unit)
        runs = [_READERS[quantity](run) for run in printed]
        yield results.figure(case.name, case.title, client, quantity, unit, runs, network)


def rotated(clients: Sequence[str], turn: int) -> Iterable[str]:
    """Return the clients in the order of a round."""
    start = turn % len(clients) if clients else 0
    return [*clients[start:], *clients[:start]]


def takes_part(case: cases.Case, client: str, turn: int) -> bool:
    """Return whether a client runs a case in a round."""
    return client in case.clients and turn < min(case.rounds, cases.SLOW.get(client, case.rounds))
