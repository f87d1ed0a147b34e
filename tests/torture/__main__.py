"""The fault and fuzz suite: `python -m tests.torture NAME [--n N] [--seed S]`.

`watch` also accepts `--events N --faults M --client go`, and `informer` accepts `--events N --faults M`, or
`--rows all|quick|NAME,NAME --n N`. `watch`, `informer`, `election`, `structural` and `fake` need the real API
server.

Each command prints the first bad cases, then one line with the number of tries and of bad cases. It exits with 1 if a
case was bad.
"""

from __future__ import annotations

import argparse
import importlib
import logging
import sys
from typing import Any, Final, Protocol, cast

from tests.cluster import GoMissingError
from tests.torture.tally import Tally

COMMANDS: Final = (
    "names",
    "additions",
    "crds",
    "responses",
    "fuzz",
    "http",
    "kept",
    "cancel",
    "bombs",
    "slow",
    "deadlines",
    "storm",
    "tls",
    "leak",
    "canary",
    "refresh",
    "replay",
    "watch",
    "informer",
    "election",
    "sim",
    "specs",
    "structural",
    "fake",
    "bugs",
)


_OPTIONS: Final = {"watch": {"faults", "client"}, "informer": {"faults", "rows"}}
"""Options that only some commands have."""


class Command(Protocol):
    """Interface of the module of a command."""

    def run(self, n: int | None, seed: int, **more: Any) -> Tally:
        """Make `n` tries, or the default number of the command if it is None. Some commands have more options."""
        ...


def command(name: str) -> Command:
    """Return a command's module."""
    return cast("Command", importlib.import_module(f"tests.torture.{name}"))


def main(arguments: list[str] | None = None) -> int:
    """Run one command, or all of them; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.torture", description="The fault and fuzz suite.")
    parser.add_argument("name", choices=[*COMMANDS, "all"])
    parser.add_argument("--n", type=int, default=None, help="how much to try; each command has its own measure")
    parser.add_argument("--events", type=int, dest="n", help="of watch and informer: the same")
    parser.add_argument("--faults", type=int, help="of watch and informer: how many faults occur")
    parser.add_argument("--rows", help="of informer: which faults of its table occur: all, quick, or names with commas")
    parser.add_argument("--client", choices=["python", "go"], help="of watch: who follows")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(arguments)
    more = {key: value for key in ("faults", "client", "rows") if (value := getattr(given, key)) is not None}
    if not more.keys() <= _OPTIONS.get(given.name, set()):
        options = ", ".join(f"`--{name}`" for name in more if name not in _OPTIONS.get(given.name, set()))
        parser.error(f"{options} cannot be used with {given.name}")
    logging.getLogger("kubecore").addHandler(logging.NullHandler())  # Hides expected warnings.
    code = 0
    for name in COMMANDS if given.name == "all" else (given.name,):
        try:
            tally = command(name).run(given.n, given.seed, **more)
        except GoMissingError as error:
            print(f"{name} left out: {error}", flush=True)
            code |= given.name != "all"
            continue
        print("\n".join(tally.shown()), flush=True)
        code |= bool(tally.bad) or not tally.tries
    return code


if __name__ == "__main__":
    sys.exit(main())
