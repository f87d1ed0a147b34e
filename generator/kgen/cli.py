"""The command line: click, messages and exit codes. The only module that prints.

Exit codes: 0 ok, 1 `check` found a difference, 2 usage or configuration, 3 input, 4 cluster, 70 a bug of kgen, 130
interrupted, 141 the reader of the output has gone, 143 a watch that SIGTERM ended.
"""

from __future__ import annotations

import functools
import os
import shlex
import sys
import traceback
from collections.abc import Callable, Iterable
from importlib.machinery import PathFinder
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

import click
from click.shell_completion import get_completion_class

from kgen.bundled_specs import named_specs
from kgen.config import Config, load_config
from kgen.errors import ClusterError, KgenError, Problem, Problems, ProblemsError, nearest, printable
from kgen.settings import Settings

if TYPE_CHECKING:
    from kgen.ir import Api
    from kgen.tree import Differences

__all__ = ["cli", "run"]

_LINES_OF_A_DIFF: Final = 40
_DIFFS_SHOWN: Final = 10
_FILES_NAMED: Final = 50
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
        _show(error.problems, "error")
        return error.exit_code
    except (_ReaderGoneError, BrokenPipeError):
        raise
    except Exception as error:
        if "--debug" in words:
            traceback.print_exc()
        _show([_bug(error)], "error")
        return _BUG


def _bug(error: Exception) -> Problem:
    place = traceback.extract_tb(error.__traceback__)[-1]
    return Problem(
        f"this is a bug of kgen: {type(error).__name__}: {error}",
        f"{Path(place.filename).name}:{place.lineno}",
        "run it again as `kgen --debug ...` and report the output",
    )


def _show(problems: Iterable[Problem], label: str) -> None:
    for problem in problems:
        for line in problem.lines(label):
            click.echo(line, err=True)


class _Commands(click.Group):
    """Command group that suggests the nearest command for a mistyped one, with every version of click."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that the arguments name, or fail with the nearest that there is."""
        name = args[0]
        if not ctx.resilient_parsing and not name.startswith("-") and self.get_command(ctx, name) is None:
            near = nearest(name, self.list_commands(ctx))
            ctx.fail(f"No such command {printable(name, 100)!r}." + (f" Did you mean {near!r}?" if near else ""))
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            raise _ReaderGoneError from error


class _Progress:
    """Shows the current stage on one line of a terminal; prints nothing if stderr is not a terminal."""

    def __init__(self, *, quiet: bool) -> None:
        self._shown = not quiet and sys.stderr.isatty()

    def __call__(self, stage: str) -> None:
        if self._shown:
            click.echo(f"\r\x1b[K{printable(stage, 100)}", nl=False, err=True)

    def done(self) -> None:
        if self._shown:
            click.echo("\r\x1b[K", nl=False, err=True)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="kgen-kubernetes", prog_name="kgen")
@click.option("--debug", is_flag=True, help="Show the traceback of unexpected errors.")
def cli(*, debug: bool) -> None:
    """Generate typed Kubernetes clients from OpenAPI documents."""
    del debug  # Read by `run`, also if click itself fails.


