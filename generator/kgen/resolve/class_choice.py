"""Which of the names of equal objects is the class, and which are its aliases.

The class stands in messages of type checkers, in reprs and in tracebacks of all users of these objects. So it has the
name that describes most of the places: the last word that most of them have (`Destination`), and of these the shortest
name. A place with a custom name has priority. Every place keeps its name, so an addition that changes the choice
removes no name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping

from kgen.ir import ModelRef

__all__ = ["chosen", "swapped"]


def chosen(words: Mapping[ModelRef, str], has_custom_names: Callable[[ModelRef], bool]) -> ModelRef:
    """Return the name of the class of equal objects.

    Args:
        words: The names of all places in one module, each with the words of the place in its owner.
        has_custom_names: Whether `[tool.kgen.names]` names the place, or a field of it.
    """
    counts = Counter(words.values())

    def order(ref: ModelRef) -> tuple[bool, int, int, str]:
        return not has_custom_names(ref), -counts[words[ref]], len(ref.name), ref.name

    return min(words, key=order)


def swapped(aliases: Mapping[ModelRef, ModelRef], classes: Mapping[ModelRef, ModelRef]) -> dict[ModelRef, ModelRef]:
    """Return the aliases after some of them became the class of their objects.

    Args:
        aliases: The class of each alias.
        classes: The new class by the former one, which becomes an alias.
    """
    names: Collection[ModelRef] = {*classes.values()}
    kept = {ref: classes.get(target, target) for ref, target in aliases.items() if ref not in names}
    return kept | dict(classes)
