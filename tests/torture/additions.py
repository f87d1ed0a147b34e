"""Random additions to CRDs do not remove a name of the package or change its meaning.

Each try adds one thing to random CRDs, or to those of tests/: a CRD, a version, a group, a property, a value of an
enum, an equal object, or a list next to a property with a similar name. Then it compares the names that the old and the
new documents resolve to: groups, resources, classes with their fields, and constants with their values.

An addition may turn a type of Kubernetes into a class of the package, or back; `turned` counts these cases. The name at
this place must refer to the first one before and to the second one after, and shared fields must have the same names.
"""

from __future__ import annotations

import copy
import functools
import json
import random
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from kgen.errors import Problems
from kgen.existing_names import read_package_names
from kgen.fields import FieldWriter
from kgen.ir import Api, Constants, Field, Model
from kgen.load.crd import parse
from kgen.load.crd_openapi import convert
from kgen.names import ClassName, Identifier
from kgen.package_names import NO_NAMES, PackageNames
from kgen.resolve import Builtins, resolve
from kubecore.codec import yaml
from tests.conftest import ROOT
from tests.kgen.documents import generated
from tests.kgen.manifests import kubernetes
from tests.torture.tally import Tally

__all__ = ["Names", "added", "drawn", "lost", "play", "resolved", "run"]

_Json = dict[str, Any]

_NO_MODEL: Final = Model(ClassName("Missing"), "", "", (), is_kind=False)

_LARGEST: Final = 400_000
"""Maximum size of a source file in bytes: larger ones take seconds per try."""

_WORDS: Final = (
    *("plan", "plans", "policy", "policies", "rule", "rules", "auth", "tls", "aws", "class", "from", "list", "spec"),
    *("fooBar", "foo", "bar", "Bar", "foo_bar", "foo-bar", "podIP", "podIPs", "proxyURL", "proxyUrl", "kind", "type"),
)
_VALUES: Final = ("Open", "open", "OPEN", "Shut", "=", "!=", "*", "a-b", "a_b", "A B", "1", "IPv4", "", "None")
_KINDS: Final = ("Widget", "WidgetSpec", "WidgetSpecPlan", "Barrel", "Anchor", "BarrelList", "AsyncWidget", "Zebra")
_VERSIONS: Final = ("v1", "v2", "v1beta1", "v1alpha1", "v2beta1", "lambda")
_GROUPS: Final = ("example.com", "example.net", "lambda.example.com", "a-1.example.com", "apps.example.com")


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
        elif _builtin(one) or _builtin(other):
            self._compare_turned(before, one, other)
        elif other not in self._new.classes:
            self.found.append(f"{before} is {'constants' if other in self._new.constants else 'gone'}")
        else:
            self._compare_models(before, one, other)

    def _compare_turned(self, name: str, one: str, other: str) -> None:
        """Compare a type of Kubernetes with the class that replaced it or that it replaces."""
        self.turned |= one != other
        fields = {each.wire_name: each.name for each in self._model(other).fields}
        if not fields:
            self.found.append(f"{name} was {one} and is {other}")
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
            if not (self._old if is_still else self._new).aliases.keys() & {left, right}:
                self.found.append(f"{name} held {left} and holds {right}, which is not the name of the place")
        elif left.rpartition(".")[2] != right.rpartition(".")[2]:
            self.found.append(f"{name} held {left} and holds {right}")


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


# Documents.


def resolved(manifests: Sequence[_Json], before: PackageNames = NO_NAMES) -> Api:
    """Return the resolved API of CRDs."""
    problems = Problems()
    crds = [crd for raw in manifests for crd in parse(json.dumps(raw).encode(), "crd.json")]
    api = resolve(convert(crds), {}, problems, Builtins("kubeclient", kubernetes()), before)
    assert not problems.errors, problems.errors[:3]
    return api


def crd(group: str, kind: str, versions: Mapping[str, _Json]) -> _Json:
    """Return a CRD with a schema for each version."""
    plural = f"{kind.lower()}s"
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"plural": plural, "kind": kind},
            "versions": [
                {"name": name, "served": True, "storage": not number, "schema": {"openAPIV3Schema": schema}}
                for number, (name, schema) in enumerate(versions.items())
            ],
        },
    }


def drawn(choice: random.Random) -> list[_Json]:
    """Return a few CRDs of one group, whose properties often have equal names and equal schemas."""
    pool: list[_Json] = []
    made: list[_Json] = []
    for kind in choice.sample(["Widget", "Barrel", "Cog"], choice.randint(1, 2)):
        versions = choice.sample(["v1", "v1alpha1"], choice.randint(1, 2))
        made.append(crd("example.com", kind, {name: _kind(choice, pool) for name in versions}))
    return made


def _kind(choice: random.Random, pool: list[_Json]) -> _Json:
    return {"type": "object", "properties": {"spec": _object(choice, pool, 3), "status": _object(choice, pool, 1)}}


