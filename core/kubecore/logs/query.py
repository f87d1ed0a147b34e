"""The call that reads a log, and its response as text. No I/O.

Source: `k8s.io/api/core/v1`, `PodLogOptions`.
"""

from __future__ import annotations

import datetime
from typing import Any, Literal, TypeAlias

from kubecore import options
from kubecore.calls.call import Call
from kubecore.calls.resource import Resource
from kubecore.calls.text_mode import TextErrors, TextMode
from kubecore.errors import DecodeError, InvalidRequestError
from kubecore.model.times import format_time

__all__ = ["LogOutput", "TextErrors", "log_call", "text_of", "undecodable"]

LogOutput: TypeAlias = Literal["All", "Stdout", "Stderr"]
"""Which output of a container is read; by default both."""


def log_call(
    resource: Resource[Any, Any], namespace: str, name: str, *, since_time: datetime.datetime | None, **others: Any
) -> Call[bytes]:
    """Return the call that reads a log; its response is always bytes.

    Args:
        resource: The pods.
        namespace: Their namespace.
        name: The pod.
        since_time: The time of the first line, with its offset from UTC.
        **others: The other options by their names in Python.

    Raises:
        InvalidRequestError: A name or an option is invalid.
    """
    try:
        since = None if since_time is None else format_time(since_time)
    except ValueError as error:
        raise InvalidRequestError(f"since_time: {error}") from None
    return resource.call(
        "get",
        "GET",
        namespace,
        bytes,
        name=name,
        subresource="log",
        query=options.query(since_time=since, **others),
        accept="*/*",
    )


def text_of(call: Call[Any], data: bytes, mode: TextMode) -> str:
    """Decode a whole log.

    Raises:
        DecodeError: The encoding does not allow some bytes, and `errors` is `strict`.
    """
    try:
        return data.decode(mode.encoding, mode.errors)
    except UnicodeError:
        raise undecodable(call, mode) from None


def undecodable(call: Call[Any], mode: TextMode) -> DecodeError:
    """Make the error for a log that is not of the encoding; it does not quote the log."""
    return DecodeError(
        f"{call.method} {call.path}: the log is not {mode.name}; errors='replace' marks the places, and without "
        "encoding= and errors= the log is returned as bytes"
    )
