"""Objects that are about to be sent: models, or mappings with the API's names. No I/O."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from kubecore._support.json_types import is_json_object
from kubecore.errors import InvalidRequestError
from kubecore.model.meta import Status
from kubecore.model.model import Model

__all__ = ["Body", "as_yaml", "check_matches_call", "complete", "metadata_field", "name_in", "uid_of", "with_version"]

Body: TypeAlias = Model | Mapping[str, Any]
"""An object: a model, or a mapping with the API's names."""

_TWICE: Final = "the {key} of {kind} {name!r} is {body!r} in the body, but {called!r} in the call"
_WIRE: Final = {"resource_version": "resourceVersion", "managed_fields": "managedFields"}

# In UTF-8: U+007F to U+009F, U+2028, U+2029, U+FFFE and U+FFFF.
_NOT_YAML: Final = re.compile(rb"\x7f|\xc2[\x80-\x9f]|\xe2\x80[\xa8\xa9]|\xef\xbf[\xbe\xbf]")


def as_yaml(data: bytes) -> bytes:
    """Escape the characters of a JSON text that a reader of YAML would refuse or change.

    The server reads the body of an apply as YAML. There, U+0085 in a string is a line break, which becomes a space.

    Args:
        data: The JSON text.

    Returns:
        The same JSON text, with these characters as escapes.
    """
    if data.isascii() and b"\x7f" not in data:
        return data
    return _NOT_YAML.sub(lambda found: f"\\u{ord(found[0].decode('utf-8')):04x}".encode(), data)


def complete(body: Mapping[str, Any], kind: type[Model]) -> dict[str, Any]:
    """Fill in `apiVersion` and `kind` of a mapping; refuse others than the model's.

    Args:
        body: The object.
        kind: The model that it must be of.

    Returns:
        A new dictionary, `apiVersion` and `kind` first.

    Raises:
        InvalidRequestError: It is of another kind.
    """
    own = _type_of(kind)
    for key, value in own.items():
        if value is not None and body.get(key) not in (None, "", value):
            raise InvalidRequestError(f"expected {key} {value!r}, not {str(body[key])[:100]!r}")
    return {
        **{key: value for key, value in own.items() if value is not None},
        **{k: v for k, v in body.items() if k not in own or v},
    }


@functools.cache
def _type_of(kind: type[Model]) -> Mapping[str, Any]:
    """Return `apiVersion` and `kind` of a model, as far as it has these fields; None if they have no value."""
    zero = kind.zero()
    names = {field.wire_name: field.name for field in kind.model_fields()}
    return {key: getattr(zero, name) for key, name in names.items() if name in ("api_version", "kind")}


def metadata_field(body: Body, name: str) -> Any:
    """Return a field of an object's metadata, "" if it has none.

    Args:
        body: The object.
        name: The field's name in Python, such as `resource_version`.
    """
    metadata: Any = body.get("metadata") if is_json_object(body) else getattr(body, "metadata", None)
    found = metadata.get(_WIRE.get(name, name)) if is_json_object(metadata) else getattr(metadata, name, None)
    return "" if found is None else found


def name_in(body: Body, kind: type[Any], verb: str) -> str:
    """Return the name of an object.

    Args:
        body: The object.
        kind: Its class.
        verb: The verb that needs the name.

    Raises:
        InvalidRequestError: It has no name.
    """
    name: str = metadata_field(body, "name")
    if not name:
        described = "object" if kind is dict else kind.__name__
        raise InvalidRequestError(f"{verb} needs a name: metadata.name of the {described} is empty")
    return name


def check_matches_call(body: Body, kind: type[Any], key: str, called: str) -> None:
    """Refuse an object that names another namespace, or another name, than the call.

    Args:
        body: The object.
        kind: Its model.
        key: `namespace` or `name`.
        called: The value of the call, "" if it has none.

    Raises:
        InvalidRequestError: Both are set, and differ.
    """
    found = metadata_field(body, key)
    if found and called and found != called:
        name = str(metadata_field(body, "name"))
        kind_name = (body.get("kind") if is_json_object(body) else "") or kind.__name__
        raise InvalidRequestError(_TWICE.format(key=key, kind=kind_name, name=name[:100], body=found, called=called))


def uid_of(response: Body) -> str:
    """Return the UID of the object in a response, or of the object that a Status is about; "" if there is none.

    Args:
        response: The response.
    """
    if isinstance(response, Status):
        return (response.details.uid or "") if response.details is not None else ""
    return str(metadata_field(response, "uid"))


def with_version(body: Any, version: str) -> Any:
    """Copy an object, with another resource version.

    Args:
        body: The object, a model or a mapping; it stays as it is.
        version: The resource version; with "" nothing is changed.

    Returns:
        The copy; all but its metadata is shared with the original.
    """
    if not version:
        return body
    if is_json_object(body):
        return {**body, "metadata": _versioned(body.get("metadata") or {}, version)}
    return body.replace(metadata=_versioned(body.metadata, version))


def _versioned(metadata: Any, version: str) -> Any:
    if is_json_object(metadata):
        return {**metadata, "resourceVersion": version}
    return metadata.replace(resource_version=version)
