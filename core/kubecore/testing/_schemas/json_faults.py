"""Faults of JSON texts in the words of the server."""

from __future__ import annotations

import json
from typing import Final

__all__ = ["END_OF_JSON", "json_fault"]

END_OF_JSON: Final = "unexpected end of JSON input"
_PLACES: Final = {
    "Expecting property name enclosed in double quotes": "looking for beginning of object key string",
    "Illegal trailing comma before end of object": "looking for beginning of object key string",
    "Expecting ':' delimiter": "after object key",
    "Expecting value": "looking for beginning of value",
    "Illegal trailing comma before end of array": "looking for beginning of value",
    "Extra data": "after top-level value",
    "Invalid control character at": "in string literal",
}


def json_fault(content: bytes) -> str:
    """Return the message about the first fault of a text that is not JSON, "" if there is none.

    Args:
        content: The text. Bytes that are not UTF-8 are faults only outside of strings.
    """
    text = content.decode("latin-1")
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        at, message = error.pos, error.msg
    else:
        return ""
    while at < len(text) and text[at] in " \t\r\n,"[: 5 if message.startswith("Illegal") else 4]:
        at += 1
    if at >= len(text) or message.startswith("Unterminated"):
        return END_OF_JSON
    place = _PLACES.get(message) or f"after {_outer(text[:at])}"
    shown = {"'": "\\'", '"': '"', "\n": "\\n"}.get(text[at], text[at])
    return f"invalid character '{shown}' {place}"


def _outer(text: str) -> str:
    """Return the kind of value that is open at the end of a text: an element of an array, or a pair of an object."""
    opened: list[str] = []
    is_string = is_escaped = False
    for char in text:
        if is_string:
            is_string = is_escaped or char != '"'
            is_escaped = char == "\\" and not is_escaped
        elif char == '"':
            is_string = True
        elif char in "[{":
            opened.append(char)
        elif char in "]}":
            opened.pop()
    return "array element" if opened[-1:] == ["["] else "object key:value pair"
