"""JSON patches (RFC 6902) as the API server applies them.

The server differs from the RFC: indexes may be negative, a `replace` or `copy` of a missing member is accepted, and a
`test` for null passes if the member is missing. Source: https://www.rfc-editor.org/rfc/rfc6902.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from kubecore.testing._patching.go_values import json_type
from kubecore.testing._schemas.json_values import copied, is_list, is_map, same
from kubecore.testing._schemas.levels import check_value
from kubecore.testing._schemas.wording import compact
from kubecore.testing._server.failures import RequestError

__all__ = ["MAX_COPIED", "MAX_OPERATIONS", "apply_json_patch"]

MAX_OPERATIONS: Final = 10_000
"""Operations of one patch that the server accepts."""

MAX_COPIED: Final = 3 << 20
"""Bytes of JSON that the operations `copy` of one patch may copy: a document could double with each of them."""

_INDEX: Final = re.compile(r"[+-]?[0-9]+", re.ASCII)
_LARGEST: Final = (1 << 63) - 1
_TEXTS: Final = ("from", "op", "path")


class _Target:
    """The document that is changed.

    Attributes:
        root: The document.
        copied: The bytes that the operations have copied within it.
    """

    __slots__ = ("copied", "root")

    def __init__(self, root: Any) -> None:
        self.root = root
        self.copied = 0


class _RefusedError(Exception):
    """An operation can't be applied. The server does not report which, and why."""


def apply_json_patch(document: Any, operations: list[Any]) -> Any:
    """Return a document with all operations applied in order.

    Args:
        document: The JSON document; it is not changed.
        operations: The decoded patch.

    Raises:
        RequestError: 400, it is not a list of operations; 413, there are too many of them; 422, one can't be applied.
        NotSimulatedError: The result is nested too deeply.
    """
    _check(operations)
    target = _Target(copied(document))
    try:
        for operation in operations or ():
            _apply(target, operation if operation is not None else {})
    except _RefusedError:
        message = "the server rejected our request due to an error in our request"
        raise RequestError(422, "Invalid", message, details={}) from None
    check_value(target.root)
    return target.root


def _check(operations: Any) -> None:
    if operations is None:
        return
    if not is_list(operations):
        raise _undecodable(operations, "value of type []handlers.jsonPatchOp")
    for operation in operations:
        if operation is not None and not is_map(operation):
            raise _undecodable(operation, "value of type handlers.jsonPatchOp")
        for key in _TEXTS:
            value = (operation or {}).get(key)
            if value is not None and not isinstance(value, str):
                raise _undecodable(value, f"struct field jsonPatchOp.{key} of type string")
    if len(operations) > MAX_OPERATIONS:
        raise RequestError(
            413,
            "RequestEntityTooLarge",
            "Request entity too large: The allowed maximum operations in a JSON patch is "
            f"{MAX_OPERATIONS}, got {len(operations)}",
        )


def _undecodable(value: Any, target: str) -> RequestError:
    text = f"error decoding patch: json: cannot unmarshal {json_type(value)} into Go {target}"
    return RequestError(400, "BadRequest", text)


def _apply(target: _Target, operation: Mapping[str, Any]) -> None:
    apply = _OPERATIONS.get(operation.get("op", ""))
    if apply is None or not isinstance(operation.get("path"), str):
        raise _RefusedError
    apply(target, operation["path"], operation)


def _add(target: _Target, path: str, operation: Mapping[str, Any]) -> None:
    parent, key = _place(target.root, path)
    _insert(parent, key, copied(operation.get("value")))


def _remove(target: _Target, path: str, operation: Mapping[str, Any]) -> None:
    del operation
    _take(*_place(target.root, path))


def _replace(target: _Target, path: str, operation: Mapping[str, Any]) -> None:
    value = copied(operation.get("value"))
    if path == "":
        if not (is_map(value) or is_list(value)):
            raise _RefusedError
        target.root = value
        return
    parent, key = _place(target.root, path)
    if is_list(parent):
        parent[_index(parent, key)] = value
    else:
        parent[key] = value


def _move(target: _Target, path: str, operation: Mapping[str, Any]) -> None:
    value = _take(*_place(target.root, _source(operation)))
    _insert(*_place(target.root, path), value)


def _copy(target: _Target, path: str, operation: Mapping[str, Any]) -> None:
    value = _get(*_place(target.root, _source(operation)))
    check_value(value)  # A document that is copied into itself doubles its levels.
    target.copied += len(compact(value).encode())
    if target.copied > MAX_COPIED:
        raise _RefusedError
    _insert(*_place(target.root, path), copied(value))


def _test(target: _Target, path: str, operation: Mapping[str, Any]) -> None:
    found = target.root if path == "" else _get(*_place(target.root, path))
    if not same(found, operation.get("value")):
        raise _RefusedError


_OPERATIONS: Final[Mapping[str, Callable[[_Target, str, Mapping[str, Any]], None]]] = {
    "add": _add,
    "copy": _copy,
    "move": _move,
    "remove": _remove,
    "replace": _replace,
    "test": _test,
}


def _source(operation: Mapping[str, Any]) -> str:
    source = operation.get("from")
    if not isinstance(source, str):
        raise _RefusedError
    return source


def _place(document: Any, path: str) -> tuple[Any, str]:
    """Return the map or list that a path ends in, and the last key. Text before the first `/` is ignored."""
    keys = [key.replace("~1", "/").replace("~0", "~") for key in path.split("/")[1:]]
    if not keys:
        raise _RefusedError
    found = document
    for key in keys[:-1]:
        found = _get(found, key)
        if not (is_map(found) or is_list(found)):
            raise _RefusedError
    return found, keys[-1]


def _get(parent: Any, key: str) -> Any:
    """Return a member. That of a map may be missing, which is the same as null."""
    return parent[_index(parent, key)] if is_list(parent) else parent.get(key)


def _take(parent: Any, key: str) -> Any:
    if is_list(parent):
        return parent.pop(_index(parent, key))
    if key not in parent:
        raise _RefusedError
    return parent.pop(key)


def _insert(parent: Any, key: str, value: Any) -> None:
    if not is_list(parent):
        parent[key] = value
    elif key == "-":
        parent.append(value)
    else:
        parent.insert(_index(parent, key, room=1), value)


def _index(items: list[Any], key: str, room: int = 0) -> int:
    """Return the position that a key means, from the start; `room` is 1 if the end of the list is a position."""
    size = len(items) + room
    if not _INDEX.fullmatch(key) or len(key) > 20 or abs(index := int(key)) > _LARGEST or not -size <= index < size:
        raise _RefusedError
    return index + size if index < 0 else index
