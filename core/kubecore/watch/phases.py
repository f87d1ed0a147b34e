"""Purposes of the requests of a watch, in their order. No I/O."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

__all__ = ["Phase", "PhaseEvent", "Phases"]

Phase: TypeAlias = Literal["list", "now", "initial", "watch", "probe"]
"""The content that a request reads: the state, the version of the state alone, the state as events, the changes, or the
version of the server."""

PhaseEvent: TypeAlias = Literal["listed", "synced", "silent", "refused", "expired"]
"""Last page of a list read, initial events complete, connection idle from its beginning, list of a probe refused, or
version too old."""

_NEXT: Final[Mapping[tuple[Phase, PhaseEvent], Phase]] = {
    ("list", "listed"): "watch",
    ("now", "listed"): "watch",
    ("probe", "listed"): "watch",
    ("initial", "synced"): "watch",
    ("watch", "silent"): "probe",
    ("probe", "refused"): "watch",
    ("list", "expired"): "list",
    ("now", "expired"): "list",
    ("initial", "expired"): "list",
    ("watch", "expired"): "list",
}


class Phases:
    """The phase of a watch.

    Each row is a phase, each column an event. A dash means that the phase stays; so it does for every event that has
    no column: a change, a bookmark, the end of a connection, an error that may pass.

    | phase | reads | listed | synced | silent | refused | expired |
    |---|---|---|---|---|---|---|
    | list | the state | watch | - | - | - | list |
    | now | the version of the state | watch | - | - | - | list |
    | initial | the state as events | - | watch | - | - | list |
    | watch | the changes | - | - | probe | - | list |
    | probe | how far the server is | watch | - | - | watch | - |

    A list of several pages is "listed" with its last page. A probe that finds an older version than ours ends in an
    ExpiredError, which is then "expired" in the phase watch. Without `WatchOptions.relists` nothing is "expired": the
    caller gets the error.

    Args:
        first: The first phase.

    Attributes:
        current: The phase.
    """

    __slots__ = ("current",)

    def __init__(self, first: Phase) -> None:
        self.current: Phase = first

    @property
    def is_streaming(self) -> bool:
        """Whether the response is a stream of events; else it is a list."""
        return self.current in ("watch", "initial")

    def on(self, event: PhaseEvent) -> None:
        """Change the phase according to the table."""
        self.current = _NEXT.get((self.current, event), self.current)
