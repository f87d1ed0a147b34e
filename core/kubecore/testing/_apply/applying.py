"""One apply: the merge, the removal of fields that are no longer applied, and conflicts."""

from __future__ import annotations

from typing import Any

from kubecore.testing._apply.compare import compare
from kubecore.testing._apply.entries import UNOWNED, Entry, Identity, Managers
from kubecore.testing._apply.merge import merge, remove
from kubecore.testing._apply.owned import below, fields_of, under_atomic, with_named
from kubecore.testing._apply.sets import FieldSet, difference, intersection, paths, union, without
from kubecore.testing._apply.shapes import KEYED, Shape
from kubecore.testing._apply.values import same
from kubecore.testing._schemas.wording import quoted
from kubecore.testing._server.failures import RequestError

__all__ = ["apply_fields", "conflict_error"]

Conflicts = list[tuple[Identity, FieldSet]]


def apply_fields(
    managers: Managers,
    live: dict[str, Any],
    configuration: dict[str, Any],
    shape: Shape,
    identity: Identity,
    api_version: str,
    now: str,
    *,
    force: bool,
    reset: FieldSet,
) -> tuple[dict[str, Any] | None, Managers]:
    """Return the merged object, None if nothing changed, and the managers after the apply.

    Raises:
        RequestError: 409 if other managers own fields that the apply would change, unless `force`.
    """
    managers = {other: entry.having(under_atomic(shape, entry.fields)) for other, entry in managers.items()}
    last = managers.get(identity)
    own = fields_of(shape, configuration)
    if reset:
        own = without(own, reset)
    managers[identity] = Entry(api_version, own, now)
    merged = merge(shape, live, configuration)
    if last is not None and last.fields and not _is_same(shape, last.fields, own):
        merged = _pruned(shape, merged, last.fields, managers)
    changed, removed = compare(shape, live, merged)
    is_changed = not same(live, merged)
    if not is_changed:
        managers[identity] = Entry(api_version, own, None if last is None else last.time)
    if reset:
        changed, removed = without(changed, reset), without(removed, reset)
    conflicts: Conflicts = []
    for other, entry in managers.items():
        if other != identity:
            common = intersection(entry.fields, changed)
            if common:
                conflicts.append((other, common))
    if conflicts and not force:
        raise conflict_error(conflicts)
    taken = dict(conflicts)
    left: Managers = {}
    for other, entry in managers.items():
        fields = entry.fields
        if other != identity:
            fields = difference(difference(fields, taken.get(other, {})), removed)
        if fields:
            left[other] = entry.having(fields)
    return (merged if is_changed else None), left


def _is_same(shape: Shape, last: FieldSet, own: FieldSet) -> bool:
    """Whether an apply owns the fields of the last one, so that no field is removed."""
    return last == difference(own, UNOWNED) and _has_keys(shape, own)


def _has_keys(shape: Shape, own: FieldSet) -> bool:
    """Whether all items that a configuration owns contain a key: none of them is lost when its other fields are."""
    for element, inner in own.items():
        if inner:
            known = below(shape, element)
            if known is not None and not _has_keys(known, inner):
                return False
        elif shape.mode == KEYED:
            return False
    return True


def _pruned(shape: Shape, merged: dict[str, Any], last: FieldSet, managers: Managers) -> dict[str, Any]:
    """Return the object without the fields of the last apply that nobody applies or owns now.

    Removing a map or an item removes its fields, too. Fields in it that have owners keep it, and then the fields that
    were not part of the last apply are kept as well.
    """
    named = with_named(shape, last)
    rest: dict[str, Any] = remove(shape, merged, named) or {}
    owned: FieldSet = {}
    for entry in managers.values():
        owned = union(owned, entry.fields)
    present = with_named(shape, fields_of(shape, merged))
    kept = union(with_named(shape, fields_of(shape, rest)), with_named(shape, owned))
    rest = remove(shape, merged, difference(present, kept)) or {}
    gone = difference(present, with_named(shape, fields_of(shape, rest)))
    return remove(shape, merged, intersection(gone, named)) or {}


def conflict_error(conflicts: Conflicts) -> RequestError:
    """Return the error for fields that other managers own.

    Args:
        conflicts: Managers and their fields.
    """
    causes: list[dict[str, str]] = []
    lines: list[str] = []
    count = 0
    for identity, fields in sorted(conflicts, key=lambda conflict: conflict[0].text):
        found = list(paths(fields))
        count += len(found)
        name = _shown(identity)
        causes += [
            {"reason": "FieldManagerConflict", "message": f"conflict with {name}", "field": path} for path in found
        ]
        lines += [f"conflicts with {name}:", *(f"- {path}" for path in found)]
    if count == 1:
        lines = [f"{cause['message']}: {cause['field']}" for cause in causes]
    noun = "conflict" if count == 1 else "conflicts"
    message = f"Apply failed with {count} {noun}: " + "\n".join(lines)
    return RequestError(409, "Conflict", message, details={"causes": causes})


def _shown(identity: Identity) -> str:
    subresource = f" with subresource {quoted(identity.subresource)}" if identity.subresource else ""
    version = f" using {identity.api_version}" if identity.api_version else ""
    return f"{quoted(identity.manager)}{subresource}{version}"
