"""`kgen migrate`: a report of calls of other clients."""

from __future__ import annotations

from pathlib import Path

import click

from kgen.bundled_specs import bundled_specs
from kgen.cli.messages import printable_lines, show
from kgen.errors import Problem

__all__ = ["migrate"]


@click.command()
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def migrate(path: Path, *, as_json: bool) -> None:
    """List the calls of other Kubernetes clients in Python files below PATH, each with its replacement.

    The clients are kubernetes, kubernetes_asyncio, lightkube and kr8s. Code that handles their errors is listed, too.
    Files are only read.
    """
    from kgen import migrate as migration
    from kgen.pipeline import describe

    result = migration.report(path, describe(bundled_specs()))
    show([Problem(f"not read: {reason}", file) for file, reason in result.unread], "warning")
    click.echo(printable_lines(migration.as_json(result) if as_json else migration.as_text(result)))
