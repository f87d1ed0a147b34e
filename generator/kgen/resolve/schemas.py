"""Schemas to drafts of models: every class, field, type and docstring is decided here."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from typing import Any, Final

from kgen import text
from kgen.errors import Problem, Problems
from kgen.ir import (
    Constants,
    ModelRef,
    ModelType,
    Scalar,
    leaf,
)
from kgen.names import Identifier, is_joined, snake
from kgen.resolve.catalog import Catalog, Kind, Schema, kind_of
from kgen.resolve.docs import description
from kgen.resolve.drafts import Draft, DraftField, nameable
from kgen.resolve.inline import Inline, stability
from kgen.resolve.members import members_of
from kgen.resolve.spelling import Spelling
from kgen.resolve.types import (
    META,
    PRESENCE,
    Place,
    PresenceRules,
    annotation,
    held,
    presence_matters,
    presence_rules,
    properties,
    reference,
    unwrapped,
)
from kgen.shapes import is_array, is_object
from kgen.singulars import singular

__all__ = ["Drafter"]

# OpenAPI v2 carries no defaults; there these properties have `default: {}` in v3, if the object has fields:
# the first ones anywhere, the others in a kind. `CustomResourceSubresources.status` is a pointer to an empty object.
_NEVER_NONE: Final = frozenset({"metadata", "spec"})
_NEVER_NONE_IN_KINDS: Final = frozenset({"status", "template"})

_METADATA: Final = frozenset({META + "ListMeta", META + "ObjectMeta"})

_PLAIN_MAP: Final = "a property can't be the name of a field; the object is a plain map"


class Drafter:
    """Drafts every model of a catalog.

    Args:
        catalog: The schemas.
        problems: Collects the problems.
    """

    def __init__(self, catalog: Catalog, problems: Problems) -> None:
        self._catalog = catalog
        self._problems = problems
        self._spelling = Spelling(catalog)
        self._inline = Inline(catalog, self._spelling)
        self._drafts: dict[ModelRef, Draft] = {}
        self._sentences: dict[tuple[ModelRef, str], str] = {}

    # The model lookup for annotations (kgen.resolve.types.ModelLookup).

    def model_of(self, schema: str) -> ModelRef | None:
        """Return the model of a named schema; None for one that a class can't hold."""
        known = self._catalog.models.get(schema)
        if known is None or not (nameable(properties(known.raw)) or kind_of(known.raw)):
            return None
        return known.ref

    def schema(self, name: str) -> Mapping[str, Any] | None:
        """Return a schema by name."""
        return self._catalog.schema(name)

    def inline(self, schema: Mapping[str, Any], place: Place) -> ModelType | None:
        """Return the type of an object that is described in place; None for one that a class can't hold."""
        if not properties(schema) and not self._may_get_properties(place):
            return None
        if not nameable(properties(schema)):
            if not any(schema is named.raw for named in self._catalog.models.values()):  # It has its own warning.
                self._problems.warn(_PLAIN_MAP, where=place.pointer)
            return None
        ref = self._inline.model(schema, self._drafts[place.owner].schema, place.wire_name, place.path)
        if ref is None:
            return None
        copy = self._inline.copy_at(place.owner, place.wire_name)
        if copy is None:
            return ModelType(ref)
        self._sentences[place.owner, place.wire_name] = copy.sentence(str(ref))
        return ModelType(ref, copy.others)

    def _may_get_properties(self, place: Place) -> bool:
        """Whether an object without properties has a class: the name of the class exists before the first property.

        Other APIs than CRDs describe objects with any fields so, and of metadata the server knows the fields. In an
        object that keeps unknown fields, the server keeps them next to an object without properties, but not in it.
        """
        owner = self._drafts[place.owner].schema
        return self._is_of_crd(owner, kind_of(owner.raw)) and place.path[-1] != "metadata"

    # Drafting.

    def draft_all(self) -> dict[ModelRef, Draft]:
        """Return the draft of every model."""
        self._refuse_twins()
        own = [schema for schema in self._catalog.own_models() if not self._catalog.is_shared(schema.name)]
        for _, schemas in itertools.groupby(sorted(own, key=self._order), key=lambda schema: schema.ref.module):
            self._draft_module(schemas)
        for ref, schema in self._inline.settle().items():
            if schema is None:
                del self._drafts[ref]
            else:
                self._draft(schema)
        return self._drafts

    def aliases(self) -> Mapping[ModelRef, ModelRef]:
        """Return the models with several names: the class of each other name."""
        return self._inline.aliases

    def fields_of(self, model: ModelRef) -> tuple[DraftField, ...]:
        """Return the fields of a model; a type of Kubernetes in another package is drafted at first use."""
        model = self._inline.aliases.get(model, model)
        if model not in self._drafts and (schema := self._catalog.builtin(model)) is not None:
            self._draft(schema)
        draft = self._drafts.get(model)
        return draft.fields if draft is not None else ()

    def _order(self, schema: Schema) -> tuple[Any, ...]:
        """Return the order of drafting: of equal objects, the first decides the module of the class."""
        module = schema.ref.module
        return self._catalog.group_of(module), stability(self._catalog.version_of(module)), module, schema.name

    def _draft_module(self, schemas: Iterable[Schema]) -> None:
        """Draft the schemas of one module, and then their inline objects, level by level."""
        for schema in schemas:
            if self.model_of(schema.name) is None:
                self._problems.warn(_PLAIN_MAP, where=schema.pointer)
            else:
                self._draft(schema)
        for schema in self._inline.drain():
            self._draft(schema)

    def _refuse_twins(self) -> None:
        taken: dict[ModelRef, Schema] = {}
        for module in sorted({schema.ref.module for schema in self._catalog.own_models()}):
            if self._catalog.is_builtin(module):
                group, version = self._catalog.group_of(module), self._catalog.version_of(module)
                key = f"{group}/{version}" if group else version
                self._problems.error(
                    f"{module} is the name of a module of Kubernetes' own types",
                    where=next(schema.pointer for schema in self._catalog.own_models() if schema.ref.module == module),
                    hint=f'give the group version another name in [tool.kgen.names]: "{key}" = "other_{module}"'
                    if version
                    else 'generate all types: builtins = "generate" in [tool.kgen]',
                )
        for schema in self._catalog.own_models():
            other = taken.setdefault(schema.ref, schema)
            if other is not schema:
                last = schema.name.rpartition(".")[2]
                self._problems.error(
                    f"{other.name} and {schema.name} would both be {schema.ref}",
                    where=schema.pointer,
                    hint=f'name one of them in [tool.kgen.names]: "{schema.ref.module}.{last}" = "Other{last}"',
                )

    def _draft(self, schema: Schema) -> None:
        if schema.ref in self._drafts:
            return
        own = properties(schema.raw)
        required = schema.raw.get("required")
        needed = frozenset(name for name in (required if is_array(required) else []) if isinstance(name, str))
        kind, counts = kind_of(schema.raw), presence_rules(schema.raw)
        # Reserve the place first: a model may hold itself.
        self._drafts[schema.ref] = Draft(schema, (), kind)
        names = self._spelling.attributes(schema.ref, [name for name in own if self._fits(schema, name)])
        made = {
            wire_name: self._draft_field(
                schema, names[wire_name], own[wire_name], wire_name, wire_name in needed, kind, counts
            )
            for wire_name in _in_order_of_claims(own, names)
        }
        fields = [made[wire_name] for wire_name in names]
        self._refuse_same_names(schema, fields)
        self._drafts[schema.ref] = Draft(schema, tuple(fields), kind)

    def _fits(self, schema: Schema, name: str) -> bool:
        if nameable([name]):
            return True
        self._problems.warn(
            f"property {name[:80]!r} can't be the name of a field; it is among `other_fields`", where=schema.pointer
        )
        return False

    def _draft_field(
        self,
        schema: Schema,
        name: Identifier,
        raw: object,
        wire_name: str,
        required: bool,
        kind: Kind | None,
        counts: PresenceRules,
    ) -> DraftField:
        place = Place(schema.ref, wire_name, (wire_name,), f"{schema.pointer}/properties/{wire_name[:200]}")
        use = annotation(raw, place, self, self._problems)
        plain: Mapping[str, Any] = unwrapped(raw) if is_object(raw) else {}
        empty = presence_matters(counts, wire_name, plain)
        single = leaf(use.type)
        constants = (
            self._constants(schema, wire_name, name, plain, place, single) if isinstance(single, Scalar) else None
        )
        literal = _literal(wire_name, kind)
        return DraftField(
            name=name,
            wire_name=wire_name,
            use=use,
            required=required and not self._has_default(schema, kind, plain),
            never_none=use.shape == "struct" and self._never_none(schema, wire_name, plain),
            keeps_empty=bool(empty),
            keeps_null=plain.get("nullable") is True and bool(empty & {"default", PRESENCE}),
            nullable=plain.get("nullable") is True and use.type != Scalar("JSON"),
            in_place=reference(plain) is None,
            doc=""
            if literal is not None
            else description(
                plain,
                rules=use.shape != "struct",
                default=self._catalog.is_custom(schema.ref.module),
                constants=constants.name if constants is not None else "",
                likeness=self._sentences.get((schema.ref, wire_name), ""),
            ),
            schema=plain,
            literal=literal,
            constants=constants,
        )

    def _constants(
        self, schema: Schema, wire_name: str, field: Identifier, plain: Mapping[str, Any], place: Place, type_: Scalar
    ) -> Constants | None:
        """Return the constants for the known values of a field, or None if it has none."""
        enum, depth = held(plain)
        is_custom = self._catalog.is_custom(schema.ref.module)
        if type_ != Scalar("str"):
            if is_custom and is_array(enum.get("enum")):
                what = f"the known values of {schema.ref}.{field} have no constants: constants exist for strings only"
                self._problems.note([Problem(what, place.pointer, "")])
            return None
        if not members_of(enum, is_custom=is_custom):
            return None
        name = self._inline.constants(schema, wire_name, field, depth)
        before = self._catalog.existing.members_of(schema.ref.module, name)
        members = members_of(enum, before, is_custom=is_custom)
        return Constants(name, field, f"Known values of {schema.ref.name}.{field}.", members)

    def _has_default(self, schema: Schema, kind: Kind | None, plain: Mapping[str, Any]) -> bool:
        """Whether the server fills in a property, so that an object without it is valid though it is required.

        Documents of Go types carry the zero value as the default of required properties; those types are named
        schemas. In a CRD, which has inline objects, a zero value is a default like any other.
        """
        default = plain.get("default")
        if default is None:
            return False
        return bool(default) or (self._is_of_crd(schema, kind) and reference(plain) is None)

    def _is_of_crd(self, schema: Schema, kind: Kind | None) -> bool:
        """Whether a schema is one of a CRD, which describes its objects in place."""
        return schema.is_in_place or (kind is not None and self._catalog.is_custom(schema.ref.module))

    def _never_none(self, schema: Schema, wire_name: str, plain: Mapping[str, Any]) -> bool:
        """Whether a struct is always there; in documents of CRDs metadata is, though it carries no default."""
        target, is_kind = reference(plain), kind_of(schema.raw) is not None
        if target in _METADATA and is_kind:
            return True
        if schema.has_defaults:
            return plain.get("default") == {}
        is_named_so = wire_name in _NEVER_NONE or (is_kind and wire_name in _NEVER_NONE_IN_KINDS)
        return is_named_so and target is not None and bool(properties(self._catalog.schema(target) or {}))

    def _refuse_same_names(self, schema: Schema, fields: list[DraftField]) -> None:
        taken: dict[str, str] = {}
        for field in fields:
            other = taken.setdefault(field.name, field.wire_name)
            if other != field.wire_name:
                self._problems.error(
                    f"properties {other[:80]!r} and {field.wire_name[:80]!r} would both be {field.name}",
                    where=schema.pointer,
                    hint="name one of them in [tool.kgen.names]: "
                    f'{text.string(f"{schema.ref}.{field.wire_name}")} = "{field.name}_2"',
                )


def _in_order_of_claims(own: Mapping[str, Any], names: Iterable[str]) -> list[str]:
    """Return the properties of an object in the order in which they are named.

    The exact word comes before the items of a list or the values of a map: the class of `plans[]` does not get the name
    of `plan`. Then `fooBar` comes before `foo-bar`. All others are in alphabetical order, so that the order in a
    document does not matter.
    """
    exact = {snake(name) for name in names}

    def order(name: str) -> tuple[bool, bool, str]:
        called = name
        while (one := singular(called)) != called:
            called = one
            if snake(one) in exact and snake(one) != snake(name) and _holds_others(own[name]):
                return True, is_joined(name), name
        return False, is_joined(name), name

    return sorted(names, key=order)


def _holds_others(raw: object) -> bool:
    plain: Mapping[str, Any] = unwrapped(raw) if is_object(raw) else {}
    return plain.get("type") == "array" or is_object(plain.get("additionalProperties"))


def _literal(wire_name: str, kind: Kind | None) -> str | None:
    if kind is None or not (kind.api_version.isprintable() and kind.kind.isprintable()):
        return None  # No kind is called so, and half of a surrogate pair could not even be compared with.
    return {"apiVersion": kind.api_version, "kind": kind.kind}.get(wire_name)
