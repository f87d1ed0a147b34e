"""From the schema of a value to the type that stands in an annotation."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, Protocol

from kgen.errors import Problems
from kgen.ir import ListOf, MapOf, ModelRef, ModelType, Nullable, Scalar, ScalarName, Type
from kgen.shapes import is_array, is_object, is_text
from kgen.singulars import singular

__all__ = [
    "META",
    "PRESENCE",
    "SCALARS",
    "SHARED",
    "ModelLookup",
    "Place",
    "PresenceRules",
    "ResolvedType",
    "annotation",
    "held",
    "is_any_object",
    "is_open",
    "presence_matters",
    "presence_rules",
    "properties",
    "reference",
    "unwrapped",
]

META: Final = "io.k8s.apimachinery.pkg.apis.meta.v1."
APIEXTENSIONS: Final = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions."

SCALARS: Final[Mapping[str, ScalarName]] = {
    "io.k8s.apimachinery.pkg.api.resource.Quantity": "Quantity",
    "io.k8s.apimachinery.pkg.runtime.RawExtension": "RawExtension",
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": "IntOrString",
    # Go implements each of these manually, as a schema, a list or a plain value; the documents give them no type.
    **{
        f"{APIEXTENSIONS}{version}.{name}": "JSON"
        for version in ("v1", "v1beta1")
        for name in ("JSON", "JSONSchemaPropsOrArray", "JSONSchemaPropsOrBool", "JSONSchemaPropsOrStringArray")
    },
    f"{META}Duration": "str",
    f"{META}FieldsV1": "FieldsV1",
    f"{META}MicroTime": "MicroTime",
    f"{META}Patch": "JSON",
    f"{META}Time": "Time",
}
"""Schemas that are single values and the type that stands for each: one of `kubecore.model.scalars`, or a builtin."""

Shape = Literal["list", "map", "open", "struct", "scalar", "fields"]

SHARED: Final = frozenset(
    META + name
    for name in (
        "ListMeta",
        "ManagedFieldsEntry",
        "ObjectMeta",
        "OwnerReference",
        "Preconditions",
        "Status",
        "StatusCause",
        "StatusDetails",
    )
)
"""Schemas that `kubecore.model.meta` has models of, because the core itself reads or sends them."""

KEEPS_EMPTY: Final = frozenset({"default", "minItems", "minProperties", "nullable"})
"""If one of these is next to the type of a CRD's list or map, empty and absent differ."""

PRESENCE: Final = "presence"
"""If this is among the reasons, the object that holds a field checks for its presence."""

_SHAPES: Final[Mapping[ScalarName, Shape]] = {"FieldsV1": "fields", "RawExtension": "open"}

_OF_EVERY_KIND: Final = frozenset({"apiVersion", "kind", "metadata"})

_BRANCHES: Final = ("allOf", "anyOf", "oneOf")

_STRINGS: Final[Mapping[str, ScalarName]] = {"byte": "bytes", "date-time": "Time", "int-or-string": "IntOrString"}
_PLAIN: Final[Mapping[str, ScalarName]] = {"boolean": "bool", "integer": "int"}

MAX_STEPS: Final = 60
"""References, lists and maps that one type may lead through: by references it can be deeper than its file."""


class ModelLookup(Protocol):
    """Information about the models that annotations need."""

    def model_of(self, schema: str) -> ModelRef | None:
        """Return the model of a named schema, or None if its values have no model."""
        ...

    def schema(self, name: str) -> Mapping[str, Any] | None:
        """Return the named schema, or None if the documents lack it."""
        ...

    def inline(self, schema: Mapping[str, Any], place: Place) -> ModelType | None:
        """Name the model of an inline object, or return None if it cannot have one."""
        ...


@dataclass(frozen=True, slots=True)
class ResolvedType:
    """The type of a value at one place.

    Attributes:
        type: The type.
        shape: The kind of its zero value: an empty list or map, a struct, or nothing. An "open" object may have any
            fields: its presence has a meaning, even if it is empty.
    """

    type: Type
    shape: Shape

    @property
    def model(self) -> ModelRef | None:
        """The model that it is, for a struct."""
        return self.type.ref if isinstance(self.type, ModelType) else None


