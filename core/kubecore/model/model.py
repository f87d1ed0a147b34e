"""The base of all models: a msgspec Struct that reads and writes the API's JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol, Self, TypeVar

from kubecore._support.terminal import escape_for_terminal
from kubecore.model.base import CustomBase, FieldInfo, ModelBase, OpenBase, always

__all__ = ["CustomListModel", "CustomModel", "FieldInfo", "ListModel", "Model", "OpenModel", "always"]

_L = TypeVar("_L")


class Model(ModelBase, kw_only=True):
    """Base of every Kubernetes type: typed attributes in snake_case, the API's names on the wire.

    Fields that are None, or equal their default, are omitted. Models compare by value, copy, deep-copy and pickle,
    and can be fields of Pydantic models.
    """

    def to_dict(self) -> dict[str, Any]:
        """Convert the model to the content of its JSON: the API's names, no unset fields, dates as text.

        Returns:
            A new dictionary that shares nothing mutable with the model.

        Raises:
            kubecore.errors.EncodeError: A value has no form in JSON, such as a time without its offset.
        """
        from kubecore.codec import encode

        data: dict[str, Any] = encode.to_dict(self)
        return data

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], *, strict: bool = False) -> Self:
        """Read the model from a mapping with the API's names, as `to_dict` writes it.

        Args:
            data: The object.
            strict: Whether to refuse missing required fields and unknown fields. Otherwise a missing field is its zero
                value, and an unknown one is dropped, unless the model is open.

        Returns:
            The model.

        Raises:
            kubecore.errors.DecodeError: `data` is not such an object; the error names the path.
        """
        from kubecore.codec import decode

        made = decode.convert(data, cls)
        if strict:
            from kubecore.codec import strict as strict_reading

            strict_reading.refuse_faults(data, cls)
        return made

    def to_yaml(self, *, managed_fields: bool = False) -> str:
        """Write the model as one YAML document that kubectl reads.

        Args:
            managed_fields: Whether `metadata.managedFields` is included; people hardly ever want to see it.

        Returns:
            The text, ending in a newline: apiVersion, kind, metadata and spec first, status last.

        Raises:
            kubecore.errors.EncodeError: A value has no form in JSON.
        """
        from kubecore.codec import yaml
        from kubecore.model import display

        return yaml.dump(display.in_order(self.to_dict(), managed_fields=managed_fields))

    @classmethod
    def from_yaml(cls, text: str | bytes, *, strict: bool = False) -> Self:
        """Read the model from one YAML document, with kubectl's rules for scalars.

        Args:
            text: The document; JSON is YAML too.
            strict: Whether to refuse missing required fields and unknown fields, as `kubectl apply` does. Otherwise a
                missing field is its zero value, and an unknown one is dropped, unless the model is open.

        Returns:
            The model.

        Raises:
            kubecore.errors.DecodeError: The text is not such a document; the error names line or path.
        """
        from kubecore.codec import yaml

        data: Any = yaml.load(text)
        return cls.from_dict(data, strict=strict)

    def __repr__(self) -> str:
        """Name an object (`Pod default/web-1`), count a list (`<PodList of 3>`), show the fields of everything else.

        Secrets are never shown: values of bytes and fields such as `password` appear as their length.
        """
        from kubecore.model import display

        return self._short() or display.described(self)

    def _short(self) -> str:
        name = type(self).__name__
        if isinstance(self, ListModel):
            items: Any = getattr(self, "items", ())
            return f"<{name} of {len(items)}>"
        place = _place(getattr(self, "metadata", None))
        return f"{name} {place}" if place else ""

    def __rich_repr__(self) -> Iterator[Any]:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
        """Show the same in rich as in repr: msgspec's own would show secrets."""
        from kubecore.model import display

        if self._short():
            yield _place(getattr(self, "metadata", None))
        else:
            yield from display.fields_of(self)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """Show the object as YAML at the prompt of IPython: without managed fields, secrets hidden.

        Lists, and objects inside of a list or another container, are shown by their repr.
        """
        from kubecore.model import display

        is_inside = len(getattr(printer, "stack", ())) > 1
        is_short = cycle or is_inside or isinstance(self, ListModel)
        printer.text(repr(self) if is_short else display.shown_yaml(self).rstrip("\n"))

    def _repr_html_(self) -> str:
        """Show the object as YAML in a notebook, without managed fields and secrets; show a list as a table."""
        from kubecore.model import display, list_html

        if isinstance(self, ListModel):
            items: Any = getattr(self, "items", ())
            remaining: Any = getattr(getattr(self, "metadata", None), "remaining_item_count", None)
            return list_html.shown(items, remaining or 0)
        return display.shown_html(self)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        """Let Pydantic validate, serialise and describe the model as a field."""
        from kubecore.model import pydantic

        return pydantic.core_schema(cls)


class CustomModel(Model, CustomBase, kw_only=True):
    """Base of the types of custom resources, which the API server stores unchanged.

    Values that were read are sent again exactly, including empty lists, maps and nulls, unless they are changed.
    """


_T_co = TypeVar("_T_co", covariant=True)


class _HasItems(Protocol[_T_co]):
    """A list of objects."""

    @property
    def items(self) -> Sequence[_T_co]: ...


class ListModel(Model, kw_only=True):
    """Base of every list of objects: it has the length of its `items`, and iterating over it yields them.

    A page of a collection holds the objects of that page alone; `iter()` of a client reads all pages.
    """

    def __iter__(self: _HasItems[_L]) -> Iterator[_L]:
        """Yield the objects."""
        return iter(self.items)

    def __len__(self: _HasItems[Any]) -> int:
        """Return the number of objects."""
        return len(self.items)


class OpenModel(CustomModel, OpenBase, kw_only=True):
    """A model that keeps the fields that its schema does not name, and sends them again.

    They are in `other_fields`, by their names on the wire. Fields that the schema names win over them.
    """


class CustomListModel(ListModel, CustomModel, kw_only=True):
    """Base of every list of custom resources."""


def _place(metadata: object) -> str:
    """Namespace and name, safe to print: a name that the user made up may hold anything."""
    name = getattr(metadata, "name", None) or getattr(metadata, "generate_name", None)
    if not isinstance(name, str):
        return ""
    namespace = getattr(metadata, "namespace", None)
    place = f"{namespace}/{name}" if isinstance(namespace, str) and namespace else name
    return escape_for_terminal(place, keep="")
