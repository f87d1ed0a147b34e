"""The fault and fuzz suite: `python -m tests.torture NAME [--n N] [--seed S]`.

Each command prints one line with what it tried and what came out wrong, the first bad cases above it, and exits 1
where there are any.
"""

from __future__ import annotations

import argparse
import importlib
import logging
import sys
from typing import Final, Protocol, cast

from tests.torture.tally import Tally

COMMANDS: Final = ("names", "answers", "fuzz", "cancel", "bombs", "slow", "storm", "tls", "leak", "canary", "refresh")


class Command(Protocol):
    """What each command's module has."""

    def run(self, n: int | None, seed: int) -> Tally:
        """Do the work; `n` is how much of it, None for the command's own measure."""
        ...


def command(name: str) -> Command:
    """Return a command's module."""
    return cast("Command", importlib.import_module(f"tests.torture.{name}"))


def main(arguments: list[str] | None = None) -> int:
    """Run one command, or all of them; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.torture", description="The fault and fuzz suite.")
    parser.add_argument("name", choices=[*COMMANDS, "all"])
    parser.add_argument("--n", type=int, default=None, help="how much to try; each command has its own measure")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args(arguments)
    logging.getLogger("kubecore").addHandler(logging.NullHandler())  # What it warns of is not what is counted.
    code = 0
    for name in COMMANDS if asked.name == "all" else (asked.name,):
        tally = command(name).run(asked.n, asked.seed)
        print("\n".join(tally.shown()), flush=True)
        code |= bool(tally.bad) or not tally.tries
    return code


if __name__ == "__main__":
    sys.exit(main())
