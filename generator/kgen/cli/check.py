"""`kgen check`: compare the package with the documents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click

from kgen.cli.messages import Progress, say, show
from kgen.cli.options import config_of, input_options, output_options
from kgen.errors import Problem, printable

if TYPE_CHECKING:
    from kgen.tree import Differences

__all__ = ["check"]


_LINES_OF_A_DIFF: Final = 40

_DIFFS_SHOWN: Final = 10

_FILES_NAMED: Final = 50


@click.command()
@input_options
@output_options
@click.pass_context
def check(ctx: click.Context, /, *, config_file: str | None, quiet: bool, **options: Any) -> None:
    """Verify that the package matches the documents; exit 1 with a diff if not."""
    from kgen import tool_versions, tree
    from kgen.pipeline import generate

    config = config_of(config_file, **options)
    progress = Progress(quiet=quiet)
    try:
        result = generate(config, progress)
        differences = tree.compare(
            tree.settled(result.files, config.output, config.package), config.output, config.package
        )
    finally:
        progress.done()
    show(result.notices, "note")
    show(result.warnings, "warning")
    if differences:
        _show_differences(differences)
        other = tool_versions.difference(tool_versions.read(config.output / config.package), tool_versions.here())
        show([other] if other else [], "note")
        ctx.exit(1)
    say(quiet, f"{config.package} matches {config.source}: {len(result.files)} files")


def _show_differences(differences: Differences) -> None:
    kinds = (("changed", differences.changed), ("missing", differences.missing), ("extra", differences.extra))
    files = [(kind, path) for kind, paths in kinds for path in paths]
    for number, (kind, path) in enumerate(files[:_FILES_NAMED]):
        click.echo(f"{kind}: {printable(path)}")
        _show_diff(differences.diffs[path] if number < _DIFFS_SHOWN and kind == "changed" else ())
    if len(files) > _FILES_NAMED:
        click.echo(f"... {len(files) - _FILES_NAMED} more files")
    click.echo(
        ", ".join(f"{len(paths)} {kind}" for kind, paths in kinds) + "; to update them, run: kgen build",
        err=True,
    )
    if differences.line_ends:
        what = (
            f"only the ends of lines differ in {len(differences.line_ends)} of the changed files; did git convert them?"
        )
        hint = "add `* text eol=lf` to a .gitattributes next to the package, then check it out again"
        show([Problem(what, "", hint)], "note")


def _show_diff(lines: tuple[str, ...]) -> None:
    for line in lines[:_LINES_OF_A_DIFF]:
        click.echo(f"  {printable(line)}")
    if len(lines) > _LINES_OF_A_DIFF:
        click.echo(f"  ... {len(lines) - _LINES_OF_A_DIFF} more lines")
