"""Failures of requests as the API server describes them: a Status with reason, details and causes."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import msgspec

from kubecore.errors.base import Notes

__all__ = ["Cause", "NotSimulatedError", "RequestError", "details_of", "invalid", "quoted", "warned"]


class Cause(NamedTuple):
    """One cause of a failure: `details.causes` of a Status.

    Attributes:
        reason: Such as `FieldValueInvalid`.
        message: The fault, without the path of the field.
        field: The path of the field, such as `spec.ports[0].port`.
    """

    reason: str
    message: str
    field: str


class NotSimulatedError(Exception):
    """The fake API server does not simulate a request.

    It is not a `KubeError`, so that no program handles it by accident.
    """

    __module__ = "kubecore.testing"  # as programs import it

    __notes__: Notes = Notes()  # pyright: ignore[reportIncompatibleVariableOverride] - a list when it is read


class RequestError(Exception):
    """The server refuses a request.

    Attributes:
        code: The HTTP status code.
        reason: The reason of the Status, "" if it has none.
        message: The message of the Status.
        details: `details` of the Status, or None.
        retry_after: Seconds for the header `Retry-After`, or None.
        token: `metadata.continue` of the Status, or "".
        is_page: Whether the response is plain text instead of a Status.
        warnings: Texts for headers `Warning`.
    """

    def __init__(
        self,
        code: int,
        reason: str,
        message: str,
        *,
        details: dict[str, Any] | None = None,
        retry_after: int | None = None,
        token: str = "",
        is_page: bool = False,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.details = details
        self.retry_after = retry_after
        self.token = token
        self.is_page = is_page
        self.warnings: tuple[str, ...] = ()


@contextmanager
def warned(warnings: tuple[str, ...]) -> Generator[None]:
    """Add warnings to the failure of a request whose body caused them."""
    try:
        yield
    except RequestError as error:
        error.warnings = warnings
        raise


def quoted(text: str) -> str:
    """Return a text in quotes, as the server shows it in messages."""
    return msgspec.json.encode(text).decode()


def details_of(name: str, group: str, kind: str) -> dict[str, Any]:
    """Return the details of a Status about an object, without those that are empty.

    Args:
        name: The name of the object.
        group: The API group.
        kind: The kind, or the plural.
    """
    found = {"name": name, "group": group, "kind": kind}
    return {key: value for key, value in found.items() if value}


def invalid(group: str, kind: str, name: str, causes: Sequence[Cause]) -> RequestError:
    """Make the error for an object that does not pass validation: 422, one cause for each fault.

    Args:
        group: The API group, "" for core.
        kind: The kind.
        name: The name of the object, "" if it has none yet.
        causes: At least one.
    """
    shown = f"{kind}.{group}" if group else kind
    texts = list(dict.fromkeys(f"{cause.field}: {cause.message}" for cause in causes))
    text = texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
    return RequestError(
        422,
        "Invalid",
        f"{shown} {quoted(name)} is invalid: {text}",
        details={**details_of(name, group, kind), "causes": [cause._asdict() for cause in causes]},
    )
