"""Options that several commands share, and the configuration that they result in."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from kgen.config import Config, load_config
from kgen.settings import Settings

__all__ = ["config_of", "input_options", "output_options", "settings_of"]


def input_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that name the documents."""
    options = (
        click.option(
            "--config", "config_file", metavar="FILE", help="Configuration file instead of the project's own."
        ),
        click.option(
            "--specs",
            multiple=True,
            metavar="PATH",
            help="Folder of OpenAPI v3 documents, one file (v3 or a v2 swagger.json), CRD manifests, or a version of "
            "Kubernetes that comes with kgen, such as 1.37; repeatable.",
        ),
        click.option(
            "--include",
            multiple=True,
            metavar="GROUP",
            help="Only this group (apps) or group version (apps/v1); repeatable.",
        ),
        click.option(
            "--exclude", multiple=True, metavar="GROUP", help="Leave out this group or group version; repeatable."
        ),
        click.option("--strict", is_flag=True, default=None, help="Treat warnings as errors."),
    )
    return functools.reduce(lambda decorated, option: option(decorated), reversed(options), command)


def output_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that name the package."""
    options = (
        click.option(
            "--output", metavar="FOLDER", help="Folder in which the package is written; by default ./generated."
        ),
        click.option("--package", metavar="NAME", help="Import name of the package; by default kubeclient."),
        click.option("--templates", metavar="FOLDER", help="Folder with templates that replace kgen's own."),
        click.option("-q", "--quiet", is_flag=True, help="Show no progress and no summary."),
    )
    return functools.reduce(lambda decorated, option: option(decorated), reversed(options), command)


def config_of(config_file: str | None, *, builds: bool = True, **options: Any) -> Config:
    """Return the configuration of a command: its options and the user's file."""
    return load_config(settings_of(options), file=Path(config_file) if config_file else None, builds=builds)


def settings_of(options: dict[str, Any]) -> Settings:
    """Return the options that are set."""
    return Settings(**{key: value for key, value in options.items() if value not in (None, ())})
