"""Bodies of built-in kinds: read as the server's Go types read them, and written as they write them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from kubecore.testing._patching.go_values import json_type
from kubecore.testing._schemas.decoding import plain, repeats_of
from kubecore.testing._schemas.go_fields import GoField, type_text
from kubecore.testing._schemas.go_scalars import read_bytes, read_micro_time, read_quantity, read_time
from kubecore.testing._schemas.go_structs import (
    Field,
    Place,
    Struct,
    go_place,
    is_plain_map,
    kept_type,
    path_of,
    struct_of,
)
from kubecore.testing._schemas.json_values import is_list, is_map
from kubecore.testing._schemas.openapi import OpenApiType
from kubecore.testing._server.failures import Cause, RequestError

__all__ = [
    "Decoded",
    "WrongTypeError",
    "merged_kind_problem",
    "normalise",
    "patch_error",
    "read",
    "read_metadata",
    "strict_error",
    "type_error",
]

_PLAIN: Final = GoField()
_MICRO: Final = "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime"
_META: Final = ("apiVersion", "kind")
_BITS: Final = {"int32": 31}
_GO_TYPES: Final = {
    "array": "slice",
    "bool": "bool",
    "null": "nil",
    "number": "float64",
    "object": "map",
    "string": "string",
}


class WrongTypeError(Exception):
    """A value has another JSON type than its field. The message is that of Go's decoder."""


class Decoded(NamedTuple):
    """A body as the server understands it.

    Attributes:
        object: The object as the server writes it, before defaults.
        faults: The faults that strict validation refuses, in order: `unknown field "spec.x"`,
            `duplicate field "metadata.name"`.
    """

    object: dict[str, Any]
    faults: list[str]


def read_metadata(value: Any, schema: OpenApiType) -> Decoded:
    """Return the metadata of a custom object, as the server reads it.

    Args:
        value: The metadata; from `decode`, if repeated keys are to be reported.
        schema: The type of metadata.

    Raises:
        WrongTypeError: It is not a JSON object, or a value has another JSON type than its field.
    """
    if value is None:
        return Decoded({}, [])
    if not is_map(value):
        raise WrongTypeError(f"json: cannot unmarshal {json_type(value)} into Go value of type v1.ObjectMeta")
    reader = _Reader()
    found = reader.struct(value, schema, (None, "metadata"))
    if reader.wrong:
        raise WrongTypeError(reader.wrong)
    return Decoded(found, reader.faults)


def read(value: dict[str, Any], schema: OpenApiType, *, is_merged: bool = False) -> Decoded:
    """Return an object as the server reads it: without unknown fields and empty values.

    Args:
        value: The body; from `decode`, if repeated keys are to be reported.
        schema: The type of the kind.
        is_merged: Whether the object is the result of a strategic merge patch, whose faults have other messages.

    Raises:
        WrongTypeError: A value has another JSON type than its field.
    """
    reader = _MergedReader() if is_merged else _Reader()
    found = reader.struct(value, schema)
    if reader.wrong:
        raise WrongTypeError(reader.wrong)
    for key in _META:
        if value.get(key):
            found[key] = value[key]
    return Decoded(found, reader.faults)


def normalise(value: dict[str, Any], schema: OpenApiType) -> dict[str, Any]:
    """Return an object as the server returns it, before defaults: empty values are dropped, others are always there.

    Args:
        value: The object; it is not changed.
        schema: The type of the kind.

    Raises:
        WrongTypeError: A value has another JSON type than its field.
    """
    return read(value, schema).object


def type_error(kind: str, version: str, error: WrongTypeError, served: str = "") -> RequestError:
    """Return the error of a body with a value of another type.

    Args:
        kind: The kind that the body names.
        version: The version that the body names, without the group.
        error: The first value of a wrong type.
        served: The kind of the resource, if it is another.
    """
    text = f'{kind} in version "{version}" cannot be handled as a {served or kind}: {error}'
    return RequestError(400, "BadRequest", text)


def strict_error(kind: str, version: str, faults: Sequence[str], served: str = "") -> RequestError:
    """Return the error of a body with unknown or repeated fields, if strict validation is requested.

    Args:
        kind: The kind that the body names.
        version: The version that the body names, without the group.
        faults: The faults that `read` found.
        served: The kind of the resource, if it is another.
    """
    text = f"strict decoding error: {', '.join(faults)}"
    return RequestError(
        400, "BadRequest", f'{kind} in version "{version}" cannot be handled as a {served or kind}: {text}'
    )


