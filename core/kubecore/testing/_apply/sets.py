"""Sets of fields, in the form of `fieldsV1`: a mapping from elements of paths to the sets below them.

An empty mapping below an element means that the set contains the element itself. If it also contains fields below the
element, `.` stands for the element itself. At the root, an empty mapping is the empty set. Sets are never changed:
every function returns a new set, which may share parts with its arguments.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

from kubecore.testing._apply.elements import canonical, shown, sort_key
from kubecore.testing._schemas.json_values import is_map

__all__ = [
    "ITSELF",
    "MEMBER",
    "FieldSet",
    "difference",
    "from_wire",
    "intersection",
    "is_member",
    "ordered",
    "paths",
    "union",
    "without",
]

FieldSet: TypeAlias = "dict[str, Any]"

ITSELF = "."
MEMBER: FieldSet = {}


def is_member(node: FieldSet) -> bool:
    """Whether the node below an element contains the element itself."""
    return not node or ITSELF in node


def _joined(a: FieldSet, b: FieldSet) -> FieldSet:
    if a is b:
        return a
    if not a:
        a, b = b, a
    if not b:
        return a if is_member(a) else {ITSELF: MEMBER, **a}
    return union(a, b)


def union(a: FieldSet, b: FieldSet) -> FieldSet:
    """Return the fields of both sets."""
    if not a or not b or a is b:
        return a or b
    made = dict(a)
    for element, below in b.items():
        found = made.get(element)
        made[element] = below if found is None else _joined(found, below)
    return made


def _tidy(made: FieldSet) -> FieldSet | None:
    """Return a node in its normal form; None if it contains nothing."""
    if not made:
        return None
    return MEMBER if len(made) == 1 and ITSELF in made else made


def _minus(a: FieldSet, b: FieldSet) -> FieldSet | None:
    if not a:
        return None if is_member(b) else a
    if not b:
        return _tidy({element: below for element, below in a.items() if element != ITSELF}) if ITSELF in a else a
    made: FieldSet = {}
    for element, below in a.items():
        other = b.get(element)
        left = below if other is None else _minus(below, other)
        if left is not None:
            made[element] = left
    return _tidy(made)


def difference(a: FieldSet, b: FieldSet) -> FieldSet:
    """Return the fields of `a` that `b` does not contain. Fields below those of `b` stay."""
    return (_minus(a, b) or {}) if a and b else a


def _common(a: FieldSet, b: FieldSet) -> FieldSet | None:
    if not a:
        return MEMBER if is_member(b) else None
    if not b:
        return MEMBER if ITSELF in a else None
    made: FieldSet = {}
    for element, below in a.items():
        other = b.get(element)
        if other is not None:
            both = _common(below, other)
            if both is not None:
                made[element] = both
    return _tidy(made)


def intersection(a: FieldSet, b: FieldSet) -> FieldSet:
    """Return the fields that both sets contain."""
    return (_common(a, b) or {}) if a and b else {}


def without(a: FieldSet, b: FieldSet) -> FieldSet:
    """Return the fields of `a` that are neither in `b` nor below a field of `b`."""
    made: FieldSet = {}
    for element, below in a.items():
        other = b.get(element)
        if other is None:
            made[element] = below
        elif element != ITSELF and not is_member(other):
            if not below:
                made[element] = below
            elif left := without(below, other):
                made[element] = _tidy(left)
    return made


def ordered(fields: FieldSet, *, is_custom: bool = False) -> FieldSet:
    """Return an equal set whose elements are in the order in which the server writes them.

    Args:
        fields: The set.
        is_custom: Whether it belongs to a custom resource, whose elements are sorted by their text.
    """
    elements = fields if len(fields) < 2 else sorted(fields, key=None if is_custom else sort_key)
    return {
        element: ordered(below, is_custom=is_custom) if (below := fields[element]) else below for element in elements
    }


def from_wire(document: Any, *, is_root: bool = True) -> FieldSet:
    """Return the set of a `fieldsV1` that a client sent, in its normal form.

    Raises:
        ValueError: It is not a set of fields.
    """
    if not is_map(document):
        raise ValueError("fieldsV1 must be an object")
    made: FieldSet = {}
    for element, below in document.items():
        if element == ITSELF:
            made[ITSELF] = MEMBER
        else:
            made[canonical(element)] = from_wire(below, is_root=False)
    if is_root:
        made.pop(ITSELF, None)
        return made
    return _tidy(made) or MEMBER


def paths(fields: FieldSet, before: str = "") -> Iterator[str]:
    """Yield the paths of all fields, as messages show them.

    Members of one place come first, then the members below them.
    """
    elements = sorted((element for element in fields if element != ITSELF), key=sort_key)
    for element in elements:
        if is_member(fields[element]):
            yield before + shown(element)
    for element in elements:
        if fields[element]:
            yield from paths(fields[element], before + shown(element))
