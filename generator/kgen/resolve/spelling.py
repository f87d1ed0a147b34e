"""The attributes of properties, and the spelling of names that would be equal.

If two properties would be one attribute, or two values one constant, existing names are kept. So equal objects may
spell such names differently: those do not share a class.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping
from typing import Any

from kgen.ir import ModelRef
from kgen.names import Identifier, camel_name, field_name, member_name, verbatim_name
from kgen.resolve.catalog import Catalog
from kgen.resolve.members import members_of
from kgen.resolve.types import held, properties
from kgen.shapes import is_array

__all__ = ["Spelling"]


class Spelling:
    """Gives properties their attributes.

    Args:
        catalog: All schemas.
    """

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._is_plain: dict[int, bool] = {}

    def attributes(self, ref: ModelRef, wire_names: Iterable[str]) -> dict[str, Identifier]:
        """Return the attribute of each property of a class.

        Custom names have priority, then existing names in the package. If two other properties would get one name, only
        the regular one gets it.
        """
        by_hand = {name: self._catalog.field_by_hand(ref, name) for name in wire_names}
        hands = {each for each in by_hand.values() if each is not None}
        found = {name: hand for name, hand in by_hand.items() if hand is not None}
        kept: set[Identifier] = set()
        for name in by_hand.keys() - found.keys():
            known = self._catalog.existing.field_of(ref.module, ref.name, name)
            if known is not None and known not in hands:
                found[name] = Identifier(known)
                kept.add(found[name])
        fresh = {name: self._attribute(name) for name in by_hand if name not in found}
        counts = Counter(fresh.values())
        others = [
            name
            for name, each in fresh.items()
            if each in kept or ((counts[each] > 1 or each in hands) and camel_name(each) != name)
        ]
        found |= {name: each for name, each in fresh.items() if name not in others}
        taken = set(found.values())
        for name in sorted(others):
            found[name] = verbatim_name(name)
            while found[name] in taken:
                found[name] = Identifier(f"{found[name]}_")
            taken.add(found[name])
        return {name: found[name] for name in by_hand}

    def _attribute(self, wire_name: str) -> Identifier:
        """Return the attribute for a property; in the class it must not hide a module that types are of."""
        name = field_name(wire_name)
        return Identifier(f"{name}_") if self._catalog.is_module(name) else name

    def of(self, schema: Mapping[str, Any], ref: ModelRef) -> Hashable:
        """Return how an object, and everything in it, spells names that would be equal; None if there are none.

        Args:
            schema: The object; it must exist as long as the result is used.
            ref: The name of its place.
        """
        if self._is_unmistakable(schema):
            return None
        own = properties(schema)
        names = self.attributes(ref, own)
        existing, module = self._catalog.existing, ref.module
        alike = _alike(own)
        inside: list[Hashable] = []
        for wire_name in sorted(own):
            plain, _ = held(own[wire_name])
            name = existing.name_of(module, ref.name, wire_name)
            if properties(plain):
                # Without a name that it has already, it is spelled as any new object.
                child = ModelRef(module, Identifier(name or f"{ref.name.rstrip('_')}_"))
                inside.append((wire_name, self.of(plain, child)))
            elif len(_alike(_values(plain))) > 0:
                before = existing.members_of(module, name) if name else None
                members = members_of(plain, before, is_custom=self._catalog.is_custom(module))
                inside.append((wire_name, frozenset((member.name, member.value) for member in members)))
        return frozenset((name, names[name]) for name in alike), tuple(inside)

    def _is_unmistakable(self, schema: Mapping[str, Any]) -> bool:
        """Whether no two names in an object read the same."""
        key = id(schema)
        if key not in self._is_plain:
            parts = [held(value)[0] for value in properties(schema).values()]
            self._is_plain[key] = not _alike(properties(schema)) and all(
                self._is_unmistakable(part) if properties(part) else not _alike(_values(part)) for part in parts
            )
        return self._is_plain[key]


def _alike(names: Iterable[str]) -> list[str]:
    """Return the items that would have one name."""
    found = {name: (field_name(name).rstrip("_"), member_name(name, is_custom=True)) for name in names}
    fields, members = Counter(each for each, _ in found.values()), Counter(each for _, each in found.values())
    return [name for name, (attribute, member) in found.items() if fields[attribute] > 1 or members[member] > 1]


def _values(schema: Mapping[str, Any]) -> Iterator[str]:
    found = schema.get("enum")
    return (value for value in found if isinstance(value, str)) if is_array(found) else iter(())
