"""The known values of an enum and the constants that stand for them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from kgen.ir import Member
from kgen.names import Identifier, member_name
from kgen.resolve.docs import enum_values
from kgen.shapes import is_array

__all__ = ["members_of"]


def members_of(
    schema: Mapping[str, Any], before: Mapping[str, str] | None = None, *, is_custom: bool = False
) -> tuple[Member, ...]:
    """Return a constant for each value of an enum of strings, in the order of the schema.

    The empty text has one in custom resources only: `EMPTY`.

    If two values would have one name, the value that is spelled like the name gets it, else the first by the alphabet;
    the others have a number behind it. So the order of values decides nothing.

    Args:
        schema: The schema with the enum.
        before: The constants that values have already, and keep.
        is_custom: Whether the schema is of a CRD.
    """
    enum = schema.get("enum")
    values = [value for value in enum if isinstance(value, str) and (value or is_custom)] if is_array(enum) else []
    called = {value: member_name(value, is_custom=is_custom) for value in values}
    kept = {value: name for value, name in (before or {}).items() if _reads_like(name, value)}
    names = {value: Identifier(kept[value]) for value in set(values) & kept.keys()}
    taken: set[str] = set(kept.values())
    last: dict[Identifier, int] = {}
    for value in sorted(set(values) - kept.keys(), key=lambda value: (called[value] != value, value)):
        plain = name = called[value]
        while name in taken:
            last[plain] = last.get(plain, 1) + 1
            name = Identifier(f"{plain}_{last[plain]}")
        taken.add(name)
        names[value] = name
    texts = enum_values(schema)[1]
    return tuple(Member(names[value], value, texts.get(value, "")) for value in dict.fromkeys(values))


def _reads_like(name: str, value: str) -> bool:
    allowed = member_name(value), member_name(value, is_custom=True)
    return re.sub(r"_\d+$", "", name) in allowed or name in allowed
