"""`kgen build --watch`: the inputs of a build are watched, and each change starts a build.

The part before the comment has no I/O. Folders are watched without their subfolders, and files by their folder:
editors replace a file by renaming another one, and a watch of the file itself would stay with the old file.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from types import FrameType
from typing import IO, Final, NoReturn

from kgen.config import Inputs, named_inputs
from kgen.errors import ConfigError, KgenError
from kgen.settings import Settings
from kgen_kubernetes import signals

__all__ = ["concerns", "line", "options", "require_extra", "watch"]

_SKIPPED: Final = re.compile(r"\.git|__pycache__|\.kgen-[a-z0-9_]{8}")
"""Folders that are never part of the inputs, wherever they are."""

_TEMPORARY: Final = re.compile(r".*~|\.#.*|#.*#|\..*\.sw[a-z]|.*\.swp|4913|.*\.py[co]")
"""Files of editors: vim's swap files and its trial whether it may write (4913), emacs' locks, everybody's backups."""

_NAMED: Final = 3
"""Files that a line names before it only counts them."""

_TIMEOUT: Final = 200
"""Milliseconds after which watchfiles comes back with nothing: that it has come is how one knows that it follows."""


def concerns(path: Path, inputs: Inputs) -> bool:
    """Return whether a change of a path may change the result of a build.

    Args:
        path: The path that was written, created or removed.
        inputs: The inputs of the configuration.
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
    """Return the line to print after a build: the changes, the result, and the duration.

    Args:
        changed: The files; none at the first build.
        outcome: The last line of the build's output.
        seconds: How long it took.
    """
    names = sorted(changed)
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    what = f"{', '.join(names[:_NAMED])}{more} changed; " if names else ""
    return f"{what}{outcome} ({seconds:.1f} s)"


def options(config_file: str | None, values: Mapping[str, str | bool | tuple[str, ...] | None]) -> list[str]:
    """Return the command-line options that click has parsed.

    Args:
        config_file: The value of `--config`.
        values: The values of the other options by their names.
    """
    words = ["--config", config_file] if config_file is not None else []
    for key, value in values.items():
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
        ConfigError: It is not installed.
    """
    if find_spec("watchfiles") is None:
        raise ConfigError(
            "watching needs the package watchfiles: install the extra `watch`, pip install 'kgen-kubernetes[watch]'"
        )


def watch(words: Sequence[str], settings: Settings, file: Path | None, say: Callable[[str], None]) -> NoReturn:
    """Build, then build again at each change. SIGINT and SIGTERM end the process: it prints `interrupted`.

    Args:
        words: The options of each build.
        settings: The same options, as settings.
        file: The configuration file, or None for the project's own.
        say: Called with each line to print.

    Raises:
        ConfigError: The package watchfiles is not installed, or the system cannot watch more folders.
    """
    require_extra()
    with _ending() as ending:
        _watch(words, settings, file, say, ending)


class _Ending:
    """Signal handler: interrupts the build that runs, waits for it and ends the process.

    It raises nothing. An exception of a handler is lost if it is raised inside a finalizer or a callback. A second
    signal kills the build.
    """

    def __init__(self) -> None:
        self._child: subprocess.Popen[bytes] | None = None
        self._starting = False
        self._number = 0

    def __call__(self, number: int, _: FrameType | None) -> None:
        if self._number:
            self._send_child("SIGKILL")
            return
        self._number = number
        if not self._starting:
            self._end()

    def start(self, command: Sequence[str], stderr: IO[bytes]) -> subprocess.Popen[bytes]:
        """Start a process that is not in the terminal's group; a signal meanwhile takes effect once it is known.

        Raises:
            OSError: It can't be started.
        """
        environment = os.environ | {"PYTHONIOENCODING": "utf-8"}
        group = None if sys.platform == "win32" else 0
        self._child = None
        self._starting = True
        try:
            self._child = subprocess.Popen(command, stderr=stderr, env=environment, process_group=group)
        finally:
            self._starting = False
            if self._number:
                self._end()
        return self._child

    def _end(self) -> None:
        self._send_child("SIGINT")
        if self._child is not None and self._child.returncode is None:
            with contextlib.suppress(ChildProcessError):  # The interrupted call has just waited for it.
                os.waitpid(self._child.pid, 0)  # Not `wait`: the interrupted call may hold its lock.
        signals.exit_interrupted(self._number)

    def _send_child(self, name: str) -> None:
        if sys.platform != "win32" and self._child is not None and self._child.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._child.pid, signal.Signals[name])


