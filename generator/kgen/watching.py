"""`kgen build --watch`: what a build reads is followed, and each change builds again.

Above the line that says so nothing has I/O. Folders are followed, each without what is below it, and files by the
folder that they are in: editors replace a file by renaming another, and what follows the file itself follows the one
that has gone.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from types import FrameType
from typing import Final

from kgen.config import Inputs, named_inputs
from kgen.errors import ConfigError, KgenError
from kgen.settings import Settings

__all__ = ["concerns", "line", "options", "require_extra", "watch"]

_SKIPPED: Final = re.compile(r"\.git|__pycache__|\.kgen-[a-z0-9_]{8}")
"""Folders that hold nothing a build reads, whatever they are in."""

_TEMPORARY: Final = re.compile(r".*~|\.#.*|#.*#|\..*\.sw[a-z]|.*\.swp|4913|.*\.py[co]")
"""Files of editors: vim's swap files and its trial whether it may write (4913), emacs' locks, everybody's backups."""

_NAMED: Final = 3
"""Files that a line names before it only counts them."""

_TIMEOUT: Final = 200
"""Milliseconds after which watchfiles comes back with nothing: that it has come is how one knows that it follows."""


def concerns(path: Path, inputs: Inputs) -> bool:
    """Return whether a change of a path may change what a build makes.

    Args:
        path: What was written, made or removed.
        inputs: What the configuration names.
    """
    if path.is_relative_to(inputs.package) or _TEMPORARY.fullmatch(path.name):
        return False
    for place in (*inputs.files, *inputs.paths):
        if place.is_relative_to(path):  # It, or a folder above it, that has come or gone.
            return True
        if path.is_relative_to(place):
            return not any(_SKIPPED.fullmatch(part) for part in path.relative_to(place).parts)
    return False


def line(changed: Iterable[str], outcome: str, seconds: float) -> str:
    """Return what is said of a build: what changed, what came of it, and how long it took.

    Args:
        changed: The files; none at the first build.
        outcome: What the build says of itself.
        seconds: How long it took.
    """
    names = sorted(changed)
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    what = f"{', '.join(names[:_NAMED])}{more} changed; " if names else ""
    return f"{what}{outcome} ({seconds:.1f} s)"


def options(config_file: str | None, said: Mapping[str, str | bool | tuple[str, ...] | None]) -> list[str]:
    """Return the words of the command line that say what click has read from them.

    Args:
        config_file: The value of `--config`.
        said: The values of the other options by their names.
    """
    words = ["--config", config_file] if config_file is not None else []
    for key, value in said.items():
        if value is True:
            words.append(f"--{key}")
        elif isinstance(value, str):
            words += [f"--{key}", value]
        elif isinstance(value, tuple):
            words += [word for item in value for word in (f"--{key}", item)]
    return words


# From here on there is I/O.


def require_extra() -> None:
    """Refuse to begin without watchfiles.

    Raises:
        ConfigError: it is not installed.
    """
    if find_spec("watchfiles") is None:
        raise ConfigError(
            "watching needs the package watchfiles: install the extra `watch`, pip install 'kgen-kubernetes[watch]'"
        )


def watch(words: Sequence[str], said: Settings, file: Path | None, say: Callable[[str], None]) -> int:
    """Build, then build again at each change, until a signal comes; return the exit code that it asks for.

    Args:
        words: The options of each build.
        said: The same, read.
        file: The configuration file, or None for the project's own.
        say: Is given what to print.

    Raises:
        ConfigError: watchfiles is not installed, or the system follows no more folders.
    """
    require_extra()
    with _ended_by_sigterm() as signals:
        try:
            _watch(words, said, file, say)
        except KeyboardInterrupt:
            say("interrupted")
    return 128 + (signals[0] if signals else signal.SIGINT)


@contextlib.contextmanager
def _ended_by_sigterm() -> Generator[list[int]]:
    """Let SIGTERM do what Ctrl-C does. watchfiles makes a KeyboardInterrupt of whatever a handler raises."""
    signals: list[int] = []

    def end(number: int, _: FrameType | None) -> None:
        signals.append(number)
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield signals
    finally:
        signal.signal(signal.SIGTERM, before)


