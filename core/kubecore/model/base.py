"""The base of all models as the codec knows them: fields and zero values, without a way to read or write JSON."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self, TypeAlias, TypeVar

import msgspec
from msgspec import StructMeta

from kubecore._support.nearest import nearest

__all__ = ["OTHER", "WRITTEN", "CustomBase", "FieldInfo", "ModelBase", "OpenBase", "always"]

OTHER: Final = "$otherFields"
"""msgspec's name of an open model's field for unknown properties; JSON has no such name."""

WRITTEN: Final = "$written"
"""msgspec's name of the field with the written form of other fields (`kubecore.codec.verbatim`)."""

_L = TypeVar("_L")


class FieldInfo(NamedTuple):
    """One field of a model."""

    name: str
    """Name of the attribute, such as `host_ip`."""

    wire_name: str
    """Name in JSON, such as `hostIP`."""

    type: Any
    """The type, as annotated."""

    required: bool
    """Whether the constructor needs it."""


def always(value: _L) -> _L:
    """Give a field a default that is sent all the same, as `api_version` and `kind` need.

    Args:
        value: The default, the only value of the field's Literal.

    Returns:
        The field, typed as its value so that type checkers see a default.
    """
    field: Any = msgspec.field(default_factory=lambda: value)
    return field  # type: ignore[no-any-return]


if TYPE_CHECKING:
    _ModelMeta = StructMeta
else:

    class _ModelMeta(StructMeta):
        """Names the class, and the field that was meant, in errors of a constructor."""

        def __call__(self, /, *args: Any, **fields: Any) -> Any:
            try:
                return super().__call__(*args, **fields)
            except TypeError as error:
                message = f"{self.__name__}: {_constructor_mistake(self, args, fields) or error}"
            raise TypeError(message)


class ModelBase(msgspec.Struct, kw_only=True, omit_defaults=True, gc=False, rename="camel", metaclass=_ModelMeta):
    """Fields and zero values of a model."""

    def replace(self, /, **changes: Any) -> Self:
        """Copy the model with some fields changed; unchanged fields are shared with the original.

        Args:
            **changes: Attribute names and their new values.

        Returns:
            The changed copy.

        Raises:
            TypeError: There is no such attribute.
        """
        return msgspec.structs.replace(self, **changes)

    @classmethod
    def zero(cls) -> Self:
        """Create the model's zero value: required fields are "", 0, [], ... or the zero value of their type.

        Returns:
            A new model, as in Go when nothing was set.
        """
        from kubecore.model import zero

        return cls(**{name: make() for name, make in zero.required_fields(cls)})

    @classmethod
    def model_fields(cls) -> tuple[FieldInfo, ...]:
        """List the model's fields, in their order: Python names, wire names, types, whether they are required."""
        return _fields(cls)


class CustomBase(ModelBase, kw_only=True):
    """Base of the types of custom resources, which the API server stores as they are written."""


if TYPE_CHECKING:
    _Fields: TypeAlias = dict[str, Any]
else:
    _Fields = Any  # An object may have a field of the name that msgspec goes by, with anything in it.


class OpenBase(CustomBase, kw_only=True):
    """Base of the types that keep the fields that their schema does not name."""

    other_fields: _Fields = msgspec.field(default={}, name=OTHER)
    """These fields, by their names on the wire."""

    if not TYPE_CHECKING:  # It would allow every name.

        def __getattr__(self, name: str) -> Any:
            hint = f"; read other_fields[{name!r}]" if name != "other_fields" and name in self.other_fields else ""
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}{hint}")


def _constructor_mistake(cls: type[ModelBase], args: tuple[Any, ...], fields: Mapping[str, Any]) -> str:
    """Return the problem with the arguments of a constructor, "" if it is not known."""
    known = {info.name: info for info in cls.model_fields()}
    if args:
        return f"fields are keyword arguments: {cls.__name__}(name=...), not by position"
    by_wire_name = {info.wire_name: info.name for info in known.values()}
    for name in fields:
        if name not in known and name not in cls.__struct_fields__:
            meant = by_wire_name.get(name)
            hint = f"; write {meant}" if meant else nearest(name, known)
            if not hint and issubclass(cls, OpenBase):
                hint = f"; write other_fields={{{name!r}: ...}}"
            return f"there is no field {name!r}{hint}"
    missing = [info.name for info in known.values() if info.required and info.name not in fields]
    return f"missing required argument{'s' * (len(missing) > 1)} {', '.join(map(repr, missing))}" if missing else ""


@functools.cache
def _fields(cls: type[ModelBase]) -> tuple[FieldInfo, ...]:
    return tuple(
        FieldInfo(f.name, f.encode_name, f.type, f.required)
        for f in msgspec.structs.fields(cls)
        if f.encode_name not in (OTHER, WRITTEN)
    )
