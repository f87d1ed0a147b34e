"""Errors that the server returned: `StatusError` and a class for each reason of the API."""

from __future__ import annotations

import builtins
import json
import re
from collections.abc import Mapping
from typing import Final, NamedTuple, Self

from kubecore._support.terminal import escape_for_terminal
from kubecore.errors.base import KubeError
from kubecore.model import meta

__all__ = [
    "ALWAYS_BY_CODE",
    "BY_REASON",
    "AlreadyExistsError",
    "ApplyConflictError",
    "BadRequestError",
    "ConflictError",
    "ExpiredError",
    "FieldConflict",
    "ForbiddenError",
    "GatewayTimeoutError",
    "GoneError",
    "InternalError",
    "InvalidError",
    "MethodNotAllowedError",
    "NotAcceptableError",
    "NotFoundError",
    "RequestEntityTooLargeError",
    "ServerTimeoutError",
    "ServiceUnavailableError",
    "StatusError",
    "StoreReadError",
    "TimeoutError",
    "TooManyRequestsError",
    "UnauthorizedError",
    "UnsupportedMediaTypeError",
    "has_cause",
    "status_error",
]


class StatusError(KubeError):
    """The server responded with an error.

    Args:
        status: The server's Status, or one created from the HTTP response if the body has none.

    Raises:
        TypeError: The argument is something else, such as a message.

    Attributes:
        status: The whole Status.
        request: Method and URL of the request without its query, such as `GET https://10.0.0.1:6443/api/v1/pods`; ""
            if it is not known.
        identity: The user of the credentials, such as `user 'admin' of context 'lab'`; "" if it is not known.
    """

    def __init__(self, status: meta.Status) -> None:
        if not hasattr(status, "message"):
            raise TypeError(
                f"{type(self).__name__} needs a Status, not a {type(status).__name__}: "
                "write meta.Status(code=404, reason='NotFound', message='...'), with kubecore.model.meta"
            )
        super().__init__(status)
        self.status = status
        self.request: str = ""
        self.identity: str = ""

    @property
    def code(self) -> int:
        """HTTP status code, 0 when the Status carries none."""
        return self.status.code or 0

    @property
    def reason(self) -> str:
        """The failure in one word, such as `NotFound`; "" when the server gave none."""
        return self.status.reason or ""

    def __str__(self) -> str:
        """Return the server's message, and the request if the message does not name an object.

        Characters that a terminal obeys are shown as escapes.
        """
        message = self.status.message or f"the server responded with {self.code} {self.reason}".rstrip()
        details = self.status.details
        if self.request and (details is None or not (details.kind or details.name)):
            message = f"{self.request}: {message}"
        return escape_for_terminal(message)

    def locate(self, request: str, identity: str = "") -> Self:
        """Set the request that failed, unless it is known already.

        Args:
            request: Method and URL without its query.
            identity: Whose credentials were used.

        Returns:
            The error.
        """
        self.request = self.request or request
        self.identity = self.identity or identity
        return self


class BadRequestError(StatusError):
    """The request is malformed (400)."""


class UnauthorizedError(StatusError):
    """The server does not accept the credentials of the request (401)."""

    def __str__(self) -> str:
        """Return the request, the server's message and whose credentials were used."""
        if not self.request:
            return super().__str__()
        who = f" of {self.identity}" if self.identity else ""
        message = self.status.message or "Unauthorized"
        code = "" if "401" in message else "401 "
        why = f"the server does not accept the credentials{who}: they are wrong, missing or have expired"
        return escape_for_terminal(f"{self.request}: {code}{message}: {why}")


class ForbiddenError(StatusError):
    """The user may not do this (403)."""


class NotFoundError(StatusError):
    """The object or the path does not exist (404)."""


class MethodNotAllowedError(StatusError):
    """The resource does not offer this verb (405)."""


class NotAcceptableError(StatusError):
    """The server has none of the accepted media types (406)."""


class ConflictError(StatusError):
    """The object has changed meanwhile, or another manager owns the field (409)."""


class FieldConflict(NamedTuple):
    """A field that was applied and belongs to another manager."""

    field: str
    """The field, such as `.spec.replicas` or `.spec.template.spec.containers[name="c"].image`."""

    manager: str
    """The owner: the `fieldManager` of the last write."""

    message: str
    """The server's own words: also through which subresource, version and when."""


class ApplyConflictError(ConflictError):
    """Server-side apply met fields that other managers own, with another value (409).

    Attributes:
        conflicts: Each field with its manager, in the server's order.
    """

    def __init__(self, status: meta.Status) -> None:
        super().__init__(status)
        causes = status.details.causes if status.details is not None else []
        self.conflicts: tuple[FieldConflict, ...] = tuple(
            FieldConflict(cause.field or "", _manager(cause.message or ""), cause.message or "")
            for cause in causes
            if cause.reason == _FIELD_CONFLICT
        )

    def __str__(self) -> str:
        """Return the message: the fields, their managers, and the next step."""
        count = len(self.conflicts)
        fields = "; ".join(f"{conflict.field} ({conflict.message})" for conflict in self.conflicts[:_MOST_CONFLICTS])
        more = f"; and {count - _MOST_CONFLICTS} more" if count > _MOST_CONFLICTS else ""
        what = "1 field belongs" if count == 1 else f"{count} fields belong"
        return (
            f"{what} to other managers: {fields}{more}; remove them from the applied object, "
            "or take them over with force=True"
        )