def _object(choice: random.Random, pool: list[_Json], depth: int) -> _Json:
    names = choice.sample(_WORDS, choice.randint(0, 5))
    made: _Json = {"type": "object", "properties": {name: _value(choice, pool, depth) for name in names}}
    pool.append(made)
    return made


def _value(choice: random.Random, pool: list[_Json], depth: int) -> _Json:
    if depth > 0 and choice.random() < 0.6:
        held = (
            copy.deepcopy(choice.choice(pool)) if pool and choice.random() < 0.4 else _object(choice, pool, depth - 1)
        )
        return choice.choice(
            [held, held, {"type": "array", "items": held}, {"type": "object", "additionalProperties": held}]
        )
    if choice.random() < 0.6:
        values = choice.sample(_VALUES, choice.randint(1, 4))
        return {"type": "string", "enum": values}
    return {"type": choice.choice(["string", "integer", "boolean"])}


# Additions.


def added(manifests: Sequence[_Json], choice: random.Random) -> tuple[list[_Json], str]:
    """Return a copy of CRDs with one addition, and a description of the addition."""
    made = copy.deepcopy(list(manifests))
    for _ in range(50):
        what = choice.choice(_ADDITIONS)(made, choice)
        if what:
            return made, what
    return made, "nothing"


def _schemas(manifests: Sequence[_Json]) -> list[_Json]:
    return [version["schema"]["openAPIV3Schema"] for raw in manifests for version in raw["spec"]["versions"]]


def _objects(schema: _Json, depth: int = 0) -> Iterator[_Json]:
    """Yield the objects with properties in a schema, except the root and the metadata."""
    if depth and isinstance(schema.get("properties"), dict) and not schema.get("x-kubernetes-preserve-unknown-fields"):
        yield schema
    for name, value in (schema.get("properties") or {}).items():
        if isinstance(value, dict) and not (depth == 0 and name == "metadata"):
            yield from _objects(value, depth + 1)
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            yield from _objects(schema[key], depth + 1)


def _any_object(made: list[_Json], choice: random.Random) -> _Json:
    objects = [found for schema in _schemas(made) for found in _objects(schema)]
    return (
        choice.choice(objects) if objects else {"type": "object", "properties": {}}
    )  # CRDs without an object: no change.


def _add_crd(made: list[_Json], choice: random.Random) -> str:
    group = choice.choice([raw["spec"]["group"] for raw in made] + list(_GROUPS))
    kind = choice.choice([*_KINDS, *(_some_names(made, choice))])
    there = {(raw["spec"]["group"], name) for raw in made for name in _taken(raw)}
    if (group, kind) in there or (group, f"{kind}List") in there:
        return ""
    schema = copy.deepcopy(choice.choice(_schemas(made))) if choice.random() < 0.5 else _kind(choice, [])
    version = choice.choice(made)["spec"]["versions"][0]["name"]
    made.insert(choice.randint(0, len(made)), crd(group, kind, {version: schema}))
    return f"CRD {kind} of {group}/{version}"


def _taken(raw: _Json) -> tuple[str, str]:
    kind = raw["spec"]["names"]["kind"]
    return kind, raw["spec"]["names"].get("listKind", f"{kind}List")


def _some_names(made: list[_Json], choice: random.Random) -> list[str]:
    """Return kinds whose names equal the names of the classes of existing properties."""
    raw = choice.choice(made)
    kind = raw["spec"]["names"]["kind"]
    properties = choice.choice(raw["spec"]["versions"])["schema"]["openAPIV3Schema"].get("properties") or {}
    return [f"{kind}{name[:1].upper()}{name[1:]}" for name in properties if name.isalnum()]


def _add_version(made: list[_Json], choice: random.Random) -> str:
    raw = choice.choice(made)
    name = choice.choice(_VERSIONS)
    if name in [version["name"] for version in raw["spec"]["versions"]]:
        return ""
    version = copy.deepcopy(choice.choice(raw["spec"]["versions"]))
    made[made.index(raw)]["spec"]["versions"].append({**version, "name": name, "storage": False})
    return f"version {name} of {raw['spec']['names']['kind']}"


def _add_property(made: list[_Json], choice: random.Random) -> str:
    target = _any_object(made, choice)
    properties = target["properties"]
    near = [name for word in properties for name in _like(word, properties[word])]
    name = choice.choice(near if near and choice.random() < 0.5 else [*_WORDS, f"added{choice.randint(0, 9)}"])
    if name in properties:
        return ""
    others = [copy.deepcopy(found) for schema in _schemas(made) for found in _objects(schema) if len(str(found)) < 4000]
    held = choice.choice(others) if others and choice.random() < 0.5 else _value(choice, [], 2)
    held = choice.choice([held, held, {"type": "array", "items": held}])
    items = [*properties.items()]
    items.insert(choice.randint(0, len(items)), (name, held))
    properties.clear()
    properties.update(items)
    return f"property {name}"


