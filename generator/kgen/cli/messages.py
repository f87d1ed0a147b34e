"""Messages of the command line: problems, summaries and the progress of a command."""

from __future__ import annotations

import sys
from collections.abc import Iterable

import click

from kgen.errors import Problem, printable

__all__ = ["Progress", "printable_lines", "say", "show"]


def show(problems: Iterable[Problem], label: str) -> None:
    """Print problems to stderr."""
    for problem in problems:
        for line in problem.lines(label):
            click.echo(line, err=True)


def say(quiet: bool, words: str) -> None:
    """Print a line to stderr, unless the command is quiet."""
    if not quiet:
        click.echo(printable(words), err=True)


def printable_lines(text: str) -> str:
    """Make each line of a text safe to print: names of documents are in it."""
    return "\n".join(printable(line, len(line)) for line in text.split("\n"))


class Progress:
    """Shows the current stage on one line of a terminal; prints nothing if stderr is not a terminal."""

    def __init__(self, *, quiet: bool) -> None:
        self._shown = not quiet and sys.stderr.isatty()

    def __call__(self, stage: str) -> None:
        """Show a stage."""
        if self._shown:
            click.echo(f"\r\x1b[K{printable(stage, 100)}", nl=False, err=True)

    def done(self) -> None:
        """Remove the line."""
        if self._shown:
            click.echo("\r\x1b[K", nl=False, err=True)
