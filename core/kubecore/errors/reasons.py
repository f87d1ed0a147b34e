"""Functions that classify errors of the server, as `k8s.io/apimachinery/pkg/api/errors` does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kubecore.errors.status import ALWAYS_BY_CODE, BY_REASON, StatusError, has_cause
from kubecore.model import meta

__all__ = [
    "has_status_cause",
    "is_already_exists",
    "is_bad_request",
    "is_conflict",
    "is_forbidden",
    "is_gone",
    "is_internal_error",
    "is_invalid",
    "is_method_not_supported",
    "is_not_acceptable",
    "is_not_found",
    "is_request_entity_too_large",
    "is_resource_expired",
    "is_server_timeout",
    "is_service_unavailable",
    "is_store_read_error",
    "is_timeout",
    "is_too_many_requests",
    "is_unauthorized",
    "is_unexpected_server_error",
    "is_unsupported_media_type",
    "reason_for_error",
    "suggests_client_delay",
]


def _is(error: object, reason: str, code: int | None = None) -> bool:
    """Return whether an error, or its cause, has a reason; the code counts if the reason is unknown."""
    found = _status_of(error)
    if found is None:
        return False
    actual = found.reason or ""
    if actual == reason:
        return True
    return code is not None and found.code == code and (actual not in BY_REASON or ALWAYS_BY_CODE.get(code) == reason)


def _status_of(error: object) -> meta.Status | None:
    seen: set[int] = set()
    while isinstance(error, BaseException) and id(error) not in seen:
        if isinstance(error, StatusError):
            return error.status
        seen.add(id(error))
        for member in _members(error):
            if (found := _status_of(member)) is not None:
                return found
        error = error.__cause__
    return None


def _members(error: BaseException) -> Sequence[BaseException]:
    """Return the errors of a group, none of a single error."""
    group: Any = error
    return group.exceptions if issubclass(type(error), BaseExceptionGroup) else ()


def is_not_found(error: object) -> bool:
    """Return whether the object does not exist; like all of these functions, also for errors with such a cause."""
    return _is(error, "NotFound", 404)


def is_already_exists(error: object) -> bool:
    """Return whether an object of that name already exists."""
    return _is(error, "AlreadyExists")


def is_conflict(error: object) -> bool:
    """Return whether the object has changed in the meantime."""
    return _is(error, "Conflict", 409)


def is_invalid(error: object) -> bool:
    """Return whether the object breaks a rule of its kind."""
    return _is(error, "Invalid", 422)


def is_gone(error: object) -> bool:
    """Return whether the requested object is gone. An expired version is not: see `is_resource_expired`."""
    return _is(error, "Gone", 410)


def is_resource_expired(error: object) -> bool:
    """Return whether the resource version or the continue token is too old."""
    return _is(error, "Expired")


def is_bad_request(error: object) -> bool:
    """Return whether the request is malformed."""
    return _is(error, "BadRequest", 400)


def is_unauthorized(error: object) -> bool:
    """Return whether the server does not accept the credentials."""
    return _is(error, "Unauthorized", 401)


def is_forbidden(error: object) -> bool:
    """Return whether the user may not do this."""
    return _is(error, "Forbidden", 403)


def is_method_not_supported(error: object) -> bool:
    """Return whether the resource does not offer this verb."""
    return _is(error, "MethodNotAllowed", 405)


def is_not_acceptable(error: object) -> bool:
    """Return whether the server has none of the accepted media types."""
    return _is(error, "NotAcceptable", 406)


def is_unsupported_media_type(error: object) -> bool:
    """Return whether the server does not read this kind of body."""
    return _is(error, "UnsupportedMediaType", 415)


def is_internal_error(error: object) -> bool:
    """Return whether the server failed."""
    return _is(error, "InternalError", 500)


def is_service_unavailable(error: object) -> bool:
    """Return whether the server is unavailable."""
    return _is(error, "ServiceUnavailable", 503)


def is_timeout(error: object) -> bool:
    """Return whether the server gave up within the time that the request allowed."""
    return _is(error, "Timeout", 504)


def is_server_timeout(error: object) -> bool:
    """Return whether the server could not finish in time and reports when to retry."""
    return _is(error, "ServerTimeout")


def is_store_read_error(error: object) -> bool:
    """Return whether the server can't read the object from its store."""
    return _is(error, "StoreReadError")


def is_too_many_requests(error: object) -> bool:
    """Return whether the server is overloaded: by the reason, or by the code 429 with any reason."""
    return _is(error, "TooManyRequests", 429)


def is_request_entity_too_large(error: object) -> bool:
    """Return whether the body is too large: by the reason, or by the code 413 with any reason."""
    return _is(error, "RequestEntityTooLarge", 413)


def is_unexpected_server_error(error: object) -> bool:
    """Return whether the response was not a Status, so that only its text is available."""
    return has_status_cause(error, "UnexpectedServerResponse")


def has_status_cause(error: object, reason: str) -> bool:
    """Return whether the Status of an error has a cause of a type.

    Args:
        error: The error.
        reason: The type, such as `FieldValueInvalid`.
    """
    return has_cause(_status_of(error), reason)


def reason_for_error(error: object) -> str:
    """Return the reason that the Status of an error gives, "" when there is none."""
    found = _status_of(error)
    return (found.reason or "") if found is not None else ""


def suggests_client_delay(error: object) -> int | None:
    """Return the number of seconds after which the server wants a retry, None if it does not set it."""
    found = _status_of(error)
    if found is None or found.details is None:
        return None
    seconds = found.details.retry_after_seconds or 0
    return seconds if seconds > 0 or is_server_timeout(error) else None
