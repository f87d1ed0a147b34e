"""The known values of an enum and the constants that stand for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kgen.ir import Member
from kgen.names import Identifier, member_name
from kgen.shapes import is_array

__all__ = ["members_of"]


def members_of(schema: Mapping[str, Any]) -> tuple[Member, ...]:
    """Return a constant for each value of an enum of strings that is not empty, in the order of the schema.

    Where two values would have one name, the value that is written like it has it, else the first by the alphabet; the
    others have a number behind it. So the order of values decides nothing.
    """
    found = schema.get("enum")
    values = [value for value in found if isinstance(value, str) and value] if is_array(found) else []
    names: dict[str, Identifier] = {}
    taken: set[str] = set()
    last: dict[Identifier, int] = {}
    for value in sorted(set(values), key=lambda value: (member_name(value) != value, value)):
        plain = name = member_name(value)
        while name in taken:
            last[plain] = last.get(plain, 1) + 1
            name = Identifier(f"{plain}_{last[plain]}")
        taken.add(name)
        names[value] = name
    return tuple(Member(names[value], value) for value in dict.fromkeys(values))
