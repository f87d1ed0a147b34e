"""Random changes to CRDs: additions, removals, other orders, and new versions instead of old ones."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, Literal, NamedTuple

from kgen.resolve.types import is_open
from tests.torture.crd_families import VALUES, WORDS, Drawer, Json, crd

__all__ = ["Change", "added", "changed"]

_KINDS: Final = ("Widget", "WidgetSpec", "WidgetSpecPlan", "Barrel", "Anchor", "BarrelList", "AsyncWidget", "Zebra")
_VERSIONS: Final = ("v1", "v2", "v1beta1", "v1alpha1", "v2beta1", "lambda")
_GROUPS: Final = ("example.com", "example.net", "lambda.example.com", "a-1.example.com", "apps.example.com")


_Changes = tuple[Callable[[list[Json], random.Random], str], ...]


class Change(NamedTuple):
    """A change of CRDs.

    Attributes:
        sort: Whether things were added, removed, put in another order, or a version replaced another one.
        text: The change in words.
    """

    sort: Literal["addition", "removal", "order", "bump"]
    text: str


def added(manifests: Sequence[Json], choice: random.Random) -> tuple[list[Json], str]:
    """Return a copy of CRDs with one addition, and a description of the addition."""
    return _tried(manifests, choice, _ADDITIONS)


def changed(manifests: Sequence[Json], choice: random.Random) -> tuple[list[Json], Change]:
    """Return a copy of CRDs with one change: half of the changes are additions."""
    sort: Literal["addition", "removal", "order", "bump"] = choice.choices(
        ("addition", "removal", "order", "bump"), (50, 30, 10, 10)
    )[0]
    made, text = _tried(manifests, choice, _CHANGES[sort])
    return made, Change(sort, text)


def _tried(manifests: Sequence[Json], choice: random.Random, changes: _Changes) -> tuple[list[Json], str]:
    made = copy.deepcopy(list(manifests))
    for _ in range(50):
        what = choice.choice(changes)(made, choice)
        if what:
            return made, what
    return made, "nothing"


def _schemas(manifests: Sequence[Json]) -> list[Json]:
    return [version["schema"]["openAPIV3Schema"] for raw in manifests for version in raw["spec"]["versions"]]


def _objects(schema: Json, depth: int = 0) -> Iterator[Json]:
    """Yield the objects with properties in a schema, except the root, the metadata and objects of any fields."""
    if depth and isinstance(schema.get("properties"), dict) and (schema["properties"] or not is_open(schema)):
        yield schema
    for name, value in (schema.get("properties") or {}).items():
        if isinstance(value, dict) and not (depth == 0 and name == "metadata"):
            yield from _objects(value, depth + 1)
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            yield from _objects(schema[key], depth + 1)


def _any_object(made: list[Json], choice: random.Random) -> Json:
    objects = [found for schema in _schemas(made) for found in _objects(schema)]
    return (
        choice.choice(objects) if objects else {"type": "object", "properties": {}}
    )  # CRDs without an object: no change.


def _add_crd(made: list[Json], choice: random.Random) -> str:
    group = choice.choice([raw["spec"]["group"] for raw in made] + list(_GROUPS))
    kind = choice.choice([*_KINDS, *(_some_names(made, choice))])
    there = {(raw["spec"]["group"], name) for raw in made for name in _taken(raw)}
    if (group, kind) in there or (group, f"{kind}List") in there:
        return ""
    schema = copy.deepcopy(choice.choice(_schemas(made))) if choice.random() < 0.5 else Drawer(choice).kind()
    version = choice.choice(made)["spec"]["versions"][0]["name"]
    made.insert(choice.randint(0, len(made)), crd(group, kind, {version: schema}))
    return f"CRD {kind} of {group}/{version}"


def _taken(raw: Json) -> tuple[str, str]:
    kind = raw["spec"]["names"]["kind"]
    return kind, raw["spec"]["names"].get("listKind", f"{kind}List")


def _some_names(made: list[Json], choice: random.Random) -> list[str]:
    """Return kinds whose names equal the names of the classes of existing properties."""
    raw = choice.choice(made)
    kind = raw["spec"]["names"]["kind"]
    properties = choice.choice(raw["spec"]["versions"])["schema"]["openAPIV3Schema"].get("properties") or {}
    return [f"{kind}{name[:1].upper()}{name[1:]}" for name in properties if name.isalnum()]


def _add_version(made: list[Json], choice: random.Random) -> str:
    raw = choice.choice(made)
    name = choice.choice(_VERSIONS)
    if name in [version["name"] for version in raw["spec"]["versions"]]:
        return ""
    version = copy.deepcopy(choice.choice(raw["spec"]["versions"]))
    made[made.index(raw)]["spec"]["versions"].append({**version, "name": name, "storage": False})
    return f"version {name} of {raw['spec']['names']['kind']}"


def _add_property(made: list[Json], choice: random.Random) -> str:
    target = _any_object(made, choice)
    properties = target["properties"]
    near = [name for word in properties for name in _like(word, properties[word])]
    name = choice.choice(near if near and choice.random() < 0.5 else [*WORDS, f"added{choice.randint(0, 9)}"])
    if name in properties:
        return ""
    others = [copy.deepcopy(found) for schema in _schemas(made) for found in _objects(schema) if len(str(found)) < 4000]
    held = choice.choice(others) if others and choice.random() < 0.5 else Drawer(choice).value(2)
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


def _add_equal(made: list[Json], choice: random.Random) -> str:
    """Add a copy of an object to another schema, possibly as a property that sorts before the original."""
    held = copy.deepcopy(_any_object(made, choice))
    target = choice.choice(_schemas(made))
    properties = target.setdefault("properties", {})
    name = choice.choice(["aaa", "spec", "zzz", "first"])
    if name in properties or len(str(held)) > 20_000:
        return ""
    properties[name] = held
    return f"equal object {name}"


def _enums(made: list[Json]) -> list[Json]:
    return [
        value
        for schema in _schemas(made)
        for found in _objects(schema)
        for value in found["properties"].values()
        if isinstance(value, dict) and isinstance(value.get("enum"), list) and value.get("type") == "string"
    ]


def _add_value(made: list[Json], choice: random.Random) -> str:
    enums = _enums(made)
    if not enums:
        return ""
    enum = choice.choice(enums)["enum"]
    near = [change(value) for value in enum if isinstance(value, str) for change in (str.lower, str.upper, str.title)]
    value = choice.choice([*near, *VALUES, "AddedValue"])
    if value in enum:
        return ""
    enum.insert(choice.randint(0, len(enum)), value)
    return f"value {value!r}"


def _add_first_property(made: list[Json], choice: random.Random) -> str:
    """Add a property to an object that has none and stores none; `metadata` has fields that are not described."""
    inside = [item for schema in _schemas(made) for found in _objects(schema) for item in found["properties"].items()]
    held = [part for name, part in inside if name != "metadata"]
    held += [part["items"] for part in held if isinstance(part.get("items"), dict)]
    empty = [part for part in held if part.get("type") == "object" and part.keys() <= {"type", "description"}]
    if not empty:
        return ""
    choice.choice(empty)["properties"] = {choice.choice(WORDS): Drawer(choice).value(1)}
    return "the first property of an object"


def _remove_crd(made: list[Json], choice: random.Random) -> str:
    if len(made) < 2:
        return ""
    return f"CRD {made.pop(choice.randrange(len(made)))['spec']['names']['kind']}"


def _remove_version(made: list[Json], choice: random.Random) -> str:
    versions = choice.choice(made)["spec"]["versions"]
    if len(versions) < 2:
        return ""
    gone = versions.pop(choice.randrange(len(versions)))
    versions[0]["storage"] = True
    return f"version {gone['name']}"


def _remove_property(made: list[Json], choice: random.Random) -> str:
    found = _any_object(made, choice)
    properties = found["properties"]
    if not properties or (len(properties) == 1 and is_open(found)):  # It would be an object of any fields.
        return ""
    name = choice.choice(list(properties))
    del properties[name]
    if name in found.get("required", ()):
        found["required"] = [each for each in found["required"] if each != name]
    return f"property {name}"


def _remove_value(made: list[Json], choice: random.Random) -> str:
    """Remove a value of an enum, or the enum."""
    enums = _enums(made)
    if not enums:
        return ""
    found = choice.choice(enums)
    value = found["enum"].pop(choice.randrange(len(found["enum"])))
    if not found["enum"] or choice.random() < 0.3:
        del found["enum"]
    return f"value {value!r}"


def _reorder_crds(made: list[Json], choice: random.Random) -> str:
    choice.shuffle(made)
    for raw in made:
        choice.shuffle(raw["spec"]["versions"])
    return "CRDs and versions"


def _reorder_schemas(made: list[Json], choice: random.Random) -> str:
    for schema in _schemas(made):
        for found in _objects(schema):
            items = [*found["properties"].items()]
            choice.shuffle(items)
            found["properties"] = dict(items)
            if "required" in found:
                choice.shuffle(found["required"])
    for found in _enums(made):
        choice.shuffle(found["enum"])
    return "properties and values"


def _bump_version(made: list[Json], choice: random.Random) -> str:
    """Replace a version: the schema of the new one is the same, or has one property more."""
    raw = choice.choice(made)
    versions = raw["spec"]["versions"]
    old = choice.choice(versions)
    name = choice.choice([name for name in _VERSIONS if name not in [version["name"] for version in versions]])
    before = old["name"]
    old["name"] = name
    more = _add_property([raw], choice) if choice.random() < 0.5 else ""
    return f"version {name} instead of {before}{more and f', with {more}'}"


_ADDITIONS: Final[_Changes] = (
    _add_crd,
    _add_version,
    _add_property,
    _add_property,
    _add_property,
    _add_equal,
    _add_value,
)
_CHANGES: Final = {
    "addition": (*_ADDITIONS, _add_first_property),
    "removal": (_remove_crd, _remove_version, _remove_property, _remove_property, _remove_property, _remove_value),
    "order": (_reorder_crds, _reorder_schemas),
    "bump": (_bump_version,),
}
