"""Removes one rule from the code while a test runs, so that the test can show that the model notices it."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Callable
from typing import Any

import pytest

__all__ = ["replace_in"]


def replace_in(patch: pytest.MonkeyPatch, owner: type[Any], name: str, old: str, new: str) -> None:
    """Change the source of a method.

    Args:
        patch: Restores the method after the test.
        owner: The class.
        name: The method.
        old: A part of its source, which occurs once.
        new: The replacement.
    """
    function: Callable[..., Any] = owner.__dict__[name]
    source = textwrap.dedent(inspect.getsource(function))
    assert source.count(old) == 1, f"{owner.__name__}.{name} does not contain {old!r} once"
    module = inspect.getmodule(function)
    assert module is not None
    made: dict[str, Any] = {}
    code = compile(
        "from __future__ import annotations\n" + source.replace(old, new), f"<{name} without a rule>", "exec"
    )
    exec(code, module.__dict__, made)  # noqa: S102 - our own source, changed in one place
    patch.setattr(owner, name, made[name])
