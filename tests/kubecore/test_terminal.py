"""Text from servers, pods and documents never controls the terminal that shows it."""

from __future__ import annotations

import ast
import importlib
import logging
import pkgutil
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

import kubecore
from kubecore import errors
from kubecore.discovery.catalog import ApiResource
from kubecore.errors import KubeError
from kubecore.model import meta

_HOSTILE: Final = "a\x1b]0;owned\x07\x1b[31m\r\x9b\u202e\u2066\u200b\x00z\nnext\tline"
_STEERING: Final = set(_HOSTILE) - set("a]0;owned[31mz\nnext\tline")
_CORE: Final = Path(__file__).parents[2] / "core" / "kubecore"


def steers(text: str) -> bool:
    return bool(_STEERING & set(text))


def _all(kind: type[KubeError]) -> Iterator[type[KubeError]]:
    yield kind
    for below in kind.__subclasses__():
        yield from _all(below)


for module in pkgutil.walk_packages(kubecore.__path__, "kubecore."):
    importlib.import_module(module.name)

_KINDS: Final = sorted({kind for kind in _all(KubeError) if kind.__module__.startswith("kubecore")}, key=str)


def made(kind: type[KubeError]) -> KubeError:
    """Create an error of a class with hostile text in every attribute."""
    error: Any = kind.__new__(kind)
    if issubclass(kind, errors.StatusError):
        cause = meta.StatusCause(reason="FieldManagerConflict", field=_HOSTILE, message=_HOSTILE)
        status = meta.Status(message=_HOSTILE, reason=_HOSTILE, details=meta.StatusDetails(causes=[cause]))
        return kind(status)
    for arguments in (
        (_HOSTILE,),
        ([_HOSTILE], 1, b"", b""),
        (_HOSTILE, [_HOSTILE]),
        (_HOSTILE, _HOSTILE, [_HOSTILE]),
        (_HOSTILE, _HOSTILE, _HOSTILE),
    ):
        try:
            return kind(*arguments)
        except TypeError:
            continue
    error.args = (_HOSTILE,)
    for name in ("kind", "nearest", "report", "failures", "name", "known", "problems"):
        setattr(error, name, _HOSTILE)
    made_: KubeError = error
    return made_


@pytest.mark.parametrize("kind", _KINDS, ids=lambda kind: kind.__name__)
def test_no_error_steers_the_terminal(kind: type[KubeError]) -> None:
    error = made(kind)
    assert not steers(str(error))
    assert not steers(repr(error))
    error.add_note(_HOSTILE)
    assert not steers("".join(traceback.format_exception(error)))


def test_an_error_keeps_its_lines() -> None:
    assert str(errors.CopyError("one\n\ttwo")) == "one\n\ttwo"


def test_the_text_of_a_class_of_the_users_own_is_escaped_too() -> None:
    class OwnError(errors.WaitError):
        def __str__(self) -> str:
            return _HOSTILE

    assert not steers(str(OwnError("x")))


@pytest.mark.parametrize(
    ("message", "arguments"),
    [
        (_HOSTILE, ()),
        ("%s", (_HOSTILE,)),
        ("%s %d", (errors.CopyError(_HOSTILE), 3)),
        ("%s", (ValueError(_HOSTILE),)),
        ("%(a)s", ({"a": _HOSTILE},)),
        ("%s", (Path(_HOSTILE.replace("\x00", "")),)),
    ],
)
def test_no_line_of_the_log_steers_the_terminal(
    message: str, arguments: tuple[Any, ...], caplog: pytest.LogCaptureFixture
) -> None:
    logging.getLogger("kubecore").warning(message, *arguments)
    (record,) = caplog.records
    assert "next" in record.getMessage()
    assert not steers(record.getMessage())


def test_kubecore_uses_one_logger_and_never_prints() -> None:
    names: set[str] = set()
    for path in _CORE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("logging.getLogger", "getLogger"):
                names.add(ast.unparse(node))
            elif isinstance(node, ast.Call):
                assert ast.unparse(node.func) not in ("logging.warning", "logging.info", "warnings.warn", "print"), path
    assert names == {"logging.getLogger('kubecore')"}


def test_a_kind_that_discovery_names_does_not_steer_the_terminal() -> None:
    found = ApiResource(group=_HOSTILE, version="v1", kind=_HOSTILE, plural="p", singular="s", namespaced=True)
    assert not steers(str(found))
