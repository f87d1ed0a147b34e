"""The base of all models: a msgspec Struct that reads and writes the API's JSON."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple, Self, TypeVar

import msgspec

__all__ = ["OTHER", "WRITTEN", "CustomModel", "FieldInfo", "Model", "always"]

OTHER: Final = "$otherFields"
"""What msgspec calls the field of an open model for what its schema does not name; JSON has no such name."""

WRITTEN: Final = "$written"
"""What msgspec calls the field that keeps how others were written (`kubecore.verbatim`); JSON has no such name."""

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
        value: the default, the only value of the field's Literal.

    Returns:
        The field, typed as its value so that type checkers see a default.
    """
    field: Any = msgspec.field(default_factory=lambda: value)
    return field  # type: ignore[no-any-return]


class Model(msgspec.Struct, kw_only=True, omit_defaults=True, gc=False, rename="camel"):
    """Base of every Kubernetes type: typed attributes in snake_case, the API's names on the wire.

    What is None, or equals its default, is not sent. Models compare by value, copy, deep-copy and pickle,
    and can be fields of Pydantic models.
    """

    def to_dict(self) -> dict[str, Any]:
        """Turn the model into what its JSON would hold: the API's names, no unset fields, dates as text.

        Returns:
            A new dictionary that shares nothing mutable with the model.

        Raises:
            kubecore.errors.EncodeError: a value has no form in JSON, such as a time without its offset.
        """
        from kubecore import encode

        data: dict[str, Any] = encode.to_dict(self)
        return data

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read the model from a mapping with the API's names, as `to_dict` writes it.

        Args:
            data: the object; names that the model does not know are ignored.

        Returns:
            The model.

        Raises:
            kubecore.errors.DecodeError: `data` is not such an object; the error names the path.
        """
        from kubecore import codec

        return codec.convert(data, cls)

    def to_yaml(self) -> str:
        """Write the model as one YAML document that kubectl reads.

        Returns:
            The text, fields in the order of the model, ending in a newline.

        Raises:
            kubecore.errors.EncodeError: a value has no form in JSON.
        """
        from kubecore import yaml

        return yaml.dump(self.to_dict())

    @classmethod
    def from_yaml(cls, text: str | bytes) -> Self:
        """Read the model from one YAML document, its scalars read as kubectl reads them.

        Args:
            text: the document; JSON is YAML too.

        Returns:
            The model.

        Raises:
            kubecore.errors.DecodeError: the text is no such document; the error names line or path.
        """
        from kubecore import codec, yaml

        return codec.convert(yaml.load(text), cls)

    def replace(self, **changes: Any) -> Self:
        """Copy the model with some fields changed; what is not changed is shared with the original.

        Args:
            **changes: attribute names and their new values.

        Returns:
            The changed copy.

        Raises:
            TypeError: there is no such attribute.
        """
        return msgspec.structs.replace(self, **changes)

    @classmethod
    def zero(cls) -> Self:
        """Make the model's zero value: what is required is "", 0, [], ... or the zero value of its own type.

        Returns:
            A new model, as Go has it when nothing was set.
        """
        from kubecore import zero

        return cls(**{name: make() for name, make in zero.required_fields(cls)})

    @classmethod
    def model_fields(cls) -> tuple[FieldInfo, ...]:
        """List the model's fields, in their order: names in Python and on the wire, types, what is required."""
        return _fields(cls)

    def __repr__(self) -> str:
        """Say which object it is and nothing that it holds: `Pod default/web-1`, `<PodSpec>`."""
        name = type(self).__name__
        items = getattr(self, "items", None)
        if isinstance(items, list):
            return f"<{name} of {len(items)}>"  # pyright: ignore[reportUnknownArgumentType]
        place = _place(getattr(self, "metadata", None))
        return f"{name} {place}" if place else f"<{name}>"

    def __rich_repr__(self) -> Iterator[Any]:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
        """Show the same in rich as in repr: msgspec's own would print every field."""
        yield _place(getattr(self, "metadata", None))

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        """Let Pydantic validate, serialise and describe the model as a field of its own."""
        from kubecore import pydantic

        return pydantic.core_schema(cls)


class CustomModel(Model, kw_only=True):
    """Base of the types of custom resources, which the API server stores as they are written.

    What is read is sent again to the letter, empty lists and maps and nulls included, as long as it is not changed.
    """


@functools.cache
def _fields(cls: type[Model]) -> tuple[FieldInfo, ...]:
    return tuple(
        FieldInfo(f.name, f.encode_name, f.type, f.required)
        for f in msgspec.structs.fields(cls)
        if f.encode_name not in (OTHER, WRITTEN)
    )


def _place(metadata: object) -> str:
    """Namespace and name, safe to print: a name that the user made up may hold anything."""
    name = getattr(metadata, "name", None) or getattr(metadata, "generate_name", None)
    if not isinstance(name, str):
        return ""
    namespace = getattr(metadata, "namespace", None)
    place = f"{namespace}/{name}" if isinstance(namespace, str) and namespace else name
    return place if place.isprintable() else place.encode("unicode_escape").decode("ascii")