def _watch(words: Sequence[str], said: Settings, file: Path | None, say: Callable[[str], None]) -> None:
    changed: set[str] = set()
    first = True
    while True:
        known = _named(said, file)
        try:
            with _followed(known) as changes:
                if _named(said, file) != known:
                    continue  # The configuration changed before it was followed.
                started = time.monotonic()
                outcome = _build(words, say)
                say(line(changed, outcome, time.monotonic() - started))
                if first:
                    say("waiting for changes; Ctrl-C ends it")
                    first = False
                changed = _next(changes, known)
        except FileNotFoundError:
            continue  # A folder went between the look at it and its being followed.
        except BrokenPipeError:
            raise  # Nobody reads what is said.
        except OSError as error:
            raise ConfigError(
                f"the inputs can't be followed: {error.strerror or error}", hint="name fewer folders in specs"
            ) from error


def _named(said: Settings, file: Path | None) -> Inputs:
    """Return what the configuration names; while that is broken, only the file itself can mend it."""
    try:
        return named_inputs(said, file=file)
    except KgenError:
        return named_inputs(said, file=file, unread=True)


@contextlib.contextmanager
def _followed(inputs: Inputs) -> Generator[Generator[set[Path]]]:
    """Follow what there is of the inputs, from before this yields."""
    from watchfiles import watch as follow

    found = follow(
        *sorted(_folders(inputs)),
        watch_filter=None,
        recursive=False,
        rust_timeout=_TIMEOUT,
        yield_on_timeout=True,
    )
    with contextlib.closing(found):
        next(found)
        changes = ({Path(path) for _, path in some} for some in found)
        with contextlib.closing(changes):
            yield changes


def _next(changes: Iterable[set[Path]], inputs: Inputs) -> set[str]:
    """Wait for a change that concerns a build, and return what to call the files."""
    for some in changes:
        found = {path for path in some if concerns(path, inputs)}
        if found:
            return {_called(path) for path in found}
    raise KeyboardInterrupt


def _called(path: Path) -> str:
    here = Path.cwd()
    return path.relative_to(here).as_posix() if path.is_relative_to(here) else path.name


def _folders(inputs: Inputs) -> set[Path]:
    found: set[Path] = set()
    for place in (*inputs.files, *inputs.paths):
        found.add(next(folder for folder in place.parents if folder.is_dir()))
        for folder, below, _ in os.walk(place):
            below[:] = [name for name in below if not _SKIPPED.fullmatch(name) and Path(folder, name) != inputs.package]
            found.add(Path(folder))
    return found


def _build(words: Sequence[str], say: Callable[[str], None]) -> str:
    """Run a build and return what it says of itself; what is wrong is said.

    In a process of its own: hooks and all that they import are read anew, and what a build leaves in memory goes with
    it. The process is not in the terminal's group: Ctrl-C comes to it once, from here, and it puts things in order.

    Raises:
        ConfigError: the process can't be started.
    """
    command = [sys.executable, "-P", "-m", "kgen_kubernetes", "build", *words]
    environment = os.environ | {"PYTHONIOENCODING": "utf-8"}
    group = None if sys.platform == "win32" else 0
    try:
        started = subprocess.Popen(
            command, stderr=subprocess.PIPE, encoding="utf-8", errors="replace", env=environment, process_group=group
        )
    except OSError as error:
        raise ConfigError(
            f"a build can't be started: {error.strerror or error}", hint="is the environment of kgen still there?"
        ) from error
    with started as child:
        try:
            said = child.communicate()[1].splitlines()
        except BaseException:
            if sys.platform != "win32":
                child.send_signal(signal.SIGINT)
            child.communicate()
            raise
    outcome = said.pop() if child.returncode == 0 and said else "not built"
    for words_of_it in said:
        say(words_of_it)
    return outcome
