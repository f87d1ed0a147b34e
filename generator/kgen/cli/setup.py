"""`kgen init` and `kgen completion`: set up a project and a shell."""

from __future__ import annotations

from pathlib import Path

import click
from click.shell_completion import get_completion_class

__all__ = ["completion", "init"]


@click.command()
def init() -> None:
    """Write a commented [tool.kgen] into pyproject.toml, or into kgen.toml if there is no pyproject.toml."""
    from kgen.init import write_config

    file, has_inputs = write_config(Path.cwd())
    click.echo(f"{file} is written; next: {'kgen build' if has_inputs else 'put CRDs into crds/, then kgen build'}")


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, /, shell: str) -> None:
    """Print the completion script of a shell: eval "$(kgen completion bash)"."""
    completion_class = get_completion_class(shell)
    if completion_class is None:
        raise click.UsageError(f"Completion for {shell} is not supported.")
    click.echo(completion_class(ctx.find_root().command, {}, "kgen", "_KGEN_COMPLETE").source())
