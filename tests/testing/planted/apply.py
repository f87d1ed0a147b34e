"""Bugs in server-side apply: a function, a part of its source that occurs once, and the replacement."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from kubecore.testing._apply import applying, compare, elements, empty, entries, managed, merge, owned, sets, shapes

__all__ = ["BUGS", "Bug"]


class Bug(NamedTuple):
    """A change of the source of a function."""

    name: str
    function: Callable[..., Any]
    old: str
    new: str


BUGS = (
    Bug("a union forgets that a node is a member", sets._joined, "a if is_member(a) else {ITSELF: MEMBER, **a}", "a"),
    Bug(
        "a difference removes what is below",
        sets._minus,
        "if not b:\n        return",
        "if not b:\n        return None and",
    ),
    Bug("an intersection ignores members with children", sets._common, "ITSELF in a", "False"),
    Bug("excluded fields stay below a field", sets.without, "left := without(below, other)", "left := below"),
    Bug("items lose their order", sets.ordered, "sorted(fields, key=None if is_custom else sort_key)", "fields"),
    Bug("a key has no default", shapes.Shape.element, "or default is not None", ""),
    Bug("keys aren't escaped as in Go", elements.quoted, "_UNUSUAL.search(text)", "False"),
    Bug("1 and True are equal", compare._leaf, "same(old, new)", "old == new"),
    Bug("an added map isn't owned itself", compare._compare_maps, "if old is _MISSING:", "if False:"),
    Bug(
        "empty maps aren't leaves",
        compare._compare,
        "return _leaf(old, new)\n    if mode == MAP",
        "return _NOTHING\n    if mode == MAP",
    ),
    Bug(
        "changed duplicates aren't noticed",
        compare._compare_items,
        "_NOTHING if same(old, new) else _CHANGED",
        "_NOTHING",
    ),
    Bug("structs of a Go type are absent in the empty object", empty._empty, "default == {}", "False"),
    Bug("properties with fields are owned", owned._map_fields, "name not in shape.named", "True"),
    Bug(
        "items aren't owned themselves",
        owned._list_fields,
        "_member(_fields(shape.items, item))",
        "_fields(shape.items, item) or MEMBER",
    ),
    Bug("fields under an atomic map stay", owned.under_atomic, "MEMBER if known.mode == LEAF else", ""),
    Bug("null replaces a map", merge.merge, "(applied is None or is_map(applied))", "is_map(applied)"),
    Bug("live items come first", merge._merge_lists, "elif shared and shared[-1] == element:", "elif False:"),
    Bug("a field is removed that another manager owns", applying._pruned, "owned = union(owned, entry.fields)", "pass"),
    Bug("an apply that changes nothing moves the time", applying.apply_fields, "if not is_changed:", "if False:"),
    Bug(
        "conflicts of removed fields",
        applying.apply_fields,
        "intersection(entry.fields, changed)",
        "intersection(entry.fields, union(changed, removed))",
    ),
    Bug("fields that can't be written are taken from others", managed.updated, "if reset:", "if False:"),
    Bug(
        "the metadata that nobody owns is owned", managed.updated, "own = difference(changed, UNOWNED)", "own = changed"
    ),
    Bug(
        "a subresource changes managed fields",
        managed._managers_of_request,
        "subresource or sent is None",
        "sent is None",
    ),
    Bug("12 managers are kept", entries.capped, "- MOST_UPDATERS", "- 12"),
    Bug(
        "the entry of the oldest changes keeps the first time", entries.capped, "entry.time)\n", "left[bucket].time)\n"
    ),
)
