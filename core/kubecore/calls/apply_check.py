"""Checks of the desired state for server-side apply, before it is sent.

A mapping may hold any part of an object. The server drops fields that it does not know with a warning, so that a typo
would look like success; here it is an error that names the path and the nearest field.
"""

from __future__ import annotations

import functools
import types
import typing
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from kubecore._support.json_types import is_json_array, is_json_object
from kubecore._support.nearest import nearest
from kubecore.calls.body import Body, metadata_field
from kubecore.codec.other_fields import NO_OTHERS, OtherTree, tree_in
from kubecore.errors import InvalidRequestError
from kubecore.model.base import OpenBase
from kubecore.model.model import Model

__all__ = ["check", "check_fields", "check_names"]

_MOST: Final = 5
_MANAGED: Final = (
    "the body contains metadata.managedFields, which only the server sets; "
    "apply only the fields that this manager owns, not an object that was read"
)


def check(body: Body, kind: type[Any]) -> None:
    """Refuse invalid desired states.

    Args:
        body: A model, or a mapping with any part of the object.
        kind: The model of the object; fields are not checked if there is none.

    Raises:
        InvalidRequestError: It names fields that the model lacks, or holds managed fields.
    """
    if is_json_object(body) and issubclass(kind, Model):
        check_fields(body, kind)
    if metadata_field(body, "managed_fields"):
        raise InvalidRequestError(_MANAGED)


def check_fields(body: Mapping[str, Any], kind: type[Model]) -> None:
    """Refuse fields that a model does not have, at every depth.

    Keys of maps such as labels are free, and so are untyped parts of the schema.

    Args:
        body: A part of an object, with the API's names.
        kind: The object's model.

    Raises:
        InvalidRequestError: There are such fields; the error names each path and the nearest field.
    """
    _refuse(list(_unknown(body, kind, "")), "a patch.ApplyPatch is sent without this check")


def check_names(body: Mapping[str, Any], kind: type[Model]) -> None:
    """Refuse names of attributes, such as `node_name`, instead of the API's names (`nodeName`), at every depth.

    Other fields that the model lacks are left to the server, which may be newer than the model.

    Args:
        body: An object, or a part of one.
        kind: The object's model.

    Raises:
        InvalidRequestError: There are such names; the error names each path and the API's name.
    """
    found = [unknown for unknown in _unknown(body, kind, "") if unknown.is_attribute]
    _refuse(found, 'with field_validation="Ignore" or "Warn" it is sent all the same')


def _refuse(found: list[_Unknown], otherwise: str) -> None:
    if found:
        more = f"; and {len(found) - _MOST} more" if len(found) > _MOST else ""
        raise InvalidRequestError(f"{'; '.join(unknown.line for unknown in found[:_MOST])}{more} ({otherwise})")


_SCALARS: Final = frozenset({str, int, float, bool, type(None)})
"""Types of values that contain no fields."""


class _Unknown(NamedTuple):
    """A field that a model does not have."""

    path: str
    key: object
    kind: type[Model]

    @property
    def is_attribute(self) -> bool:
        return any(field.name == self.key for field in self.kind.model_fields())

    @property
    def line(self) -> str:
        return f"{self.path} is not a field of {self.kind.__name__}{_nearest(self.key, self.kind)}"


def _unknown(value: Any, hint: Any, path: str, others: OtherTree = NO_OTHERS) -> Iterator[_Unknown]:
    """Yield each field below a value that its type lacks. A model has been checked when it was made."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Annotated:
        yield from _unknown(value, arguments[0], path, tree_in(hint) or others)
    elif origin in (typing.Union, types.UnionType):
        for member in arguments:
            if member not in _SCALARS:
                yield from _unknown(value, member, path, others)
    elif origin is list and is_json_array(value):
        for index, item in enumerate(value):
            if type(item) not in _SCALARS:
                yield from _unknown(item, arguments[0], f"{path}[{index}]", others)
    elif origin is dict and is_json_object(value):
        for key, item in value.items():
            yield from _unknown(item, arguments[1], _below(path, key), others)
    elif isinstance(hint, type) and issubclass(hint, Model) and is_json_object(value):
        yield from _of_model(value, hint, path, others)


def _of_model(value: Mapping[Any, Any], kind: type[Model], path: str, others: OtherTree) -> Iterator[_Unknown]:
    hints = _hints(kind)
    for key, item in value.items():
        if key in hints:
            hint = hints[key]
            if hint is not None and type(item) not in _SCALARS:
                yield from _unknown(item, hint, _below(path, key), others.inner.get(key, NO_OTHERS))
        elif not (issubclass(kind, OpenBase) or str(key).startswith("$") or key in others.names):
            yield _Unknown(_below(path, key), key, kind)  # A key with $ is a directive of a strategic merge patch.


@functools.cache
def _hints(kind: type[Model]) -> Mapping[Any, Any]:
    """Return the types of the fields of a model by their names in JSON; None for types that contain no model."""
    return {field.wire_name: field.type if _has_models(field.type) else None for field in kind.model_fields()}


def _has_models(hint: Any) -> bool:
    if isinstance(hint, type) and issubclass(hint, Model):
        return True
    return any(map(_has_models, typing.get_args(hint)))


def _below(path: str, key: object) -> str:
    shown = str(key)[:100]
    if not shown.replace("_", "").replace("-", "").isalnum():
        return f"{path}[{shown!r}]"
    return f"{path}.{shown}" if path else shown


def _nearest(key: object, kind: type[Model]) -> str:
    names = {field.name: field.wire_name for field in kind.model_fields()}
    found = names.get(str(key))
    return f"; did you mean {found}?" if found else nearest(str(key)[:100], names.values())
