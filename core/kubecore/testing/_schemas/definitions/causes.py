"""Causes that the checks of definitions share, and the rules of names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

from kubecore.testing._schemas.validation.faults import invalid_value
from kubecore.testing._schemas.wording import quoted, shown
from kubecore.testing._server.failures import Cause

__all__ = [
    "SUBDOMAIN",
    "SUBDOMAIN_TEXT",
    "duplicate",
    "forbidden",
    "invalid_value",
    "label_faults",
    "label_invalid",
    "required",
    "unsupported",
]

SUBDOMAIN: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
SUBDOMAIN_TEXT: Final = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    r"'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
_LABEL: Final = re.compile("[a-z]([-a-z0-9]*[a-z0-9])?")
_LABEL_TEXT: Final = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, "
    "and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is "
    "'[a-z]([-a-z0-9]*[a-z0-9])?')"
)
_LONGEST: Final = 63


def required(path: str, text: str = "") -> Cause:
    """Return the cause for a missing value."""
    return Cause("FieldValueRequired", f"Required value: {text}" if text else "Required value", path)


def forbidden(path: str, text: str) -> Cause:
    """Return the cause for a value that must be missing."""
    return Cause("FieldValueForbidden", f"Forbidden: {text}", path)


def unsupported(path: str, value: Any, allowed: Sequence[str]) -> Cause:
    """Return the cause for a value that is not one of the allowed values."""
    text = f"Unsupported value: {shown(value)}: supported values: {', '.join(map(quoted, allowed))}"
    return Cause("FieldValueNotSupported", text, path)


def duplicate(path: str, value: Any) -> Cause:
    """Return the cause for a repeated value."""
    return Cause("FieldValueDuplicate", f"Duplicate value: {shown(value)}", path)


def label_faults(text: str) -> Iterator[str]:
    """Yield the reasons for which a text is not a label of RFC 1035."""
    if len(text) > _LONGEST:
        yield f"must be no more than {_LONGEST} characters"
    if _LABEL.fullmatch(text) is None:
        yield _LABEL_TEXT


def label_invalid(path: str, text: str, prefix: str = "") -> Iterator[Cause]:
    """Yield the cause for a text that is not a label of RFC 1035, if it is not.

    Args:
        path: The path of the text.
        text: The text.
        prefix: The start of the reason. If it is set, upper case letters are accepted.
    """
    faults = list(label_faults(text.lower() if prefix else text))
    if faults:
        yield invalid_value(path, text, prefix + ",".join(faults))
