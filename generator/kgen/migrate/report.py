"""The report: reads Python files, finds calls and error handling, and prints their replacements."""

from __future__ import annotations

import ast
import json
import os
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from kgen.errors import DOCUMENTATION, printable
from kgen.files import read_regular
from kgen.ir import Api
from kgen.migrate.handling import handled, is_of_error
from kgen.migrate.python_names import Found, read
from kgen.migrate.replacing import replacement
from kgen.migrate.resources import Known, known
from kgen.migrate.table import PACKAGES, STATUSES, Status, Target

__all__ = ["Call", "Report", "as_json", "as_text", "report", "summary"]

_SKIPPED: Final = frozenset({"__pycache__", "node_modules", "site-packages", "venv"})

_LARGEST: Final = 4 << 20
"""Bytes of a file; `ast` needs a hundred times as much memory."""

_LONGEST_CALL: Final = 60

_WIDTH_OF_CALLS: Final = 44


@dataclass(frozen=True, slots=True)
class Call:
    """A call of another client, or code that handles its errors.

    Attributes:
        file: The file, relative to the working folder if it is below it.
        line: The line, from 1.
        text: The call without its arguments; the class of an `except` clause, or the attribute of an error.
        target: The replacement.
        kind: Whether it is a call.
    """

    file: str
    line: int
    text: str
    target: Target
    kind: Literal["call", "error"] = "call"


@dataclass(frozen=True, slots=True)
class Report:
    """All calls, and all code that handles errors.

    Attributes:
        found: All of them, by file and line.
        files: The number of files that were read.
        unread: The files and folders that could not be read or parsed, each with the reason.
    """

    found: tuple[Call, ...]
    files: int
    unread: tuple[tuple[str, str], ...]

    @property
    def calls(self) -> tuple[Call, ...]:
        """The calls."""
        return tuple(one for one in self.found if one.kind == "call")

    @property
    def errors(self) -> tuple[Call, ...]:
        """The code that handles errors."""
        return tuple(one for one in self.found if one.kind == "error")

    def count(self, status: Status, kind: Literal["call", "error"] = "call") -> int:
        """Return the number of calls with a status, or that of code that handles errors."""
        return sum(one.target.status == status for one in self.found if one.kind == kind)


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
            found += _found(file, shown, names)
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


def _found(file: Path, shown: str, names: Known) -> list[Call]:
    source = read_regular(file, _LARGEST + 1)
    if len(source) > _LARGEST:
        raise ValueError(f"it is larger than {_LARGEST >> 20} MiB")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Of the read program, such as an invalid escape in a text.
        tree = ast.parse(source)
    calls, uses = read(tree, PACKAGES, names.any_class)
    found = [
        Call(shown, one.node.lineno, _text(one), target)
        for one in calls
        if not is_of_error(one.path) and (target := replacement(one, names)) is not None
    ]
    found += [
        Call(shown, use.node.lineno, _shortened(error[0]), error[1], "error")
        for use in uses
        if (error := handled(use)) is not None
    ]
    return sorted(found, key=lambda one: one.line)


def _text(found: Found) -> str:
    function = _shortened(_function(found.node.func))
    return f"{function}({'...' if found.node.args or found.node.keywords else ''})"


def _shortened(code: str) -> str:
    return code if len(code) <= _LONGEST_CALL else "..." + code[3 - _LONGEST_CALL :]


def _function(node: ast.expr) -> str:
    match node:
        case ast.Attribute(value=value, attr=attribute):
            return f"{_function(value)}.{attribute}"
        case ast.Call(func=function, args=arguments, keywords=keywords):
            return f"{_function(function)}({'...' if arguments or keywords else ''})"
        case _:
            return ast.unparse(node)


def summary(result: Report) -> str:
    """Return the numbers of calls in one line; if there is code that handles errors, its numbers in a second one."""
    number, errors = len(result.calls), len(result.errors)
    lines = [f"{number} {'call' if number == 1 else 'calls'} in {_files_of(result)}: {_statuses(result, 'call')}"]
    if result.unread:
        lines[0] += f"; {len(result.unread)} not read"
    if errors:
        lines += [f"{errors} {'use' if errors == 1 else 'uses'} of errors: {_statuses(result, 'error')}"]
    return "\n".join(lines)


def _statuses(result: Report, kind: Literal["call", "error"]) -> str:
    numbers = (result.count(status, kind) for status in STATUSES)
    return "{} have a replacement, {} a recipe, {} open".format(*numbers)


def _files_of(result: Report) -> str:
    return f"{result.files} {'file' if result.files == 1 else 'files'}"


def as_text(result: Report) -> str:
    """Return a line for each call and use of an error, those without a replacement by frequency, and the summary."""
    lines = [_line(one) for one in result.found]
    opened = Counter(one.text for one in result.found if one.target.status == "open")
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
    counts: dict[str, Any] = {"calls": len(result.calls), "files": result.files}
    counts |= {status: result.count(status) for status in STATUSES}
    counts["errors"] = {"uses": len(result.errors)} | {status: result.count(status, "error") for status in STATUSES}
    data = {
        "summary": counts,
        "calls": [_entry(call, "call") for call in result.calls],
        "errors": [_entry(error, "code") for error in result.errors],
        "unread": [{"file": file, "reason": reason} for file, reason in result.unread],
    }
    return json.dumps(data, indent=2)


def _entry(call: Call, name: str) -> dict[str, Any]:
    is_open = call.target.status == "open"
    return {
        "file": call.file,
        "line": call.line,
        name: call.text,
        "status": call.target.status,
        "replacement": None if is_open else call.target.text,
        "reason": call.target.text if is_open else None,
        "page": call.target.page,
    }
