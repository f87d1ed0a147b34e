"""Measure the clients: `python -m benchmarks [recorded|real|far|controllers|fake|report]`; all of them by default.

python -m benchmarks real --only list,get --pods 500 --rounds 1
python -m benchmarks controllers --pods 100000 --clients ours,"client-go protobuf"
"""

from __future__ import annotations

import argparse
import itertools
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from benchmarks import fake, pictures, recorded, report, results
from benchmarks.controllers import table as controllers
from benchmarks.controllers.cases import LARGE
from benchmarks.real import cases, far, near, plan, programs
from benchmarks.real.server import Filled, server
from benchmarks.results import Results, Table, Target

ROUNDS = {"real": 5, "far": 2, "controllers": 3, "fake": 5}

Measure = Callable[[Filled, programs.Programs, Sequence[str], Sequence[str], int], Table]


class Served(NamedTuple):
    """A table of the server with pods.

    Attributes:
        measure: Measures its cases.
        targets: Returns its targets.
        cases: Returns its cases for a number of pods.
    """

    measure: Measure
    targets: Callable[[Table], list[Target]]
    cases: Callable[[int], Iterable[str]]


_SERVED: Final = {
    "real": Served(near.measure, near.targets, lambda _: cases.CASES),
    "far": Served(far.measure, lambda _: [], lambda _: cases.FAR),
    "controllers": Served(controllers.measure, controllers.targets, controllers.of_size),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return 1 if kubeclient itself failed in a case, or the fake server missed a target."""
    options = _options(arguments)
    if options.table == "report":
        measured = results.read(options.output or results.FILE)
        report.write(measured)
        pictures.write(measured)
        return 0
    known = _cases(options)
    names = [name for name in known if not options.only or _of(known[name], options.only)]
    failed = 0
    if "recorded" in names:
        failed += _keep(
            "recorded", recorded.measure(options.only, options.clients, options.before), recorded.targets, options
        )
    if "fake" in names:
        table = fake.measure(_of(known["fake"], options.only), options.rounds or ROUNDS["fake"])
        failed += _keep("fake", table, fake.targets, options)
    if served := [name for name in _SERVED if name in names]:
        clients = [client for client in options.clients or cases.CLIENTS if client in cases.CLIENTS]
        made = programs.build(clients)
        with tempfile.TemporaryDirectory(prefix="kgen-bench-") as folder, server(Path(folder), options.pods) as filled:
            for name in served:
                chosen, rounds = _SERVED[name], options.rounds or ROUNDS[name]
                table = chosen.measure(filled, made, _of(known[name], options.only), clients, rounds)
                failed += _keep(name, table, chosen.targets, options)
    return 1 if failed else 0


def _cases(options: argparse.Namespace) -> dict[str, list[str]]:
    """Return the names of the cases of each chosen table."""
    found = {"recorded": sorted({case for _, case in recorded.wanted()})}
    found["fake"] = [*fake.CASES]
    found |= {name: [*served.cases(options.pods)] for name, served in _SERVED.items()}
    return {name: known for name, known in found.items() if options.table in (None, name)}


def _keep(name: str, table: Table, targets: Callable[[Table], list[Target]], options: argparse.Namespace) -> int:
    """Store and print a table; return in how many cases our client failed."""
    table = msgspec.structs.replace(table, note=options.note, targets=targets(table))
    stored = results.LARGE if (name, table.pods) == ("controllers", LARGE) else name
    partly = bool(options.only or options.clients)
    if options.output:
        results.store(stored, table, targets, options.output, partly=partly)
    elif _is_full(name, options):
        everything = results.store(stored, table, targets, partly=partly)
        report.write(everything)
        pictures.write(everything)
    print(report.written(Results(tables={stored: table})))
    missed = sum(target.reached is False for target in table.targets)
    print(f"{stored}: {missed} of {len(table.targets)} figures short of their target", flush=True)
    if name == "fake":
        return missed
    return sum(missing.client in (cases.OURS, cases.ASYNC) for missing in table.missing)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    recorded_clients = sorted({client for client, _ in recorded.wanted()})
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("table", nargs="?", choices=["recorded", "fake", *_SERVED, "report"])
    parser.add_argument("--only", type=_split, help="cases of the table, separated by commas")
    parser.add_argument("--clients", type=_split, help="clients, separated by commas")
    parser.add_argument("--pods", type=int, default=plan.FULL, help=f"pods on the server; {plan.FULL} by default")
    parser.add_argument("--rounds", type=int, help=f"rounds of these tables; {ROUNDS} by default")
    parser.add_argument("--note", default="", help="a remark about the circumstances, which the results contain")
    parser.add_argument("--before", type=Path, help="a checkout of an earlier version, for `recorded`")
    parser.add_argument("--output", type=Path, help="the file of the results instead of benchmarks/results.json")
    options = parser.parse_args(arguments)
    cases_of_tables = dict.fromkeys(itertools.chain(*_cases(options).values()))
    for name, known in (("only", cases_of_tables), ("clients", dict.fromkeys([*cases.CLIENTS, *recorded_clients]))):
        if unknown := [found for found in getattr(options, name) or () if found not in known]:
            parser.error(f"argument --{name}: unknown: {', '.join(unknown)}; known: {', '.join(known)}")
    return options


def _of(known: Iterable[str], only: Sequence[str] | None) -> list[str]:
    return [case for case in known if not only or case in only]


def _split(text: str) -> list[str]:
    return [name.strip() for name in text.split(",")]


def _is_full(name: str, options: argparse.Namespace) -> bool:
    """Return whether the results of a run are those that the repository keeps."""
    if name == "recorded":
        return True
    if name == "fake":
        return options.rounds in (None, ROUNDS[name])
    sizes = (plan.FULL, LARGE) if name == "controllers" else (plan.FULL,)
    return options.pods in sizes and options.rounds in (None, ROUNDS[name])


if __name__ == "__main__":
    sys.exit(main())
