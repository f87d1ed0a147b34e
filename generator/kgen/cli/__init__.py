"""The command line: click, messages and exit codes. The only package that prints.

Exit codes: 0 ok, 1 `check` found a difference, 2 usage or configuration, 3 input, 4 cluster, 70 a bug of kgen, 130
interrupted, 141 the reader of the output has gone, 143 a watch that SIGTERM ended.
"""

from __future__ import annotations

import os
import sys
import traceback
from pathlib import Path
from typing import Any, Final

import click

from kgen.cli.build import build
from kgen.cli.check import check
from kgen.cli.documents import diff, list_, pull
from kgen.cli.messages import show
from kgen.cli.migrate import migrate
from kgen.cli.reference import docs
from kgen.cli.setup import completion, init
from kgen.errors import ISSUES, KgenError, Problem, nearest

__all__ = ["cli", "run"]


_BUG: Final = 70

_READER_GONE: Final = 141


class _ReaderGoneError(Exception):
    """Not an OSError: of a broken pipe click itself would make exit code 1, the one for "differs"."""


def run(arguments: list[str] | None = None) -> int:
    """Run the command line and return the exit code; nothing that goes wrong shows a traceback, but for `--debug`.

    Args:
        arguments: The arguments without the program's name; by default those of the process.
    """
    words = sys.argv[1:] if arguments is None else arguments
    try:
        return _run(words)
    except (_ReaderGoneError, BrokenPipeError):
        # As after `| head`. Nothing more can be printed, not even by Python as it exits. Neither 0 nor 1 would be true.
        for stream in (sys.stdout, sys.stderr):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        return _READER_GONE


def _run(words: list[str]) -> int:
    try:
        code = cli.main(args=words, prog_name="kgen", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.exceptions.Exit as error:
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return 130
    except KgenError as error:
        show(error.problems, "error")
        return error.exit_code
    except (_ReaderGoneError, BrokenPipeError):
        raise
    except Exception as error:
        if "--debug" in words:
            traceback.print_exc()
        show([_bug(error)], "error")
        return _BUG


def _bug(error: Exception) -> Problem:
    place = traceback.extract_tb(error.__traceback__)[-1]
    return Problem(
        f"this is a bug of kgen: {type(error).__name__}: {error}",
        f"{Path(place.filename).name}:{place.lineno}",
        f"run it again as `kgen --debug ...` and report the output: {ISSUES}",
    )


class _Commands(click.Group):
    """Command group that suggests the nearest command for a mistyped one, with every version of click."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that the arguments name, or fail with the nearest that there is."""
        name = args[0]
        if not ctx.resilient_parsing and not name.startswith("-") and self.get_command(ctx, name) is None:
            near = nearest(name, self.list_commands(ctx))
            ctx.fail(f"No such command {name[:100]!r}." + (f" Did you mean {near!r}?" if near else ""))
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            raise _ReaderGoneError from error


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="kgen-kubernetes", prog_name="kgen")
@click.option("--debug", is_flag=True, help="Show the traceback of unexpected errors.")
def cli(*, debug: bool) -> None:
    """Generate typed Kubernetes clients from OpenAPI documents."""
    del debug  # Read by `run`, also if click itself fails.


for _command in (build, check, completion, diff, docs, init, list_, migrate, pull):
    cli.add_command(_command)
