"""How deeply a body may be nested: many functions of the fake API server call themselves for each level.

The limit is a number, so that each version of Python and each caller, however deep in the stack, has the same one.
"""

from __future__ import annotations

from typing import Any, Final

from kubecore.codec.depth import is_deeper
from kubecore.testing._schemas.json_values import is_list, is_map
from kubecore.testing._server.failures import NotSimulatedError

__all__ = ["MOST_LEVELS", "check_text", "check_value"]

MOST_LEVELS: Final = 100
"""The most objects and arrays that may be inside each other."""


def check_text(content: bytes) -> None:
    """Refuse JSON that is nested too deeply.

    Raises:
        NotSimulatedError: It has more than `MOST_LEVELS` levels.
    """
    if content.count(b"{") + content.count(b"[") > MOST_LEVELS and is_deeper(content, MOST_LEVELS):
        raise _too_deep()


def check_value(value: Any) -> None:
    """Refuse a JSON value that is nested too deeply.

    Raises:
        NotSimulatedError: It has more than `MOST_LEVELS` levels.
    """
    row, count = [value], 0
    while row := [each for each in row if is_map(each) or is_list(each)]:
        count += 1
        if count > MOST_LEVELS:
            raise _too_deep()
        row = [inner for each in row for inner in (each.values() if is_map(each) else each)]


def _too_deep() -> NotSimulatedError:
    return NotSimulatedError(f"a body that is nested deeper than {MOST_LEVELS} levels is not simulated")
