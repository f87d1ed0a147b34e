"""`kgen build --watch`: the followed files, the messages, and the command in a separate process."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import IO

import pytest

from kgen import watch
from kgen.cli import run
from kgen.config import Inputs, named_inputs
from kgen.errors import ConfigError
from kgen.settings import Settings
from tests.conftest import ROOT

INPUTS = Inputs(
    files=(Path("/p/kgen.toml"), Path("/p/pyproject.toml")),
    paths=(Path("/p/crds"), Path("/p/deep/down/crd.yaml"), Path("/p/hooks.py")),
    package=Path("/p/crds/mine"),
)


@pytest.mark.parametrize(
    "path", ["kgen.toml", "pyproject.toml", "crds", "crds/a.yaml", "crds/sub/b.yaml", "deep", "deep/down", "hooks.py"]
)
def test_inputs_and_the_folders_above_them_concern_a_build(path: str) -> None:
    assert watch.concerns(Path("/p", path), INPUTS)


@pytest.mark.parametrize(
    "path",
    ["a.yaml", "deep/other", "crds/mine/clientset.py", "crds/.kgen-abcdefgh/new/mine/x.py", "crds/.git/index"]
    + [f"crds/{name}" for name in (".a.yaml.swp", "a.swp", "a.yaml~", ".#a.yaml", "4913", "__pycache__/x.pyc")],
)
def test_output_staging_git_and_editors_files_do_not(path: str) -> None:
    assert not watch.concerns(Path("/p", path), INPUTS)


def test_the_status_line_names_the_changed_files_and_the_result() -> None:
    assert watch.line((), "mine is up to date", 0.04) == "mine is up to date (0.0 s)"
    assert watch.line({"b", "a"}, "not built", 1.26) == "a, b changed; not built (1.3 s)"
    assert watch.line("edcba", "done", 1) == "a, b, c and 2 more changed; done (1.0 s)"


def test_the_build_gets_the_same_options() -> None:
    said: dict[str, str | bool | tuple[str, ...] | None] = {
        "specs": ("a", "b"),
        "include": (),
        "strict": True,
        "output": None,
        "package": "mine",
    }
    words = ["--config", "x.toml", "--specs", "a", "--specs", "b", "--strict", "--package", "mine"]
    assert watch.options("x.toml", said) == words


def test_missing_inputs_are_watched_too(tmp_path: Path) -> None:
    (tmp_path / "kgen.toml").write_text(
        'specs = ["crds", "../x.yaml"]\ntemplates = "t"\nhooks = "a.b"\npackage = "m"\n'
    )
    (tmp_path / "below").mkdir()
    found = named_inputs(Settings(), cwd=tmp_path / "below")
    assert [os.path.relpath(path, tmp_path) for path in found.paths] == ["crds", "../x.yaml", "t", "a", "a.py"]
    assert tmp_path / "kgen.toml" in found.files
    assert tmp_path / "below" / "kgen.toml" in found.files, "a nearer one may come"
    assert found.package == tmp_path / "generated" / "m"
    (tmp_path / "kgen.toml").write_text("specs = [")
    with pytest.raises(ConfigError):
        named_inputs(Settings(), cwd=tmp_path / "below")
    assert tmp_path / "kgen.toml" in named_inputs(Settings(), cwd=tmp_path / "below", unread=True).files


def test_without_watchfiles_one_line_names_the_extra(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "watchfiles", None)
    assert run(["build", "--watch"]) == 2
    stderr = capsys.readouterr().err
    assert "kgen-kubernetes[watch]" in stderr
    assert len(stderr.splitlines()) == 1


def test_a_build_that_cannot_be_started_ends_the_watch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "gone" / "python"))
    assert run(["build", "--watch"]) == 2
    assert "a build can't be started: No such file or directory" in capsys.readouterr().err


def test_watch_cannot_be_combined_with_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["build", "--watch", "--quiet"]) == 2
    assert "--watch cannot be combined with --quiet" in capsys.readouterr().err


COMMAND = (sys.executable, "-m", "kgen", "build", "--watch")


@contextlib.contextmanager
def watched(folder: Path, command: Sequence[str] = COMMAND) -> Generator[subprocess.Popen[str]]:
    environment = os.environ | {"XDG_CACHE_HOME": str(folder / "cache")}
    with subprocess.Popen(command, cwd=folder, env=environment, stderr=subprocess.PIPE, text=True) as child:
        late = threading.Timer(900, child.kill)  # If a line never arrives, the test fails instead of blocking.
        late.start()
        try:
            yield child
        finally:
            late.cancel()
            late.join()
            child.kill()


AIMED = """
import os, sys
from kgen_kubernetes import signals, main
calls, number = int(sys.argv.pop(1)), int(sys.argv.pop(1))
def count(*_):
    global calls
    calls -= 1
    if calls == 0:
        sys.setprofile(None)
        os.kill(os.getpid(), number)
