"""The state of an object compared with a goal, and functions that read fields of any document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from kubecore._support.json_types import is_json_array, is_json_object
from kubecore.calls.resource import Body
from kubecore.errors import WaitFailedError

__all__ = [
    "Failure",
    "Observation",
    "condition",
    "conditions",
    "describe_condition",
    "document",
    "field",
    "number",
    "text",
]


class Failure(NamedTuple):
    """The reason why an object can no longer reach the goal."""

    kind: type[WaitFailedError]
    """The error to raise."""

    reason: str
    """Why, in one word."""

    message: str
    """Why, for people."""


class Observation(NamedTuple):
    """The state of an object, compared with a goal."""

    done: bool
    """Whether the goal is reached."""

    seen: str
    """How far it is, for people."""

    failure: Failure | None = None
    """Why it can no longer become so."""


def document(item: Body) -> Mapping[str, Any]:
    """Return the content of the object's JSON."""
    return item if isinstance(item, Mapping) else item.to_dict()


def field(data: Any, *names: str) -> Any:
    """Return a nested field, None if there is none."""
    for name in names:
        data = data.get(name) if is_json_object(data) else None
    return data


def number(data: Any, *names: str) -> int:
    """Return a nested whole number, 0 if there is none, as in Go."""
    found = field(data, *names)
    return found if isinstance(found, int) else 0


def text(data: Any, *names: str) -> str:
    """Return a nested text, "" if there is none, as in Go."""
    found = field(data, *names)
    return found if isinstance(found, str) else ""


def conditions(data: Any) -> Iterator[Mapping[str, Any]]:
    """Yield the conditions of the object's status that have a type and a status."""
    found = field(data, "status", "conditions")
    for entry in found if is_json_array(found) else ():
        if text(entry, "type") and isinstance(field(entry, "status"), str):
            yield entry


def condition(data: Any, name: str) -> Mapping[str, Any] | None:
    """Return the condition of a type, upper and lower case alike, as `kubectl wait` finds it."""
    folded = name.casefold()
    return next((entry for entry in conditions(data) if text(entry, "type").casefold() == folded), None)


def describe_condition(entry: Mapping[str, Any]) -> str:
    """Describe a condition: `Ready is False (ContainersNotReady): containers with unready status: [c]`."""
    reason, message = text(entry, "reason"), text(entry, "message")
    words = f"{text(entry, 'type')} is {text(entry, 'status')}"
    return words + (f" ({reason})" if reason else "") + (f": {message}" if message else "")
