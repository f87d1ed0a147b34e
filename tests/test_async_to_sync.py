"""The synchronous modules are derived from the asynchronous ones."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tools import async_to_sync
from tools.async_to_sync import KUBECORE, SUBSTITUTIONS, Project, SyncError, convert, derive, files, main

SOURCE = '''"""Pods, asynchronous."""

from kubecore.rest import AsyncClient
from kubecore.async_verbs.base import ResourceClient


class AsyncPods(ResourceClient):
    """Pods.

    ```python
    async with AsyncPods(client) as pods:
        print(await pods.get("a"))
    ```
    """

    async def aclose(self, client: AsyncClient) -> None:
        """Close: see `async with`."""
        await client.aclose(
        )
'''
DERIVED = '''# Derived from verbs/async_pods.py by tools/async_to_sync.py. Edit that file and run `make sync`.
"""Pods, synchronous."""

from kubecore.rest import Client
from kubecore.sync_verbs.base import ResourceClient


class Pods(ResourceClient):
    """Pods.

    ```python
    with Pods(client) as pods:
        print(pods.get("a"))
    ```
    """

    def close(self, client: Client) -> None:
        """Close: see `with`."""
        client.close()
'''
WORDS = {
    word: SUBSTITUTIONS[word]
    for word in SUBSTITUTIONS
    if word.startswith("Async(")
    or word in ("await ", "aclose", "async_verbs", "asynchronous")
    or "def|with|for" in word
}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "verbs").mkdir()
    (tmp_path / "verbs/async_pods.py").write_text(SOURCE)
    return Project(tmp_path, {"verbs/async_pods.py": "verbs/pods.py"}, WORDS)


def test_code_and_docstrings_are_converted(project: Project) -> None:
    assert derive(project) == {"verbs/pods.py": DERIVED}


def test_derived_files_are_written(project: Project) -> None:
    assert main([], project) == 0
    assert (project.root / "verbs/pods.py").read_text() == DERIVED
    assert main(["--check"], project) == 0


def test_a_derived_file_that_was_edited_is_found(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    main([], project)
    (project.root / "verbs/pods.py").write_text(DERIVED.replace("client.close()", "client.stop()"))
    assert main(["--check"], project) == 1
    printed = capsys.readouterr().err
    assert "--- verbs/pods.py\n" in printed
    assert "\n-        client.stop()\n+        client.close()\n" in printed
    assert "run `make sync`" in printed
    assert "client.stop()" in (project.root / "verbs/pods.py").read_text()


def test_a_source_that_was_edited_is_found(project: Project) -> None:
    main([], project)
    (project.root / "verbs/async_pods.py").write_text(SOURCE + "\n\nasync def more() -> None: ...\n")
    assert main(["--check"], project) == 1


def test_a_derived_file_that_does_not_exist_yet_is_found(project: Project) -> None:
    assert main(["--check"], project) == 1


def test_an_unused_substitution_is_an_error(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([], project._replace(substitutions={**WORDS, "never": "ever"})) == 1
    assert capsys.readouterr().err == "error: substitutions that are never used: 'never'; remove them\n"


def test_a_word_without_a_substitution_is_an_error() -> None:
    with pytest.raises(SyncError, match=r"a\.py:1: no substitution for 'asyncio' in: import asyncio"):
        convert({"a.py": "import asyncio\n"}, {})


def test_a_derived_file_without_a_source_is_an_error(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    (project.root / "verbs/old.py").write_text(DERIVED)
    assert main(["--check"], project) == 1
    assert "verbs/old.py: its source is missing" in capsys.readouterr().err


def test_every_file_of_a_derived_folder_needs_a_source(tmp_path: Path) -> None:
    for name in ("async_verbs/pods.py", "sync_verbs/pods.py", "sync_verbs/nodes.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    project = Project(tmp_path, {"async_verbs/*.py": "sync_verbs/*.py"}, {})
    with pytest.raises(SyncError, match=r"sync_verbs/nodes\.py: its source is missing"):
        async_to_sync.refuse_orphans(project, derive(project))


def test_a_pair_without_a_source_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SyncError, match=r"async_a\.py: no such file"):
        files(Project(tmp_path, {"async_a.py": "a.py"}, {}))


def test_source_that_is_not_python_is_an_error(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    (project.root / "verbs/async_pods.py").write_text(SOURCE + "\ndef (:\n")
    assert main([], project) == 1
    assert "error: ruff" in capsys.readouterr().err


@pytest.mark.slow
def test_the_derived_files_of_kubecore_are_fresh() -> None:
    """`make lint` compares the text; older releases of ruff may format it differently."""
    derived = derive(KUBECORE)
    assert len(derived) >= 32
    for path, text in derived.items():
        committed = (KUBECORE.root / path).read_text("utf-8")
        assert ast.dump(ast.parse(text)) == ast.dump(ast.parse(committed)), path
        assert committed.startswith("# Derived from kubecore/"), path
