"""`kgen docs`: the reference of a package in Markdown."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from kgen.cli.messages import Progress, say, show
from kgen.cli.options import config_of, input_options

__all__ = ["docs"]


@click.command()
@input_options
@click.option(
    "--output",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("reference"),
    metavar="FOLDER",
    help="Folder in which the pages are written; by default ./reference.",
)
@click.option("--package", metavar="NAME", help="Import name of the package that is described.")
@click.option(
    "--earlier",
    multiple=True,
    metavar="PATH",
    help="Documents of an earlier release, or its changes in the JSON of kgen diff; repeatable, the oldest first. The "
    "file or folder has the name of the release. The pages name the release in which a kind or a field appeared.",
)
@click.option("--release", metavar="NAME", help="Name of the release that the documents are of.")
@click.option(
    "--kubeclient-docs",
    metavar="PLACE",
    help="Address of the reference of kubeclient, or its folder relative to the pages, for links to types of "
    "Kubernetes; by default that of the site of kgen, '' for no links.",
)
@click.option("-q", "--quiet", is_flag=True, help="Show no progress and no summary.")
def docs(*, config_file: str | None, folder: Path, quiet: bool, **options: Any) -> None:
    """Write the reference of the package: Markdown, a page for each kind."""
    from kgen import tree
    from kgen.errors import Problems
    from kgen.pipeline import document

    config = config_of(config_file, **options)
    problems = Problems(strict=config.strict)
    progress = Progress(quiet=quiet)
    folder = Path(os.path.abspath(folder))  # noqa: PTH100 - resolve would follow a symbolic link.
    if not folder.name:
        raise click.BadParameter("the root of the file system cannot be the folder of the pages", param_hint="--output")
    try:
        progress(f"reading {config.source}")
        pages = document(config, problems)
        files = {f"{folder.name}/{path}": text for path, text in pages.items()}
        published = tree.publish(files, folder.parent, folder.name, say=lambda words: say(False, words))
    finally:
        progress.done()
    show(problems.notices, "note")
    show(problems.warnings, "warning")
    say(
        quiet,
        f"{folder.name}: {len(published.written)} pages written, {len(published.removed)} removed, "
        f"{published.unchanged} unchanged",
    )
