"""Bugs in server-side apply are noticed by the table of Go's results."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Callable
from typing import Any

import pytest

from kubecore.testing._apply import empty
from tests.testing.planted.apply import BUGS, Bug
from tests.testing.test_apply_like_go import differences


def replace_code(patch: pytest.MonkeyPatch, function: Callable[..., Any], old: str, new: str) -> None:
    """Change the source of a function, also for the modules that have imported it."""
    function = inspect.unwrap(function)
    source = textwrap.dedent(inspect.getsource(function))
    assert source.count(old) == 1, f"{function.__qualname__} does not contain {old!r} once"
    made: dict[str, Any] = {}
    code = compile("from __future__ import annotations\n" + source.replace(old, new), "<planted>", "exec")
    exec(code, dict(vars(inspect.getmodule(function))), made)  # noqa: S102 - our own source, changed in one place
    patch.setattr(function, "__code__", inspect.unwrap(made[function.__name__]).__code__)


@pytest.mark.thorough
@pytest.mark.parametrize("bug", BUGS, ids=[bug.name for bug in BUGS])
def test_the_table_notices(bug: Bug, monkeypatch: pytest.MonkeyPatch) -> None:
    clear = getattr(bug.function, "cache_clear", lambda: None)
    replace_code(monkeypatch, bug.function, bug.old, bug.new)
    # Results of the function without the bug are forgotten, and later those with it.
    clear()
    monkeypatch.setattr(empty, "_kept", {})
    try:
        found = next(differences(), None)
    finally:
        monkeypatch.undo()
        clear()
    assert found is not None
