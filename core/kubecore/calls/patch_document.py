"""The document of a patch, and its type."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from kubecore._support.json_types import is_json_object
from kubecore.codec.field_types import at_pointer
from kubecore.codec.plain_values import plain
from kubecore.errors import EncodeError, InvalidRequestError
from kubecore.model.model import Model
from kubecore.options import PatchType
from kubecore.patch import AnyPatch

__all__ = ["PatchBody", "PlainPatch", "by_type", "typed"]

PlainPatch = Model | Mapping[str, Any] | Sequence[Mapping[str, Any]]
"""A patch whose type must be set apart: an object or a part of one, or the operations of a JSON patch."""

PatchBody = AnyPatch | PlainPatch
"""A patch: one of `kubecore.patch`; or, with a separate type, an object or a part of one, or the operations of a
JSON patch."""

_NO_TYPE: Final = (
    "the type of the patch is missing: pass a MergePatch, JsonPatch, ... of kubecore.patch, "
    'or type="merge", "json", "strategic"'
)


def by_type(document: Any, kind: Any) -> Any:
    """Return a patch whose values are written by the types of the fields that they are for.

    Args:
        document: The patch.
        kind: The model of the object that it changes.

    Raises:
        EncodeError: A value has no form in JSON.
    """
    if isinstance(document, Mapping):
        return plain(document, kind)
    if isinstance(document, Model):
        return document
    return [_operation(operation, kind) for operation in document]


def _operation(operation: Any, kind: Any) -> Any:
    pointer: Any = operation.get("path") if is_json_object(operation) else None
    if not isinstance(pointer, str) or "value" not in operation:
        return operation
    try:
        return {**operation, "value": plain(operation["value"], at_pointer(kind, pointer))}
    except EncodeError as error:
        raise EncodeError(f"{error}, of the operation at {pointer[:100]!r}") from None


def typed(body: PatchBody, type: PatchType | None) -> tuple[Any, PatchType]:  # noqa: A002
    """Return the document and the type of a patch.

    Args:
        body: The patch.
        type: Its type, None if `body` knows it.

    Raises:
        InvalidRequestError: The type is missing, or another one than that of `body`.
    """
    if isinstance(body, AnyPatch):
        if type not in (None, body.type):
            raise InvalidRequestError(f"a {body.__class__.__name__} is of the type {body.type!r}, not {type!r}")
        return body.document(), body.type
    if type is None:
        raise InvalidRequestError(_NO_TYPE)
    return body, type
