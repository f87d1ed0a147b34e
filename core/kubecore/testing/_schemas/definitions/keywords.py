"""Rules of single keywords of schemas, which hold in every place and in every branch of logic."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from kubecore.testing._schemas.definitions.causes import forbidden, invalid_value, required, unsupported
from kubecore.testing._schemas.definitions.structure import OPEN, branches_of
from kubecore.testing._schemas.json_values import is_list, is_map
from kubecore.testing._schemas.shapes import Schema, part_of, properties_of
from kubecore.testing._schemas.validation.patterns import compile_fault
from kubecore.testing._server.failures import Cause, NotSimulatedError

__all__ = ["NOT_SUPPORTED", "check_keywords"]

NOT_SUPPORTED: Final = ("$ref", "additionalItems", "definitions", "dependencies", "id", "patternProperties")
_TYPES: Final = ("array", "boolean", "integer", "number", "object", "string")
_KEYS: Final = "x-kubernetes-list-map-keys"
_LIST: Final = "x-kubernetes-list-type"
_MAP: Final = "x-kubernetes-map-type"
_RULES: Final = "x-kubernetes-validations"
_REASONS: Final = ("FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired")


def check_keywords(schema: Schema, path: str) -> Iterator[Cause]:
    """Yield the faults of the keywords of a schema, and of all schemas below it."""
    yield from (forbidden(f"{path}.{name}", f"{name} is not supported") for name in NOT_SUPPORTED if name in schema)
    if schema.get("uniqueItems"):
        text = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic"
        yield forbidden(f"{path}.uniqueItems", text)
    if schema.get("properties") and schema.get("additionalProperties") not in (None, True):
        text = "additionalProperties and properties are mutual exclusive"
        yield forbidden(f"{path}.additionalProperties", text)
    if is_list(schema.get("items")):
        yield forbidden(f"{path}.items", "items must be a schema object and not an array")
    yield from _check_type(schema, path)
    if schema.get(OPEN) is False:
        yield invalid_value(f"{path}.{OPEN}", False, "must be true or undefined")
    yield from _check_map_type(schema, path)
    yield from _check_list_type(schema, path)
    if schema.get("pattern"):
        yield from _check_pattern(schema["pattern"], f"{path}.pattern")
    for position, rule in enumerate(schema.get(_RULES) or ()):
        yield from _check_rule(rule, schema, f"{path}.{_RULES}[{position}]")
    for part, where in _below(schema, path):
        yield from check_keywords(part, where)


def _below(schema: Schema, path: str) -> Iterator[tuple[Schema, str]]:
    yield from branches_of(schema, path)
    for name, part in properties_of(schema).items():
        yield part, f"{path}.properties[{name}]"
    for name in ("additionalProperties", "items"):
        if is_map(schema.get(name)):
            yield schema[name], f"{path}.{name}"


def _check_type(schema: Schema, path: str) -> Iterator[Cause]:
    kind = schema.get("type")
    if kind and kind not in _TYPES:
        yield unsupported(f"{path}.type", kind, _TYPES)
    if kind == "null":
        yield forbidden(f"{path}.type", "type cannot be set to null, use nullable as an alternative")


def _check_map_type(schema: Schema, path: str) -> Iterator[Cause]:
    found = schema.get(_MAP)
    if found is None:
        return
    if schema.get("type") != "object":
        yield _wrong_type(schema, path, f"must be object if {_MAP} is specified")
    if found not in ("atomic", "granular"):
        yield unsupported(f"{path}.{_MAP}", found, ("atomic", "granular"))


def _wrong_type(schema: Schema, path: str, text: str) -> Cause:
    kind = schema.get("type")
    return invalid_value(f"{path}.type", kind, text) if kind else required(f"{path}.type", text)


def _check_list_type(schema: Schema, path: str) -> Iterator[Cause]:
    found, keys = schema.get(_LIST), list[str](schema.get(_KEYS) or ())
    if found is not None and schema.get("type") != "array":
        yield _wrong_type(schema, path, f"must be array if {_LIST} is specified")
    if found not in (None, "atomic", "set", "map"):
        yield unsupported(f"{path}.{_LIST}", found, ("atomic", "set", "map"))
    if keys and found != "map":
        text = f"must be map if {_KEYS} is non-empty"
        yield required(f"{path}.{_LIST}", text) if found is None else invalid_value(f"{path}.{_LIST}", found, text)
    items = schema.get("items")
    if not is_map(items) or schema.get("type") != "array":
        return
    if found == "set":
        yield from _check_set(items, f"{path}.items")
    elif found == "map":
        yield from _check_keyed(items, keys, path)


def _check_set(items: Schema, path: str) -> Iterator[Cause]:
    if items.get("nullable"):
        yield forbidden(f"{path}.nullable", f"cannot be nullable when {_LIST} is set")
    name, kept = {"object": (_MAP, "atomic"), "array": (_LIST, "atomic")}.get(items.get("type", ""), ("", ""))
    found = items.get(name)
    if name and found != kept and (name == _MAP or found is not None):
        yield invalid_value(f"{path}.{name}", found, f"must be atomic as item of a list with {_LIST}=set")


def _check_keyed(items: Schema, keys: list[str], path: str) -> Iterator[Cause]:
    if not keys:
        yield required(f"{path}.{_KEYS}", f"must not be empty if {_LIST} is map")
        return
    if items.get("nullable"):
        yield forbidden(f"{path}.items.nullable", f"cannot be nullable when {_LIST} is map")
    if items.get("type") != "object":
        yield invalid_value(
            f"{path}.items.type", items.get("type", ""), f"must be object if parent array's {_LIST} is map"
        )
        return
    properties = properties_of(items)
    if len(set(keys)) < len(keys):
        yield invalid_value(f"{path}.{_KEYS}", keys, "must not contain duplicate entries")
    if any(key not in properties for key in keys):
        yield invalid_value(f"{path}.{_KEYS}", keys, "entries must all be names of item properties")
    for key in keys:
        if key in properties:
            yield from _check_key(properties[key], key, items, f"{path}.items.properties[{key}]")


def _check_key(schema: Schema, key: str, items: Schema, path: str) -> Iterator[Cause]:
    if schema.get("type") in ("array", "object"):
        text = f"must be a scalar type if parent array's {_LIST} is map"
        yield invalid_value(f"{path}.type", schema["type"], text)
    prefix = f"this property is in {_KEYS}, so it"
    if schema.get("default") is None and key not in (items.get("required") or ()):
        yield required(f"{path}.default", f"{prefix} must have a default or be a required property")
    if schema.get("nullable"):
        yield forbidden(f"{path}.nullable", f"{prefix} cannot be nullable")


def _check_pattern(pattern: str, path: str) -> Iterator[Cause]:
    fault = compile_fault(pattern)
    if fault is None:
        raise NotSimulatedError(f"{path}: the pattern {pattern} is not simulated; run with --kube=real")
    if fault:
        yield invalid_value(path, pattern, f"must be a valid regular expression, but isn't: {fault}")


def _check_rule(rule: dict[str, Any], schema: Schema, path: str) -> Iterator[Cause]:
    if not rule.get("rule", "").strip():
        yield required(f"{path}.rule", "rule is not specified")
    message = rule.get("message", "")
    if "\n" in message or "\r" in message:
        yield invalid_value(f"{path}.message", message, "must not contain line breaks")
    reason = rule.get("reason")
    if reason is not None and reason not in _REASONS:
        yield unsupported(f"{path}.reason", reason, _REASONS)
    place = rule.get("fieldPath", "")
    if place and not _is_place(place, schema):
        yield invalid_value(f"{path}.fieldPath", place, "must be a valid path")


def _is_place(place: str, schema: Schema) -> bool:
    found: Schema | None = schema
    for name in place.partition("[")[0].removeprefix(".").split("."):
        _, found = part_of(found, name)
    return found is not None and place.startswith((".", "["))
