"""The objects of a new cluster, which are made once per process and then copied with another time."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, Final, NamedTuple

from kubecore.testing._server.state import State, Unsure
from kubecore.testing._server.store import Change, Record

__all__ = ["fill"]

_MOST: Final = 16


class _First(NamedTuple):
    """The first objects.

    Attributes:
        time: The time in them.
        changes: The writes that made them.
        chance: The state of the random numbers after them.
        unsure: The rules that were not checked for them.
    """

    time: str
    changes: tuple[Change, ...]
    chance: Any
    unsure: tuple[Unsure, ...]


_KNOWN: Final[dict[Hashable, _First]] = {}


def fill(state: State, key: Hashable, make: Callable[[], None]) -> None:
    """Make the first objects, or copy those of an earlier cluster.

    Args:
        state: The state without objects.
        key: All on which the objects depend, except the time.
        make: Makes the objects.
    """
    time = state.timestamp()
    found = _KNOWN.get(key)
    if found is not None:
        _copy(found, state, time)
        return
    changes: list[Change] = []
    state.store.observers.append(changes.append)
    make()
    state.store.observers.remove(changes.append)
    if state.timestamp() == time and len(_KNOWN) < _MOST:
        _KNOWN[key] = _First(time, tuple(changes), state.chance.getstate(), tuple(state.unsure))


def _copy(first: _First, state: State, time: str) -> None:
    old, new = f'"{first.time}"'.encode(), f'"{time}"'.encode()

    def at_time(record: Record) -> Record:
        return record._replace(content=record.content.replace(old, new))

    for change in first.changes:
        before = None if change.old is None else at_time(change.old)
        state.store.repeat(change._replace(old=before, new=at_time(change.new)))
    state.chance.setstate(first.chance)
    state.unsure.extend(first.unsure)
