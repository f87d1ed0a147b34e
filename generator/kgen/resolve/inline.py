"""Objects described in place: what each is called, and which of them are one class.

The name is the path: `WidgetSpecRule` is an item of `spec.rules` of a Widget. Objects of one structure within a group
share the class of the first of them, going from the kinds down, level by level, the most stable version first. Every
place has its name all the same, as an alias: so what is added elsewhere renames nothing.
"""

from __future__ import annotations

import functools
import re
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any, Final

from kgen.errors import Problems
from kgen.ir import ModelRef
from kgen.names import Identifier, class_name
from kgen.resolve.builtins import Builtins
from kgen.resolve.catalog import Catalog, Schema
from kgen.resolve.equality import Equality

__all__ = ["Inline", "stability"]

_VERSION: Final = re.compile(r"v(\d+)(?:(alpha|beta)(\d+))?")
_STAGES: Final = {None: 0, "beta": 1, "alpha": 2}


def stability(version: str) -> tuple[int, int, int, str]:
    """Return the order of versions: v1, v2, v1beta1, v1beta2, v1alpha1, and then all others."""
    match = _VERSION.fullmatch(version[:40])
    if match is None:
        return 3, 0, 0, version
    return _STAGES[match[2]], int(match[1]), int(match[3] or 0), version


class Inline:
    """Names objects, and gives those that are new to whoever drafts them.

    Args:
        catalog: All schemas.
        problems: Where what is wrong is collected.
    """

    def __init__(self, catalog: Catalog, problems: Problems) -> None:
        self._catalog = catalog
        self._problems = problems
        self._builtins = Builtins(catalog)
        self._equality = Equality(self._builtins.find)
        self._shared: dict[tuple[str, int], ModelRef] = {}
        self._waiting: deque[Schema] = deque()
        self._children: dict[ModelRef, dict[str, ModelRef]] = {}
        self.schemas: dict[ModelRef, Schema] = {}
        self.aliases: dict[ModelRef, ModelRef] = {}

    def model(self, raw: Mapping[str, Any], owner: Schema, path: tuple[str, ...]) -> ModelRef | None:
        """Return the model of an object, under the name of its place.

        Args:
            raw: The object.
            owner: The schema whose class holds it.
            path: The properties that lead from there to it.
        """
        builtin = self._builtins.find(raw, path[-1])
        if builtin is not None:
            return self._catalog.model_of(builtin)
        key = self._catalog.group_of(owner.ref.module), self._equality.number(raw, path[-1])
        known = self._shared.get(key)
        if known is not None and self.schemas[known].name == _schema_name(owner, path):
            return known
        ref = self._name(owner, path)
        self._children.setdefault(owner.ref, {})[_words(path)] = known or ref
        if known is not None:
            self.aliases[ref] = known
            return ref
        self._shared[key] = ref
        pointer = f"{owner.pointer}/properties/{'/'.join(path)[:200]}"
        made = Schema(_schema_name(owner, path), raw, owner.source, pointer, ref, owner.has_defaults)
        self.schemas[ref] = made
        self._waiting.append(made)
        return ref

    def name_what_is_inside(self) -> None:
        """Give the places inside of objects that share a class their names, too."""
        waiting = deque(self.aliases.items())
        while waiting:
            alias, target = waiting.popleft()
            for words, child in self._children.get(target, {}).items():
                ref = ModelRef(alias.module, class_name(alias.name.rstrip("_") + words))
                if not self._is_taken(ref):
                    self.aliases[ref] = child
                    waiting.append((ref, child))

    def drain(self) -> Iterator[Schema]:
        """Yield the schemas that are to be drafted, those too that are found meanwhile."""
        while self._waiting:
            yield self._waiting.popleft()

    def _name(self, owner: Schema, path: tuple[str, ...]) -> ModelRef:
        """Return the class of a place: its path; with a seam where another path reads the same."""
        module, head = owner.ref.module, owner.ref.name.rstrip("_")
        words = _words(path)
        by_hand = self._catalog.names.get(f"{module}.{class_name(head + words)}")
        for name in (by_hand, head + words, f"{head}_{words}", f"{head}__{words}"):
            ref = ModelRef(module, Identifier(name) if name and name is by_hand else class_name(name or ""))
            if name and not self._is_taken(ref):
                return ref
        self._problems.error(
            f"there is no name left for {'.'.join(path)[:200]}",
            where=owner.pointer,
            hint=f'name it in [tool.kgen.names]: "{module}.{class_name(head + words)}" = "Other"',
        )
        return ModelRef(module, class_name(head + words))

    def _is_taken(self, ref: ModelRef) -> bool:
        return ref in self.schemas or ref in self.aliases or ref in self._named

    @functools.cached_property
    def _named(self) -> frozenset[ModelRef]:
        return frozenset(schema.ref for schema in self._catalog.models.values())


def _words(path: tuple[str, ...]) -> str:
    return "".join(part[:1].upper() + part[1:] for part in path)


def _schema_name(owner: Schema, path: tuple[str, ...]) -> str:
    return f"{owner.name}.{'.'.join(path)}"
