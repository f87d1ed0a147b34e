"""Outcomes of requests that tests choose: a Status, another body, a broken or refused connection."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Self

import msgspec

from kubecore._support.json_types import is_json_object
from kubecore.testing._server.exchange import Received, Reply
from kubecore.testing._server.failures import Cause
from kubecore.testing._server.plans import Plan

__all__ = ["Response"]

_CODES: Final[Mapping[str, int]] = {
    "BadRequest": 400,
    "Unauthorized": 401,
    "Forbidden": 403,
    "NotFound": 404,
    "MethodNotAllowed": 405,
    "AlreadyExists": 409,
    "Conflict": 409,
    "Expired": 410,
    "Gone": 410,
    "UnsupportedMediaType": 415,
    "Invalid": 422,
    "TooManyRequests": 429,
    "InternalError": 500,
    "ServerTimeout": 500,
    "ServiceUnavailable": 503,
    "Timeout": 504,
}

_FLOW_SCHEMA: Final = "5a0ccbc8-19a1-4f0e-8b5d-0f6a6e0f2a01"
_PRIORITY_LEVEL: Final = "5a0ccbc8-19a1-4f0e-8b5d-0f6a6e0f2a02"


class Response:
    """One outcome of a request. Each class method makes a kind of outcome.

    Args:
        plan: Returns how the exchange goes.
    """

    __slots__ = ("plan",)

    def __init__(self, plan: Callable[[Received], Plan]) -> None:
        self.plan: Final = plan

    @classmethod
    def json(cls, value: Any, code: int = 200) -> Self:
        """Respond with a value as JSON."""
        reply = _reply(code, msgspec.json.encode(value))
        return cls(lambda received: Plan(reply=reply))

    @classmethod
    def status(
        cls,
        reason: str,
        *,
        code: int | None = None,
        message: str = "",
        causes: Sequence[Cause] = (),
        retry_after: int | None = None,
    ) -> Self:
        """Respond with a failure.

        Args:
            reason: The reason, such as `Conflict`.
            code: The HTTP status code; by default that of the reason.
            message: The message; by default the API server's for the reason.
            causes: The causes.
            retry_after: The seconds of the header `Retry-After`.

        Raises:
            ValueError: The reason is unknown, and there is no code.
        """
        chosen = _CODES.get(reason) if code is None else code
        if chosen is None:
            raise ValueError(f"unknown reason {reason!r}; pass code=, or one of {', '.join(_CODES)}")
        number: int = chosen

        def plan(received: Received) -> Plan:
            details = _details(received, causes, retry_after)
            status = {
                "kind": "Status",
                "apiVersion": "v1",
                "metadata": {},
                "status": "Failure",
                "message": message or _message(reason, received),
                "reason": reason,
                "details": details,
                "code": number,
            }
            reply = _reply(number, msgspec.json.encode(status))
            if retry_after is not None:
                reply.headers.append(("retry-after", str(retry_after)))
            return Plan(reply=reply)

        return cls(plan)

    @classmethod
    def throttled(cls, retry_after: int = 1) -> Self:
        """Respond with 429 in the form of priority and fairness, which is a text instead of a Status.

        Args:
            retry_after: The seconds of the header `Retry-After`.
        """
        reply = Reply(
            code=429,
            headers=[
                ("content-type", "text/plain; charset=utf-8"),
                ("retry-after", str(retry_after)),
                ("x-content-type-options", "nosniff"),
                ("x-kubernetes-pf-flowschema-uid", _FLOW_SCHEMA),
                ("x-kubernetes-pf-prioritylevel-uid", _PRIORITY_LEVEL),
            ],
            content=b"Too many requests, please try again later.\n",
        )
        return cls(lambda received: Plan(reply=reply))

    @classmethod
    def denied(cls, user: str) -> Self:
        """Respond with 403, in the words of RBAC."""

        def plan(received: Received) -> Plan:
            place = f'in the namespace "{received.namespace}"' if received.namespace else "at the cluster scope"
            part = f"/{received.subresource}" if received.subresource else ""
            name = f' "{received.name}"' if received.name else ""
            text = (
                f'{_qualified(received)}{name} is forbidden: User "{user}" cannot {received.verb} resource '
                f'"{received.resource}{part}" in API group "{received.group}" {place}'
            )
            return cls.status("Forbidden", message=text).plan(received)

        return cls(plan)

    @classmethod
    def html(cls, code: int = 200) -> Self:
        """Respond with a page, as a proxy in front of the server does."""
        reply = Reply(code=code, headers=[("content-type", "text/html")], content=b"<html>Bad Gateway</html>")
        return cls(lambda received: Plan(reply=reply))

    @classmethod
    def lost(cls) -> Self:
        """Let the server handle the request, then break the connection before the response."""
        return cls(lambda received: Plan(is_lost=True))

    @classmethod
    def broken(cls, after_bytes: int) -> Self:
        """Let the server handle the request, and break the connection within the body."""
        return cls(lambda received: Plan(after_bytes=after_bytes))

    @classmethod
    def refused(cls) -> Self:
        """Refuse the connection."""
        return cls(lambda received: Plan(is_refused=True))

    @classmethod
    def delayed(cls, seconds: float) -> Self:
        """Handle the request after some real seconds; a client that has given up by then changes nothing.

        Raises:
            ValueError: `seconds` is not a number, or is negative.
        """
        is_number = isinstance(seconds, int | float)  # pyright: ignore[reportUnnecessaryIsInstance]
        if not is_number or not seconds >= 0:
            raise ValueError(f"seconds is {seconds!r}: expected 0 or more")
        return cls(lambda received: Plan(seconds=seconds))

    @classmethod
    def never(cls) -> Self:
        """Never handle the request, nor respond: only a time limit of the client ends it."""
        return cls.delayed(math.inf)


def _reply(code: int, content: bytes) -> Reply:
    return Reply(code=code, headers=[("content-type", "application/json")], content=content)


def _qualified(received: Received) -> str:
    return f"{received.resource}.{received.group}" if received.group else received.resource


def _name(received: Received) -> str:
    metadata: Any = received.body.get("metadata")
    return received.name or (str(metadata.get("name", "")) if is_json_object(metadata) else "")


def _details(received: Received, causes: Sequence[Cause], retry_after: int | None) -> dict[str, Any]:
    details: dict[str, Any] = {"name": _name(received), "group": received.group, "kind": received.resource}
    if causes:
        details["causes"] = [cause._asdict() for cause in causes]
    if retry_after is not None:
        details["retryAfterSeconds"] = retry_after
    return {key: value for key, value in details.items() if value}


def _message(reason: str, received: Received) -> str:
    """Return the API server's message for a reason, or a plain one."""
    target = f'{_qualified(received)} "{_name(received)}"'
    if reason == "Conflict":
        return (
            f"Operation cannot be fulfilled on {target}: the object has been modified; "
            "please apply your changes to the latest version and try again"
        )
    return {
        "NotFound": f"{target} not found",
        "AlreadyExists": f"{target} already exists",
        "Forbidden": f"{target} is forbidden: a rule of the test",
        "TooManyRequests": "Too many requests, please try again later.",
        "InternalError": "Internal error occurred: a rule of the test",
    }.get(reason, f"{reason}: a rule of the test")