JSON: Final = ResolvedType(Scalar("JSON"), "scalar")
_ANY_MAP: Final = ResolvedType(MapOf(Scalar("JSON")), "open")


def unwrapped(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the schema inside a single `allOf`, used to add descriptions and defaults to a reference."""
    parts = schema.get("allOf")
    if is_array(parts) and len(parts) == 1 and is_object(parts[0]) and "properties" not in schema:
        return {**parts[0], **{key: value for key, value in schema.items() if key != "allOf"}}
    return schema


def properties(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the properties of an object; none if it has none."""
    fields = schema.get("properties")
    return fields if is_object(fields) else {}


def held(schema: object) -> tuple[Mapping[str, Any], int]:
    """Return the schema of the single values of a property, and how many lists and maps they are in.

    Args:
        schema: The schema of the property.
    """
    plain: Mapping[str, Any] = unwrapped(schema) if is_object(schema) else {}
    depth = 0
    while not properties(plain) and reference(plain) is None:
        inner = next((part for key in ("items", "additionalProperties") if is_object(part := plain.get(key))), None)
        if inner is None:
            break
        plain, depth = unwrapped(inner), depth + 1
    return plain, depth


@dataclass(frozen=True, slots=True)
class PresenceRules:
    """Fields whose presence matters to an object's schema, whatever their values are.

    Attributes:
        every: Whether it counts them, by `minProperties`.
        names: The fields that a branch of `oneOf` or the like requires.
    """

    every: bool
    names: frozenset[str]


def presence_rules(owner: Mapping[str, Any]) -> PresenceRules:
    """Return the fields whose presence matters to an object.

    Computed once per object, since untrusted ones may have many branches.
    """
    branches = list(_branches(owner))
    lists = [names for branch in branches if is_array(names := branch.get("required"))]
    names = frozenset(filter(is_text, itertools.chain(*lists)))
    return PresenceRules(any("minProperties" in branch for branch in (owner, *branches)), names)


def presence_matters(counts: PresenceRules, name: str, plain: Mapping[str, Any]) -> frozenset[str]:
    """Return why null, or an empty list or map, differs from an absent value; nothing if it does not.

    Args:
        counts: The fields whose presence matters to the object that holds it.
        name: The property.
        plain: The property's schema.
    """
    why = KEEPS_EMPTY & plain.keys()
    is_list_or_map = plain.get("type") == "array" or (plain.get("type") == "object" and not properties(plain))
    if (is_list_or_map or plain.get("nullable") is True) and (counts.every or name in counts.names):
        why |= {PRESENCE}
    return why


def _branches(schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the validating parts of an object's schema, including nested ones."""
    lists = [parts for key in _BRANCHES if is_array(parts := schema.get(key))]
    for part in (*itertools.chain(*lists), schema.get("not")):
        if is_object(part):
            yield part
            yield from _branches(part)


def reference(schema: Mapping[str, Any]) -> str | None:
    """Return the name of the schema that a `$ref` points to."""
    target = schema.get("$ref")
    return re.sub(r"^#/(components/schemas|definitions)/", "", target) if isinstance(target, str) else None


@dataclass(frozen=True, slots=True)
class Place:
    """The place at which a type is used: for names of inline models, and for messages."""

    owner: ModelRef
    wire_name: str
    path: tuple[str, ...]
    pointer: str
    seen: frozenset[str] = frozenset()
    steps: int = 0

    def at(self, *steps: str) -> Place:
        """Return a place further down."""
        return replace(self, pointer="/".join((self.pointer, *steps)))

    def item(self, step: str) -> Place:
        """Return the place of one item of the list or map here."""
        return replace(self.at(step), path=(*self.path[:-1], singular(self.path[-1])), steps=self.steps + 1)

    def inside(self, schema: str) -> Place:
        """Return the same place, reached through a named schema."""
        return replace(self, seen=self.seen | {schema}, steps=self.steps + 1)


def annotation(schema: object, place: Place, models: ModelLookup, problems: Problems) -> ResolvedType:
    """Return the type of the values of `schema`; an invalid schema is any JSON, with a warning."""
    if not is_object(schema):
        return _odd(f"a schema is a mapping, not {type(schema).__name__}", place, problems)
    if place.steps > MAX_STEPS:
        return _odd(f"a type leads through more than {MAX_STEPS} others", place, problems)
    plain = unwrapped(schema)
    name = reference(plain)
    if name is not None:
        return _named(name, place, models, problems)
    if plain.get("x-kubernetes-int-or-string") is True:
        return _scalar("IntOrString")
    match plain.get("type"):
        case "array":
            return _list(plain, place, models, problems)
        case "object":
            return _object(plain, place, models, problems)
        case "string":
            return _scalar(_STRINGS.get(str(plain.get("format")), "str"))
        case "boolean" | "integer" as kind:
            return _scalar(_PLAIN[kind])
        case "number":
            # A whole number stays one: the server distinguishes 1 from 1.0, and an update with the other is a change.
            return _scalar("number")
        case None:
            # In OpenAPI v2 a nullable object has no type, and one that is embedded has only the fields of every kind.
            is_whole = "properties" in plain and not plain.get("x-kubernetes-embedded-resource")
            return _object(plain, place, models, problems) if is_whole else JSON
        case other:
            return _odd(f"there is no type {str(other)[:80]!r}", place, problems)


def _odd(what: str, place: Place, problems: Problems) -> ResolvedType:
    problems.warn(f"{what}; any JSON is taken there", where=place.pointer)
    return JSON


def _scalar(name: ScalarName) -> ResolvedType:
    return ResolvedType(Scalar(name), "scalar")


def _named(name: str, place: Place, models: ModelLookup, problems: Problems) -> ResolvedType:
    scalar = SCALARS.get(name)
    if scalar is not None:
        return ResolvedType(Scalar(scalar), _SHAPES.get(scalar, "scalar"))
    schema = models.schema(name)
    if schema is None:
        return _odd(f"the document has no schema {name[:80]!r}", place, problems)
    model = models.model_of(name)
    if model is not None:
        return ResolvedType(ModelType(model), "struct")
    if name in place.seen:
        return _odd(f"schema {name[:80]!r} is made of itself", place, problems)
    return annotation(schema, place.inside(name), models, problems)


def _list(schema: Mapping[str, Any], place: Place, models: ModelLookup, problems: Problems) -> ResolvedType:
    item = _part(schema.get("items", {}), place.item("items"), models, problems)
    return ResolvedType(ListOf(item), "list")


def _part(schema: object, place: Place, models: ModelLookup, problems: Problems) -> Type:
    """Return the type of an item of a list, or of a value of a map."""
    found = annotation(schema, place, models, problems)
    nullable = is_object(schema) and schema.get("nullable") is True
    return Nullable(found.type) if nullable and found != JSON else found.type


def _object(schema: Mapping[str, Any], place: Place, models: ModelLookup, problems: Problems) -> ResolvedType:
    if properties(schema) or "additionalProperties" not in schema:
        model = None if is_any_object(schema) else models.inline(schema, place)
        return ResolvedType(model, "struct") if model is not None else _ANY_MAP
    values = schema.get("additionalProperties")
    if is_object(values) and values:
        value = _part(values, place.item("additionalProperties"), models, problems)
        return ResolvedType(MapOf(value), "map")
    return _ANY_MAP


def is_open(schema: Mapping[str, Any]) -> bool:
    """Whether an object may have fields that its schema does not name."""
    return bool(schema.get("x-kubernetes-preserve-unknown-fields") or schema.get("additionalProperties"))


def is_any_object(schema: Mapping[str, Any]) -> bool:
    """Whether an open object has no fields of its schema but those of every kind, which the server adds."""
    is_embedded = schema.get("x-kubernetes-embedded-resource") is True
    return is_open(schema) and properties(schema).keys() <= (_OF_EVERY_KIND if is_embedded else frozenset[str]())