def patch_error(shown: str, problem: str) -> RequestError:
    """Return the error of a patch after which the object can't be read, or has unknown or repeated fields.

    Args:
        shown: The text of the patched object as JSON; of a strategic merge patch, the patch itself as Go prints it.
        problem: The message of a `WrongTypeError`, or `strict decoding error: ` and the faults.
    """
    message = f"Invalid value: {json.dumps(shown, ensure_ascii=False)}: {problem}"
    cause = Cause("FieldValueInvalid", message, "patch")
    return RequestError(422, "Invalid", f' "" is invalid: patch: {message}', details={"causes": [cause._asdict()]})


class _Reader:
    """Reads one body. The first wrong type is reported; a scalar with wrong syntax ends the reading.

    Attributes:
        faults: The faults that strict validation refuses.
        wrong: The first value of a wrong type, as Go reports it, or "".
    """

    def __init__(self) -> None:
        self.faults: Final[list[str]] = []
        self.wrong = ""

    def struct(self, value: dict[str, Any], schema: OpenApiType, place: Place = None) -> dict[str, Any]:
        """Return an object with properties as Go writes it: without empty fields, with those that are always written.

        Args:
            value: The object.
            schema: Its type.
            place: Its place in the body.
        """
        struct = struct_of(schema)
        found: dict[str, Any] = {}
        repeated = repeats_of(value)
        for key, each in value.items():
            field = struct.fields.get(key)
            if field is None:
                self._unknown((place, key), found, each, schema)
                continue
            if key in repeated:
                self._repeated((place, key), repeated[key])
            read = each if type(each) is field.kept else self._value(each, field.schema, field.go, (place, field))
            if read is not None and not (field.is_omitted and not read):
                found[key] = read
        return _completed(found, struct)

    def _unknown(self, place: tuple[Place, str], found: dict[str, Any], value: Any, schema: OpenApiType) -> None:
        outer, key = place
        if not schema.keeps_unknown:
            if outer is not None or key not in _META:
                self.faults.append(f'unknown field "{path_of(place)}"')
        elif value is not None:
            found[key] = plain(value)

    def _repeated(self, place: Place, times: int) -> None:
        self.faults.extend([f'duplicate field "{path_of(place)}"'] * times)

    def _value(self, value: Any, schema: OpenApiType, field: GoField, place: Place) -> Any:
        if value is None or schema.kind == "any":
            return plain(value)
        if schema.kind == "scalar":
            return self._scalar(value, schema, field, place)
        if schema.kind == "list" and is_list(value):
            return self._list(value, schema, field, place)
        if schema.kind == "list" or not is_map(value):
            return self._other(value, schema, field, place)
        if schema.values is not None and not schema.fields:
            return self._map(value, schema.values, place)
        return self.struct(value, schema, place)

    def _list(self, value: list[Any], schema: OpenApiType, field: GoField, place: Place) -> Any:
        items = schema.items
        inner = GoField(type=field.type.removeprefix("[]")) if field.type.startswith("[]") else _PLAIN
        if items is None:
            return plain(value)
        found: list[Any] = []
        for at, each in enumerate(value):
            read = self._value(each, items, inner, (place, at))
            found.append(_zero(items) if read is None else read)
        return found

    def _map(self, value: dict[str, Any], values: OpenApiType, place: Place) -> Any:
        repeated, kept = repeats_of(value), kept_type(values)
        found: dict[str, Any] = {}
        for key, each in value.items():
            if key in repeated:
                self._repeated((place, key), repeated[key])
            read = each if type(each) is kept else self._value(each, values, _PLAIN, (place, key))
            found[key] = _zero(values) if read is None else read
        return dict(sorted(found.items()))  # As Go writes maps.

    def _scalar(self, value: Any, schema: OpenApiType, field: GoField, place: Place) -> Any:
        if schema.format == "quantity":
            return _parsed(read_quantity, value)
        if schema.scalar == "int-or-string":
            is_right = isinstance(value, str) or _is_integer(value, "int32")
            return value if is_right else self._other(value, schema, GoField(type="int32"), place)
        if schema.scalar == "integer":
            return value if _is_integer(value, schema.format) else self._other(value, schema, field, place)
        expected = {"boolean": "bool", "number": "number"}.get(schema.scalar, "string")
        if json_type(value) != expected:
            is_time = schema.format == "date-time"
            return self._other(value, schema, GoField(type="string") if is_time else field, place)
        if schema.format == "byte":
            return _parsed(read_bytes, value)
        if schema.format == "date-time":
            return _parsed(read_micro_time if schema.name == _MICRO else read_time, value)
        return value

    def _other(self, value: Any, schema: OpenApiType, field: GoField, place: Place) -> None:
        """Remember the first value of a wrong type."""
        target = type_text(schema, field)
        shown = json_type(value)
        if shown == "number" and target.startswith("int"):
            shown = f"number {json.dumps(value)}"
        text = f"json: cannot unmarshal {shown} into Go struct field {go_place(place)} of type {target}"
        self.wrong = self.wrong or text


