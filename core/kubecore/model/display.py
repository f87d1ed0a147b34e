"""How objects are shown to people: at a prompt, in a notebook, in a log. Secrets are never shown.

A secret is every value of bytes (`Secret.data`, certificates, ...) and every field with the name of one.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

import msgspec

from kubecore._support.json_types import is_json_array, is_json_object
from kubecore.model.base import OTHER, WRITTEN, ModelBase

__all__ = ["described", "fields_of", "in_order", "shown_html", "shown_yaml"]

_SECRET_NAME: Final = re.compile(
    r"(?:.*_)?(?:password|passwd|token|secret|private_key|api_key|access_key|secret_key|credentials?)|string_data"
)
_LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"
"""An annotation with the whole object, so with the data of a Secret, too."""
_LONGEST: Final = 200
"""Characters of a text, and entries of a list or mapping, that a repr shows."""
_DEEPEST: Final = 20
"""Levels of a value that a repr shows."""
_FIRST: Final = ("apiVersion", "kind", "metadata", "spec")
_LAST: Final = "status"


class _Raw(str):
    """A text that a repr shows without quotes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def described(model: ModelBase) -> str:
    """Return a model's repr: its class and the fields that are set, such as `ContainerPort(container_port=80)`.

    Args:
        model: The model.
    """
    return f"{type(model).__name__}({', '.join(f'{name}={value!r}' for name, value in fields_of(model))})"


def fields_of(model: ModelBase) -> Iterator[tuple[str, Any]]:
    """Yield the fields that are set, with values that can be shown.

    Args:
        model: The model.

    Yields:
        Name and value.
    """
    infos = msgspec.structs.fields(type(model))
    for info in sorted(infos, key=lambda info: info.encode_name == OTHER):
        value = getattr(model, info.name)
        if (
            info.encode_name in ("apiVersion", "kind", WRITTEN)
            or info.name == "managed_fields"
            or _is_default(info, value)
        ):
            continue
        yield info.name, _hidden_part(_meaning(model, info.name), value, _shortened)


def _meaning(model: ModelBase, field: str) -> str:
    """Return the name of a field's value; for a variable (`EnvVar` and similar types) that is its name."""
    name = getattr(model, "name", None) if field == "value" else None
    return name.lower().replace("-", "_") if isinstance(name, str) and name else field


def _is_default(info: msgspec.structs.FieldInfo, value: Any) -> bool:
    if value is None or value is msgspec.UNSET or value is info.default:
        return True
    if info.default_factory is msgspec.NODEFAULT:
        return bool(info.default is not msgspec.NODEFAULT and value == info.default)
    return bool(value == info.default_factory())


def _hidden_part(name: str, value: Any, otherwise: Callable[[Any], Any]) -> Any:
    """Return a value that may be shown instead of one that may not be."""
    if isinstance(value, (bytes, bytearray, msgspec.Raw)):
        return _Raw(f"<{len(bytes(value))} bytes>")
    if _SECRET_NAME.fullmatch(name):
        if isinstance(value, str):
            return _Raw(f"<{len(value)} characters>")
        if is_json_object(value):
            return {key: _hidden_part("password", part, otherwise) for key, part in value.items()}
    if is_json_object(value) and any(isinstance(part, bytes) for part in value.values()):
        return {key: _hidden_part("", part, otherwise) for key, part in value.items()}
    return otherwise(value)


def _shortened(value: Any) -> Any:
    if _is_deep(value):
        return _Raw(f"<nested deeper than {_DEEPEST} levels>")
    if is_json_object(value) and _LAST_APPLIED in value:
        return {**value, _LAST_APPLIED: _Raw(f"<{len(str(value[_LAST_APPLIED]))} characters>")}
    if isinstance(value, str) and len(value) > _LONGEST:
        return _Raw(f"{value[:_LONGEST]!r}... ({len(value)} characters)")
    if is_json_array(value) and len(value) > _LONGEST:
        return [*value[:_LONGEST], _Raw(f"... {len(value)} in all")]
    return value


