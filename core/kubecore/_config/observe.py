"""Hooks around every request, for traces and metrics; the same for synchronous and asynchronous clients."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from kubecore._config.secret import Hidden, SecretBytes
from kubecore.errors import InvalidRequestError

__all__ = ["Attempt", "Observer", "Outcome", "checked"]

_NAME: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+", re.ASCII)
_VALUE: Final = re.compile(rb"[\t -~\x80-\xff]*")
_FRAMING: Final = frozenset({b"connection", b"content-length", b"host", b"transfer-encoding", b"upgrade"})
_IMPERSONATE: Final = b"impersonate-"


@dataclass(slots=True, kw_only=True)
class Attempt:
    """A request that is about to be sent, possibly as a retry.

    Attributes:
        verb: Kubernetes' verb, such as `list`.
        group: The API group, "" for the core group.
        resource: The resource's plural name, "" for other paths.
        subresource: The subresource, "" for none.
        namespace: The namespace, "" for none.
        name: The object's name, "" for none.
        method: The HTTP method.
        url: The URL without its query.
        number: 1 for the first attempt.
        headers: Headers to send along, such as `traceparent`; an observer adds to them.
    """

    verb: str
    group: str
    resource: str
    subresource: str
    namespace: str
    name: str
    method: str
    url: str
    number: int
    headers: dict[str, str] = field(default_factory=dict[str, str], repr=False)


class Outcome(NamedTuple):
    """How an attempt ended.

    Attributes:
        code: The HTTP status code, None if there was no response.
        error: The error that is raised, None if the response is a success.
        seconds: Its duration; for a watch, the time until its first byte.
    """

    code: int | None
    error: BaseException | None
    seconds: float


Observer = Callable[[Attempt], Callable[[Outcome], None] | None]
"""Called before each attempt. If it returns a function, that is called after the attempt. It must not block."""


def checked(attempt: Attempt) -> list[tuple[bytes, bytes]]:
    """Return the headers of observers as they are sent.

    Args:
        attempt: The attempt, with the headers.

    Returns:
        The same as bytes; their values are hidden in tracebacks that show variables, since they may be credentials.

    Raises:
        InvalidRequestError: A header is not valid, or frames the request, or would make another user act: an empty
            `Authorization` nobody, an empty `Impersonate-User` the real user.
    """
    headers = [_checked(name, Hidden(attempt.headers[name])) for name in attempt.headers]
    names = {name.lower() for name, _ in headers}
    if wrong := names & _FRAMING:
        raise InvalidRequestError(f"an observer set the header {min(wrong).decode()}, which belongs to the connection")
    if any(name.startswith(_IMPERSONATE) for name in names) and b"impersonate-user" not in names:
        raise InvalidRequestError("an observer set headers to impersonate without Impersonate-User: set it, too")
    return headers


def _checked(name: Any, hidden: Hidden[Any]) -> tuple[bytes, bytes]:
    if not isinstance(name, str) or _NAME.fullmatch(name) is None:
        raise InvalidRequestError(f"an observer set a header whose name is not valid: {str(name)[:100]!r}")
    lower = name.lower()
    is_identity = lower.startswith(_IMPERSONATE.decode("ascii"))
    try:
        # Users and groups may have any name; Go sends them in UTF-8.
        data = SecretBytes(hidden.value.encode("utf-8" if is_identity else "latin-1"))
    except (AttributeError, UnicodeEncodeError):
        data = SecretBytes(b"\0")
    if _VALUE.fullmatch(data) is None:
        raise InvalidRequestError(f"an observer set the header {name} to a value that a header can't hold")
    if (is_identity or lower == "authorization") and (not data or hidden.value != hidden.value.strip()):
        raise InvalidRequestError(
            f"an observer set the header {name} to a value that is empty or has white space around it: "
            "another user would act, so remove the header or set the whole value"
        )
    return name.encode("ascii"), data
