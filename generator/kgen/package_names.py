"""Names that a package already has, so that additions do not use them.

Two places may lead to the same name: `plan`, and an item of `plans`. A rule decides between them while neither has a
name. Afterwards existing names are kept.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from kgen.fields import type_text
from kgen.ir import Always, Api, Field, ModelModule, ModelType, leaf
from kgen.names import field_name, is_joined, verbatim_name, words_of
from kgen.singulars import singular

__all__ = ["NO_NAMES", "NamedClass", "NamedConstants", "NamedModule", "PackageNames", "Target"]

_NUMBER: Final = re.compile(r"_[0-9]+$")


@dataclass(frozen=True, slots=True)
class NamedClass:
    """A class of models.

    Attributes:
        fields: The attribute of each property.
        uses: The names in the annotation of each property, those of other modules as `core_v1.PodSpec`.
        kind: The kind that it is, or "".
    """

    fields: Mapping[str, str]
    uses: Mapping[str, tuple[str, ...]]
    kind: str


@dataclass(frozen=True, slots=True)
class NamedConstants:
    """A class of constants.

    Attributes:
        owner: The class of the field whose values they are.
        field: The field.
        members: The constant of each value.
    """

    owner: str
    field: str
    members: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class NamedModule:
    """The names in a module of models; `aliases` lead to `module.Class`."""

    classes: Mapping[str, NamedClass] = field(default_factory=dict[str, NamedClass])
    constants: Mapping[str, NamedConstants] = field(default_factory=dict[str, NamedConstants])
    aliases: Mapping[str, str] = field(default_factory=dict[str, str])


_Place = tuple[str, str]
"""The name of an object and a property of it."""

Target = tuple[str, str]
"""A module and a class in it."""


class PackageNames:
    """The names of a package.

    Args:
        groups: The folder of the clients of each group.
        read: Returns the names in a module of models; is called once for each.
        modules: The modules of models.
    """

    def __init__(
        self,
        groups: Mapping[str, str] | None = None,
        read: Callable[[str], NamedModule] = lambda _: NamedModule(),
        modules: tuple[str, ...] = (),
    ) -> None:
        self.groups: Mapping[str, str] = groups or {}
        self.modules = modules
        self._module = functools.cache(read)
        self._places = functools.cache(self._find_places)
        self._holders = functools.cache(self._find_holders)
        self._names = functools.cache(self._find_names)

    @classmethod
    def of(cls, api: Api) -> PackageNames:
        """Return the names in the API that is, or would be, generated."""
        modules = {str(module.name): module for module in api.modules}
        return cls(
            {group.group: str(group.package[0]) for group in api.groups},
            lambda name: _named(modules[name]) if name in modules else NamedModule(),
            tuple(modules),
        )

    def module(self, name: str) -> NamedModule:
        """Return the names in a module of models; none if the package does not have it."""
        return self._module(name)

    def target(self, module: str, name: str) -> Target:
        """Return the class that a name stands for: itself, or the target of an alias."""
        target = self._module(module).aliases.get(name)
        if target is None:
            return module, name
        other, _, last = target.rpartition(".")
        return other or module, last

    def name_of(self, module: str, owner: str, wire_name: str) -> str | None:
        """Return the existing name of a place in an object, or None if the rules do not allow it."""
        return self._places(module).get((owner, wire_name))

    def alias_of(self, module: str, owner: str, wire_name: str, target: str) -> str | None:
        """Return the name that a place in a type of Kubernetes has, given the type there; None if it has none."""
        other, _, name = target.rpartition(".")
        fitting = {wire_name: self._fitting(module, owner, wire_name, (other, name))}
        return _apart(owner, fitting).get((owner, wire_name))

    def is_held_by_another(self, module: str, name: str, owner: str, wire_name: str) -> bool:
        """Whether a name is that of another place."""
        holders = self._holders(module).get(name)
        return holders is not None and (owner, wire_name) not in holders

    def field_of(self, module: str, owner: str, wire_name: str) -> str | None:
        """Return the attribute of a property, or None if it has none of those that the rules allow."""
        _, found = self._class(module, owner)
        name = found.fields.get(wire_name) if found is not None else None
        rules = {field_name(wire_name).rstrip("_"), verbatim_name(wire_name).rstrip("_")}
        return name if name is not None and name.rstrip("_") in rules else None

    def members_of(self, module: str, name: str) -> Mapping[str, str]:
        """Return the constant of each value; nothing if there are no such constants."""
        module, name = self.target(module, name)
        found = self._module(module).constants.get(name)
        return found.members if found is not None else {}

    def kind_name(self, module: str, kind: str, name: str) -> str:
        """Return the class of a kind: `name`, with an underscore if an inline object has that name."""
        classes = self._module(module).classes
        longer = f"{name}_"
        if longer in classes and classes[longer].kind == kind:
            return longer
        is_taken = name in self._holders(module) and (name not in classes or not classes[name].kind)
        return longer if is_taken else name

    # Reading.

    def _class(self, module: str, name: str) -> tuple[str, NamedClass | None]:
        module, name = self.target(module, name)
        return module, self._module(module).classes.get(name)

    def types_at(self, module: str, owner: str, wire_name: str) -> tuple[str, ...]:
        """Return the types of another package that a property has, such as `core_v1.PodSpec`.

        Args:
            module: The module of the class.
            owner: The class that holds the property.
            wire_name: The property.
        """
        made = self._class(module, owner)[1]
        return tuple(name for name in made.uses.get(wire_name, ()) if "." in name) if made is not None else ()

    def _own_places(self, module: str) -> dict[_Place, str]:
        """Return the names of places in the classes of a module."""
        here = self._module(module)
        found: dict[_Place, str] = {}
        for owner, made in here.classes.items():
            for wire_name, uses in made.uses.items():
                for name in uses:
                    is_there = name in here.classes or name in here.aliases
                    if is_there and _reads_like(name, owner, wire_name):
                        found[owner, wire_name] = name
        for name, constants in here.constants.items():
            owner_class = here.classes.get(constants.owner)
            for wire_name, attribute in owner_class.fields.items() if owner_class else ():
                if attribute == constants.field and _reads_like(name, constants.owner, wire_name):
                    found[constants.owner, wire_name] = name
        for owner, made in here.classes.items():
            found |= self._other_places(module, owner, made)
        return found

    def _other_places(self, module: str, owner: str, made: NamedClass) -> dict[_Place, str]:
        """Return the names of the places of a class whose types are of another package."""
        fitting: dict[str, list[str]] = {}
        for wire_name, uses in made.uses.items():
            types = [(other, name) for other, dot, name in (use.partition(".") for use in uses) if dot]
            fitting[wire_name] = [name for each in types for name in self._fitting(module, owner, wire_name, each)]
        return _apart(owner, fitting)

    def _find_places(self, module: str) -> Mapping[_Place, str]:
        found = self._own_places(module)
        for alias in self._module(module).aliases:
            found |= self._places_inside(module, alias, found)
        return found

    def _places_inside(self, module: str, alias: str, own: Mapping[_Place, str]) -> dict[_Place, str]:
        """Return the names of places in a class that has another name."""
        other, owner = self.target(module, alias)
        inside = own if other == module else self._own_places_of(other)
        fitting: dict[str, list[str]] = {}
        for wire_name in self._properties(other, owner):
            child = inside.get((owner, wire_name))
            if child is not None:
                fitting[wire_name] = self._fitting(module, alias, wire_name, self.target(other, child))
        return _apart(alias, fitting)

    def _fitting(self, module: str, owner: str, wire_name: str, target: Target) -> list[str]:
        """Return the names of a class, or of constants, that read like a place."""
        named, head = self._names(module), _flat(owner.rstrip("_"))
        names = [name for word in _words(wire_name) for name in named.get((target, head + word), ())]
        return [name for name in dict.fromkeys(names) if _reads_like(name, owner, wire_name)]

    def _find_names(self, module: str) -> Mapping[tuple[Target, str], list[str]]:
        """Return names by their plain names: there are many, and each is compared with each place.

        The class of equal objects may have the name of a place in an object that is an alias.
        """
        found: dict[tuple[Target, str], list[str]] = {}
        here = self._module(module)
        for name in (*here.aliases, *here.classes, *here.constants):
            target = self.target(module, name)
            for form in {_flat(name), _flat(_NUMBER.sub("", name.rstrip("_")))}:
                found.setdefault((target, form), []).append(name)
        return found

    @functools.cached_property
    def _own_places_of(self) -> Callable[[str], dict[_Place, str]]:
        return functools.cache(self._own_places)

    def _properties(self, module: str, name: str) -> tuple[str, ...]:
        made = self._module(module).classes.get(name)
        return tuple(made.fields) if made is not None else ()

    def _find_holders(self, module: str) -> Mapping[str, frozenset[_Place]]:
        found: dict[str, set[_Place]] = {}
        for place, name in self._places(module).items():
            found.setdefault(name, set()).add(place)
        return {name: frozenset(places) for name, places in found.items()}


NO_NAMES: Final = PackageNames()
"""The names of a package that does not exist."""


def _reads_like(name: str, owner: str, wire_name: str) -> bool:
    """Whether a name is one that the rules give to a place."""
    head = owner.rstrip("_")
    if not name.startswith(head):
        return False
    rest = name[len(head) :].strip("_")
    allowed = _words(wire_name)
    return _flat(rest) in allowed or _flat(_NUMBER.sub("", rest)) in allowed


def _apart(owner: str, fitting: Mapping[str, list[str]]) -> dict[_Place, str]:
    """Return a name for each property, given those that fit: the same for two only if there is no other.

    `fooBar` and `foo-bar` may hold equal objects, so that both names fit both. The one that is spelled like a property
    is the property's; one with a seam was given since another place has the plain name.
    """
    found: dict[str, str] = {}
    rests = {name: name[len(owner.rstrip("_")) :] for names in fitting.values() for name in names}

    def give(wire_name: str, names: list[str]) -> None:
        free = [name for name in names if name not in found.values()]
        if wire_name not in found and free:
            found[wire_name] = max(free, key=lambda name: rests[name].startswith("_"))

    # `foo-bar` has a seam next to `fooBar`.
    for wire_name, names in sorted(fitting.items(), key=lambda item: not is_joined(item[0])):
        give(wire_name, [name for name in names if _NUMBER.sub("", rests[name]).lstrip("_") in _spelled(wire_name)])
    for wire_name, names in fitting.items():
        give(wire_name, names)
    return {(owner, wire_name): found.get(wire_name, names[0]) for wire_name, names in fitting.items() if names}


@functools.lru_cache(maxsize=4096)
def _spelled(wire_name: str) -> tuple[str, ...]:
    """Return the possible names of a place according to the rules, the property's own name first."""
    words = [wire_name, *_items(singular, wire_name), *_items(_formerly_singular, wire_name)]
    # Constants are called like the attribute.
    fields = ["".join(map(str.capitalize, name(wire_name).split("_"))) for name in (field_name, verbatim_name)]
    return tuple(dict.fromkeys([*map(words_of, words), *fields, *map(_bare, words)]))


