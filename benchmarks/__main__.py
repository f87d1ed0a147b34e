"""Measure the clients: `python -m benchmarks [recorded|real|far|report]`; without a table, all of them.

python -m benchmarks real --only list,get --pods 500 --rounds 1
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks import recorded, report, results
from benchmarks.real import cases, far, near, plan
from benchmarks.results import Results, Table, Target

ROUNDS = {"real": 5, "far": 2}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return 1 if kubeclient itself failed in a case."""
    options = _options(arguments)
    if options.table == "report":
        report.write(results.read(options.output or results.FILE))
        return 0
    failed = 0
    for name in (options.table,) if options.table else ("recorded", "real", "far"):
        table, targets = _measured(name, options)
        partly = bool(options.only or options.clients)
        if options.output or _is_full(name, options):
            results.store(name, table, targets, options.output or results.FILE, partly=partly)
        shown = Results(tables={name: _judged(table, targets)})
        print(report.written(shown))
        failed += sum(missing.client in (cases.OURS, cases.ASYNC) for missing in table.missing)
        missed = sum(target.reached is False for target in shown.tables[name].targets)
        print(f"{name}: {missed} of {len(shown.tables[name].targets)} figures short of their target")
    if not options.output:
        report.write(results.read())
    return 1 if failed else 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("table", nargs="?", choices=["recorded", "real", "far", "report"])
    parser.add_argument("--only", type=_names(cases.CASES), help="cases of `real` and `far`, separated by commas")
    parser.add_argument("--clients", type=_names(cases.CLIENTS), help="clients of `real` and `far`")
    parser.add_argument("--pods", type=int, default=plan.FULL, help=f"pods on the server; {plan.FULL} by default")
    parser.add_argument("--rounds", type=int, help="rounds of `real` and `far`; 5 and 2 by default")
    parser.add_argument("--output", type=Path, help="the file of the results instead of benchmarks/results.json")
    return parser.parse_args(arguments)


def _names(known: Sequence[str] | dict[str, cases.Case]) -> Callable[[str], list[str]]:
    def names(text: str) -> list[str]:
        found = [name.strip() for name in text.split(",")]
        unknown = [name for name in found if name not in known]
        if unknown:
            raise argparse.ArgumentTypeError(f"unknown: {', '.join(unknown)}; known: {', '.join(known)}")
        return found

    return names


def _is_full(name: str, options: argparse.Namespace) -> bool:
    """Return whether the results of a run are those that the repository keeps."""
    return name == "recorded" or (options.pods == plan.FULL and options.rounds in (None, ROUNDS[name]))


def _measured(name: str, options: argparse.Namespace) -> tuple[Table, Callable[[Table], list[Target]]]:
    if name == "recorded":
        return recorded.measure_all(), recorded.targets
    clients = options.clients or cases.CLIENTS
    rounds = options.rounds or ROUNDS[name]
    if name == "real":
        return near.measure(options.only or list(cases.CASES), clients, options.pods, rounds), near.targets
    only = [case for case in options.only or cases.FAR if case in cases.FAR]
    return far.measure(only, clients, options.pods, rounds), lambda _: []


def _judged(table: Table, targets: Callable[[Table], list[Target]]) -> Table:
    table.targets = targets(table)
    return table


if __name__ == "__main__":
    sys.exit(main())
