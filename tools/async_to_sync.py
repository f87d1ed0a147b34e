"""Derive the synchronous modules of kubecore from the asynchronous ones.

The asynchronous file is the source: edit it, then run `make sync`. Derived files are committed, so that editors, type
checkers and tracebacks see ordinary code. The conversion replaces words, in code and in docstrings alike; ruff sorts
the imports and formats.

Usage: python tools/async_to_sync.py [--check]
"""

from __future__ import annotations

import argparse
import difflib
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

ROOT: Final = Path(__file__).resolve().parent.parent
HEADER: Final = "# Derived from {} by tools/async_to_sync.py. Edit that file and run `make sync`.\n"

PAIRS: Final[Mapping[str, str]] = {
    "core/kubecore/_http/async_gzip_stream.py": "core/kubecore/_http/gzip_stream.py",
    "core/kubecore/_http/async_protocols.py": "core/kubecore/_http/protocols.py",
    "core/kubecore/async_verbs/*.py": "core/kubecore/sync_verbs/*.py",
    "core/kubecore/apply/async_files.py": "core/kubecore/apply/files.py",
    "core/kubecore/cache/async_changes_iterator.py": "core/kubecore/cache/changes_iterator.py",
    "core/kubecore/cache/async_informer.py": "core/kubecore/cache/informer.py",
    "core/kubecore/cache/async_reader.py": "core/kubecore/cache/reader.py",
    "core/kubecore/clientset/async_base.py": "core/kubecore/clientset/base.py",
    "core/kubecore/clientset/async_group.py": "core/kubecore/clientset/group.py",
    "core/kubecore/discovery/async_client.py": "core/kubecore/discovery/client.py",
    "core/kubecore/dynamic/async_client.py": "core/kubecore/dynamic/client.py",
    "core/kubecore/election/async_driving.py": "core/kubecore/election/driving.py",
    "core/kubecore/election/async_requests.py": "core/kubecore/election/requests.py",
    "core/kubecore/polling/async_loop.py": "core/kubecore/polling/loop.py",
    "core/kubecore/recorder/async_recorder.py": "core/kubecore/recorder/recorder.py",
    "core/kubecore/rest/async_client.py": "core/kubecore/rest/client.py",
    "core/kubecore/rest/async_page_iterator.py": "core/kubecore/rest/page_iterator.py",
    "core/kubecore/rest/async_run_steps.py": "core/kubecore/rest/run_steps.py",
    "core/kubecore/retry/async_loop.py": "core/kubecore/retry/loop.py",
    "core/kubecore/streams/copy/async_transfer.py": "core/kubecore/streams/copy/transfer.py",
    "core/kubecore/streams/exec/async_run.py": "core/kubecore/streams/exec/run.py",
    "core/kubecore/watch/async_list_and_watch.py": "core/kubecore/watch/list_and_watch.py",
}
"""Sources and derived files. A `*` stands for every file of a folder."""

SUBSTITUTIONS: Final[Mapping[str, str]] = {
    # Code. The first entry that matches a word replaces it.
    r"async (?=(?:def|with|for)\b)": "",
    r"await ": "",
    r"asynccontextmanager": "contextmanager",
    r"__aenter__": "__enter__",
    r"__aexit__": "__exit__",
    r"__aiter__": "__iter__",
    r"__anext__": "__next__",
    r"StopAsyncIteration": "StopIteration",
    r"aclose": "close",
    r"aclosing": "closing",
    r"Awaitable\[((?:[^\[\]]|\[[^\[\]]*\])*)\]": r"\1",
    r"async_verbs": "sync_verbs",
    r"AsyncSocket": "SyncSocket",
    r"async_socket": "sync_socket",
    r"Async([A-Z]\w*)": r"\1",
    r"async_(\w+)": r"\1",
    r"(\w+)_async": r"\1",
    # Documentation.
    r"asynchronous": "synchronous",
    r"for asyncio and trio": "safe to use from many threads at once",
}
"""Regular expressions for whole words, and their replacements."""

_LEFT_OVER: Final = re.compile(r"\basync\w*|\bawait|\bAsync\w+|\w+_async\b")


class SyncError(Exception):
    """The sources, the derived files or the table do not fit together."""


class Project(NamedTuple):
    """Inputs of the conversion.

    Attributes:
        root: Folder that the paths of `pairs` are relative to.
        pairs: Sources and derived files.
        substitutions: Regular expressions for whole words, and their replacements.
    """

    root: Path
    pairs: Mapping[str, str]
    substitutions: Mapping[str, str]


KUBECORE: Final = Project(ROOT, PAIRS, SUBSTITUTIONS)


def files(project: Project) -> dict[str, str]:
    """Return the derived file of every source.

    Raises:
        SyncError: A source does not exist.
    """
    found: dict[str, str] = {}
    for source, derived in project.pairs.items():
        names = sorted(path.relative_to(project.root).as_posix() for path in project.root.glob(source))
        if not names:
            raise SyncError(f"{source}: no such file; remove it from PAIRS")
        found.update((name, derived.replace("*", Path(name).stem)) for name in names)
    return found


