"""The syntax of names and values of labels, and the error for any other text."""

from __future__ import annotations

import re
from typing import Any, Final, NoReturn

from kubecore.errors import InvalidRequestError

__all__ = ["check_key", "check_value", "integer", "refuse"]


_NAME: Final = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]", re.ASCII)

_SUBDOMAIN: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*", re.ASCII)

_LONGEST_NAME: Final = 63

_LONGEST_PREFIX: Final = 253

_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,40}", re.ASCII)


def check_key(key: Any) -> None:
    """Refuse text that cannot be the name of a label."""
    if not isinstance(key, str):
        refuse(f"a label's name is text, not {type(key).__name__}")
    prefix, slash, name = key.rpartition("/")
    if slash and not (len(prefix) <= _LONGEST_PREFIX and _SUBDOMAIN.fullmatch(prefix)):
        refuse(f"{key[:300]!a} can't be a label's name: before the slash stands a domain in lower case")
    if len(name) > _LONGEST_NAME or not _NAME.fullmatch(name):
        refuse(
            f"{key[:300]!a} can't be a label's name: that is at most 63 letters, digits, '-', '_' and '.', "
            "the first and the last a letter or digit"
        )


def check_value(key: str, value: Any) -> None:
    """Refuse text that cannot be the value of a label."""
    if not isinstance(value, str):
        refuse(f"the label {key!a} is compared with text, not with {type(value).__name__}")
    if value and not (len(value) <= _LONGEST_NAME and _NAME.fullmatch(value)):
        refuse(
            f"{value[:300]!a} can't be the value of the label {key!a}: that is at most 63 letters, digits, '-', '_' "
            "and '.', the first and the last a letter or digit, or nothing at all"
        )


def integer(value: str) -> int | None:
    """Parse an integer as Go's ParseInt does: 64 bits."""
    number = int(value) if _INTEGER.fullmatch(value) else None
    return number if number is not None and -(1 << 63) <= number < 1 << 63 else None


def refuse(message: str) -> NoReturn:
    """Raise the error of an invalid selector."""
    raise InvalidRequestError(message)
