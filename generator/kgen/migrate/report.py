"""The report: reads Python files, finds calls and prints their replacements."""

from __future__ import annotations

import ast
import json
import os
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from kgen.errors import DOCUMENTATION, printable
from kgen.files import read_regular
from kgen.ir import Api
from kgen.migrate.python_names import Found, calls
from kgen.migrate.replacing import replacement
from kgen.migrate.resources import Known, known
from kgen.migrate.table import PACKAGES, Status, Target

__all__ = ["Call", "Report", "as_json", "as_text", "report", "summary"]

_SKIPPED: Final = frozenset({"__pycache__", "node_modules", "site-packages", "venv"})

_LARGEST: Final = 4 << 20
"""Bytes of a file; `ast` needs a hundred times as much memory."""

_LONGEST_CALL: Final = 60

_WIDTH_OF_CALLS: Final = 44


@dataclass(frozen=True, slots=True)
class Call:
    """A call of another client.

    Attributes:
        file: The file, relative to the working folder if it is below it.
        line: The line, from 1.
        text: The call without its arguments.
        target: The replacement.
    """

    file: str
    line: int
    text: str
    target: Target


@dataclass(frozen=True, slots=True)
class Report:
    """All calls.

    Attributes:
        calls: The calls, by file and line.
        files: The number of files that were read.
        unread: The files and folders that could not be read or parsed, each with the reason.
    """

    calls: tuple[Call, ...]
    files: int
    unread: tuple[tuple[str, str], ...]

    def count(self, status: Status) -> int:
        """Return the number of calls with a status."""
        return sum(call.target.status == status for call in self.calls)


def report(path: Path, api: Api) -> Report:
    """Return the report about a file, or about the Python files below a folder."""
    names = known(api)
    found: list[Call] = []
    unread: list[tuple[str, str]] = []
    number = 0
    closed: list[OSError] = []
    for file in _files(path, closed):
        number += 1
        shown = _shown(file)
        try:
            found += _calls(file, shown, names)
        except (OSError, SyntaxError, ValueError) as error:
            unread.append((shown, _reason(error)))
        except (RecursionError, MemoryError):
            unread.append((shown, "the code is nested too deeply"))
    unread += ((_shown(Path(error.filename)), _reason(error)) for error in closed)
    return Report(tuple(found), number, tuple(unread))


def _shown(file: Path) -> str:
    return os.path.relpath(file) if file.is_relative_to(Path.cwd()) else str(file)


def _reason(error: Exception) -> str:
    if isinstance(error, SyntaxError):
        return f"line {error.lineno}: {error.msg}" if error.lineno else error.msg
    return (error.strerror or "cannot be read") if isinstance(error, OSError) else str(error)


def _files(path: Path, closed: list[OSError]) -> Iterator[Path]:
    """Yield the Python files below a folder; add the errors of folders that cannot be read to `closed`."""
    if path.is_file():
        yield path.absolute()
        return
    for folder, folders, files in os.walk(path.absolute(), onerror=closed.append):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in _SKIPPED)
        yield from (Path(folder, name) for name in sorted(files) if name.endswith(".py"))


def _calls(file: Path, shown: str, names: Known) -> Iterator[Call]:
    source = read_regular(file, _LARGEST + 1)
    if len(source) > _LARGEST:
        raise ValueError(f"it is larger than {_LARGEST >> 20} MiB")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Of the read program, such as an invalid escape in a text.
        tree = ast.parse(source)
    for one in calls(tree, PACKAGES, names.any_class):
        if (target := replacement(one, names)) is not None:
            yield Call(shown, one.node.lineno, _text(one), target)


def _text(found: Found) -> str:
    function = _function(found.node.func)
    if len(function) > _LONGEST_CALL:
        function = "..." + function[3 - _LONGEST_CALL :]
    return f"{function}({'...' if found.node.args or found.node.keywords else ''})"


def _function(node: ast.expr) -> str:
    match node:
        case ast.Attribute(value=value, attr=attribute):
            return f"{_function(value)}.{attribute}"
        case ast.Call(func=function, args=arguments, keywords=keywords):
            return f"{_function(function)}({'...' if arguments or keywords else ''})"
        case _:
            return ast.unparse(node)


def summary(result: Report) -> str:
    """Return the numbers in one line."""
    number = len(result.calls)
    parts = (
        f"{result.count('replacement')} have a replacement",
        f"{result.count('recipe')} a recipe",
        f"{result.count('open')} open",
    )
    return f"{number} {'call' if number == 1 else 'calls'} in {_files_of(result)}: {', '.join(parts)}"


def _files_of(result: Report) -> str:
    return f"{result.files} {'file' if result.files == 1 else 'files'}"


def as_text(result: Report) -> str:
    """Return one line for each call, those without a replacement by frequency, the site of the pages, the summary."""
    lines = [_line(call) for call in result.calls]
    opened = Counter(call.text for call in result.calls if call.target.status == "open")
    if opened:
        lines += ["", "open:", *(f"{count:5}  {printable(text)}" for text, count in opened.most_common())]
    if lines:
        lines += ["", f"pages: {DOCUMENTATION}, without `docs/` and `.md`"]
    lines += [summary(result)]
    return "\n".join(lines)


def _line(call: Call) -> str:
    is_open = call.target.status == "open"
    target = f"(open) {call.target.text}".rstrip() if is_open else call.target.text
    text = printable(call.text).ljust(_WIDTH_OF_CALLS)
    return f"{printable(call.file)}:{call.line}  {text}  ->  {printable(target, 300)}   {call.target.page}"


def as_json(result: Report) -> str:
    """Return the report as JSON."""
    found: list[dict[str, Any]] = [
        {
            "file": call.file,
            "line": call.line,
            "call": call.text,
            "status": call.target.status,
            "replacement": call.target.text if call.target.status != "open" else None,
            "reason": call.target.text if call.target.status == "open" else None,
            "page": call.target.page,
        }
        for call in result.calls
    ]
    counts = {"calls": len(result.calls), "files": result.files}
    counts |= {
        "replacement": result.count("replacement"),
        "recipe": result.count("recipe"),
        "open": result.count("open"),
    }
    unread = [{"file": file, "reason": reason} for file, reason in result.unread]
    return json.dumps({"summary": counts, "calls": found, "unread": unread}, indent=2)