def _is_deep(value: Any) -> bool:
    """Return whether a repr, which calls itself for each level, would have too many of them."""
    row = [value]
    for _ in range(_DEEPEST):
        row = [inner for outer in row for inner in _inside(outer)]
        if not row:
            return False
    return True


def _inside(value: Any) -> Iterable[Any]:
    if isinstance(value, ModelBase):
        return msgspec.structs.astuple(value)
    if is_json_object(value):
        return value.values()
    return value if is_json_array(value) else ()


def shown_yaml(model: Any) -> str:
    """Return a model as YAML for people: without managed fields, secrets hidden.

    Args:
        model: The model.
    """
    from kubecore.codec import yaml

    data = model.to_dict()
    _hide(model, data)
    if "managed_fields" in model.__struct_fields__:
        data.pop("managedFields", None)
    return yaml.dump(in_order(data, managed_fields=False))


def _hide(model: ModelBase, data: dict[str, Any]) -> None:
    """Replace the secrets of a model in its JSON."""
    for info in msgspec.structs.fields(type(model)):
        if info.encode_name in data and info.encode_name not in (OTHER, WRITTEN):
            data[info.encode_name] = _hidden_json(
                _meaning(model, info.name), getattr(model, info.name), data[info.encode_name]
            )
    if type(model).__name__ == "Secret":
        annotations = data.get("metadata", {}).get("annotations", {})
        if _LAST_APPLIED in annotations:
            annotations[_LAST_APPLIED] = f"<{len(annotations[_LAST_APPLIED])} characters>"


def _hidden_json(name: str, value: Any, data: Any) -> Any:
    if isinstance(value, msgspec.Raw):
        return data
    if isinstance(value, ModelBase):
        if data is not None:  # A null may be kept unchanged.
            _hide(value, data)
        return data
    if is_json_array(value) and is_json_array(data):
        return [_hidden_json(name, item, part) for item, part in zip(value, data, strict=True)]
    if is_json_object(value) and is_json_object(data) and not _SECRET_NAME.fullmatch(name):
        return {key: _hidden_json("", item, data[key]) for key, item in value.items()}
    found = _hidden_part(name, value, lambda _: data)
    if found is data:
        return data
    return {key: str(part) for key, part in found.items()} if is_json_object(found) else str(found)


def shown_html(model: Any) -> str:
    """Return the same as HTML, for notebooks.

    Args:
        model: The model.
    """
    return f"<pre>{html.escape(shown_yaml(model))}</pre>"


def in_order(data: Mapping[str, Any], *, managed_fields: bool) -> dict[str, Any]:
    """Return an object's JSON in the order in which people write it: apiVersion, kind, metadata, spec, ..., status.

    Args:
        data: The object, or a list of objects.
        managed_fields: Whether to keep the managed fields.
    """
    ordered = _ordered(data)
    if managed_fields:
        return ordered
    items = ordered.get("items")
    for item in (ordered, *(items if is_json_array(items) else ())):
        metadata = _metadata_of(item)
        if is_json_object(metadata) and "managedFields" in metadata:
            item["metadata"] = {key: value for key, value in metadata.items() if key != "managedFields"}
    return ordered


def _metadata_of(item: Any) -> Any:
    return item.get("metadata") if is_json_object(item) else None


def _ordered(data: Mapping[str, Any]) -> dict[str, Any]:
    names = [*(name for name in _FIRST if name in data), *(name for name in data if name not in (*_FIRST, _LAST))]
    names += [_LAST] if _LAST in data else []
    return {name: _ordered_part(data[name]) for name in names}


def _ordered_part(value: Any) -> Any:
    if is_json_object(value):
        return _ordered(value) if "metadata" in value or "apiVersion" in value else value
    return [_ordered_part(item) for item in value] if is_json_array(value) else value