signals.exit_on_signals()
sys.setprofile(count)
main()
"""
"""A program that sends itself a signal at the n-th call, so that the place does not depend on a clock."""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize(
    "calls",
    [
        *(1, 500, 30_000, 240_000),
        *(
            pytest.param(calls, marks=pytest.mark.thorough)
            for calls in (7, 60, 4_000, 15_000, 60_000, 120_000, 480_000)
        ),
    ],
)
def test_a_signal_at_any_call_is_reported_and_sets_the_exit_code(
    calls: int, number: int, code: int, tmp_path: Path
) -> None:
    (tmp_path / "kgen.toml").write_text('specs = "crds"\npackage = "mine"\ncore = false\n')
    (tmp_path / "crds").mkdir()
    shutil.copy(ROOT / "tests/crds/gauges.yaml", tmp_path / "crds")
    aimed = [sys.executable, "-c", AIMED, str(calls), str(int(number)), "build", "--watch"]
    with watched(tmp_path, aimed) as child:
        assert child.stderr is not None
        said = ""
        for line in child.stderr:
            said += line
            if "waiting for changes" in line:
                child.send_signal(number)  # The program made fewer calls.
        assert said.endswith("interrupted\n"), said
        assert said.count("interrupted") == 1
        assert child.wait() == code
    assert not list(tmp_path.rglob(".kgen-*"))


HOOK = """
import pathlib, sys, time
def on_file(path, text):
    sys.stderr.write("x" * (1 << 20))
    while True:
        try:
            pathlib.Path("reached").touch()
            time.sleep(600)
        except KeyboardInterrupt:
            pathlib.Path("interrupted").touch()
            if not STUBBORN:
                raise
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize("stubborn", [False, True])
def test_a_build_is_interrupted_by_the_first_signal_and_killed_by_the_second(stubborn: bool, tmp_path: Path) -> None:
    (tmp_path / "kgen.toml").write_text('specs = "crds"\npackage = "mine"\ncore = false\nhooks = "hooks.py"\n')
    (tmp_path / "hooks.py").write_text(HOOK.replace("STUBBORN", str(stubborn)))
    (tmp_path / "crds").mkdir()
    shutil.copy(ROOT / "tests/crds/gauges.yaml", tmp_path / "crds")
    with watched(tmp_path) as child:
        wait_for(tmp_path / "reached", child)
        child.send_signal(signal.SIGINT)
        wait_for(tmp_path / "interrupted", child)
        if stubborn:
            child.send_signal(signal.SIGINT)
        assert child.stderr is not None
        assert child.stderr.read() == "interrupted\n"
        assert child.wait() == 130


def wait_for(file: Path, child: subprocess.Popen[str]) -> None:
    while not file.exists():
        assert child.poll() is None or file.exists(), "it ended before"
        time.sleep(0.01)


def until(stream: IO[str] | None, words: str) -> str:
    """Read and return lines up to one that contains `words`. The end of the stream is a failure."""
    assert stream is not None
    said = ""
    for line in stream:
        said += line
        if words in line:
            return said
    raise AssertionError(f"{words!r} never came; what came:\n{said}")


def put(file: Path, text: str) -> None:
    """Write a file as editors do: write a temporary file next to it, then rename that file."""
    beside = file.with_name(f".{file.name}.swp")
    beside.write_text(text)
    beside.replace(file)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_change_builds_and_an_error_leaves_the_package(tmp_path: Path, number: int, code: int) -> None:
    config = tmp_path / "kgen.toml"
    config.write_text('specs = "crds"\npackage = "mine"\ncore = false\n')  # The folder does not exist yet.
    made = tmp_path / "generated/mine/models/metrics_v1.py"
    with watched(tmp_path) as child:
        said = until(child.stderr, "waiting for changes")
        assert "there is no 'crds'" in said
        if code == 130:
            (tmp_path / "new").mkdir()
            shutil.copy(ROOT / "tests/crds/gauges.yaml", tmp_path / "new")
            (tmp_path / "new").rename(tmp_path / "crds")
            said = until(child.stderr, "files written")
            assert "crds changed; mine: " in said
            edit_all(child, tmp_path, config, made)
        child.send_signal(number)
        assert child.stderr is not None
        said = child.stderr.read()
        assert said == "interrupted\n", said
        assert child.wait() == code
    assert not list(tmp_path.rglob(".kgen-*"))


def edit_all(child: subprocess.Popen[str], folder: Path, config: Path, made: Path) -> None:
    file = folder / "crds/gauges.yaml"
    text = file.read_text()
    kept = made.read_text()
    put(file, text + "---\n a: [\n")
    said = until(child.stderr, "not built")
    assert "error: " in said
    assert "crds/gauges.yaml changed; not built" in said
    assert made.read_text() == kept
    put(file, text.replace("kind: Gauge", "kind: Dial").replace("listKind: GaugeList", "listKind: DialList"))
    until(child.stderr, "files written")
    assert "class Dial" in made.read_text()
    # The watch also follows a changed configuration, and the files that it names.
    put(config, config.read_text() + 'hooks = "hooks.py"\n')
    until(child.stderr, "not built")
    for word in ("one", "two"):
        put(folder / "hooks.py", f"def on_file(path, text):\n    return text + '\\n# {word}\\n'\n")
        until(child.stderr, "hooks.py changed; mine: ")
        assert f"# {word}" in made.read_text()
    put(config, "specs = [")
    until(child.stderr, "kgen.toml changed; not built")
    put(config, 'specs = "crds"\npackage = "mine"\ncore = false\n')
    until(child.stderr, "kgen.toml changed; mine: ")
    assert "# two" not in made.read_text()
