"""Inputs that are not regular files, configurations of other users, and the packages that each command needs."""

from __future__ import annotations

import fcntl
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from kgen import settings, tree
from kgen.cli import run
from kgen.errors import InputError, OutputError
from kgen.format import format_files
from kgen.load import load
from tests.kgen.crd_projects import BUILD, TIMEOUT, manifest, project, put

pytestmark = pytest.mark.slow  # builds

__all__ = ["project"]


def fifo(path: Path) -> None:
    os.mkfifo(path)


def bound(path: Path) -> None:
    # Bind a relative path, because the length of socket paths is limited.
    here = Path.cwd()
    os.chdir(path.parent)
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
    finally:
        os.chdir(here)


def device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def dangling(path: Path) -> None:
    path.symlink_to(path.parent / "nothing")


ODD: tuple[Callable[[Path], None], ...] = (fifo, bound, device, dangling)


@pytest.mark.parametrize("make", ODD)
@pytest.mark.parametrize("name", ["x.json", "x.yaml", "below/x.json", "below/x.YML"])
def test_an_input_that_is_not_a_file_is_refused_by_its_name(
    make: Callable[[Path], None], name: str, project: Path
) -> None:
    place = project / "crds" / name
    place.parent.mkdir(exist_ok=True)
    make(place)
    with pytest.raises(InputError, match=r"can't be read|no such file") as caught:
        load(project / "crds")
    assert f"crds/{name}" in caught.value.where
    with pytest.raises(InputError):
        load(place)


@pytest.mark.parametrize("make", [fifo, bound, device])
def test_a_pipe_in_the_package_stops_no_command(make: Callable[[Path], None], project: Path) -> None:
    assert run(["build", *BUILD]) == 0
    made = project / "generated" / "mine"
    make(made / "x.py")
    assert run(["check", *BUILD]) == 0
    assert run(["list", *BUILD[:2]]) == 0
    (made / "clientset.py").unlink()
    make(made / "clientset.py")
    assert run(["check", *BUILD]) == 2
    assert run(["build", *BUILD]) == 2
    (made / "_names.py").unlink()
    make(made / "_names.py")
    assert run(["build", *BUILD]) == 2


@pytest.mark.parametrize("make", [fifo, device])
def test_a_configuration_that_is_not_a_file_is_refused(
    make: Callable[[Path], None], project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make(project / "pyproject.toml")
    make(project / "own.toml")
    assert run(["list", "--specs", "crds", "--config", "own.toml"]) == 2
    assert "not a file" in capsys.readouterr().err
    assert run(["init"]) == 2
    assert run(["list", "--specs", "crds"]) == 0


def test_the_folder_for_temporary_files_is_named_if_it_is_full(tmp_path: Path) -> None:
    """A limit on the size of files makes each write fail, as on a full disk."""
    script = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (200, 200))\n"
        "from kgen.cli import run; sys.exit(run(sys.argv[1:]))"
    )
    put(tmp_path / "c.yaml", manifest())
    done = subprocess.run(
        [sys.executable, "-c", script, "build", "--specs", "c.yaml", "--package", "mine"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=TIMEOUT,
    )
    assert done.returncode == 2, done.stderr
    assert "the folder for temporary files can't be used" in done.stderr or "can't be written" in done.stderr
    assert "TMPDIR" in done.stderr
    assert not list((tmp_path).rglob("*.py"))


def test_a_missing_folder_for_temporary_files_is_reported(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "missing"))
    with pytest.raises(OutputError, match="the folder for temporary files can't be used"):
        format_files({"a.py": "x = 1\n"})


def test_a_lock_that_another_process_holds_is_reported_and_waited_for(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["build", *BUILD]) == 0
    (project / "crds" / "two.yaml").unlink()
    before = {file: file.read_bytes() for file in (project / "generated").rglob("*.py")}
    lock = os.open(project / "generated", os.O_RDONLY)
    capsys.readouterr()
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        monkeypatch.setattr(tree, "LOCK_SECONDS", 0.2)
        assert run(["build", *BUILD]) == 2
        stderr = capsys.readouterr().err
        assert "another process holds the lock of 'generated': waiting" in stderr
        assert "error: another process holds the lock of the folder" in stderr
        assert before == {file: file.read_bytes() for file in (project / "generated").rglob("*.py")}
        monkeypatch.setattr(tree, "LOCK_SECONDS", 60)
        monkeypatch.setattr(time, "sleep", lambda _: fcntl.flock(lock, fcntl.LOCK_UN))
        assert run(["build", *BUILD]) == 0
    finally:
        os.close(lock)


@pytest.mark.parametrize("name", ["pyproject.toml", "kgen.toml"])
@pytest.mark.parametrize("command", ["list", "build", "check"])
def test_hooks_of_another_users_folder_above_do_not_run(
    name: str, command: str, project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    above, inner = project / "above", project / "above" / "mine"
    inner.mkdir(parents=True)
    heading = "[tool.kgen]\n" if name == "pyproject.toml" else ""
    (above / name).write_text(f"{heading}hooks = 'evil.py'\npackage = 'x'\n")
    (above / "evil.py").write_text(
        f"import pathlib\npathlib.Path({str(project / 'ran')!r}).touch()\ndef on_spec(s): return s\n"
    )
    monkeypatch.chdir(inner)
    owner = settings._owner
    monkeypatch.setattr(settings, "_owner", lambda file: 12345 if file.parent == above else owner(file))
    assert run([command, "--specs", str(project / "crds")]) == 2
    stderr = capsys.readouterr().err
    assert "belongs to another user" in stderr
    assert f"--config {above / name}" in stderr
    assert not (project / "ran").exists()
    # A file named by `--config` is trusted, and a closer file of this user has precedence.
    assert run(["list", "--specs", str(project / "crds"), "--config", str(above / name)]) == 0
    assert (project / "ran").exists()
    (inner / "kgen.toml").write_text("package = 'mine'\n")
    assert run(["list", "--specs", str(project / "crds")]) == 0


@pytest.mark.parametrize("content", ["this is not TOML", "[project]\nname = 'x'\n", "\0"])
def test_an_invalid_configuration_file_of_another_user_is_ignored(
    content: str, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "pyproject.toml").write_text(content)
    monkeypatch.setattr(settings, "_owner", lambda _: 12345)
    assert run(["list", "--specs", "crds"]) == 0


def test_only_files_of_root_the_user_and_the_sudo_caller_are_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setenv("SUDO_UID", "7")
    assert settings._trusted() == {0, 1000}
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert settings._trusted() == {0, 7}
    monkeypatch.setenv("SUDO_UID", "nobody")
    assert settings._trusted() == {0}


def test_list_needs_no_name_and_no_templates(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["list", "--specs", "crds"]) == 0
    assert "widgets" in capsys.readouterr().out
    (project / "kgen.toml").write_text("specs = 'crds'\npackage = 'not a name'\ntemplates = 'missing'\n")
    assert run(["list"]) == 0
    assert "others" in capsys.readouterr().out
    assert run(["diff", "crds", "crds"]) == 0
    assert run(["build"]) == 2