def _input_options(command: Callable[..., Any]) -> Callable[..., Any]:
    options = (
        click.option(
            "--config", "config_file", metavar="FILE", help="Configuration file instead of the project's own."
        ),
        click.option(
            "--specs",
            multiple=True,
            metavar="PATH",
            help="Folder of OpenAPI v3 documents, one file (v3 or a v2 swagger.json), or CRD manifests; repeatable.",
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
    return functools.reduce(lambda made, option: option(made), reversed(options), command)


def _output_options(command: Callable[..., Any]) -> Callable[..., Any]:
    options = (
        click.option(
            "--output", metavar="FOLDER", help="Folder in which the package is written; by default ./generated."
        ),
        click.option("--package", metavar="NAME", help="Import name of the package; by default kubeclient."),
        click.option("--templates", metavar="FOLDER", help="Folder with templates that replace kgen's own."),
        click.option("-q", "--quiet", is_flag=True, help="Show no progress and no summary."),
    )
    return functools.reduce(lambda made, option: option(made), reversed(options), command)


def _config(config_file: str | None, *, builds: bool = True, **said: Any) -> Config:
    return load_config(_settings(said), file=Path(config_file) if config_file else None, builds=builds)


def _settings(said: dict[str, Any]) -> Settings:
    return Settings(**{key: value for key, value in said.items() if value not in (None, ())})


@cli.command()
@_input_options
@_output_options
@click.option(
    "--watch", is_flag=True, help="Build again whenever an input changes, until interrupted (needs the extra `watch`)."
)
@click.pass_context
def build(ctx: click.Context, /, *, config_file: str | None, quiet: bool, watch: bool, **said: Any) -> None:
    """Generate the package; only files that changed are written."""
    if watch and quiet:
        raise click.UsageError("--watch cannot be combined with --quiet.")
    if watch:
        _watch(config_file, said)
    from kgen import tool_versions, tree
    from kgen.existing_names import group_versions
    from kgen.lost_names import problems_of
    from kgen.pipeline import generate
    from kgen.stamp import Stamp

    config = _config(config_file, **said)
    stamp = Stamp(config)
    recorded = tool_versions.read(config.output / config.package)
    if recorded and stamp.is_current() and not tree.leftovers(config.output):
        _say(quiet, f"{config.package} is up to date")
        return
    progress = _Progress(quiet=quiet)
    before = group_versions(config.output, config.package)
    try:
        made = generate(config, progress)
        lost = problems_of(made.lost, config.source)
        if lost and config.strict:
            raise ProblemsError(lost)
        record = {f"{config.package}/{tool_versions.NAME}": tool_versions.text(tool_versions.here())}
        files = tree.settled(made.files, config.output, config.package)
        published = tree.publish(files, config.output, config.package, record, lambda words: _say(False, words))
    finally:
        progress.done()
    _show(made.notices, "note")
    _show(made.warnings, "warning")
    _show(lost, "warning")
    _show(_removals(before, made.api, config.source), "warning")
    if not made.warnings:
        stamp.remember(files)  # With warnings the next build prints them again.
    _say(
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
    found = PathFinder.find_spec(config.package)
    if found is not None and found.origin and Path(found.origin).parent.parent == config.output.resolve():
        return ""
    folder = config.output.relative_to(here) if config.output.is_relative_to(here) else config.output
    return f"; import it: PYTHONPATH={shlex.quote(str(folder))} {command}"


def _watch(config_file: str | None, said: dict[str, Any]) -> NoReturn:
    from kgen import watch

    file = Path(config_file) if config_file else None
    watch.watch(watch.options(config_file, said), _settings(said), file, lambda words: _say(False, words))


@cli.command()
@_input_options
@_output_options
@click.pass_context
def check(ctx: click.Context, /, *, config_file: str | None, quiet: bool, **said: Any) -> None:
    """Verify that the package matches the documents; exit 1 with a diff if not."""
    from kgen import tool_versions, tree
    from kgen.pipeline import generate

    config = _config(config_file, **said)
    progress = _Progress(quiet=quiet)
    try:
        made = generate(config, progress)
        found = tree.compare(tree.settled(made.files, config.output, config.package), config.output, config.package)
    finally:
        progress.done()
    _show(made.notices, "note")
    _show(made.warnings, "warning")
    if found:
        _show_differences(found)
        other = tool_versions.difference(tool_versions.read(config.output / config.package), tool_versions.here())
        _show([other] if other else [], "note")
        ctx.exit(1)
    _say(quiet, f"{config.package} matches {config.source}: {len(made.files)} files")


def _show_differences(found: Differences) -> None:
    kinds = (("changed", found.changed), ("missing", found.missing), ("extra", found.extra))
    files = [(kind, path) for kind, paths in kinds for path in paths]
    for number, (kind, path) in enumerate(files[:_FILES_NAMED]):
        click.echo(f"{kind}: {printable(path)}")
        _show_diff(found.diffs[path] if number < _DIFFS_SHOWN and kind == "changed" else ())
    if len(files) > _FILES_NAMED:
        click.echo(f"... {len(files) - _FILES_NAMED} more files")
    click.echo(
        ", ".join(f"{len(paths)} {kind}" for kind, paths in kinds) + "; to update them, run: kgen build",
        err=True,
    )
    if found.line_ends:
        what = f"only the ends of lines differ in {len(found.line_ends)} of the changed files; did git convert them?"
        hint = "add `* text eol=lf` to a .gitattributes next to the package, then check it out again"
        _show([Problem(what, "", hint)], "note")


def _show_diff(lines: tuple[str, ...]) -> None:
    for line in lines[:_LINES_OF_A_DIFF]:
        click.echo(f"  {printable(line)}")
    if len(lines) > _LINES_OF_A_DIFF:
        click.echo(f"  ... {len(lines) - _LINES_OF_A_DIFF} more lines")


@cli.command("list")
@_input_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON, with all omitted operations and the reasons.")
@click.option("--left-out", is_flag=True, help="Count the operations without a method, by reason.")
def list_(*, config_file: str | None, as_json: bool, left_out: bool, **said: Any) -> None:
    """List group versions, resources, verbs and subresources."""
    from kgen import listing
    from kgen.pipeline import understand

    config = _config(config_file, builds=False, **said)
    problems = Problems(strict=config.strict)
    api = understand(config, problems, builds=False)
    _show(problems.notices, "note")
    _show(problems.warnings, "warning")
    show = listing.as_json if as_json else listing.left_out if left_out else listing.table
    click.echo(_printable_lines(show(api)))


@cli.command()
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
    progress = _Progress(quiet=quiet)
    try:
        done = pull_documents(folder, Choice(groups, not no_builtins, excluded), progress=progress, **access)
    finally:
        progress.done()
    _show(done.problems, "error" if strict else "warning")
    _say(
        quiet,
        f"{done.server_version}: {len(done.fetched)} documents fetched, {len(done.unchanged)} unchanged, "
        f"{len(done.removed)} removed" + (f", {len(done.problems)} missing" if done.problems else ""),
    )
    if done.problems and strict:
        ctx.exit(ClusterError.exit_code)


@cli.command()
def init() -> None:
    """Write a commented [tool.kgen] into pyproject.toml, or into kgen.toml if there is no pyproject.toml."""
    from kgen.init import write_config

    file, has_inputs = write_config(Path.cwd())
    click.echo(f"{file} is written; next: {'kgen build' if has_inputs else 'put CRDs into crds/, then kgen build'}")


@cli.command()
@click.argument("old")
@click.argument("new")
@click.option("--format", "format_", type=click.Choice(("text", "markdown", "json")), default="text", show_default=True)
def diff(old: str, new: str, format_: str) -> None:
    """Show the changes for users from OLD to NEW: each a folder, a file, or a version such as 1.36."""
    from kgen import difference
    from kgen.pipeline import describe

    before = describe(named_specs(old))
    found = difference.changes(before, describe(named_specs(new), before))
    click.echo(_printable_lines(difference.shown(found, format_)))


@cli.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the completion script of a shell: eval "$(kgen completion bash)"."""
    made = get_completion_class(shell)
    if made is None:
        raise click.UsageError(f"Completion for {shell} is not supported.")
    click.echo(made(cli, {}, "kgen", "_KGEN_COMPLETE").source())


def _say(quiet: bool, words: str) -> None:
    if not quiet:
        click.echo(printable(words), err=True)


def _printable_lines(text: str) -> str:
    """Make each line of a text safe to print: names of documents are in it."""
    return "\n".join(printable(line, len(line)) for line in text.split("\n"))
