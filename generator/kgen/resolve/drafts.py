"""Drafts of models: their fields before it is known which structs have a zero value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from kgen.ir import Constants
from kgen.names import Identifier, is_wire_name
from kgen.resolve.catalog import Kind, Schema
from kgen.resolve.types import ResolvedType, is_open, properties

__all__ = ["Draft", "DraftField", "has_no_fields", "has_other_fields", "nameable"]


@dataclass(frozen=True, slots=True)
class Draft:
    """A model before it is known which structs have a zero value."""

    schema: Schema
    fields: tuple[DraftField, ...]
    kind: Kind | None


@dataclass(frozen=True, slots=True)
class DraftField:
    """A field before its default is known."""

    name: Identifier
    wire_name: str
    use: ResolvedType
    required: bool
    never_none: bool
    keeps_empty: bool
    keeps_null: bool
    nullable: bool
    in_place: bool
    doc: str
    schema: Mapping[str, Any]
    literal: str | None
    constants: Constants | None


def nameable(properties: Iterable[str]) -> bool:
    """Whether every property can be the wire name of a field."""
    return all(map(is_wire_name, properties))


def has_other_fields(raw: Mapping[str, Any]) -> bool:
    """Whether an object may have fields that its class does not name."""
    return is_open(raw) or not nameable(properties(raw))


def has_no_fields(draft: Draft) -> bool:
    """Whether an object in place declares no properties, so that its class keeps all received fields."""
    return draft.schema.is_in_place and not draft.fields
