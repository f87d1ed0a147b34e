"""Imports the fake API server with a bug: the source is changed while it is imported, the files stay as they are."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, Final

import kubecore
from tests.conformance import transcripts
from tests.conformance.backends import FakeServer
from tests.conformance.cases import all_cases
from tests.testing.planted.server import BUGS, Bug

__all__ = ["VARIABLE", "fails", "file_of", "install", "named", "planted"]

VARIABLE: Final = "PLANTED_BUG"
"""The environment variable with the name of the bug that `tests.testing.planted.plugin` plants."""

_PACKAGE: Final = "kubecore.testing"
_ROOT: Final = Path(__file__).parents[3]


def file_of(bug: Bug) -> Path:
    """Return the file that a bug changes."""
    return Path(kubecore.__file__).parent.joinpath("testing", *bug.module.split(".")).with_suffix(".py")


class _Loader(SourceFileLoader):
    """Loads a module with a bug."""

    def __init__(self, name: str, path: str, bug: Bug) -> None:
        super().__init__(name, path)
        self._bug = bug

    def get_code(self, fullname: str) -> CodeType:
        source = file_of(self._bug).read_text("utf-8")
        assert source.count(self._bug.right) == 1, f"{self._bug.name}: {source.count(self._bug.right)} places"
        return compile(source.replace(self._bug.right, self._bug.wrong), self.path, "exec")


class _Finder(MetaPathFinder):
    def __init__(self, bug: Bug) -> None:
        self._bug = bug

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != f"{_PACKAGE}.{self._bug.module}":
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        assert spec is not None
        assert spec.origin is not None
        spec.loader = _Loader(fullname, spec.origin, self._bug)
        return spec


def install(bug: Bug) -> MetaPathFinder:
    """Change the source of a module whenever it is imported."""
    finder = _Finder(bug)
    sys.meta_path.insert(0, finder)
    return finder


@contextmanager
def planted(bug: Bug) -> Iterator[None]:
    """Import all modules of the fake server again within a block, one of them with a bug."""
    before = _removed()
    finder = install(bug)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        _removed()
        for name, module in before.items():
            sys.modules[name] = module
            parent, _, last = name.rpartition(".")
            setattr(sys.modules[parent], last, module)


def _removed() -> dict[str, ModuleType]:
    """Forget the modules of the fake server, and return them."""
    names = [name for name in sys.modules if name == _PACKAGE or name.startswith(f"{_PACKAGE}.")]
    return {name: sys.modules.pop(name) for name in sorted(names)}


def fails(bug: Bug) -> str:
    """Return the case or the file of tests that fails because of a bug, "" if all pass."""
    if bug.tests:
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "tests.testing.planted.plugin", bug.tests]
        done = subprocess.run(
            [*command, "-p", "no:cacheprovider"],
            cwd=_ROOT,
            env={**os.environ, VARIABLE: bug.name},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode in (0, 1), done.stdout + done.stderr
        return bug.tests if done.returncode else ""
    with planted(bug):
        return _first_difference()


def _first_difference() -> str:
    recorded, known = transcripts.read(), transcripts.known_gaps()
    for name, case in all_cases().items():
        expected: set[Any] = {number for each, number in known if each == name}
        try:
            found = set(transcripts.differing(recorded[name], case.run(FakeServer())))
        except Exception as error:
            return f"{name}: {type(error).__name__}"
        if found != expected:
            return name
    return ""


def named(name: str) -> Bug:
    """Return the bug with a name."""
    return next(bug for bug in BUGS if bug.name == name)
