"""The twins that are written manually have the same interface, and docs/architecture.md lists all of them."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import anyio
import pytest

from kubecore import rest
from kubecore.election import AsyncElector, AsyncTerm, Elector, Term
from kubecore.logs import AsyncLogStream, LogStream
from kubecore.streams.exec.async_process import AsyncProcess
from kubecore.streams.exec.process import Process
from kubecore.streams.port_forward.async_forward import AsyncForwardedStream, AsyncListener, AsyncPortForward
from kubecore.streams.port_forward.forward import ForwardedStream, Listener, PortForward
from kubecore.watch import AsyncWatch, Watch
from kubecore.workqueue import AsyncWorkQueue, WorkQueue
from tools.async_to_sync import KUBECORE, ROOT, files, replace_words

CORE = ROOT / "core"
PAGE = ROOT / "docs" / "architecture.md"
MARK = "| synchronous | asynchronous | written manually because |"
PUBLIC: list[tuple[type[Any], type[Any]]] = [
    (Elector, AsyncElector),
    (Term, AsyncTerm),
    (ForwardedStream, AsyncForwardedStream),
    (Listener, AsyncListener),
    (LogStream, AsyncLogStream),
    (PortForward, AsyncPortForward),
    (Process, AsyncProcess),
    (Watch, AsyncWatch),
    (WorkQueue, AsyncWorkQueue),
]
"""Classes whose objects users get."""

BRIDGE = "core/kubecore/rest/bridge.py"
"""Creates an asynchronous client from a synchronous one; the opposite is not needed."""

NOT_PUBLIC = {"ForwardedStream.advance"}
"""Methods of these classes that only kubecore calls, and whose parameters differ."""

OWN_ERRORS = {"Listener.__enter__": ["ConfigError"]}
"""Errors of one side: a synchronous listener needs an event loop, and refuses the `http_client` of the clientset."""


class Row(NamedTuple):
    """A row of the table in docs/architecture.md."""

    synchronous: str
    asynchronous: str
    reason: str


def rows() -> list[Row]:
    lines = PAGE.read_text("utf-8").partition(MARK)[2].splitlines()[2:]
    table = lines[: lines.index("")]
    return [Row(*(cell.strip().strip("`") for cell in line.strip("|").split("|"))) for line in table]


def plain(text: str) -> str:
    return replace_words(text, KUBECORE.substitutions)[0]


def is_asynchronous(node: ast.AST) -> bool:
    """Return whether code is asynchronous, by its syntax or by its name."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return plain(node.name) != node.name
    return isinstance(node, ast.AsyncFunctionDef)


def modules_with_asynchronous_code() -> Iterator[str]:
    for path in sorted((CORE / "kubecore").rglob("*.py")):
        if any(map(is_asynchronous, ast.walk(ast.parse(path.read_text("utf-8"))))):
            yield path.relative_to(ROOT).as_posix()


def test_every_hand_written_twin_is_listed_with_a_reason() -> None:
    listed = {f"core/kubecore/{row.asynchronous}" for row in rows()}
    assert set(modules_with_asynchronous_code()) - set(files(KUBECORE)) == listed | {BRIDGE}
    assert all(row.reason for row in rows())


def imported(path: str) -> ModuleType:
    return importlib.import_module("kubecore." + Path(path).with_suffix("").as_posix().replace("/", "."))


def twins(row: Row) -> Iterator[tuple[str, ModuleType | type]]:
    """Yield the names of synchronous functions, classes and methods that must exist, and their owners."""
    module, other = imported(row.asynchronous), imported(row.synchronous)
    for name, value in vars(module).items():
        if getattr(value, "__module__", "") != module.__name__ or name.startswith("_"):
            continue
        if plain(name) != name:
            yield plain(name), other
        if inspect.isclass(value) and plain(name) == name:
            yield from ((plain(method), value) for method in vars(value) if method.endswith("_async"))


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.asynchronous)
def test_every_twin_exists(row: Row) -> None:
    for name, place in twins(row):
        assert hasattr(place, name), (name, place)


def members(cls: type) -> dict[str, Callable[..., Any]]:
    """Return public methods, including inherited ones, by their synchronous names."""
    found = {plain(name): value for name, value in inspect.getmembers(cls, inspect.isfunction)}
    return {name: value for name, value in found.items() if not name.startswith("_") or name in _PROTOCOLS}


_PROTOCOLS = ("__enter__", "__exit__", "__iter__", "__next__")


@pytest.mark.parametrize(("synchronous", "asynchronous"), PUBLIC, ids=lambda cls: cls.__name__)
def test_public_twins_have_the_same_methods(synchronous: type, asynchronous: type) -> None:
    ours, theirs = members(synchronous), members(asynchronous)
    assert ours.keys() == theirs.keys()
    for name, method in ours.items():
        place = f"{synchronous.__name__}.{name}"
        if place not in NOT_PUBLIC:
            assert parameters(theirs[name]) == parameters(method), place
            assert documented(theirs[name]) == sorted({*documented(method)} - {*OWN_ERRORS.get(place, [])}), place


def parameters(function: Callable[..., Any]) -> str:
    return plain(str(list(inspect.signature(function).parameters.values())))


def documented(function: Callable[..., Any]) -> list[str]:
    """Return the arguments and errors that a docstring names."""
    return sorted(re.findall(r"^    (\w+):", plain(inspect.getdoc(function) or ""), re.MULTILINE))


@pytest.mark.parametrize(("synchronous", "asynchronous"), PUBLIC, ids=lambda cls: cls.__name__)
def test_public_twins_have_the_same_properties(synchronous: type, asynchronous: type) -> None:
    def properties(cls: type) -> set[str]:
        return {name for name, _ in inspect.getmembers(cls, lambda value: isinstance(value, property))}

    assert properties(synchronous) == properties(asynchronous)


async def outcome(function: Callable[..., Any], *arguments: Any) -> tuple[type[BaseException], str]:
    """Return the error of a call, awaited if it can be."""
    try:
        made = function(*arguments)
        if inspect.isawaitable(made):
            await made
    except Exception as error:
        return type(error), plain(str(error))
    raise AssertionError("no error")


CONFIG = rest.Config(host="http://127.0.0.1:1")


def unopened(pods: Any) -> Iterator[tuple[Any, str, tuple[Any, ...]]]:
    """Yield objects before their `with` block, and calls that need to be in it."""
    yield pods.watch(), "__next__", ()
    yield pods.list_and_watch(), "__next__", ()
    yield pods.stream_logs("web"), "__next__", ()
    process = pods.exec("web", ["true"], stdin=True)
    for name, arguments in {"read": (), "write": (b"",), "close_stdin": (), "resize": (1, 1), "wait": ()}.items():
        yield process, name, arguments
    yield pods.port_forward("web"), "connect", ("no such port!",)
    yield pods.port_forward("web"), "connect", (0,)


def test_wrong_use_raises_the_same_errors_in_sync_and_async_code() -> None:
    from kubeclient import AsyncClientset, Clientset

    async def main() -> None:
        with Clientset(CONFIG) as clientset:
            async with AsyncClientset(CONFIG) as other:
                pairs = zip(unopened(clientset.core_v1.pods("n")), unopened(other.core_v1.pods("n")), strict=True)
                for (ours, name, arguments), (theirs, _, _) in pairs:
                    asynchronous = name.replace("__next__", "__anext__")
                    expected = await outcome(getattr(ours, name), *arguments)
                    assert await outcome(getattr(theirs, asynchronous), *arguments) == expected, (ours, name)

    anyio.run(main)
