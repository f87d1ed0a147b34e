"""`kgen build`: generate the package, once or after each change of an input."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from importlib.machinery import PathFinder
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from kgen.cli.messages import Progress, say, show
from kgen.cli.options import config_of, input_options, output_options, settings_of
from kgen.config import Config
from kgen.errors import Problem, ProblemsError

if TYPE_CHECKING:
    from kgen.ir import Api

__all__ = ["build"]


@click.command()
@input_options
@output_options
@click.option(
    "--watch", is_flag=True, help="Build again whenever an input changes, until interrupted (needs the extra `watch`)."
)
@click.option("-v", "--verbose", is_flag=True, help="Print hints for names that are long or too general.")
@click.pass_context
def build(
    ctx: click.Context, /, *, config_file: str | None, quiet: bool, watch: bool, verbose: bool, **options: Any
) -> None:
    """Generate the package; only files that changed are written."""
    if verbose and (quiet or watch):
        raise click.UsageError("--verbose cannot be combined with --quiet or --watch.")
    if watch and quiet:
        raise click.UsageError("--watch cannot be combined with --quiet.")
    if watch:
        _watch(config_file, options)
    from kgen import tool_versions, tree
    from kgen.existing_names import group_versions
    from kgen.lost_names import problems_of
    from kgen.name_hints import name_hints
    from kgen.pipeline import generate
    from kgen.stamp import Stamp

    config = config_of(config_file, **options)
    stamp = Stamp(config)
    recorded = tool_versions.read(config.output / config.package)
    if recorded and not verbose and stamp.is_current() and not tree.leftovers(config.output):
        say(quiet, f"{config.package} is up to date")
        return
    progress = Progress(quiet=quiet)
    before = group_versions(config.output, config.package)
    try:
        result = generate(config, progress)
        lost = problems_of(result.lost, config.source)
        if lost and config.strict:
            raise ProblemsError(lost)
        record = {f"{config.package}/{tool_versions.NAME}": tool_versions.text(tool_versions.here())}
        files = tree.settled(result.files, config.output, config.package)
        published = tree.publish(files, config.output, config.package, record, lambda words: say(False, words))
    finally:
        progress.done()
    show(result.notices, "note")
    show(name_hints(result.api) if verbose else (), "note")
    show(result.warnings, "warning")
    show(lost, "warning")
    show(_removals(before, result.api, config.source), "warning")
    if not result.warnings:
        stamp.remember(files)  # With warnings the next build prints them again.
    say(
        quiet,
        f"{config.package}: {len(published.written)} files written, {len(published.removed)} removed, "
        f"{published.unchanged} unchanged" + (_how_to_import(config) if not published.unchanged else ""),
    )


def _removals(before: Iterable[str], api: Api, source: str) -> list[Problem]:
    """Return a problem for each group version that the package had clients of, and has no longer."""
    gone = sorted(set(before) - {group.api_version for group in api.groups})
    hint = "if this is not intended, look for an empty or moved file, or a changed include"
    return [
        Problem(f"the clients of {name} are removed: no input declares the group version", source, hint)
        for name in gone
    ]


def _how_to_import(config: Config) -> str:
    """Return how a new package is imported, as the end of a sentence."""
    here = Path.cwd()
    command = f'python -c "import {config.package}"'
    if config.output == here:
        return f"; import it from here: {command}"
    spec = PathFinder.find_spec(config.package)
    if spec is not None and spec.origin and Path(spec.origin).parent.parent == config.output.resolve():
        return ""
    folder = config.output.relative_to(here) if config.output.is_relative_to(here) else config.output
    return f"; import it: PYTHONPATH={shlex.quote(str(folder))} {command}"


def _watch(config_file: str | None, options: dict[str, Any]) -> NoReturn:
    from kgen import watch

    file = Path(config_file) if config_file else None
    watch.watch(watch.options(config_file, options), settings_of(options), file, lambda words: say(False, words))