class AlreadyExistsError(StatusError):
    """An object of that name already exists (409)."""


class GoneError(StatusError):
    """The requested object is gone, and its new location is not known (410)."""


class ExpiredError(GoneError):
    """The resource version or the continue token is too old: list again (410)."""


class RequestEntityTooLargeError(StatusError):
    """The body is too large for the server (413)."""


class UnsupportedMediaTypeError(StatusError):
    """The server does not read this kind of body (415)."""


class InvalidError(StatusError):
    """The object breaks a rule of its kind; the causes name the fields (422)."""


class TooManyRequestsError(StatusError):
    """The server is overloaded, or a disruption budget refuses an eviction (429)."""


class InternalError(StatusError):
    """The server failed (500)."""


class ServerTimeoutError(StatusError):
    """The server could not finish in time and reports when to retry (500)."""


class StoreReadError(StatusError):
    """The server can't read the object from its store (500)."""


class ServiceUnavailableError(StatusError):
    """The server, or the one behind it, is unavailable (503)."""


class GatewayTimeoutError(StatusError, builtins.TimeoutError):
    """The server gave up within the time that the request allowed (504).

    A timeout of the client is another class: `ReadTimeoutError`, `WaitTimeoutError`, ... All of them are the builtin
    `TimeoutError`, too.
    """


TimeoutError = GatewayTimeoutError  # noqa: A001 - client-go's name
"""The name of `GatewayTimeoutError` in client-go. Do not confuse it with the builtin `TimeoutError`."""


# The cause of each field of an apply that another manager owns, and how its message names that manager: in Go's quotes.
_FIELD_CONFLICT: Final = "FieldManagerConflict"


_MANAGER: Final = re.compile(r'conflict with ("(?:[^"\\]|\\.)*")')


_MOST_CONFLICTS: Final = 10


# Reasons that the API defines, and the class of each.
BY_REASON: Final[Mapping[str, type[StatusError]]] = {
    "AlreadyExists": AlreadyExistsError,
    "BadRequest": BadRequestError,
    "Conflict": ConflictError,
    "Expired": ExpiredError,
    "Forbidden": ForbiddenError,
    "Gone": GoneError,
    "InternalError": InternalError,
    "Invalid": InvalidError,
    "MethodNotAllowed": MethodNotAllowedError,
    "NotAcceptable": NotAcceptableError,
    "NotFound": NotFoundError,
    "RequestEntityTooLarge": RequestEntityTooLargeError,
    "ServerTimeout": ServerTimeoutError,
    "ServiceUnavailable": ServiceUnavailableError,
    "StoreReadError": StoreReadError,
    "Timeout": GatewayTimeoutError,
    "TooManyRequests": TooManyRequestsError,
    "Unauthorized": UnauthorizedError,
    "UnsupportedMediaType": UnsupportedMediaTypeError,
}


# The error for a code if the reason is empty or not one of the API's.
_BY_CODE: Final[Mapping[int, type[StatusError]]] = {
    400: BadRequestError,
    401: UnauthorizedError,
    403: ForbiddenError,
    404: NotFoundError,
    405: MethodNotAllowedError,
    406: NotAcceptableError,
    409: ConflictError,
    410: GoneError,
    413: RequestEntityTooLargeError,
    415: UnsupportedMediaTypeError,
    422: InvalidError,
    429: TooManyRequestsError,
    500: InternalError,
    503: ServiceUnavailableError,
    504: GatewayTimeoutError,
}


# Two codes decide regardless of the reason, as in client-go.
ALWAYS_BY_CODE: Final = {413: "RequestEntityTooLarge", 429: "TooManyRequests"}


def status_error(status: meta.Status) -> StatusError:
    """Return the error of the class for a Status.

    Args:
        status: The server's Status; its reason decides, or its code if the reason is not one of the API's.

    Returns:
        The error, not raised.
    """
    reason, code = status.reason or "", status.code or 0
    found = BY_REASON.get(reason) or _BY_CODE.get(code, StatusError)
    if found is ConflictError and has_cause(status, _FIELD_CONFLICT):
        return ApplyConflictError(status)
    return found(status)


def has_cause(status: meta.Status | None, reason: str) -> bool:
    """Return whether a Status has a cause of this reason."""
    causes = status.details.causes if status is not None and status.details is not None else []
    return any(cause.reason == reason for cause in causes)


def _manager(message: str) -> str:
    match = _MANAGER.search(message)
    if match is None:
        return ""
    try:
        return str(json.loads(match[1]))
    except ValueError:
        return match[1][1:-1]