class _MergedReader(_Reader):
    """Reads the result of a strategic merge patch, which the server never writes as JSON."""

    def _other(self, value: Any, schema: OpenApiType, field: GoField, place: Place) -> None:
        self.wrong = self.wrong or _merged_text(value, schema, field)


def merged_kind_problem(value: dict[str, Any], schema: OpenApiType) -> str:
    """Return why the kind or the version in the result of a strategic merge patch can't be read, "" if they are texts.

    Args:
        value: The result.
        schema: The type of the kind.
    """
    wrong = [key for key in _META if not isinstance(value.get(key), str | None)]
    return _merged_text(value[wrong[0]], schema.fields[wrong[0]], _PLAIN) if wrong else ""


def _merged_text(value: Any, schema: OpenApiType, field: GoField) -> str:
    """Return the message for a value of a wrong type in the result of a strategic merge patch."""
    found, target = _GO_TYPES[json_type(value)], type_text(schema, field)
    if found == "float64" and isinstance(value, int):
        found = "int64"
    if schema.kind == "list":
        return f"cannot restore slice from {found}"
    if schema.kind == "map":
        return f"cannot restore map from {found}" if is_plain_map(schema) else f"cannot restore struct from: {found}"
    if schema.scalar == "int-or-string" or schema.format == "date-time":
        shown = json_type(value)
        shown = f"number {json.dumps(value)}" if shown == "number" and target.startswith("int") else shown
        return f"json: cannot unmarshal {shown} into Go value of type {target}"
    is_converted = (found, schema.scalar) in (("int64", "string"), ("int64", "integer"), ("float64", "integer"))
    return f"cannot convert {found} to {target}" if is_converted else f"unrecognized type: {target}"


def _parsed(parse: Any, value: Any) -> Any:
    try:
        return parse(value)
    except ValueError as error:
        raise WrongTypeError(str(error)) from None


def _is_integer(value: Any, size: str) -> bool:
    limit = 1 << _BITS.get(size, 63)
    return isinstance(value, int) and not isinstance(value, bool) and -limit <= value < limit


def _completed(found: dict[str, Any], struct: Struct) -> dict[str, Any]:
    """Return the fields of a struct with those that are always written."""
    for field in struct.always:
        if _is_missing(found.get(field.name), field.schema):
            found[field.name] = _zero_member(field)
    return found


def _is_missing(value: Any, schema: OpenApiType) -> bool:
    return value is None or (not value and (schema.kind == "list" or is_plain_map(schema)))


def _zero_member(field: Field) -> Any:
    if field.go.is_pointer:
        return None
    return _zero_struct(field.schema) if field.go.is_struct else _zero_field(field.schema)


def _zero_field(schema: OpenApiType) -> Any:
    """Return the zero value of a field that is always written: null for lists, maps and pointers."""
    return _zero(schema) if schema.kind == "scalar" else None


def _zero_struct(schema: OpenApiType) -> Any:
    if schema.format == "date-time" or schema.kind == "any":
        return None
    return 0 if schema.scalar == "int-or-string" else _zero(schema)


def _zero(schema: OpenApiType) -> Any:
    """Return the zero value of an item or of a value of a map."""
    if schema.kind == "scalar":
        if schema.format in ("quantity", "date-time"):
            return "0" if schema.format == "quantity" else None
        return {"boolean": False, "integer": 0, "number": 0, "int-or-string": 0}.get(schema.scalar, "")
    return _completed({}, struct_of(schema)) if schema.kind == "map" and not is_plain_map(schema) else None
