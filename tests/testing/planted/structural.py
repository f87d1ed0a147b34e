"""Bugs of the treatment of custom resources."""

from __future__ import annotations

from typing import Final, NamedTuple

__all__ = ["BUGS", "Bug"]


class Bug(NamedTuple):
    """A change of the source that makes the fake server wrong.

    Attributes:
        name: A name of the fault.
        module: The module below `kubecore.testing._schemas`.
        function: The function or class that the change is in.
        right: Text that the source contains once.
        wrong: The text that replaces it.
        holders: The modules that use the function, if not its own.
    """

    name: str
    module: str
    function: str
    right: str
    wrong: str
    holders: tuple[str, ...] = ()


_OBJECTS: Final = ("validation.objects",)
_SCHEMAS: Final = ("validation.schemas",)

BUGS: Final = (
    Bug("maps-keep-unknown", "pruning", "prune", "        elif not keeps:", "        elif False:", _OBJECTS),
    Bug("open-maps-are-pruned", "pruning", "prune", "keeps = keeps or bool(", "keeps = bool(False and ", _OBJECTS),
    Bug("nulls-stay", "pruning", "prune_nulls", 'not part.get("nullable")', "False", _OBJECTS),
    Bug("nulls-are-not-defaulted", "defaulting", "default", "or _is_wrong_null(value[name], own)", "", _OBJECTS),
    Bug("no-defaults", "defaulting", "default", "value[name] = _copy(own", "_copy(own", _OBJECTS),
    Bug("sets-may-double", "validation.lists", "check_lists", 'kind == "set"', 'kind == "sets"', _OBJECTS),
    Bug("first-double-only", "validation.lists", "check_lists", "seen[known] == 2", "seen[known] == 3", _OBJECTS),
    Bug(
        "no-kinds-in-embedded", "validation.embedded", "check_embedded", "if name not in value:", "if False:", _OBJECTS
    ),
    Bug("whole-numbers", "validation.schemas", "Checker", "is_whole(value)", "False", _OBJECTS),
    Bug("long-by-one", "validation.schemas", "Checker", "len(value) > most:", "len(value) >= most:", _OBJECTS),
    Bug("enum-by-type", "validation.schemas", "Checker", "    if same(value, allowed):", "    if True:", _OBJECTS),
    Bug("one-of-many", "validation.schemas", "Checker", "if len(passed) == 1:", "if passed:", _OBJECTS),
    Bug("any-of-last", "validation.schemas", "Checker", "result.matches > best.matches", "True", _OBJECTS),
    Bug("not-is-ignored", "validation.schemas", "Checker", 'schema.get("not") is not None', "False", _OBJECTS),
    Bug("multiples", "validation.numbers", "check_number", "if value % factor:", "if False:", _SCHEMAS),
    Bug("exclusive", "validation.numbers", "check_number", 'schema.get("exclusiveMaximum") is True', "False", _SCHEMAS),
    Bug("bits", "validation.numbers", "check_number", '{"int32": 31}', '{"int32": 30}', _SCHEMAS),
    Bug("formats", "validation.schemas", "Checker", "if is_good is False else", "if False else", _OBJECTS),
    Bug(
        "exponents",
        "wording",
        "shown",
        "str(value) if isinstance(value, int) else _float(value, 6)",
        "str(value)",
        ("validation.faults",),
    ),
)
