"""Drafts to models: the default of each field, and the modules of models."""

from __future__ import annotations

from collections.abc import Mapping

from kgen.ir import (
    Alias,
    Always,
    Default,
    Empty,
    Field,
    Model,
    ModelModule,
    ModelRef,
    Null,
    Nullable,
    Required,
    Scalar,
    Type,
    Unset,
    Zero,
)
from kgen.names import Identifier
from kgen.resolve.catalog import Catalog
from kgen.resolve.docs import description, merging_of, rules_of
from kgen.resolve.drafts import Draft, DraftField, has_no_fields, has_other_fields
from kgen.resolve.schemas import Drafter
from kgen.resolve.types import META

__all__ = ["model_modules"]


def model_modules(catalog: Catalog, drafter: Drafter) -> tuple[ModelModule, ...]:
    """Return every module with its models, sorted.

    Args:
        catalog: The schemas.
        drafter: Drafts their models.
    """
    modules = _Modules(catalog, drafter, drafter.draft_all())
    names = sorted({schema.ref.module for schema in catalog.own_models()})
    return tuple(modules.module(name) for name in names)


class _Modules:
    def __init__(self, catalog: Catalog, drafter: Drafter, drafts: Mapping[ModelRef, Draft]) -> None:
        self._catalog = catalog
        self._drafter = drafter
        self._drafts = drafts
        self._aliases = drafter.aliases()

    def module(self, name: Identifier) -> ModelModule:
        drafts = [
            draft for ref, draft in sorted(self._drafts.items(), key=lambda item: item[0].name) if ref.module == name
        ]
        models = [self._model(draft) for draft in drafts]
        ordered = tuple(sorted(models, key=lambda model: (not model.is_kind, model.name)))
        aliases = [(ref, target) for ref, target in self._aliases.items() if ref.module == name]
        shared = [s for s in self._catalog.own_models() if s.ref.module == name and self._catalog.is_shared(s.name)]
        title = self._title(name, drafts)
        return ModelModule(
            name=name,
            title=title,
            source=self._catalog.source_of(title, [draft.schema for draft in drafts]),
            models=ordered,
            shared=tuple(sorted(schema.ref.name for schema in shared)),
            aliases=tuple(Alias(ref.name, target) for ref, target in sorted(aliases, key=lambda pair: pair[0].name)),
        )

    def _title(self, name: str, drafts: list[Draft]) -> str:
        kinds = sorted({draft.kind.api_version for draft in drafts if draft.kind is not None and not _is_meta(draft)})
        own = [api_version for api_version in kinds if self._group_module(api_version) == name]
        return own[0] if own else name.replace("_", "/")

    def _group_module(self, api_version: str) -> str:
        group, _, version = api_version.rpartition("/")
        return self._catalog.group_module(group, version)

    def _model(self, draft: Draft) -> Model:
        fields = [self._field(draft, field) for field in draft.fields]
        return Model(
            name=draft.schema.ref.name,
            schema=draft.schema.name,
            doc=description(draft.schema.raw, rules=True, merging=False),
            fields=tuple(sorted(fields, key=lambda field: (not isinstance(field.default, Always), not field.required))),
            is_kind=draft.kind is not None,
            is_open=has_other_fields(draft.schema.raw) or has_no_fields(draft),
            constants=tuple(
                field.constants
                for field in sorted(draft.fields, key=lambda field: field.name)
                if field.constants is not None
            ),
            rules=rules_of(draft.schema.raw),
            deprecated=draft.schema.raw.get("deprecated") is True,
            is_custom=self._catalog.is_custom(draft.schema.ref.module),
        )

    def _field(self, draft: Draft, field: DraftField) -> Field:
        if field.literal is not None:
            return Field(field.name, field.wire_name, Scalar("str"), Always(field.literal), field.doc)
        type_, default = self._typed_default(draft, field)
        return Field(
            field.name,
            field.wire_name,
            type_,
            default,
            field.doc,
            merging=merging_of(field.schema),
            rules=rules_of(field.schema),
            deprecated=field.schema.get("deprecated") is True,
        )

    def _typed_default(self, draft: Draft, field: DraftField) -> tuple[Type, Default]:
        use = field.use
        if field.required:
            return Nullable(use.type) if field.nullable else use.type, Required()
        if field.keeps_null:
            # An explicit null is kept. A missing value becomes the default, or a value that the server does not count.
            return use.type, Unset()
        if use.shape == "fields" or (use.shape in ("list", "map") and not field.keeps_empty):
            return use.type, Empty()
        if field.never_none and use.model is not None and self._can_be_zero(field, use.model, draft.schema.ref):
            return use.type, Zero(has_required=any(inner.required for inner in self._drafter.fields_of(use.model)))
        return use.type, Null()

    def _can_be_zero(self, field: DraftField, model: ModelRef, owner: ModelRef) -> bool:
        """Whether a struct may stand for an absent one; in a CRD only an empty one, according to its default."""
        if field.in_place and any(inner.required for inner in self._drafter.fields_of(model)):
            return False
        return not self._circular(model, owner)

    def _circular(self, start: ModelRef, owner: ModelRef) -> bool:
        """Whether the zero value of `start` would hold one of `owner`, without end."""
        seen: set[ModelRef] = set()
        waiting = [start]
        while waiting:
            name = waiting.pop()
            ref = self._aliases.get(name, name)
            if ref == owner:
                return True
            if ref in seen:
                continue
            seen.add(ref)
            waiting.extend(
                f.use.model
                for f in self._drafter.fields_of(ref)
                if f.use.model is not None and (f.never_none or f.required)
            )
        return False


def _is_meta(draft: Draft) -> bool:
    return draft.schema.name.startswith(META) and draft.schema.ref.module != "meta_v1"
