"""The public names of a package, and what happens to them when its documents change."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final

from kgen.errors import Problems
from kgen.fields import FieldWriter
from kgen.ir import Api, Constants, Field, Model
from kgen.names import ClassName, Identifier
from kgen.resolve import resolve
from tests.kgen.manifests import kubernetes

__all__ = ["Names", "lost"]

_NO_MODEL: Final = Model(ClassName("Missing"), "", "", (), is_kind=False)


@dataclass(frozen=True, slots=True)
class Names:
    """The public names of a package.

    Attributes:
        clients: The meaning of each group, resource, class and module of clients.
        classes: The models by `module.Class`.
        constants: The constants by `module.Class`.
        aliases: The classes that other names refer to.
    """

    clients: Mapping[str, str]
    classes: Mapping[str, Model]
    constants: Mapping[str, Constants]
    aliases: Mapping[str, str]

    @classmethod
    def of(cls, api: Api) -> Names:
        """Return the names in the API that is, or would be, generated."""
        models = {f"{module.name}.{model.name}": model for module in api.modules for model in module.models}
        return cls(
            clients=dict(_clients(api)),
            classes=models,
            constants={
                f"{name.partition('.')[0]}.{group.name}": group
                for name, model in models.items()
                for group in model.constants
            },
            aliases={f"{module.name}.{it.name}": str(it.target) for module in api.modules for it in module.aliases},
        )

    def every(self) -> Iterator[str]:
        """Yield the names of models and constants; a name is repeated if two things have it."""
        yield from (*self.classes, *self.constants, *self.aliases)

    def target(self, name: str) -> str:
        """Return the class that a name stands for."""
        return self.aliases.get(name, name)


def _clients(api: Api) -> Iterator[tuple[str, str]]:
    for group in api.groups:
        yield f"clientset.{group.accessor}", group.api_version
        yield f"typed.{'.'.join(group.package)}", group.api_version
        for resource in group.resources:
            place = f"{group.api_version} {resource.plural} {resource.kind}"
            yield f"{group.accessor}.{resource.accessor}", place
            yield f"typed.{'.'.join(group.package)}.{resource.module}.{resource.class_name}", place


def lost(old: Names, new: Names) -> tuple[list[str], bool]:
    """Return removed or changed names, and whether an object turned into a type of Kubernetes or back."""
    found = [f"{name} went or changed" for name, what in old.clients.items() if new.clients.get(name) != what]
    twice = [*new.every()]
    found += [f"{name} is defined twice" for name in sorted({name for name in twice if twice.count(name) > 1})]
    walk = _Walk(old, new)
    for name in old.every():
        walk.compare(name, name)
    return [*found, *walk.found], walk.turned


class _Walk:
    """Recursive comparison of the meanings of names."""

    def __init__(self, old: Names, new: Names) -> None:
        self._old = old
        self._new = new
        self._seen: set[tuple[str, str]] = set()
        self.found: list[str] = []
        self.turned = False

    def compare(self, before: str, after: str) -> None:
        """Compare the old meaning of a name with the new meaning of a name."""
        one, other = self._old.target(before), self._new.target(after)
        if (one, other) in self._seen:
            return
        self._seen.add((one, other))
        if one in self._old.constants or one in _kubernetes().constants:
            self._compare_constants(before, one, other)
        elif _builtin(other) or (_builtin(one) and other in self._new.classes):
            self._compare_turned(before, one, other)
        elif other not in self._new.classes:
            self.found.append(f"{before} is {'constants' if other in self._new.constants else 'gone'}")
        else:
            self._compare_models(before, one, other)

    def _compare_turned(self, name: str, one: str, other: str) -> None:
        """Compare a type of Kubernetes with the class that replaced it or that it replaces."""
        self.turned |= one != other
        fields = {each.wire_name: each.name for each in self._model(other).fields}
        for each in self._model(one).fields:
            if fields.get(each.wire_name, each.name) != each.name:
                self.found.append(f"{name}.{each.name} is now {fields[each.wire_name]}")

    def _model(self, name: str) -> Model:
        classes = _kubernetes().classes if _builtin(name) else {**self._old.classes, **self._new.classes}
        return classes.get(name, _NO_MODEL)

    def _compare_constants(self, name: str, one: str, other: str) -> None:
        old, new = ({**names.constants, **_kubernetes().constants} for names in (self._old, self._new))
        if other not in new:
            self.found.append(f"constants {name} are {'a class' if other in self._new.classes else 'gone'}")
            return
        members = {(str(member.name), member.value) for member in new[other].members}
        gone = {(str(member.name), member.value) for member in old[one].members} - members
        self.found.extend(f"{name}.{member} is no longer {value!r}" for member, value in gone)

    def _compare_models(self, name: str, one: str, other: str) -> None:
        fields = {each.wire_name: each for each in self._new.classes[other].fields}
        for each in self._old.classes[one].fields:
            now = fields.get(each.wire_name)
            if now is None or now.name != each.name:
                self.found.append(f"{name}.{each.name} is now {now.name if now else 'gone'}")
                continue
            was, is_now = _annotation(self._old, one, each), _annotation(self._new, other, now)
            before, after = _parts(was, one), _parts(is_now, other)
            if len(before) != len(after):
                self.turned |= _builtin(was) != _builtin(is_now)
                if _builtin(was) == _builtin(is_now):
                    self.found.append(f"{name}.{each.name} was {was} and is {is_now}")
                continue
            for left, right in zip(before, after, strict=True):
                self._compare_parts(name, left, right)

    def _compare_parts(self, name: str, left: str, right: str) -> None:
        is_own = left in self._old.classes or left in self._old.aliases
        is_still = right in self._new.classes or right in self._new.aliases
        if is_own and is_still:
            self.compare(left, right)
        elif is_own != is_still and _builtin(left) != _builtin(right):
            self.turned = True
            if not self._has_alias(self._old if is_still else self._new, name.rpartition(".")[0], {left, right}):
                self.found.append(f"{name} held {left} and holds {right}, which is not the name of the place")
        elif left.rpartition(".")[2] != right.rpartition(".")[2]:
            self.found.append(f"{name} held {left} and holds {right}")

    def _has_alias(self, names: Names, owner: str, types: AbstractSet[str]) -> bool:
        """Whether a place has an alias of a type of Kubernetes, by its own name or by that of an equal object."""
        inside = (target for alias, target in names.aliases.items() if alias.startswith(owner))
        return bool(names.aliases.keys() & types) or any(target in types for target in inside)


def _annotation(names: Names, owner: str, field: Field) -> str:
    return FieldWriter(names.classes[owner], Identifier(owner.partition(".")[0])).annotation(field)


def _parts(annotation: str, owner: str) -> list[str]:
    """Return the names in an annotation, qualified with the module."""
    module = owner.partition(".")[0]
    plain = re.sub(r"Annotated\[([\w.]+), OtherFields\([^)]*\)\]", r"\1", annotation)
    names = re.findall(r"[A-Za-z_][\w.]*", re.sub(r'"[^"]*"', "", plain))
    return [name if "." in name else f"{module}.{name}" for name in names]


def _builtin(annotation: str) -> bool:
    return re.search(rf"\b(?:{'|'.join(_builtin_modules())})\.", annotation) is not None


@functools.cache
def _builtin_modules() -> frozenset[str]:
    return frozenset(name.partition(".")[0] for name in _kubernetes().classes)


@functools.cache
def _kubernetes() -> Names:
    """Return the names of the types of Kubernetes."""
    return Names.of(resolve(kubernetes(), {}, Problems()))