@contextlib.contextmanager
def _ending() -> Generator[_Ending]:
    ending = _Ending()
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number, handler in before.items():
        if handler != signal.SIG_IGN:  # Set by `nohup`, and by shells for background processes.
            signal.signal(number, ending)
    try:
        yield ending
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _watch(
    words: Sequence[str], settings: Settings, file: Path | None, say: Callable[[str], None], ending: _Ending
) -> NoReturn:
    changed: set[str] = set()
    first = True
    while True:
        known = _named(settings, file)
        try:
            with _followed(known) as changes:
                if _named(settings, file) != known:
                    continue  # The configuration changed before it was followed.
                started = time.monotonic()
                outcome = _build(words, say, ending)
                say(line(changed, outcome, time.monotonic() - started))
                if first:
                    say("waiting for changes; Ctrl-C ends it")
                    first = False
                changed = _next(changes, known)
        except FileNotFoundError:
            continue  # A folder went between the look at it and its being followed.
        except BrokenPipeError:
            raise  # The output is no longer read.
        except OSError as error:
            raise ConfigError(
                f"the inputs can't be watched: {error.strerror or error}", hint="use fewer folders in specs"
            ) from error


def _named(settings: Settings, file: Path | None) -> Inputs:
    """Return the inputs of the configuration. While it is invalid, only the file itself is watched."""
    try:
        return named_inputs(settings, file=file)
    except KgenError:
        return named_inputs(settings, file=file, unread=True)


@contextlib.contextmanager
def _followed(inputs: Inputs) -> Generator[Generator[set[Path]]]:
    """Watch the existing inputs; the watch has started when this yields."""
    from watchfiles import watch as follow

    batches = follow(
        *sorted(_folders(inputs)),
        watch_filter=None,
        recursive=False,
        rust_timeout=_TIMEOUT,
        yield_on_timeout=True,
    )
    with contextlib.closing(batches):
        next(batches)
        changes = ({Path(path) for _, path in batch} for batch in batches)
        with contextlib.closing(changes):
            yield changes


def _next(changes: Iterable[set[Path]], inputs: Inputs) -> set[str]:
    """Wait for a change that concerns a build, and return what to call the files."""
    for batch in changes:
        concerning = {path for path in batch if concerns(path, inputs)}
        if concerning:
            return {_called(path) for path in concerning}
    raise ConfigError("the inputs can't be watched: watchfiles has stopped")


def _called(path: Path) -> str:
    here = Path.cwd()
    return path.relative_to(here).as_posix() if path.is_relative_to(here) else path.name


def _folders(inputs: Inputs) -> set[Path]:
    folders: set[Path] = set()
    for place in (*inputs.files, *inputs.paths):
        folders.add(next(folder for folder in place.parents if folder.is_dir()))
        for folder, below, _ in os.walk(place):
            below[:] = [name for name in below if not _SKIPPED.fullmatch(name) and Path(folder, name) != inputs.package]
            folders.add(Path(folder))
    return folders


def _build(words: Sequence[str], say: Callable[[str], None], ending: _Ending) -> str:
    """Run a build, print its problems, and return the last line of its output.

    It runs in a new process, so that hooks and their imports are reloaded, and its memory is freed. Its messages go to
    a file: a process that waits for it in a signal handler need not read them.

    Raises:
        ConfigError: The process can't be started.
    """
    command = [sys.executable, "-P", "-m", "kgen_kubernetes", "build", *words]
    with tempfile.TemporaryFile() as stderr:
        try:
            child = ending.start(command, stderr)
        except OSError as error:
            raise ConfigError(
                f"a build can't be started: {error.strerror or error}",
                hint="check that the environment of kgen still exists",
            ) from error
        with child:
            code = child.wait()
        stderr.seek(0)
        lines = stderr.read().decode("utf-8", "replace").splitlines()
    outcome = lines.pop() if code == 0 and lines else "not built"
    for each in lines:
        say(each)
    return outcome