def convert(sources: Mapping[str, str], substitutions: Mapping[str, str]) -> dict[str, str]:
    """Replace the words of asynchronous code; the result is not formatted yet.

    Args:
        sources: Texts of the sources, by path.
        substitutions: Regular expressions for whole words, and their replacements.

    Returns:
        The converted texts, by path.

    Raises:
        SyncError: A substitution is never used, or asynchronous words are left.
    """
    converted, unused = dict[str, str](), set(substitutions)
    for path, text in sources.items():
        converted[path], used = replace_words(text, substitutions)
        unused -= used
        _refuse_left_over(path, converted[path])
    if unused:
        raise SyncError(f"substitutions that are never used: {', '.join(map(repr, sorted(unused)))}; remove them")
    return converted


def replace_words(text: str, substitutions: Mapping[str, str]) -> tuple[str, set[str]]:
    """Replace words of a text.

    Args:
        text: The text.
        substitutions: Regular expressions for whole words, and their replacements.

    Returns:
        The text, and the regular expressions that matched.
    """
    used = set[str]()
    for word, replacement in substitutions.items():
        text, count = re.subn(rf"(?<!\w){word}(?:(?<=\W)|(?!\w))", replacement, text)
        if count:
            used.add(word)
    return text, used


def _refuse_left_over(path: str, text: str) -> None:
    for number, line in enumerate(text.splitlines(), start=1):
        if match := _LEFT_OVER.search(line):
            raise SyncError(f"{path}:{number}: no substitution for {match[0]!r} in: {line.strip()}")


def derive(project: Project) -> dict[str, str]:
    """Return the text of every derived file, by path.

    Raises:
        SyncError: See `files`, `convert`; or ruff does not accept a converted file.
    """
    pairs = files(project)
    sources = {path: (project.root / path).read_text("utf-8") for path in pairs}
    converted = convert(sources, project.substitutions)
    return _formatted(
        {pairs[path]: HEADER.format(path.removeprefix("core/")) + text for path, text in converted.items()}
    )


def _formatted(texts: Mapping[str, str]) -> dict[str, str]:
    """Simplify the converted code, sort imports and format, with the settings of this repository."""
    with tempfile.TemporaryDirectory() as folder:
        for path, text in texts.items():
            file = Path(folder, path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, "utf-8")
        _ruff("check", "--output-format=concise", "--select=F401,I,SIM117,UP028", "--fix", "--unsafe-fixes", folder)
        _ruff("format", folder)
        return {path: Path(folder, path).read_text("utf-8") for path in texts}


def _ruff(command: str, *arguments: str) -> None:
    config = f"--config={ROOT / 'pyproject.toml'}"
    line = [sys.executable, "-m", "ruff", command, "--quiet", "--no-cache", config, *arguments]
    result = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=False)
    if result.returncode:
        raise SyncError(f"ruff {command} failed:\n{result.stdout}{result.stderr}".rstrip())


def refuse_orphans(project: Project, derived: Mapping[str, str]) -> None:
    """Check that no derived file has lost its source.

    Raises:
        SyncError: There is such a file.
    """
    mark = HEADER.partition("{}")[0]
    for path in sorted(
        {path for place in project.pairs.values() for path in (project.root / place).parent.glob("*.py")}
    ):
        name = path.relative_to(project.root).as_posix()
        in_table = any("*" in place and Path(name).match(place) for place in project.pairs.values())
        if name not in derived and (in_table or path.read_text("utf-8").startswith(mark)):
            raise SyncError(f"{name}: its source is missing; delete it too, or add the pair to PAIRS")


def difference(project: Project, derived: Mapping[str, str]) -> str:
    """Return a unified diff from the files on disk to the expected ones; empty if they are equal."""
    lines: list[str] = []
    for path, text in derived.items():
        file = project.root / path
        old = file.read_text("utf-8") if file.exists() else ""
        lines += difflib.unified_diff(old.splitlines(), text.splitlines(), path, f"{path} (derived)", lineterm="")
    return "\n".join(lines)


def write(project: Project, derived: Mapping[str, str]) -> None:
    """Write the derived files that differ."""
    for path, text in derived.items():
        file = project.root / path
        if not file.exists() or file.read_text("utf-8") != text:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, "utf-8")


def main(arguments: Sequence[str] | None = None, project: Project = KUBECORE) -> int:
    """Run the command; return its exit code."""
    parser = argparse.ArgumentParser(description="Derive the synchronous modules from the asynchronous ones.")
    parser.add_argument("--check", action="store_true", help="print a diff and fail instead of writing")
    options = parser.parse_args(arguments)
    try:
        derived = derive(project)
        refuse_orphans(project, derived)
    except SyncError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    if not options.check:
        write(project, derived)
        return 0
    if diff := difference(project, derived):
        print(f"{diff}\nerror: derived files differ from their sources; run `make sync`", file=sys.stderr)
    return bool(diff)


if __name__ == "__main__":
    sys.exit(main())
