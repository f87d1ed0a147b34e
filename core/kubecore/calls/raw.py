"""Requests of any kind to any path. No I/O.

Source: client-go's `RESTClient().Verb(...).AbsPath(...)`; `kubectl get --raw`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from kubecore.calls import error_response, path
from kubecore.calls.call import Call
from kubecore.errors import InvalidRequestError
from kubecore.options import Query, query_value

__all__ = ["QueryValues", "RawResponse", "call"]

QueryValues: TypeAlias = Mapping[str, str | int | bool | tuple[str, ...] | list[str]]
"""Query parameters by name; several values of one name are a list."""

_METHODS: Final = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
_MEDIA_TYPE: Final = re.compile(r"[!-~ ]{1,1024}", re.ASCII)


@dataclass(frozen=True, slots=True)
class RawResponse:
    """A response with its status code, headers and unchanged body.

    Attributes:
        status: The HTTP status code, 200 to 299.
        headers: The headers, their names in lower case.
        content: The body.
    """

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def text(self) -> str:
        """The body as text; invalid UTF-8 is replaced."""
        return self.content.decode("utf-8", "replace")

    def __repr__(self) -> str:
        """Show status and size; a body may be a Secret."""
        return f"<RawResponse {self.status}, {len(self.content)} bytes>"


def _read(
    call: Call[Any], status: int, headers: Mapping[str, str], body: bytes | bytearray | memoryview
) -> RawResponse:
    """Return the response as it was received; raise StatusError if it is not a success."""
    if not 200 <= status < 300:
        raise error_response.from_response(call, status, headers, body)
    return RawResponse(status, dict(headers), bytes(body))


def call(
    method: str,
    place: str,
    *,
    query: QueryValues | None,
    body: bytes | None,
    content_type: str,
    accept: str,
) -> Call[RawResponse]:
    """Make the call.

    Args:
        method: The HTTP method.
        place: The path, without query.
        query: The query parameters.
        body: The body.
        content_type: The body's media type.
        accept: The accepted media types.

    Returns:
        The call.

    Raises:
        InvalidRequestError: One of them is invalid.
    """
    if method not in _METHODS:
        raise InvalidRequestError(f"the method {str(method)[:40]!r} is not one of {', '.join(_METHODS)}")
    if body is not None and not isinstance(body, (bytes, bytearray, memoryview)):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidRequestError(f"the body must be bytes, not {type(body).__name__}")
    for what, value in (("content type", content_type), ("accepted media type", accept)):
        if not _MEDIA_TYPE.fullmatch(value):
            raise InvalidRequestError(f"the {what} {value[:100]!r} contains characters that are invalid in headers")
    return Call(
        method=method,
        path=_place(place),
        response=RawResponse,
        verb=method.lower(),
        query=_query(query or {}),
        body=None if body is None else bytes(body),
        content_type=None if body is None else content_type,
        accept=accept,
        read=_read,
    )


def _place(given: Any) -> str:
    if not isinstance(given, str) or not given.startswith("/"):
        raise InvalidRequestError(f"a path begins with /, and {str(given)[:100]!r} does not")
    if given.startswith("//"):
        raise InvalidRequestError(f"the path {given[:100]!a} would lead to another path")
    return path.quote_path(given)


def _query(values: QueryValues) -> Query:
    found: list[tuple[str, str]] = []
    for name, value in values.items():
        items = value if isinstance(value, (list, tuple)) else (value,)
        found.extend((name, _text(name, item)) for item in items)
    return tuple(found)


def _text(name: Any, value: Any) -> str:
    if not isinstance(name, str) or not name or not name.isprintable():
        raise InvalidRequestError("a query parameter's name must be printable text")
    return query_value(name[:100], value)
