"""Every regular expression of both packages runs in linear time on hostile text.

The expressions are found in the syntax trees of the modules, so a new one needs no entry here. Hostile texts repeat one or
two characters of the expression and have an end that does not match.
"""

from __future__ import annotations

import ast
import importlib
import itertools
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest

from kubecore import jsonpath, quantity, selectors
from kubecore._config import warnings
from kubecore.codec import depth

pytestmark = pytest.mark.thorough

_ROOT: Final = Path(__file__).parents[1]
_PACKAGES: Final = (_ROOT / "core" / "kubecore", _ROOT / "generator" / "kgen")
_SMALL: Final = 2_000
_TIMES: Final = 8
_METHODS: Final = frozenset({"match", "fullmatch", "search", "sub", "subn", "split", "finditer", "findall"})
_EXEMPT: Final = frozenset({"kgen.python_source._LEXICAL"})  # It reads generated source, in which every string ends.
_GIVEN: Final = frozenset(  # They compile the expressions of CRDs: tests/testing/test_patterns.py.
    f"kubecore.testing._schemas.validation.{name}" for name in ("automaton", "patterns")
)
_COMMON: Final = ' a0"\\.-'


class Used(NamedTuple):
    place: str
    pattern: re.Pattern[Any]
    method: str


def _used() -> Iterator[Used]:
    for package in _PACKAGES:
        for path in sorted(package.rglob("*.py")):
            tree = ast.parse(path.read_text())
            if not any(isinstance(node, ast.Import) and node.names[0].name == "re" for node in ast.walk(tree)):
                continue
            name = ".".join(path.relative_to(package.parent).with_suffix("").parts).removesuffix(".__init__")
            if name in _GIVEN:
                continue
            module = importlib.import_module(name)
            yield from _of_module(name, module, tree)


def _of_module(name: str, module: Any, tree: ast.Module) -> Iterator[Used]:
    inline = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and _is_re(node)]
    named: dict[str, re.Pattern[Any]] = {}
    for key, value in vars(module).items():
        found = [one for one in _flat(value) if isinstance(one, re.Pattern)]
        named |= {f"{key}{number or ''}": one for number, one in enumerate(found)}
    compiled = [node for node in inline if _method(node) == "compile"]
    assert len(compiled) <= len(named), f"{name}: an expression is compiled elsewhere than at the top of the module"
    for key, pattern in named.items():
        methods = {
            node.attr
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == key
        } & _METHODS
        for method in sorted(methods) or ["fullmatch", "search"]:
            yield Used(f"{name}.{key}", pattern, method)
    for node in inline:
        if (method := _method(node)) in _METHODS:
            text = ast.literal_eval(node.args[0])  # Fails for an expression that is built at run time.
            yield Used(f"{name}:{node.lineno}", re.compile(text), method)


def _flat(value: object) -> Iterator[object]:
    if isinstance(value, (tuple, list)):
        for one in value:  # pyright: ignore[reportUnknownVariableType]
            yield from _flat(one)  # pyright: ignore[reportUnknownArgumentType]
    else:
        yield value


def _is_re(node: ast.Call) -> bool:
    return isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name) and node.func.value.id == "re"


def _method(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else ""


_USED: Final = [used for used in _used() if used.place not in _EXEMPT]


def _pumps(source: str) -> Iterator[str]:
    own = [char for char in dict.fromkeys(source) if char.isprintable()][:14]
    chars = list(dict.fromkeys([*own[:10], *_COMMON]))
    yield from chars
    yield from ("".join(pair) for pair in itertools.permutations(chars[:7], 2))
    yield from ("=?a?q?b", '"a" ', "a.a-", "1.", "\\u")


def _seconds(work: Callable[[], Any]) -> float:
    best = float("inf")
    for _ in range(3):
        began = time.thread_time()
        work()
        best = min(best, time.thread_time() - began)
        if best < 0.02:
            break
    return best


def _is_linear(work: Callable[[str], Any], pump: str, prefix: str = "") -> bool:
    def text(times: int) -> str:
        return prefix + pump * (_SMALL * times // len(pump)) + "\x00"

    large = _seconds(lambda: work(text(_TIMES)))
    # A short time is accepted. Otherwise the ratio decides, with a margin for a busy machine; 64 is quadratic.
    return large < 0.02 or large < 4 * _TIMES * max(_seconds(lambda: work(text(1))), 0.0005)


@pytest.mark.parametrize("used", _USED, ids=lambda used: f"{used.place}-{used.method}")
def test_the_time_of_a_regular_expression_is_linear(used: Used) -> None:
    is_bytes = isinstance(used.pattern.pattern, bytes)
    source = used.pattern.pattern.decode("latin-1") if is_bytes else used.pattern.pattern

    def work(text: str) -> None:
        subject: Any = text.encode("latin-1", "replace") if is_bytes else text
        if used.method in ("match", "fullmatch", "search"):
            getattr(used.pattern, used.method)(subject)
        else:
            for _ in used.pattern.finditer(subject):
                pass

    for pump in _pumps(source):
        for prefix in ("", '"'):
            assert _is_linear(work, pump, prefix), (
                f"{used.place} takes more than linear time on {prefix!r} and {pump!r}"
            )


def _refused(work: Callable[[str], Any]) -> Callable[[str], None]:
    def tried(text: str) -> None:
        try:
            work(text)
        except ValueError:  # The base class of the expected errors.
            pass

    return tried


@pytest.mark.parametrize(
    "work",
    [
        lambda text: list(warnings.parse(f'299 - "{text}')),
        lambda text: list(warnings.parse(f'299 - "{text}"')),
        lambda text: list(warnings.parse(text)),
        lambda text: depth.check(text.encode()),
        selectors.parse,
        quantity.parse,
        jsonpath.parse,
    ],
    ids=["open warning", "warning", "warnings", "depth", "selectors", "quantity", "jsonpath"],
)
@pytest.mark.parametrize(
    "pump", ["=?a?q?b", '\\"', '299 - "a",', "a=b,", "a in (b,", "[", "{", "[?(@.a", "'", "1", "..a"]
)
def test_the_time_of_a_parser_is_linear(work: Callable[[str], Any], pump: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(depth, "levels", lambda: 200)
    assert _is_linear(_refused(work), pump)


def test_the_measurement_distinguishes_quadratic_from_linear_time() -> None:
    square, line = re.compile(r'"(?:[^"\\]|\\.)*"'), re.compile(r'"(?:[^"\\]|\\.)*+"?')
    assert not _is_linear(lambda text: list(square.finditer(text)), '\\"', '"')
    assert _is_linear(lambda text: list(line.finditer(text)), '\\"', '"')
