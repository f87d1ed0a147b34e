"""Replies of the fake API server: objects, and a Status for each error."""

from __future__ import annotations

from typing import Any

import msgspec

from kubecore.testing._server.exchange import Reply
from kubecore.testing._server.failures import RequestError

__all__ = ["JSON", "error_event", "failure", "json_reply", "raw_reply", "status_of", "success", "warning"]

JSON = "application/json"


def json_reply(body: Any, code: int = 200, warnings: tuple[str, ...] = ()) -> Reply:
    """Return a reply whose body is a JSON value."""
    return raw_reply(msgspec.json.encode(body), code, warnings)


def raw_reply(content: bytes, code: int = 200, warnings: tuple[str, ...] = ()) -> Reply:
    """Return a reply whose body is JSON text."""
    headers = [("content-type", JSON)]
    headers += [warning(text) for text in warnings]
    return Reply(code=code, headers=headers, content=content)


def warning(text: str) -> tuple[str, str]:
    """Return the header of a warning."""
    shown = text.replace("\\", "\\\\").replace('"', '\\"')
    return "warning", f'299 - "{shown}"'


def status_of(error: RequestError) -> dict[str, Any]:
    """Return the Status of a request that failed."""
    body: dict[str, Any] = {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {"continue": error.token} if error.token else {},
        "status": "Failure",
        "message": error.message,
    }
    if error.reason:
        body["reason"] = error.reason
    if error.details is not None:
        body["details"] = error.details
    body["code"] = error.code
    return body


def failure(error: RequestError) -> Reply:
    """Return the reply to a request that failed."""
    if error.is_page:
        headers = [("content-type", "text/plain; charset=utf-8")]
        return Reply(code=error.code, headers=headers, content=f"{error.message}\n".encode())
    reply = json_reply(status_of(error), error.code, error.warnings)
    if error.retry_after is not None:
        reply.headers.append(("retry-after", str(error.retry_after)))
    return reply


def success(details: dict[str, Any] | None = None, code: int = 200, warnings: tuple[str, ...] = ()) -> Reply:
    """Return the Status of a request without another result."""
    body: dict[str, Any] = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"}
    if details is not None:
        body["details"] = details
    if code != 200:
        body["code"] = code
    return json_reply(body, code, warnings)


def error_event(error: RequestError) -> bytes:
    """Return the event with which a watch ends because of an error."""
    return msgspec.json.encode({"type": "ERROR", "object": status_of(error)}) + b"\n"
