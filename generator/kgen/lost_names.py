"""Names of a package that are removed or change their meaning when it is built again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from kgen.errors import Problem
from kgen.package_names import NamedClass, NamedConstants, PackageNames, Target

__all__ = ["lost_names", "problems_of"]

_SHOWN: Final = 20

_HINT: Final = "programs that use them must change; with --strict such a build stops, and the package stays as it is"


def lost_names(old: PackageNames, new: PackageNames) -> tuple[str, ...]:
    """Return what happens to each name of the models that is removed or changes its meaning, sorted.

    Group versions that are removed as a whole, and the contents of removed classes, are not listed.

    Args:
        old: The names of the package.
        new: The names of its replacement.
    """
    return tuple(sorted({*_Comparison(old, new).found()}))


def problems_of(lost: tuple[str, ...], source: str) -> tuple[Problem, ...]:
    """Return lost names as problems: the first ones, and how many more there are.

    Args:
        lost: What happens to each name.
        source: The input.
    """
    more = len(lost) - _SHOWN
    shown = [*lost[:_SHOWN], *([f"{more} more names are removed or changed"] if more > 0 else [])]
    return tuple(Problem(what, source, _HINT if what is shown[-1] else "") for what in shown)


class _Comparison:
    """Compares the meaning of names. The attributes of a class with several names are compared once."""

    def __init__(self, old: PackageNames, new: PackageNames) -> None:
        self._old = old
        self._new = new
        self._seen: set[tuple[Target, Target]] = set()

    def found(self) -> Iterator[str]:
        modules = [(name, self._old.module(name)) for name in self._old.modules if name in self._new.modules]
        for module, names in modules:
            for name in (*names.classes, *names.constants):
                yield from self._of_name(module, name)
        for module, names in modules:
            for name in names.aliases:
                yield from self._of_name(module, name)

    def _of_name(self, module: str, name: str) -> Iterator[str]:
        place = f"{module}.{name}"
        before, after = self._old.target(module, name), self._new.target(module, name)
        old_meaning, new_meaning = _meaning(self._old, before), _meaning(self._new, after)
        if new_meaning == place:
            yield f"{place} is removed"
        elif isinstance(old_meaning, NamedClass) and isinstance(new_meaning, NamedClass):
            yield from self._attributes(place, (before, after), old_meaning.fields, new_meaning.fields)
        elif isinstance(old_meaning, NamedConstants) and isinstance(new_meaning, NamedConstants):
            yield from self._attributes(place, (before, after), old_meaning.members, new_meaning.members)
        elif old_meaning != new_meaning:
            yield f"{place} was {_words(old_meaning)} and is {_words(new_meaning)}"

    def _attributes(
        self, place: str, pair: tuple[Target, Target], old: Mapping[str, str], new: Mapping[str, str]
    ) -> Iterator[str]:
        """Compare the attribute of each property, or the constant of each value."""
        if pair in self._seen:
            return
        self._seen.add(pair)
        for key, name in old.items():
            now = new.get(key)
            if now != name:
                yield f"{place}.{name} is {'removed' if now is None else f'now {now}'}"


def _meaning(names: PackageNames, target: Target) -> NamedClass | NamedConstants | str:
    """Return the meaning of a name; of another package only the type's name is known."""
    module, name = target
    here = names.module(module)
    return here.classes.get(name) or here.constants.get(name) or f"{module}.{name}"


def _words(meaning: NamedClass | NamedConstants | str) -> str:
    if isinstance(meaning, str):
        return meaning
    return "a class of the package" if isinstance(meaning, NamedClass) else "constants"