def _items(rule: Callable[[str], str], word: str) -> tuple[str, str]:
    return rule(word), rule(rule(word))


# Packages of earlier versions keep the names that these two rules gave: `Aw` for `aws`, `Disk_pool` for `disk_pool`.


def _formerly_singular(word: str) -> str:
    if word.endswith("ies") and len(word) > 4:
        return f"{word[:-3]}y"
    if word.lower().endswith(("aliases", "buses", "statuses")) or word.endswith(("sses", "xes", "ches")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith(("ss", "us", "is")) else word


def _bare(word: str) -> str:
    bare = re.sub(r"[^A-Za-z0-9_]", "", word).lstrip("_")
    return bare[:1].upper() + bare[1:]


@functools.lru_cache(maxsize=4096)
def _words(wire_name: str) -> tuple[str, ...]:
    """Return the plain name of a place."""
    return tuple(dict.fromkeys(_flat(f"{word}{end}") for end in ("", "Value") for word in _spelled(wire_name)))


def _flat(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())


def _named(module: ModelModule) -> NamedModule:
    classes = {
        str(model.name): NamedClass(
            fields={each.wire_name: str(each.name) for each in model.fields},
            uses={each.wire_name: _uses(each, module) for each in model.fields},
            kind=next((_kind(each) for each in model.fields if each.wire_name == "kind"), ""),
        )
        for model in module.models
    }
    constants = {
        str(group.name): NamedConstants(
            owner=str(model.name),
            field=str(group.field),
            members={member.value: str(member.name) for member in group.members},
        )
        for model in module.models
        for group in model.constants
    }
    return NamedModule(classes, constants, {str(alias.name): str(alias.target) for alias in module.aliases})


def _uses(field: Field, module: ModelModule) -> tuple[str, ...]:
    type_ = leaf(field.type)
    return (type_text(ModelType(type_.ref), module.name),) if isinstance(type_, ModelType) else ()


def _kind(field: Field) -> str:
    return field.default.value if isinstance(field.default, Always) else ""
