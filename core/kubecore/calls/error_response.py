"""Maps a failed response to an error, with client-go's rules.

A Status of the server has priority. If the body is not a Status, one is created from the HTTP code, with the body's
text as a cause. A delay that only the header Retry-After contains is added to the details. Source:
`k8s.io/apimachinery/pkg/api/errors` `NewGenericServerResponse`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final, Protocol

import msgspec

from kubecore.codec import decode
from kubecore.codec.decoders import decoder
from kubecore.errors import DecodeError, StatusError, status_error
from kubecore.model.meta import Status, StatusCause, StatusDetails

__all__ = ["from_response", "status_in", "unreadable"]

_LONGEST: Final = 2048

# Reason and message by code; `{thing}` is the subject of the call.
_GENERIC: Final[Mapping[int, tuple[str, str]]] = {
    400: ("BadRequest", "the server refused the request for {thing} as malformed"),
    401: ("Unauthorized", "the server does not accept the credentials of the request for {thing}"),
    403: ("Forbidden", "the server does not allow the request for {thing}"),
    404: ("NotFound", "the server has no {thing}"),
    405: ("MethodNotAllowed", "the server does not allow this method on {thing}"),
    406: ("NotAcceptable", "the server cannot return an accepted media type for {thing}"),
    409: ("Conflict", "the server found a conflict with {thing}"),
    410: ("Gone", "{thing} is gone"),
    413: ("RequestEntityTooLarge", "the body of the request for {thing} is too large for the server"),
    415: ("UnsupportedMediaType", "the server does not read the media type of the request for {thing}"),
    422: ("Invalid", "the server found the request for {thing} invalid"),
    429: ("TooManyRequests", "the server has received too many requests to handle the one for {thing}"),
    503: ("ServiceUnavailable", "the server can't handle the request for {thing} at the moment"),
    504: ("Timeout", "the server gave up on the request for {thing}, which may still be carried out"),
}


class Subject(Protocol):
    """The data of a failed call for its error: see `kubecore.calls.call.Call`."""

    @property
    def method(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def group(self) -> str: ...
    @property
    def resource(self) -> str: ...
    @property
    def subresource(self) -> str: ...
    @property
    def name(self) -> str: ...


class _Outline(msgspec.Struct):
    kind: str = ""
    status: Any = None
    reason: Any = None
    code: Any = None


def status_in(body: bytes | bytearray | memoryview) -> StatusError | None:
    """Return the error for a Status in a body, None if the body is not a Status.

    Args:
        body: The body of a response. A Status without apiVersion counts, one without kind or with the status `Success`
            does not.
    """
    return _error_in(body, None)


def _error_in(body: bytes | bytearray | memoryview, code: int | None) -> StatusError | None:
    """Return the error for a Status in a body; also for one without kind if it has a reason and this HTTP code."""
    try:
        outline = decoder(_Outline).decode(body)
        is_status = outline.kind == "Status" or (
            not outline.kind and bool(outline.reason) and code is not None and outline.code == code
        )
        if not is_status or outline.status != "Failure":
            return None
        return status_error(decode.decode(body, Status))
    except (msgspec.DecodeError, DecodeError, ValueError, RecursionError):
        return None


def from_response(
    call: Subject, code: int, headers: Mapping[str, str], body: bytes | bytearray | memoryview
) -> StatusError:
    """Return the error for a response whose code is not a success.

    Args:
        call: The call.
        code: The HTTP status code.
        headers: The headers, their names in lower case.
        body: The whole body.

    Returns:
        The error, not raised.
    """
    error = _error_in(body, code)  # The timeout of a request has a Status without kind (Kubernetes 1.37).
    if error is None:
        return status_error(_generic(call, code, headers, body))
    status = error.status
    changes: dict[str, Any] = {} if status.code else {"code": code}
    details = status.details or StatusDetails()
    if details.retry_after_seconds is None and (seconds := _seconds(headers)) is not None:
        changes["details"] = details.replace(retry_after_seconds=seconds)
    return status_error(status.replace(**changes)) if changes else error


def unreadable(
    call: Subject,
    code: int,
    headers: Mapping[str, str],
    body: bytes | bytearray | memoryview,
    size: int,
    error: DecodeError,
) -> DecodeError:
    """Return the error for a success whose body is not the requested object.

    The body is quoted only if it is plain text: JSON may be a Secret.

    Args:
        call: The call.
        code: The HTTP status code.
        headers: The headers, their names in lower case.
        body: The body, or its beginning.
        size: The size of the whole body in bytes.
        error: The reason.
    """
    media_type = headers.get("content-type", "")
    beginning = f"; it begins {_text(body)[:200]!r}" if media_type.startswith("text/") else ""
    return DecodeError(
        f"{call.method} {call.path} failed: "
        f"{code} with {size} bytes of {media_type or 'no content type'}: {error}{beginning}"
    )


def _generic(call: Subject, code: int, headers: Mapping[str, str], body: bytes | bytearray | memoryview) -> Status:
    reason, message = _GENERIC.get(
        code, ("InternalError" if code >= 500 else "", "the server responded to the request for {thing} with {code}")
    )
    if code == 409 and call.method == "POST":
        reason, message = "AlreadyExists", "the server already has {thing}"
    plain = headers.get("content-type", "text/").startswith("text/")
    text = _text(body)[:_LONGEST] if plain else ""
    whole_message = text if code == 403 and text else message.format(thing=_thing(call), code=code)
    cause = StatusCause(reason="UnexpectedServerResponse", message=text or "unknown")
    details = StatusDetails(
        group=call.group or None,
        kind=call.resource or None,
        name=call.name or None,
        causes=[cause],
        retry_after_seconds=_seconds(headers),
    )
    if text and text not in whole_message:
        whole_message = f"{whole_message}: {text}"
    return Status(status="Failure", code=code, reason=reason or None, message=whole_message, details=details)


def _thing(call: Subject) -> str:
    resource = call.resource or call.path
    kind = f"{resource}.{call.group}" if call.group and call.resource else resource
    subresource = f"/{call.subresource}" if call.subresource else ""
    name = f" {call.name!r}" if call.name else ""
    return f"{kind}{subresource}{name}"


def _text(body: bytes | bytearray | memoryview) -> str:
    return bytes(body[: 4 * _LONGEST]).decode("utf-8", "replace").strip()


def _seconds(headers: Mapping[str, str]) -> int | None:
    from kubecore.calls.retry_after import retry_after  # Only a failed response needs it.

    seconds = retry_after(headers)
    return None if seconds is None else math.ceil(seconds)
