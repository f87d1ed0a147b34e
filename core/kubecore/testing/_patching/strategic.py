"""Strategic merge patches: maps are merged, and lists by the keys and strategies of their schema.

Sources: https://github.com/kubernetes/community/blob/master/contributors/devel/sig-api-machinery/strategic-merge-patch.md
and https://kubernetes.io/docs/tasks/manage-kubernetes-objects/update-api-object-kubectl-patch/.
"""

from __future__ import annotations

from typing import Any, Final

from kubecore.testing._patching.go_values import go_text, go_type, json_type
from kubecore.testing._patching.strategic_lists import ListMerge, check_order, in_order, refuse
from kubecore.testing._schemas.json_values import copied, identity, is_list, is_map
from kubecore.testing._schemas.schema_type import SchemaType
from kubecore.testing._server.failures import RequestError

__all__ = ["apply_strategic_merge"]

_PATCH: Final = "$patch"
_RETAIN: Final = "$retainKeys"
_ORDER: Final = "$setElementOrder/"
_DELETE: Final = "$deleteFromPrimitiveList/"


def apply_strategic_merge(document: dict[str, Any], patch: dict[str, Any], schema: SchemaType) -> dict[str, Any]:
    """Return a document with a strategic merge patch applied.

    Args:
        document: The object; it is not changed.
        patch: The decoded patch.
        schema: The type of the object.

    Raises:
        RequestError: 400, the patch is not an object or a directive has another form; 500, as the server reports a
            patch that contradicts itself or the schema.
    """
    given: Any = patch
    if given is None:
        return copied(document)
    if not is_map(given):
        text = f"json: cannot unmarshal {json_type(given)} into Go value of type map[string]interface {{}}"
        raise RequestError(400, "BadRequest", text)
    return _map(copied(document), copied(patch), schema)


def _map(original: dict[str, Any], patch: dict[str, Any], schema: SchemaType | None) -> dict[str, Any]:
    """Merge a patch into a map, changing both."""
    if _PATCH in patch:
        return _directed(patch)
    _retain(original, patch)
    _set_order(original, patch, schema)
    for key, value in patch.items():
        if key.startswith(_DELETE):
            _delete(original, key.removeprefix(_DELETE), value)
        elif value is None:
            original.pop(key, None)
        elif key not in original:
            if not _is_directive(value):
                original[key] = _added(value)
        else:
            original[key] = _merged(original[key], value, key, schema)
    return original


def _directed(patch: dict[str, Any]) -> dict[str, Any]:
    directive = patch[_PATCH]
    if directive == "delete":
        return {}
    if directive != "replace":
        shown = directive if isinstance(directive, str) else _badly_shown(directive)
        raise refuse(f"unknown patch type: {shown} in map: {go_text(patch)}")
    return {key: value for key, value in patch.items() if key != _PATCH}


def _badly_shown(value: Any) -> str:
    """Return a value that is not text as Go prints it in place of text."""
    if isinstance(value, (bool, int, float)):
        return f"%!s({go_type(value)}={go_text(value)})"
    return "%!s(<nil>)" if value is None else go_text(value)


def _retain(original: dict[str, Any], patch: dict[str, Any]) -> None:
    """Remove the members that `$retainKeys` does not name."""
    if _RETAIN not in patch:
        return
    kept = patch.pop(_RETAIN)
    invalid = RequestError(400, "BadRequest", "invalid patch format of retainKeys")
    if not is_list(kept):
        raise invalid
    names = {name for name in kept if isinstance(name, str)}
    for key, value in patch.items():
        if value is not None and not key.startswith((_ORDER, _DELETE)) and key not in names:
            raise invalid
    for key in [key for key in original if key not in names]:
        del original[key]


def _set_order(original: dict[str, Any], patch: dict[str, Any], schema: SchemaType | None) -> None:
    """Merge the lists whose order the patch declares, and put them in this order."""
    for directive in [key for key in patch if key.startswith(_ORDER)]:
        order = patch.pop(directive)
        key = directive.removeprefix(_ORDER)
        found = _strategy(schema, key, is_needed=True)
        if not is_list(order):
            raise refuse(f"expected a []interface {{}}, but received a {go_type(order)}")
        had, added = original.get(key), patch.get(key)
        if had is None and added is None:
            continue
        for each in (had, added):
            if each is not None and not is_list(each):
                raise refuse(f"expected a []interface {{}}, but received a {go_type(each)}")
        items = ListMerge(key, found.patch_merge_key if found else "", found.items if found else None, _map)
        if added is not None:
            check_order(added, order, items.merge_key)
        patch.pop(key, None)
        merged, positions = _added(added) if had is None else had, had or list[Any]()
        if had is not None and added is not None:
            merged, positions = _list(had, added, key, found)
        if not (had or added or order):
            raise refuse("no elements in any of the given slices")
        original[key] = in_order(merged, order, positions, items.merge_key)


def _delete(original: dict[str, Any], key: str, values: Any) -> None:
    """Remove values from a list of scalars."""
    had = original.get(key)
    if is_list(had) and is_list(values):
        deleted = {identity(value) for value in values}
        original[key] = [each for each in had if identity(each) not in deleted]
    elif key in original:
        original[key] = values


def _merged(had: Any, value: Any, key: str, schema: SchemaType | None) -> Any:
    """Return the merged value of a member that both have."""
    if is_map(had) and is_map(value):
        found = _strategy(schema, key)
        if found is not None and "replace" in found.patch_strategy:
            return value
        return _map(had, value, found)
    if is_list(had) and is_list(value):
        return _list(had, value, key, _strategy(schema, key))[0]
    return value


def _list(had: list[Any], value: list[Any], key: str, schema: SchemaType | None) -> tuple[list[Any], list[Any]]:
    if schema is None or "merge" not in schema.patch_strategy:
        return value, had
    return ListMerge(key, schema.patch_merge_key, schema.items, _map).merged(had, value)


def _strategy(schema: SchemaType | None, key: str, *, is_needed: bool = False) -> SchemaType | None:
    found = None if schema is None else schema.fields.get(key) or schema.values
    if found is None and is_needed:
        raise refuse(f'unable to find api field in struct {_struct(schema)} for the json field "{key}"')
    return found


def _struct(schema: SchemaType | None) -> str:
    """Return the name of the Go type of a schema."""
    name: str = getattr(schema, "name", "")
    return name.rpartition(".")[2]


def _added(value: Any) -> Any:
    """Return the value of a member that the object lacks: without directives, and without null in maps."""
    if is_map(value):
        return {key: _added(each) for key, each in value.items() if each is not None and not _is_directive(each)}
    if is_list(value):
        return [_added(each) for each in value if not _is_directive(each)]
    return value


def _is_directive(value: Any) -> bool:
    return is_map(value) and _PATCH in value