def _like(word: str, schema: Any) -> Iterator[str]:
    """Yield names that are similar to a property, or to the paths of its nested properties."""
    yield from (
        f"{word}s",
        word.removesuffix("s"),
        f"{word[:1].swapcase()}{word[1:]}",
        f"{word}_",
        word.replace("_", "-"),
    )
    if word.endswith("URL"):
        yield f"{word[:-3]}Url"
    inner = schema.get("properties") if isinstance(schema, dict) else None
    for name in list(inner or ())[:3]:
        yield f"{word}{name[:1].upper()}{name[1:]}"


def _add_equal(made: list[_Json], choice: random.Random) -> str:
    """Add a copy of an object to another schema, possibly as a property that sorts before the original."""
    held = copy.deepcopy(_any_object(made, choice))
    target = choice.choice(_schemas(made))
    properties = target.setdefault("properties", {})
    name = choice.choice(["aaa", "spec", "zzz", "first"])
    if name in properties or len(str(held)) > 20_000:
        return ""
    properties[name] = held
    return f"equal object {name}"


def _add_value(made: list[_Json], choice: random.Random) -> str:
    enums = [
        value
        for schema in _schemas(made)
        for found in _objects(schema)
        for value in found["properties"].values()
        if isinstance(value, dict) and isinstance(value.get("enum"), list) and value.get("type") == "string"
    ]
    if not enums:
        return ""
    enum = choice.choice(enums)["enum"]
    near = [change(value) for value in enum if isinstance(value, str) for change in (str.lower, str.upper, str.title)]
    value = choice.choice([*near, *_VALUES, "AddedValue"])
    if value in enum:
        return ""
    enum.insert(choice.randint(0, len(enum)), value)
    return f"value {value!r}"


_ADDITIONS: Final[tuple[Callable[[list[_Json], random.Random], str], ...]] = (
    _add_crd,
    _add_version,
    _add_property,
    _add_property,
    _add_property,
    _add_equal,
    _add_value,
)


# The command.


def at_hand() -> list[Path]:
    """Return the files of CRDs of tests/, and those of ../shared if that folder exists."""
    folders = [
        ROOT / "tests" / "crds",
        ROOT / "tests" / "operators",
        *sorted((ROOT.parent / "shared" / "crds").glob("*/")),
    ]
    return [file for folder in folders for file in sorted(folder.glob("*.yaml")) if file.stat().st_size < _LARGEST]


@functools.cache
def _read(file: Path) -> list[_Json]:
    """Return the CRDs of a file with their served versions only."""
    made: list[_Json] = []
    for raw in yaml.load_all(file.read_bytes()):
        if isinstance(raw, dict) and raw.get("kind") == "CustomResourceDefinition":
            raw["spec"]["versions"] = [version for version in raw["spec"]["versions"] if version["served"]]
            made.append(raw)
    return made


def run(n: int | None, seed: int) -> Tally:
    """Make `n` additions, 300 by default, each to the result of the last one; start over with other CRDs after ten."""
    tally = Tally("additions")
    play(tally, 300 if n is None else n, seed, at_hand())
    return tally


def play(tally: Tally, n: int, seed: int, real: Sequence[Path] = ()) -> None:
    """Add things to drawn CRDs, and to real ones in every fourth round."""
    choice = random.Random(seed)
    turned = rounds = 0
    while tally.tries < n:
        rounds += 1
        file = choice.choice(real) if real and not rounds % 4 else None
        manifests = _read(file) if file is not None else drawn(choice)
        if not manifests:
            continue
        label = file.name if file is not None else f"drawn {rounds}"
        api = resolved(manifests)
        for step in range(min(10, n - tally.tries)):
            more, what = added(manifests, choice)
            after = resolved(more, PackageNames.of(api) if step % 5 else _kept(api))
            found, has_turned = lost(Names.of(api), Names.of(after))
            turned += has_turned
            tally.check(not found, f"{label}, {what}: {'; '.join(found[:3])}")
            manifests, api = more, after
    tally.figure("turned", turned)


def _kept(api: Api) -> PackageNames:
    """Return the names of a package, read from its files."""
    with tempfile.TemporaryDirectory() as folder:
        for path, source in generated(api, quickly=True).items():
            if "/models/" in path or path.endswith("_names.py"):
                (Path(folder) / path).parent.mkdir(parents=True, exist_ok=True)
                (Path(folder) / path).write_text(source, encoding="utf-8")
        before = read_package_names(Path(folder), "made")
        for module in api.modules:  # Names are read on first use; do it before the folder is deleted.
            before.name_of(module.name, "", "")
            before.kind_name(module.name, "", "")
        return before
