"""Run killed and concurrent builds: `python -m tests.kgen.killed killed|together FOLDER`.

The tests start this module in a separate process because it forks and kills. It generates each package only once and
keeps it in memory. Publishing, the cache and `kgen check` are the real ones.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import yaml

from kgen import pipeline, stamp
from kgen.cli import run
from kgen.config import Config

_ROOT: Final = Path(__file__).parents[2]
_WRITES: Final = frozenset({"os.link", "os.mkdir", "os.remove", "os.rename", "os.rmdir"})
"""Audit events of writes. `_Killer` also counts each `open` for writing, and the first half of each written text."""

_TIMES: Final = 8


class _Killer:
    """Kill this process at its n-th write. As after a power failure, no handler and no cleanup runs."""

    def __init__(self, at: int) -> None:
        self._left = at
        self.count = 0
        sys.addaudithook(self._hook)
        for name, half in (("write_text", self._half_text), ("write_bytes", self._half_bytes)):
            setattr(Path, name, half(getattr(Path, name)))

    def _hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event in _WRITES or (event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+")):
            self._step()

    def _half_text(self, real: Callable[..., int]) -> Callable[..., int]:
        return lambda path, data, *more, **options: self._twice(real, path, data, more, options)

    _half_bytes = _half_text

    def _twice(self, real: Callable[..., int], path: Path, data: Any, more: Any, options: Any) -> int:
        real(path, data[: len(data) // 2], *more, **options)
        self._step()
        return real(path, data, *more, **options)

    def _step(self) -> None:
        self.count += 1
        if self.count == self._left:
            os.kill(os.getpid(), signal.SIGKILL)


def _remember() -> None:
    """Replace `pipeline.generate` by a function that generates the package of a document only once."""
    made: dict[tuple[str, str], pipeline.Generated] = {}
    real = pipeline.generate

    def generate(config: Config, progress: pipeline.Progress = lambda _: None) -> pipeline.Generated:
        text = config.specs[0].read_text()
        key = (config.source, text)
        if key not in made:
            made[key] = real(config, progress)
        return made[key]

    pipeline.generate = generate
    setattr(stamp, "bundled_specs", lambda: None)  # noqa: B010 - Their digest takes its time.


class _Project:
    """A project that was built from one CRD, and then got another one."""

    def __init__(self, folder: Path) -> None:
        os.environ["XDG_CACHE_HOME"] = str(folder / "cache")
        os.chdir(folder)
        self._folder = folder
        self.output = folder / "generated"
        (folder / "kgen.toml").write_text('specs = "crd.yaml"\npackage = "mine"\ncore = false\n')
        crd = yaml.safe_load((_ROOT / "tests" / "crds" / "sacks.yaml").read_text())
        self.old = json.dumps(crd)
        crd["spec"]["names"] = {"plural": "bags", "kind": "Bag"}  # Removes one file, adds one, changes the others.
        self.new = json.dumps(crd)
        self.file = folder / "crd.yaml"
        self.trees: dict[str, dict[str, bytes]] = {}
        for text in (self.new, self.old):
            shutil.rmtree(folder / "cache", ignore_errors=True)  # A record of the new CRD would hide leftover files.
            self.file.write_text(text)
            self.command("build")
            self.trees[text] = self.tree()
        for name in ("generated", "cache"):
            shutil.copytree(folder / name, folder / f"{name}.kept")

    def again(self) -> None:
        """Restore the package and the cache of the old CRD, and write the new CRD to the input file."""
        for name in ("generated", "cache"):
            shutil.rmtree(self._folder / name)
            shutil.copytree(self._folder / f"{name}.kept", self._folder / name)
        self.file.write_text(self.new)

    def tree(self) -> dict[str, bytes]:
        return {path: data for path, data in self.files().items() if not path.startswith(".kgen-")}

    def files(self) -> dict[str, bytes]:
        found = (file for file in self.output.rglob("*") if file.is_file())
        return {file.relative_to(self.output).as_posix(): file.read_bytes() for file in found}

    def command(self, name: str, code: int = 0) -> str:
        said = io.StringIO()
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
            found = run([name])
        assert found == code, (name, found, said.getvalue())
        return said.getvalue()

    def is_green(self) -> bool:
        """Return whether `kgen check` passes. If it fails, its output must name the command that fixes the package."""
        said = io.StringIO()
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
            code = run(["check"])
        assert code == 0 or (code == 1 and "run: kgen build" in said.getvalue()), said.getvalue()
        return code == 0

    def mended(self, text: str) -> None:
        """Check that the next build completes the package and leaves no other files."""
        self.file.write_text(text)
        self.command("build")
        assert self.files() == self.trees[text], "the next build did not mend it"
        assert not [path for path in self.output.iterdir() if path.name != "mine"], list(self.output.iterdir())
        assert self.is_green()


def _forked(work: Callable[..., object], *arguments: object) -> int:
    child = os.fork()
    if child == 0:
        code = 1
        try:
            with contextlib.redirect_stderr(io.StringIO()):
                work(*arguments)
            code = 0
        finally:
            os._exit(code)
    return child


def _killed_at(at: int) -> None:
    _Killer(at)
    assert run(["build"]) == 0


def _killed(project: _Project) -> int:
    """Kill a build at each of its writes and check the folder each time. Return the number of writes."""
    old, new = project.trees[project.old], project.trees[project.new]
    at = 0
    mixes = 0
    while True:
        at += 1
        for text in (project.new, project.old) if at % 4 == 0 else (project.new,):
            project.again()
            child = _forked(_killed_at, at)
            status = os.waitpid(child, 0)[1]
            assert os.WIFEXITED(status) or os.WTERMSIG(status) == signal.SIGKILL
            tree = project.tree()
            for path in old.keys() | new.keys() | tree.keys():
                assert tree.get(path) in (old.get(path), new.get(path)), f"{path} is half of one at write {at}"
            assert project.is_green() == (tree == new), f"`kgen check` and the folder disagree at write {at}"
            mixes += tree not in (old, new)
            project.mended(text)
            if text == project.new:
                left = [file.name for file in (project.file.parent / "cache").rglob("*.[0-9]*")]
                assert not left, f"{left} in the cache at write {at}"
        if os.WIFEXITED(status):
            assert os.WEXITSTATUS(status) == 0
            assert mixes, "no kill came between two files"
            return at - 1


def _together(project: _Project) -> int:
    """Run concurrent builds of two CRDs into one folder. Return the number of rounds."""
    trees: list[dict[str, bytes]] = []
    words = [["build", "--specs", name] for name in ("a.yaml", "b.yaml")]
    for (_, _, name), text in zip(words, (project.old, project.new), strict=True):
        Path(name).write_text(text)
        assert run(["build", "-q", "--specs", name]) == 0
        trees.append(project.files())
    for turn in range(_TIMES):
        shutil.rmtree("cache")  # Without a cache every build generates.
        begin, end = os.pipe()
        children = [_forked(_when_closed, begin, end, word) for word in words * 2]
        os.close(end)
        assert [os.waitpid(child, 0)[1] for child in children] == [0] * 4, "a build failed because of another"
        os.close(begin)
        assert project.files() in trees, f"a mix in turn {turn}"
    return _TIMES


def _when_closed(begin: int, end: int, words: list[str]) -> None:
    """Wait until the other end of the pipe is closed, then build. All processes start together."""
    os.close(end)
    os.read(begin, 1)
    assert run(words) == 0


def main(arguments: list[str]) -> None:
    """Run the named scenario and print its count."""
    _remember()
    project = _Project(Path(arguments[1]))
    print({"killed": _killed, "together": _together}[arguments[0]](project))


if __name__ == "__main__":
    main(sys.argv[1:])
