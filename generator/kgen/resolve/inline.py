"""Inline objects and constants: their names, and the objects that share a class.

The name is the path: `WidgetSpecRule` is an item of `spec.rules` of a Widget. Objects of one structure within a group
share a class, in the module of the most stable version that has one of them; `class_choice` selects its name. Every
place has its name all the same, as an alias, and so have the constants in it: additions elsewhere rename nothing.
A place whose object is a type of Kubernetes has a name, too: it stays when the object is that type no longer.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from kgen.ir import ModelRef
from kgen.names import ClassName, Identifier, field_name, words_of
from kgen.resolve.builtins import Builtins
from kgen.resolve.catalog import Catalog, Schema
from kgen.resolve.class_choice import chosen, swapped
from kgen.resolve.copies import Copy
from kgen.resolve.equality import Equality
from kgen.resolve.members import members_of
from kgen.resolve.spelling import Spelling
from kgen.resolve.types import held, properties, reference
from kgen.resolve.unique_names import UniqueNames
from kgen.singulars import singular

__all__ = ["Inline", "stability"]

_VERSION: Final = re.compile(r"v(\d+)(?:(alpha|beta)(\d+))?")
_STAGES: Final = {None: 0, "beta": 1, "alpha": 2}


def stability(version: str) -> tuple[int, int, int, str]:
    """Return the order of versions: v1, v2, v1beta1, v1beta2, v1alpha1, and then all others."""
    match = _VERSION.fullmatch(version[:40])
    if match is None:
        return 3, 0, 0, version
    return _STAGES[match[2]], int(match[1]), int(match[3] or 0), version


@dataclass(frozen=True, slots=True)
class _Child:
    """A place in an object: an object described in place, or a value with constants.

    Attributes:
        wire_name: The property of the object that holds it.
        words: The words of the place in the object that holds it.
        name: Its name there.
        target: The class that the name stands for.
    """

    wire_name: str
    words: str
    name: ModelRef
    target: ModelRef


class Inline:
    """Names objects and constants, and yields new objects to the caller, which drafts them.

    Args:
        catalog: All schemas.
        spelling: The attributes of properties.
    """

    def __init__(self, catalog: Catalog, spelling: Spelling) -> None:
        self._catalog = catalog
        self._spelling = spelling
        self._builtins = Builtins(catalog)
        self._equality = Equality(self._builtins.find)
        self._names = UniqueNames(catalog)
        self._shared: dict[Hashable, ModelRef] = {}
        self._waiting: deque[ModelRef] = deque()
        self._children: dict[ModelRef, list[_Child]] = {}
        self._copied: dict[ModelRef, str] = {}
        self._copies: dict[tuple[ModelRef, str], Copy] = {}
        self._constants: dict[tuple[ModelRef, str], ModelRef] = {}
        self._places: dict[ModelRef, Schema] = {}
        self._is_settled = False
        self.schemas: dict[ModelRef, Schema] = {}
        self.aliases: dict[ModelRef, ModelRef] = {}

    def model(self, raw: Mapping[str, Any], owner: Schema, wire_name: str, path: tuple[str, ...]) -> ModelRef | None:
        """Return the model of an object, under the name of its place.

        Args:
            raw: The object.
            owner: The schema whose class holds it.
            wire_name: The property of that schema.
            path: The words that lead from there to it.
        """
        words = _words(path)
        pointer = f"{owner.pointer}/properties/{'/'.join(path)[:200]}"
        if self._is_settled:
            return self._settled(owner, wire_name)
        used = self._catalog.existing.types_at(owner.ref.module, owner.ref.name, wire_name)
        copy = self._builtins.find(raw, path[-1]) or self._builtins.grown(raw, used)
        if copy is not None:
            self._copies[owner.ref, wire_name] = copy
            return self._builtin(copy.name, owner, wire_name, words, pointer)
        ref = self._names.claim(owner.ref, wire_name, words, pointer)
        key = self._key(raw, path[-1], ref)
        known = self._shared.get(key)
        self._children.setdefault(owner.ref, []).append(_Child(wire_name, words, ref, known or ref))
        self._waiting.append(ref)
        self._places[ref] = _in_place(raw, owner, path[-1], pointer, ref)
        if known is not None:
            self.aliases[ref] = known
            return ref
        self._shared[key] = ref
        self.schemas[ref] = self._places[ref]
        return ref

    def copy_at(self, owner: ModelRef, wire_name: str) -> Copy | None:
        """Return the type of Kubernetes that the object at a place is a copy of, or None.

        Args:
            owner: The class that holds it.
            wire_name: The property.
        """
        return self._copies.get((owner, wire_name))

    def _child(self, owner: Schema, wire_name: str) -> _Child | None:
        """Return a place that has its name already."""
        return next((child for child in self._children.get(owner.ref, ()) if child.wire_name == wire_name), None)

    def _settled(self, owner: Schema, wire_name: str) -> ModelRef | None:
        """Return the model of an object that has a name already."""
        child = self._child(owner, wire_name)
        if child is None:
            return None
        return child.target if (owner.ref, wire_name) in self._copies else child.name

    def _builtin(self, schema: str, owner: Schema, wire_name: str, words: str, pointer: str) -> ModelRef | None:
        """Return the model of a type of Kubernetes, after giving it the name of the place."""
        target = self._catalog.model_of(schema)
        if target is not None:
            self._copied[target] = schema
            self._alias(owner.ref, _Child(wire_name, words, target, target), pointer)
        return target

    def _alias(self, owner: ModelRef, child: _Child, where: str, kept: str | None = None) -> ModelRef:
        """Name a place in an object, given its content."""
        ref = self._names.claim(owner, child.wire_name, child.words, where, kept)
        self._children.setdefault(owner, []).append(replace(child, name=ref))
        self.aliases[ref] = child.target
        self._waiting.append(ref)
        return ref

    def _key(self, raw: Mapping[str, Any], word: str, ref: ModelRef) -> Hashable:
        """Return the common schema of objects that share a class."""
        return self._catalog.group_of(ref.module), self._equality.number(raw, word), self._spelling.of(raw, ref)

    def constants(self, owner: Schema, wire_name: str, field: Identifier, depth: int) -> ClassName:
        """Return the class of the known values of a property.

        Args:
            owner: The schema whose class has the property.
            wire_name: The property.
            field: Its attribute.
            depth: How many lists and maps the values are in.
        """
        words, child = _field_words(field, depth), self._child(owner, wire_name)
        if child is not None:
            return child.name.name
        ref = self._names.claim(owner.ref, wire_name, words, owner.pointer)
        self._children.setdefault(owner.ref, []).append(_Child(wire_name, words, ref, ref))
        return ref.name

    def drain(self) -> Iterator[Schema]:
        """Yield the schemas to draft, including those that are found in the meantime.

        Places are named level by level, whether or not they have their own class. So the name of a place does not
        depend on the equality of objects.
        """
        while self._waiting:
            ref = self._waiting.popleft()
            target = self.aliases.get(ref)
            if target is None:
                yield self.schemas[ref]
            else:
                self._name_inside(ref, target)

    def _name_inside(self, alias: ModelRef, target: ModelRef) -> None:
        """Name the places inside of an object that shares its class."""
        copied = self._copied.get(target)
        if copied is not None:
            self._keep_inside(alias, copied)
            return
        place = self._places.get(alias)
        for child in self._children.get(target, ()):
            ref = self._alias(alias, child, str(alias))
            if place is not None:
                raw, depth = held(properties(place.raw).get(child.wire_name))
                word = _singular(child.wire_name, depth)
                self._places[ref] = _in_place(raw, place, word, f"{place.pointer}/properties/{child.wire_name}", ref)

    def settle(self) -> dict[ModelRef, Schema | None]:
        """Choose the classes of equal objects; call it when all places have their names.

        Returns:
            The schema of each name that is a class now, and None for each that is an alias now.
        """
        self._is_settled = True
        names: dict[ModelRef, list[ModelRef]] = {}
        for alias, target in self.aliases.items():
            if target in self.schemas and alias.module == target.module and self._has_same_places(alias, target):
                names.setdefault(target, [target]).append(alias)
        words = {child.name: child.words for children in self._children.values() for child in children}
        classes: dict[ModelRef, ModelRef] = {}
        for target, refs in names.items():
            ref = chosen({ref: words[ref] for ref in refs}, self._catalog.has_custom_names)
            if ref != target:
                classes[target] = ref
        changed: dict[ModelRef, Schema | None] = {}
        for target, ref in [*classes.items()]:
            changed |= {target: None, ref: self._places[ref]}
            inside = {child.wire_name: child.name for child in self._children.get(ref, ())}
            for child in self._children.get(target, ()):
                if (copy := self._copies.get((target, child.wire_name))) is not None:
                    self._copies[ref, child.wire_name] = copy
                if child.name not in self.aliases and child.name not in self.schemas:  # Constants.
                    classes[child.name] = inside[child.wire_name]
        self.aliases = swapped(self.aliases, classes)
        return changed

    def _has_same_places(self, alias: ModelRef, target: ModelRef) -> bool:
        """Whether the object of an alias can be the class: everything inside of it has a name."""
        places = [{child.wire_name for child in self._children.get(ref, ())} for ref in (alias, target)]
        return alias in self._places and places[0] == places[1]

    def _keep_inside(self, alias: ModelRef, schema: str) -> None:
        """Name the places inside of a type of Kubernetes that have a name: it was not such a type before."""
        existing = self._catalog.existing
        for wire_name, raw in properties(self._catalog.schema(schema) or {}).items():
            child = self._inside_copied(schema, wire_name, raw)
            if child is None:
                continue
            kept = existing.name_of(alias.module, alias.name, wire_name)
            kept = kept or existing.alias_of(alias.module, alias.name, wire_name, str(child.target))
            if kept is not None:
                self._alias(alias, child, str(alias), kept)

    def _inside_copied(self, schema: str, wire_name: str, raw: object) -> _Child | None:
        """Return a place in a type of Kubernetes: a type or constants of its package."""
        plain, depth = held(raw)
        name = reference(plain)
        target = self._catalog.model_of(name) if name is not None else None
        if name is not None and target is not None:
            self._copied[target] = name
            return _Child(wire_name, words_of(_singular(wire_name, depth)), target, target)
        owner = self._catalog.model_of(schema)
        if owner is None or not members_of(plain):
            return None
        words = _field_words(field_name(wire_name), depth)
        place = owner, wire_name
        if place not in self._constants:
            self._constants[place] = self._names.claim(owner, wire_name, words, str(owner))
        return _Child(wire_name, words, self._constants[place], self._constants[place])


def _in_place(raw: Mapping[str, Any], owner: Schema, word: str, pointer: str, ref: ModelRef) -> Schema:
    name = f"{owner.name}.{word}"
    return Schema(name, raw, owner.source, pointer, ref, owner.has_defaults, is_in_place=True)


def _words(path: tuple[str, ...]) -> str:
    return "".join(map(words_of, path))


def _field_words(field: str, depth: int) -> str:
    return "".join(word.capitalize() for word in _singular(field, depth).split("_"))


def _singular(word: str, depth: int) -> str:
    """Return the word of the single values of a property."""
    for _ in range(depth):
        word = singular(word)
    return word
