"""Objects described in place and constants: what each is called, and which of the objects are one class.

The name is the path: `WidgetSpecRule` is an item of `spec.rules` of a Widget. Objects of one structure within a group
share the class of the first of them, going from the kinds down, level by level, the most stable version first. Every
place has its name all the same, as an alias, and so have the constants in it: what is added elsewhere renames nothing.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from kgen.ir import ModelRef
from kgen.names import ClassName, Identifier
from kgen.resolve.builtins import Builtins
from kgen.resolve.catalog import Catalog, Schema
from kgen.resolve.equality import Equality
from kgen.resolve.spelling import Spelling
from kgen.resolve.unique_names import UniqueNames

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
    """Names objects and constants, and gives the objects that are new to whoever drafts them.

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
        builtin = self._builtins.find(raw, path[-1])
        if builtin is not None:
            return self._catalog.model_of(builtin)
        words = _words(path)
        for child in self._children.get(owner.ref, ()):
            if child.words == words and child.target == self._shared.get(self._key(raw, path[-1], child.name)):
                return child.name  # `rule` and the items of `rules` may be one object.
        pointer = f"{owner.pointer}/properties/{'/'.join(path)[:200]}"
        ref = self._names.claim(owner.ref, wire_name, words, pointer)
        key = self._key(raw, path[-1], ref)
        known = self._shared.get(key)
        self._children.setdefault(owner.ref, []).append(_Child(wire_name, words, ref, known or ref))
        self._waiting.append(ref)
        if known is not None:
            self.aliases[ref] = known
            return ref
        self._shared[key] = ref
        self.schemas[ref] = Schema(
            _schema_name(owner, path), raw, owner.source, pointer, ref, owner.has_defaults, is_in_place=True
        )
        return ref

    def _key(self, raw: Mapping[str, Any], word: str, ref: ModelRef) -> Hashable:
        """Return what objects that share a class have in common."""
        return self._catalog.group_of(ref.module), self._equality.number(raw, word), self._spelling.of(raw, ref)

    def constants(self, owner: Schema, wire_name: str, field: Identifier) -> ClassName:
        """Return the class of the known values of a property, whose attribute is `field`."""
        words = "".join(word.capitalize() for word in field.split("_"))
        ref = self._names.claim(owner.ref, wire_name, words, owner.pointer)
        self._children.setdefault(owner.ref, []).append(_Child(wire_name, words, ref, ref))
        return ref.name

    def drain(self) -> Iterator[Schema]:
        """Yield the schemas that are to be drafted, those too that are found meanwhile.

        Places are named level by level, whether or not they have a class of their own. So what a place is called does
        not depend on which objects are equal.
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
        for child in self._children.get(target, ()):
            ref = self._names.claim(alias, child.wire_name, child.words, str(alias))
            self.aliases[ref] = child.target
            self._waiting.append(ref)


def _words(path: tuple[str, ...]) -> str:
    return "".join(part[:1].upper() + part[1:] for part in path)


def _schema_name(owner: Schema, path: tuple[str, ...]) -> str:
    return f"{owner.name}.{'.'.join(path)}"
