"""References to objects, as events hold them. No I/O.

Source: `k8s.io/client-go/tools/reference`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, cast

from kubecore.errors import InvalidRequestError
from kubecore.model.base import ModelBase

__all__ = ["Reference", "reference_to"]


class Reference(NamedTuple):
    """The object that an event is about: the part of `core/v1 ObjectReference` that does not change with the object.

    A resource version would split a series, since a new status changes it.
    """

    api_version: str
    kind: str
    namespace: str
    name: str
    uid: str = ""
    field_path: str = ""

    def document(self) -> dict[str, str]:
        """Return the reference as JSON, without empty fields."""
        keys = ("apiVersion", "kind", "namespace", "name", "uid", "fieldPath")
        return {key: value for key, value in zip(keys, self, strict=True) if value}


def reference_to(about: ModelBase | Mapping[str, Any]) -> Reference:
    """Return the reference to an object.

    Args:
        about: A model, a mapping with apiVersion and kind, or an ObjectReference as either.

    Raises:
        InvalidRequestError: The apiVersion, kind or name is missing.
    """
    if not isinstance(about, (ModelBase, Mapping)):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidRequestError(f"an event is about a model, a mapping or a reference, not {type(about).__name__}")
    api_version, kind = _text(about, "api_version", "apiVersion"), _text(about, "kind")
    if not api_version or not kind:
        raise InvalidRequestError(f"the object of an event, a {type(about).__name__}, has no apiVersion and kind")
    if kind == "PartialObjectMetadata":
        raise InvalidRequestError(
            "the object of an event is a PartialObjectMetadata, which does not contain its kind; pass a reference"
        )
    found = _field(about, "metadata", "metadata")
    named = about if found is None else found
    name = _text(named, "name")
    if not name:
        raise InvalidRequestError(f"the object of an event, a {kind}, has no name")
    path = _text(about, "field_path", "fieldPath") if found is None else ""
    return Reference(api_version, kind, _text(named, "namespace"), name, _text(named, "uid"), path)


def _text(source: Any, name: str, key: str = "") -> str:
    """Return a text of a model or a mapping, "" if it has none."""
    found = _field(source, name, key or name)
    return found if isinstance(found, str) else ""


def _field(source: Any, name: str, key: str) -> Any:
    if isinstance(source, Mapping):
        mapping = cast("Mapping[str, Any]", source)
        return mapping.get(key)
    return getattr(source, name, None)
