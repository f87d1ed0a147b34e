"""Tests that need Go are skipped with the next step, or fail if they are required."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cluster import build
from tests.golang import need_go

WITHOUT: dict[str, str] = {
    "Go": "need Go: install it from https://go.dev/dl",
    "modules": "need Go modules: make the module proxy of `go env GOPROXY` reachable (module lookup disabled)",
}
GO = """#!/bin/sh
if [ "$1" = env ]; then
  echo go1.99.0
else
  echo "module lookup disabled" >&2
  exit 1
fi
"""


@pytest.fixture(params=list(WITHOUT))
def problem(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Remove Go or its modules, and the servers; return the message about it."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    if request.param != "Go":
        (tmp_path / "go").write_text(GO, "utf-8")
        (tmp_path / "go").chmod(0o755)
    build.go_problem.cache_clear()
    request.addfinalizer(build.go_problem.cache_clear)
    return WITHOUT[request.param]


def test_a_test_of_a_go_program_is_skipped(problem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KGEN_REQUIRE_CLUSTER", raising=False)
    with pytest.raises(pytest.skip.Exception) as skipped:
        need_go(tmp_path)
    assert str(skipped.value) == problem


def test_a_required_test_of_a_go_program_fails(problem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KGEN_REQUIRE_CLUSTER", "1")
    with pytest.raises(pytest.fail.Exception) as failed:
        need_go(tmp_path)
    assert str(failed.value) == problem


def test_servers_are_not_built_and_the_line_names_the_next_step(problem: str) -> None:
    assert build.obstacle() == f"real-server tests {problem} and run make test again"
    with pytest.raises(build.GoMissingError, match=r"and run make test again$"):
        build.binaries()
