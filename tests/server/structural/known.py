"""What is not drawn, because it is known and waits to be mended. Each is one function, to be taken away then."""

from __future__ import annotations

import re

from tests.server.structural.words import Json

__all__ = ["is_counted_where_empty", "is_null_over_default", "is_time_as_sent", "named_by_branches"]


def is_null_over_default(schema: Json) -> bool:
    """Whether null would be drawn for a field with a default: it is read as None, which is not sent."""
    return schema.get("nullable") is True and "default" in schema


def is_counted_where_empty(parent: Json, name: str) -> bool:
    """Whether a parent counts null, or an empty list or map, which is left out: by a branch's `required`, or by number."""
    named = named_by_branches(parent)
    return "minProperties" in parent or name in named or "*" in named


def is_time_as_sent(text: str) -> bool:
    """Whether a time is written as it is sent: in six digits of a second or none, and with Z for UTC."""
    return re.fullmatch(r"[0-9-]+T[0-9:]+(\.[0-9]{6})?(Z|[+-](?!00:00).*)", text) is not None


def named_by_branches(schema: Json) -> set[str]:
    branches = [branch for key in ("allOf", "anyOf", "oneOf") for branch in schema.get(key, ())]
    branches += [schema["not"]] if "not" in schema else []
    named = {name for branch in branches for name in (*branch.get("required", ()), *named_by_branches(branch))}
    return named | ({"*"} if any("minProperties" in branch for branch in branches) else set())
