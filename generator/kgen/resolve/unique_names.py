"""The names in models modules: classes, their other names and constants share them, and each is given once."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Final

from kgen import text
from kgen.ir import ModelRef
from kgen.names import ClassName, class_name
from kgen.resolve.catalog import Catalog

__all__ = ["UniqueNames"]

_SEAMS: Final = ("", "_", "__")


class UniqueNames:
    """Gives each place a unique name: its path, with an underscore in it if another place has that name.

    Args:
        catalog: All schemas. Their names are taken from the start.
    """

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._taken = {schema.ref for schema in catalog.models.values()}
        self._last: dict[ModelRef, int] = {}

    def claim(self, owner: ModelRef, wire_name: str, words: str, where: str, kept: str | None = None) -> ModelRef:
        """Return the name of a place: the one that it has already, or one that no other has.

        Args:
            owner: The name of the object that holds the place.
            wire_name: The property of the object.
            words: The words of the place in its owner.
            where: The place in the document, for messages.
            kept: The name that the place has already, if it is not among those of the package by its owner.
        """
        existing, module = self._catalog.existing, owner.module
        kept = kept or existing.name_of(module, owner.name, wire_name)
        names = itertools.chain([ClassName(kept)] if kept else [], self._candidates(owner, words))
        ref = next(
            ref
            for name in names
            if (ref := ModelRef(module, name)) not in self._taken
            and not existing.is_held_by_another(module, name, owner.name, wire_name)
        )
        # A place with a custom name keeps its default name reserved: the names of other places do not change.
        self._taken.add(ref)
        by_hand = self._catalog.class_by_hand(str(ref))
        return ref if by_hand is None or by_hand == ref.name else self._by_hand(ref, by_hand, where)

    def _candidates(self, owner: ModelRef, words: str) -> Iterator[ClassName]:
        head = owner.name.rstrip("_")
        for seam in _SEAMS:
            yield class_name(f"{head}{seam}{words}")
        # Any number of places may lead to the same name: numbering continues from the last number.
        base = ModelRef(owner.module, class_name(f"{head}_{words}"))
        for number in itertools.count(self._last.get(base, 1) + 1):
            self._last[base] = number
            yield class_name(f"{base.name.rstrip('_')}_{number}")

    def _by_hand(self, ref: ModelRef, name: ClassName, where: str) -> ModelRef:
        named = ModelRef(ref.module, name)
        if named in self._taken:
            self._catalog.problems.error(
                f"{text.string(str(ref))} can't be {str(name)!r}: {ref.module} has another class of that name",
                where=where,
                hint=f'give it a free name in [tool.kgen.names]: {text.string(str(ref))} = "Other{ref.name}"',
            )
        self._taken.add(named)
        return named
