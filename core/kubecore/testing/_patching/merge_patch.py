"""JSON merge patches (RFC 7386) as the API server applies them.

The server differs from the RFC: members that are null are also removed from objects in lists, unless the list replaces
an object. Source: https://www.rfc-editor.org/rfc/rfc7386.
"""

from __future__ import annotations

from typing import Any

from kubecore.testing._patching.go_values import json_type
from kubecore.testing._schemas.json_values import copied, is_list, is_map
from kubecore.testing._server.failures import RequestError

__all__ = ["apply_merge_patch"]


def apply_merge_patch(document: Any, patch: Any) -> Any:
    """Return a document with a merge patch applied.

    Args:
        document: The JSON document; it is not changed.
        patch: The decoded patch.

    Raises:
        RequestError: 400, the patch is not an object.
    """
    if patch is None:
        raise RequestError(400, "BadRequest", "Invalid JSON Patch")
    if not is_map(patch):
        problem = f"json: cannot unmarshal {json_type(patch)} into Go value of type map[string]interface {{}}"
        raise RequestError(400, "BadRequest", f"error decoding patch: {problem}")
    return _merged(document, patch)


def _merged(value: Any, patch: Any) -> Any:
    if is_list(patch):
        if is_map(value):
            return copied(patch)
        return [None if each is None else _merged(None, each) for each in patch]
    if not is_map(patch):
        return patch
    result = copied(value) if is_map(value) else {}
    for key, each in patch.items():
        if each is None:
            result.pop(key, None)
        else:
            result[key] = _merged(result.get(key), each)
    return result
