"""`kgen pull`, `kgen list` and `kgen diff`: documents, without generating a package."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from kgen.bundled_specs import named_specs
from kgen.cli.messages import Progress, printable_lines, say, show
from kgen.cli.options import config_of, input_options
from kgen.errors import ClusterError, Problems

__all__ = ["diff", "list_", "pull"]


@click.command("list")
@input_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON, with all omitted operations and the reasons.")
@click.option("--left-out", is_flag=True, help="Count the operations without a method, by reason.")
def list_(*, config_file: str | None, as_json: bool, left_out: bool, **options: Any) -> None:
    """List group versions, resources, verbs and subresources."""
    from kgen import listing
    from kgen.pipeline import understand

    config = config_of(config_file, builds=False, **options)
    problems = Problems(strict=config.strict)
    api = understand(config, problems, builds=False)
    show(problems.notices, "note")
    show(problems.warnings, "warning")
    text_of = listing.as_json if as_json else listing.left_out if left_out else listing.table
    click.echo(printable_lines(text_of(api)))


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--group",
    "groups",
    multiple=True,
    metavar="GROUP",
    help="Only this group (monitoring.coreos.com, core) or group version (apps/v1); repeatable.",
)
@click.option("--no-builtins", is_flag=True, help="Only groups of CRDs and of aggregated APIs.")
@click.option(
    "--exclude-group",
    "excluded",
    multiple=True,
    metavar="GROUP",
    help="Leave out this group or group version, such as one whose API does not respond; repeatable.",
)
@click.option("--strict", is_flag=True, help="Exit with 4 if a document cannot be fetched; the others are written.")
@click.option("--kubeconfig", metavar="FILE", help="Kubeconfig file; by default that of kubectl.")
@click.option("--context", metavar="NAME", help="Context of the kubeconfig; by default its current one.")
@click.option("--in-cluster", is_flag=True, help="Use the service account of the pod in which kgen runs.")
@click.option("--note", metavar="TEXT", help="Text for ORIGIN.md that the server does not provide, such as its flags.")
@click.option("-q", "--quiet", is_flag=True, help="Show no progress and no summary.")
@click.pass_context
def pull(
    ctx: click.Context,
    /,
    folder: Path,
    *,
    groups: tuple[str, ...],
    excluded: tuple[str, ...],
    no_builtins: bool,
    strict: bool,
    quiet: bool,
    **access: Any,
) -> None:
    """Download a cluster's OpenAPI v3 documents into FOLDER; documents that are not selected are removed from it."""
    from kgen.pull import Choice
    from kgen.pull import pull as pull_documents

    if access["in_cluster"] and (access["kubeconfig"] or access["context"]):
        raise click.UsageError("--in-cluster cannot be combined with --kubeconfig or --context.")
    if groups and no_builtins:
        raise click.UsageError("--group cannot be combined with --no-builtins.")
    progress = Progress(quiet=quiet)
    try:
        done = pull_documents(folder, Choice(groups, not no_builtins, excluded), progress=progress, **access)
    finally:
        progress.done()
    show(done.problems, "error" if strict else "warning")
    say(
        quiet,
        f"{done.server_version}: {len(done.fetched)} documents fetched, {len(done.unchanged)} unchanged, "
        f"{len(done.removed)} removed" + (f", {len(done.problems)} missing" if done.problems else ""),
    )
    if done.problems and strict:
        ctx.exit(ClusterError.exit_code)


@click.command()
@click.argument("old")
@click.argument("new")
@click.option("--format", "format_", type=click.Choice(("text", "markdown", "json")), default="text", show_default=True)
def diff(old: str, new: str, format_: str) -> None:
    """Show the changes for users from OLD to NEW: each a folder, a file, or a version such as 1.36."""
    from kgen import difference
    from kgen.pipeline import describe

    before, after = (named_specs(word, Path(word).absolute(), word) for word in (old, new))
    api = describe(before)
    changes = difference.changes(api, describe(after, api))
    click.echo(printable_lines(difference.shown(changes, format_)))
