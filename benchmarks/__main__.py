"""Measure the clients: `python -m benchmarks [recorded|real|far|report]`; without a table, all of them.

python -m benchmarks real --only list,get --pods 500 --rounds 1
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import msgspec

from benchmarks import recorded, report, results
from benchmarks.real import cases, far, near, plan, programs
from benchmarks.real.server import server
from benchmarks.results import Results, Table, Target

ROUNDS = {"real": 5, "far": 2}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return 1 if kubeclient itself failed in a case."""
    options = _options(arguments)
    if options.table == "report":
        report.write(results.read(options.output or results.FILE))
        return 0
    names = (options.table,) if options.table else ("recorded", "real", "far")
    failed = 0
    if "recorded" in names:
        failed += _keep("recorded", recorded.measure(options.only, options.clients), recorded.targets, options)
    if set(names) - {"recorded"}:
        clients = [client for client in options.clients or cases.CLIENTS if client in cases.CLIENTS]
        made = programs.build(clients)
        with tempfile.TemporaryDirectory(prefix="kgen-bench-") as folder, server(Path(folder), options.pods) as filled:
            if "real" in names:
                rounds = options.rounds or ROUNDS["real"]
                table = near.measure(filled, made, _of(cases.CASES, options.only), clients, rounds)
                failed += _keep("real", table, near.targets, options)
            if "far" in names:
                rounds = options.rounds or ROUNDS["far"]
                table = far.measure(filled, made, _of(cases.FAR, options.only), clients, rounds)
                failed += _keep("far", table, lambda _: [], options)
    return 1 if failed else 0


def _keep(name: str, table: Table, targets: Callable[[Table], list[Target]], options: argparse.Namespace) -> int:
    """Store and print a table; return in how many cases our client failed."""
    table = msgspec.structs.replace(table, note=options.note, targets=targets(table))
    partly = bool(options.only or options.clients)
    if options.output:
        results.store(name, table, targets, options.output, partly=partly)
    elif _is_full(name, options):
        report.write(results.store(name, table, targets, partly=partly))
    print(report.written(Results(tables={name: table})))
    missed = sum(target.reached is False for target in table.targets)
    print(f"{name}: {missed} of {len(table.targets)} figures short of their target", flush=True)
    return sum(missing.client in (cases.OURS, cases.ASYNC) for missing in table.missing)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    recorded_clients, of_recorded = (sorted(set(names)) for names in zip(*recorded.wanted(), strict=True))
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("table", nargs="?", choices=["recorded", "real", "far", "report"])
    parser.add_argument("--only", type=_names([*cases.CASES, *of_recorded]), help="cases, separated by commas")
    parser.add_argument(
        "--clients", type=_names([*cases.CLIENTS, *recorded_clients]), help="clients, separated by commas"
    )
    parser.add_argument("--pods", type=int, default=plan.FULL, help=f"pods on the server; {plan.FULL} by default")
    parser.add_argument("--rounds", type=int, help="rounds of `real` and `far`; 5 and 2 by default")
    parser.add_argument("--note", default="", help="a remark about the circumstances, which the results contain")
    parser.add_argument("--output", type=Path, help="the file of the results instead of benchmarks/results.json")
    return parser.parse_args(arguments)


def _of(known: Iterable[str], only: Sequence[str] | None) -> list[str]:
    return [case for case in known if not only or case in only]


def _names(known: Sequence[str]) -> Callable[[str], list[str]]:
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


if __name__ == "__main__":
    sys.exit(main())
