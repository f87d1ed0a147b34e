"""Texts of events within the limits of the API server: notes, reasons, names, times. No I/O.

Source: `pkg/apis/core/validation/events.go` and `GenerateEventName` of client-go.
"""

from __future__ import annotations

import string
from collections.abc import Callable
from typing import Final

from kubecore.errors import InvalidRequestError

__all__ = [
    "ACTION_BYTES",
    "INSTANCE_BYTES",
    "NOTE_BYTES",
    "REASON_BYTES",
    "check_controller",
    "cut",
    "event_name",
]

NOTE_BYTES: Final = 1024
REASON_BYTES: Final = 128
ACTION_BYTES: Final = 128
INSTANCE_BYTES: Final = 128

_NAME_CHARACTERS: Final = 200
_CONTROLLER_CHARACTERS: Final = 63
_LOWER: Final = frozenset(string.ascii_lowercase + string.digits)
_ANY: Final = frozenset(string.ascii_letters + string.digits)


def cut(text: str, limit: int) -> str:
    """Return a text in at most so many bytes of UTF-8, cut between two characters; invalid characters are replaced.

    Args:
        text: The text.
        limit: The largest number of bytes.
    """
    data = text[:limit].encode("utf-8", "replace")
    return data[:limit].decode("utf-8", "ignore")


def event_name(name: str, wall: float, chance: Callable[[], float]) -> str:
    """Return a name for an event: that of its object, cut, and 16 hexadecimal digits of time and chance.

    Time alone is not unique: two processes may report the same object at the same moment.

    Args:
        name: The object's name. A name that is not a DNS subdomain, such as `system:node`, becomes `event`.
        wall: Seconds since 1970-01-01 UTC.
        chance: Returns a random number from 0 to 1.
    """
    base = name[:_NAME_CHARACTERS].rstrip("-.")
    if not all(_is_label(label, _LOWER, "-") for label in base.split(".")):
        base = "event"
    milliseconds = int(wall * 1000) & 0xFFF_FFFF_FFFF
    return f"{base}.{milliseconds:011x}{int(chance() * 0x10_0000):05x}"


def check_controller(name: str) -> str:
    """Return the name of a controller if the API server accepts it in `reportingController`.

    Args:
        name: A qualified name, such as `widget-operator` or `shop.example.com/widget-operator`.

    Raises:
        InvalidRequestError: It is not valid.
    """
    prefix, slash, last = name.rpartition("/")
    is_valid = len(last) <= _CONTROLLER_CHARACTERS and _is_label(last, _ANY, "-_.")
    if slash:
        is_valid = is_valid and len(prefix) <= 253 and all(_is_label(label, _LOWER, "-") for label in prefix.split("."))
    if not is_valid:
        raise InvalidRequestError(
            f"invalid name of a controller {name[:300]!r}: expected at most 63 letters, digits, '-', '_' and '.', that "
            "begin and end with a letter or digit; a domain and '/' may precede them"
        )
    return name


def _is_label(text: str, ends: frozenset[str], between: str) -> bool:
    """Return whether a text consists of some characters, and begins and ends with fewer of them."""
    return bool(text) and text[0] in ends and text[-1] in ends and all(one in ends or one in between for one in text)
