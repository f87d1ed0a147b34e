"""The query of a request: options that all kinds share, and their checks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from kubecore.testing._server.exchange import Received
from kubecore.testing._server.failures import Cause, RequestError, invalid, quoted

__all__ = [
    "WriteOptions",
    "bad_request",
    "dry_run_causes",
    "forbidden",
    "is_true",
    "manager_of",
    "not_supported",
    "number_in",
    "refuse",
    "revision_of",
    "truth_in",
]

_VALIDATIONS: Final = ("", "Ignore", "Strict", "Warn")
_MOST_OF_MANAGER: Final = 128
_MOST_DIGITS: Final = 1000
"""Python refuses to read numbers with more than 4,300 digits; all of this length are out of range."""


class WriteOptions(NamedTuple):
    """Options of a create, an update or a patch.

    Attributes:
        is_dry_run: Whether nothing is stored.
        validation: How unknown fields are handled: `Ignore`, `Strict` or `Warn`.
        manager: The field manager.
        is_forced: Whether an apply becomes the owner of fields of other managers.
    """

    is_dry_run: bool
    validation: str
    manager: str
    is_forced: bool = False

    @classmethod
    def of(cls, received: Received, kind: str, *, is_apply: bool = False) -> WriteOptions:
        """Read the options of a request.

        Args:
            received: The request.
            kind: `CreateOptions`, `UpdateOptions` or `PatchOptions`.
            is_apply: Whether the request is an apply.

        Raises:
            RequestError: An option has an unsupported value.
        """
        query = dict(received.query)
        dry_runs = [value for name, value in received.query if name == "dryRun"]
        causes = list(dry_run_causes(dry_runs))
        causes += _manager_causes(query.get("fieldManager", ""), is_apply=is_apply)
        causes += _validation_causes(query.get("fieldValidation", ""))
        refuse(kind, causes)
        force = query.get("force")
        if force is not None and kind == "PatchOptions" and not is_apply:
            refuse(kind, [Cause("FieldValueForbidden", "Forbidden: may not be specified for non-apply patch", "force")])
        return cls(
            is_dry_run=bool(dry_runs),
            validation=query.get("fieldValidation") or "Warn",
            manager=query.get("fieldManager") or manager_of(received),
            is_forced=force in ("true", "1"),
        )


def manager_of(received: Received) -> str:
    """Return the field manager of a request without one: the name in its user agent."""
    agent = received.headers.get("user-agent", "").partition("/")[0]
    if not agent.isprintable():
        agent = "".join(char for char in agent if char.isprintable())
    return agent[:_MOST_OF_MANAGER] or "unknown"


def refuse(kind: str, causes: Sequence[Cause]) -> None:
    """Raise the error of invalid options, if there are causes.

    Args:
        kind: Such as `ListOptions`.
        causes: The causes, in the server's order.
    """
    if causes:
        raise invalid("meta.k8s.io", kind, "", causes)


def dry_run_causes(values: Sequence[str]) -> Iterable[Cause]:
    """Yield the cause for values of `dryRun` that the server does not know."""
    if any(value != "All" for value in values):
        shown = "[" + ",".join(f'"{value}"' for value in values) + "]"
        yield Cause("FieldValueNotSupported", f'Unsupported value: {shown}: supported values: "All"', "dryRun")


def _manager_causes(manager: str, *, is_apply: bool) -> Iterable[Cause]:
    if is_apply and not manager:
        yield Cause("FieldValueRequired", "Required value: is required for apply patch", "fieldManager")
    if len(manager.encode()) > _MOST_OF_MANAGER:
        yield Cause("FieldValueTooLong", f"Too long: may not be more than {_MOST_OF_MANAGER} bytes", "fieldManager")
    for position, char in enumerate("" if manager.isprintable() else manager):
        if not char.isprintable():
            text = f"Invalid value: {quoted(manager)}: invalid character U+{ord(char):04X} (at position {position})"
            yield Cause("FieldValueInvalid", text, "fieldManager")


def _validation_causes(value: str) -> Iterable[Cause]:
    if value not in _VALIDATIONS:
        yield not_supported("fieldValidation", value, _VALIDATIONS)


def not_supported(field: str, value: str, supported: Sequence[str]) -> Cause:
    """Return the cause for a value that is not one of those that the server knows."""
    shown = ", ".join(f'"{one}"' for one in supported)
    return Cause("FieldValueNotSupported", f'Unsupported value: "{value}": supported values: {shown}', field)


def forbidden(field: str, text: str) -> Cause:
    """Return the cause for an option that must not be set."""
    return Cause("FieldValueForbidden", f"Forbidden: {text}", field)


def bad_request(message: str) -> RequestError:
    """Return the error of a request that can't be read."""
    return RequestError(400, "BadRequest", message)


def is_true(text: str) -> bool:
    """Return whether the text of an option means true: all texts do, but for `0` and `false`."""
    return text != "0" and text.lower() != "false"


def _whole_number(text: str) -> int:
    """Read a number of the query, as Go's `ParseInt` does.

    Raises:
        RequestError: It is not a number, or has more than 64 bits.
    """
    digits = text[1:] if text[:1] in ("-", "+") else text
    if not (digits.isascii() and digits.isdigit()):
        raise bad_request(f'strconv.ParseInt: parsing "{text}": invalid syntax')
    number = int(text) if len(text) <= _MOST_DIGITS else 1 << 64
    if not -(1 << 63) <= number < 1 << 63:
        raise bad_request(f'strconv.ParseInt: parsing "{text}": value out of range')
    return number


def revision_of(text: str) -> int:
    """Return a resource version as a number.

    Raises:
        ValueError: It is not a number, or has more than 64 bits. The message is that of Go's `ParseUint`.
    """
    if not (text.isascii() and text.isdigit()):
        raise ValueError(f'strconv.ParseUint: parsing "{text}": invalid syntax')
    if len(text) > _MOST_DIGITS or int(text) >= 1 << 64:
        raise ValueError(f'strconv.ParseUint: parsing "{text}": value out of range')
    return int(text)


def number_in(query: Mapping[str, str], name: str) -> int | None:
    """Read a number of the query, None if it is missing.

    Raises:
        RequestError: It is not a number.
    """
    return _whole_number(query[name]) if name in query else None


def truth_in(query: Mapping[str, str], name: str) -> bool | None:
    """Read a boolean of the query, None if it is missing."""
    return is_true(query[name]) if name in query else None
