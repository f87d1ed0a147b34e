"""One request and its response, as a case receives it and as a transcript contains it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from tests.conformance.backends import Raw, Reading


@dataclass(kw_only=True)
class Exchange:
    """A request and its response.

    Attributes:
        request: The method, the target and the headers that are not the usual ones.
        code: The HTTP status code; 0 if the server refused to simulate the request, or failed.
        headers: Those of `KEPT` that the response has.
        body: The decoded body; a list of events for a watch.
    """

    request: str
    code: int
    headers: dict[str, Any] = field(default_factory=dict)
    body: Any = None

    @classmethod
    def of(cls, request: str, raw: Raw) -> Self:
        """Make it from a whole response."""
        return cls(request=request, code=raw.code, headers=_kept(raw.headers), body=parsed(raw.content))

    @classmethod
    def of_events(cls, request: str, reading: Reading, events: int) -> Self:
        """Make it from a watch: read a number of events."""
        if reading.code != 200:
            return cls(request=request, code=reading.code, headers=_kept(reading.headers), body=reading.rest())
        lines = reading.lines(events)
        return cls(request=request, code=200, headers=_kept(reading.headers), body=[parsed(line) for line in lines])

    def document(self) -> dict[str, Any]:
        """Return the line of the transcript."""
        return {"request": self.request, "code": self.code, **self.headers, "body": self.body}


def _kept(headers: list[tuple[str, str]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in headers:
        if name.lower() == "warning":
            found.setdefault("warning", []).append(value)
        elif name.lower() in ("content-type", "retry-after"):
            found[name.lower().replace("-", "_")] = value
    return found


def parsed(content: bytes) -> Any:
    """Return a body, decoded if it is JSON."""
    try:
        return json.loads(content)
    except ValueError:
        return content.decode("utf-8", "replace")
