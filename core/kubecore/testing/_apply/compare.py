"""The differences of two objects as sets of fields."""

from __future__ import annotations

from typing import Any, Final

from kubecore.testing._apply.sets import ITSELF, MEMBER, FieldSet
from kubecore.testing._apply.shapes import ANY, LEAF, MAP, Shape, UntypedError
from kubecore.testing._apply.values import same
from kubecore.testing._schemas.json_values import is_list, is_map

__all__ = ["compare"]


class _Missing:
    pass


_MISSING: Final = _Missing()
_Pair = tuple["FieldSet | None", "FieldSet | None"]
_NOTHING: _Pair = (None, None)
_CHANGED: _Pair = (MEMBER, None)
_REMOVED: _Pair = (None, MEMBER)


def compare(shape: Shape, old: dict[str, Any], new: dict[str, Any]) -> tuple[FieldSet, FieldSet]:
    """Return the fields that were added or changed, and those that were removed.

    Raises:
        UntypedError: One of the objects does not have the type.
    """
    changed, removed = _compare(shape, old, new)
    return changed or {}, removed or {}


def _leaf(old: Any, new: Any) -> _Pair:
    if old is _MISSING:
        return _CHANGED
    if new is _MISSING:
        return _REMOVED
    return _NOTHING if same(old, new) else _CHANGED


def _compare(shape: Shape, old: Any, new: Any) -> _Pair:
    mode = shape.mode
    if mode == LEAF:
        return _leaf(old, new)
    if mode == ANY:
        return _compare_any(shape, old, new)
    if (old is _MISSING or not old) and (new is _MISSING or not new):
        return _leaf(old, new)
    if mode == MAP:
        return _compare_maps(shape, old, new)
    return _compare_lists(shape, old, new)


def _compare_any(shape: Shape, old: Any, new: Any) -> _Pair:
    if is_map(old) and is_map(new):
        return _compare_maps(shape, old, new) if old or new else _NOTHING
    if (is_map(old) and new in (None, _MISSING)) or (is_map(new) and old in (None, _MISSING)):
        is_empty = not old if is_map(old) else not new
        return _leaf(old, new) if is_empty else _compare_maps(shape, old, new)
    if is_map(old):
        below = _compare_maps(shape, old, None) if old else _NOTHING
        return _with_itself(_leaf(old, new)[0], below[0]), below[1]
    if is_map(new):
        below = _compare_maps(shape, None, new) if new else _NOTHING
        return _with_itself(_leaf(old, new)[0], below[0]), below[1]
    return _leaf(old, new)


def _with_itself(itself: FieldSet | None, below: FieldSet | None) -> FieldSet | None:
    if itself is None or below is None:
        return below if itself is None else itself
    return {ITSELF: MEMBER, **below}


def _compare_maps(shape: Shape, old: Any, new: Any) -> _Pair:
    changed: FieldSet = {}
    removed: FieldSet = {}
    before: dict[str, Any] = old if is_map(old) else {}
    after: dict[str, Any] = new if is_map(new) else {}
    if old is _MISSING:
        changed[ITSELF] = MEMBER
    elif new is _MISSING:
        removed[ITSELF] = MEMBER
    for name, value in after.items():
        was = before.get(name, _MISSING)
        if was is value or (type(value) is str and was == value):
            continue
        below = shape.field(name)
        if below is None:
            raise UntypedError([(f".{name}", "field not declared in schema")])
        plus, minus = _leaf(was, value) if below.mode == LEAF else _compare(below, was, value)
        if plus is not None:
            changed["f:" + name] = plus
        if minus is not None:
            removed["f:" + name] = minus
    for name, value in before.items():
        if name not in after:
            below = shape.field(name)
            if below is None:
                raise UntypedError([(f".{name}", "field not declared in schema")])
            plus, minus = _compare(below, value, _MISSING)
            if minus is not None:
                removed["f:" + name] = minus
    return (changed or None), (removed or None)


def _indexed(shape: Shape, items: Any) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for item in items if is_list(items) else ():
        found.setdefault(shape.element(item), []).append(item)
    return found


def _compare_lists(shape: Shape, old: Any, new: Any) -> _Pair:
    changed: FieldSet = {}
    removed: FieldSet = {}
    before, after = _indexed(shape, old), _indexed(shape, new)
    if old is _MISSING:
        changed[ITSELF] = MEMBER
    elif new is _MISSING:
        removed[ITSELF] = MEMBER
    for element, items in after.items():
        plus, minus = _compare_items(shape.items, before.get(element, []), items)
        if plus is not None:
            changed[element] = plus
        if minus is not None:
            removed[element] = minus
    for element, items in before.items():
        if element not in after:
            plus, minus = _compare_items(shape.items, items, [])
            if minus is not None:
                removed[element] = minus
    return (changed or None), (removed or None)


def _compare_items(shape: Shape, old: list[Any], new: list[Any]) -> _Pair:
    """Compare the items of one element; there are several if a client sent duplicates."""
    if len(new) > 1:
        if len(old) > 1:
            return _NOTHING if same(old, new) else _CHANGED
        return MEMBER, (_compare(shape, old[0], _MISSING)[1] if old else None)
    if len(old) > 1:
        return _compare(shape, _MISSING, new[0]) if new else _REMOVED
    return _compare(shape, old[0] if old else _MISSING, new[0] if new else _MISSING)
