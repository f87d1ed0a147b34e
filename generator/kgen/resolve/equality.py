"""Which objects described in place are equal: they share a class."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import Any, Final

from kgen.resolve.copies import Copy
from kgen.resolve.types import (
    PresenceRules,
    is_any_object,
    is_open,
    presence_matters,
    presence_rules,
    properties,
    reference,
    unwrapped,
)
from kgen.shapes import is_array, is_object, is_text
from kgen.singulars import singular

__all__ = ["Equality"]

_UNCOUNTED: Final = presence_rules({})  # the items of lists and the values of maps


class Equality:
    """Gives equal structures one number. Descriptions and validation do not count.

    Args:
        builtin: Returns the type of Kubernetes that an object is, given the property that holds it.
    """

    def __init__(self, builtin: Callable[[Mapping[str, Any], str], Copy | None]) -> None:
        self._builtin = builtin
        self._numbers: dict[Hashable, int] = {}
        self._known: dict[tuple[int, str], int] = {}

    def number(self, schema: Mapping[str, Any], word: str) -> int:
        """Return the number of an object's structure.

        Args:
            schema: The object; it must not go away while the numbers are used.
            word: The property that holds it.
        """
        place = id(schema), word
        if place not in self._known:
            self._known[place] = self._number_of(self._object(schema, word))
        return self._known[place]

    def _number_of(self, structure: Hashable) -> int:
        return self._numbers.setdefault(structure, len(self._numbers))

    def _object(self, schema: Mapping[str, Any], word: str) -> Hashable:
        copy = self._builtin(schema, word)
        if copy is not None:
            return "builtin", copy.name, copy.others
        needed = schema.get("required")
        required = frozenset(filter(is_text, needed)) if is_array(needed) else frozenset[str]()
        own, counts = properties(schema), presence_rules(schema)
        fields = tuple((key, key in required, self._field(counts, own[key], key)) for key in sorted(own))
        return "object", is_open(schema), fields

    def _field(self, counts: PresenceRules, schema: object, word: str) -> Hashable:
        if not is_object(schema):
            return "odd"
        plain = unwrapped(schema)
        return (
            tuple(sorted(presence_matters(counts, word, plain))),
            plain.get("nullable") is True,
            plain.get("default") == {},
            _known_values(plain),
            self._type(plain, word),
        )

    def _type(self, plain: Mapping[str, Any], word: str) -> Hashable:
        name = reference(plain)
        if name is not None:
            return "named", name
        if plain.get("x-kubernetes-int-or-string") is True:
            return "int-or-string"
        if properties(plain) and not is_any_object(plain):
            return self.number(plain, word)
        kind = str(plain.get("type"))
        if kind == "array":
            return "list", self._field(_UNCOUNTED, plain.get("items", {}), singular(word))
        values = plain.get("additionalProperties")
        if kind == "object" and is_object(values) and values:
            return "map", self._field(_UNCOUNTED, values, singular(word))
        form = str(plain.get("format")) if kind == "string" else ""
        return kind, form, plain.get("x-kubernetes-embedded-resource"), is_any_object(plain)


def _known_values(plain: Mapping[str, Any]) -> tuple[str, ...]:
    values = plain.get("enum")
    return tuple(sorted({value for value in values if isinstance(value, str)})) if is_array(values) else ()
