"""Measure the clients: `python -m benchmarks [recorded|real|far|controllers|report]`; without a table, all of them.

python -m benchmarks real --only list,get --pods 500 --rounds 1
python -m benchmarks controllers --pods 100000 --clients ours,"client-go protobuf"
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import msgspec

from benchmarks import recorded, report, results
from benchmarks.controllers import table as controllers
from benchmarks.controllers.cases import CASES as CONTROLLERS
from benchmarks.controllers.cases import LARGE
from benchmarks.real import cases, far, near, plan, programs
from benchmarks.real.server import Filled, server
from benchmarks.results import Results, Table, Target

ROUNDS = {"real": 5, "far": 2, "controllers": 3}

Measure = Callable[[Filled, programs.Programs, Sequence[str], Sequence[str], int], Table]

_SERVED: dict[str, tuple[Measure, Callable[[Table], list[Target]]]] = {
    "real": (near.measure, near.targets),
    "far": (far.measure, lambda _: []),
    "controllers": (controllers.measure, controllers.targets),
}
"""Tables of the server with pods: how they are measured, and their targets."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return 1 if kubeclient itself failed in a case."""
    options = _options(arguments)
    if options.table == "report":
        report.write(results.read(options.output or results.FILE))
        return 0
    names = (options.table,) if options.table else ("recorded", *_SERVED)
    failed = 0
    if "recorded" in names:
        failed += _keep(
            "recorded", recorded.measure(options.only, options.clients, options.before), recorded.targets, options
        )
    if served := [name for name in _SERVED if name in names]:
        clients = [client for client in options.clients or cases.CLIENTS if client in cases.CLIENTS]
        made = programs.build(clients)
        with tempfile.TemporaryDirectory(prefix="kgen-bench-") as folder, server(Path(folder), options.pods) as filled:
            for name in served:
                measure, targets = _SERVED[name]
                only = _of(_known(name, options.pods), options.only)
                table = measure(filled, made, only, clients, options.rounds or ROUNDS[name])
                failed += _keep(name, table, targets, options)
    return 1 if failed else 0


def _known(name: str, pods: int) -> Mapping[str, object]:
    """Return the cases of a table for a number of pods."""
    known: dict[str, Mapping[str, object]] = {"real": cases.CASES, "far": cases.FAR}
    return known.get(name, controllers.of_size(pods))


def _keep(name: str, table: Table, targets: Callable[[Table], list[Target]], options: argparse.Namespace) -> int:
    """Store and print a table; return in how many cases our client failed."""
    table = msgspec.structs.replace(table, note=options.note, targets=targets(table))
    stored = results.LARGE if (name, table.pods) == ("controllers", LARGE) else name
    partly = bool(options.only or options.clients)
    if options.output:
        results.store(stored, table, targets, options.output, partly=partly)
    elif _is_full(name, options):
        report.write(results.store(stored, table, targets, partly=partly))
    print(report.written(Results(tables={stored: table})))
    missed = sum(target.reached is False for target in table.targets)
    print(f"{stored}: {missed} of {len(table.targets)} figures short of their target", flush=True)
    return sum(missing.client in (cases.OURS, cases.ASYNC) for missing in table.missing)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    recorded_clients, of_recorded = (sorted(set(names)) for names in zip(*recorded.wanted(), strict=True))
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("table", nargs="?", choices=["recorded", *_SERVED, "report"])
    known = [*cases.CASES, *CONTROLLERS, *of_recorded]
    parser.add_argument("--only", type=_names(known), help="cases, separated by commas")
    parser.add_argument(
        "--clients", type=_names([*cases.CLIENTS, *recorded_clients]), help="clients, separated by commas"
    )
    parser.add_argument("--pods", type=int, default=plan.FULL, help=f"pods on the server; {plan.FULL} by default")
    parser.add_argument("--rounds", type=int, help=f"rounds of these tables; {ROUNDS} by default")
    parser.add_argument("--note", default="", help="a remark about the circumstances, which the results contain")
    parser.add_argument("--before", type=Path, help="a checkout of an earlier version, for `recorded`")
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
    if name == "recorded":
        return True
    sizes = (plan.FULL, LARGE) if name == "controllers" else (plan.FULL,)
    return options.pods in sizes and options.rounds in (None, ROUNDS[name])


if __name__ == "__main__":
    sys.exit(main())
