"""Hypothesis strategies for kinds with their versions and objects."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Final

import hypothesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.server.structural.schemas import objects, schemas
from tests.server.structural.values import members
from tests.server.structural.words import OPEN, Json

__all__ = ["Drawn", "Version", "drawn"]


WORDS: Final = (
    *("Widget", "Time", "JSON", "IntOrString", "Status", "ObjectMeta", "Any", "List", "Import", "None", "Clientset"),
    *("Literal", "Model", "Resource", "Dict", "Class", "Kind", "A-b", "Builtins", "Msgspec", "Type", "WatchEvent"),
    *("Raw", "Dynamic", "WidgetSpec", "X1", "LabelSelector"),
)
"""Names of kinds, which include names of Python, of models and of clients."""


@dataclass(frozen=True)
class Version:
    """A version of a kind: its name, whether it is served, and the schema of its objects."""

    name: str
    served: bool
    schema: Json


@dataclass(frozen=True)
class Drawn:
    """A kind: the versions, of which the first one is stored; objects are of the first version that is served."""

    scope: str
    versions: tuple[Version, ...]
    has_status: bool
    objects: tuple[Json, ...]

    @property
    def served(self) -> tuple[Version, ...]:
        """The versions that have clients."""
        return tuple(version for version in self.versions if version.served)

    def manifest(self, group: str, number: int) -> Json:
        """Return the CustomResourceDefinition; kinds of one group have different numbers."""
        kind = WORDS[number % len(WORDS)]
        # The API server parses `namespaces/NAME/status` as the status of a namespace.
        plural = f"{kind.lower()}{'' if number % 2 and kind != 'Status' else 's'}"
        more: Json = {"subresources": {"status": {}}} if self.has_status else {}
        return {
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": f"{plural}.{group}"},
            "spec": {
                "group": group,
                "scope": self.scope,
                "names": {"plural": plural, "singular": kind.lower(), "kind": kind},
                "versions": [
                    {
                        "name": version.name,
                        "served": version.served,
                        "storage": version is self.versions[0],
                        "schema": {"openAPIV3Schema": version.schema},
                        **more,
                    }
                    for version in self.versions
                ],
            },
        }


@st.composite
def wholes(draw: st.DrawFn) -> Json:
    """Draw the schema of a kind."""
    own = {"spec": draw(objects(3)), "status": draw(objects(2))}
    if draw(st.booleans()):
        # Without `items`: the API server treats an object with a top-level `items` as a list and responds with 500.
        names = draw(
            st.sets(
                st.sampled_from(("a", "from", "data", "x-y", "xY", "otherFields", "other_fields", "Kind", 'a"b')),
                max_size=2,
            )
        )
        own |= {name: draw(schemas(1)) for name in sorted(names)}
    if draw(st.integers(0, 4)) == 0:
        own["metadata"] = {"type": "object", "properties": {"name": {"type": "string", "maxLength": 30}}}
    schema: Json = {"type": "object", "properties": own}
    if draw(st.integers(0, 4)) == 0:
        for part in own["spec"]["properties"].values():
            if part.get("type") in ("string", "integer", "boolean"):
                part["x-kubernetes-validations"] = [{"rule": "self == oldSelf"}]
    if draw(st.booleans()):
        schema["required"] = ["spec"]
    return schema | draw(st.sampled_from([{}, {}, {}, {}, {OPEN: True}]))


@st.composite
def others(draw: st.DrawFn, schema: Json) -> Json:
    """Draw the schema of another version: the same, or with one property added or removed."""
    schema = copy.deepcopy(schema)
    own = schema["properties"]["spec"]["properties"]
    how = draw(st.sampled_from(["same", "more", "less"]))
    if how == "more":
        own["another"] = draw(schemas(1))
    elif how == "less" and len(own) > 1:
        name = draw(st.sampled_from(sorted(own)))
        if name not in json_names(schema["properties"]["spec"]):
            del own[name]
    return schema


def json_names(schema: Json) -> set[str]:
    """Return the names that a schema mentions in addition to its properties."""
    found = set(schema.get("required", ())) | _named_by_branches(schema)
    return found | set(schema.get("default", {}) or ()) | {name for b in _all_branches(schema) for name in b}


def _named_by_branches(schema: Json) -> set[str]:
    """Return the properties that `allOf`, `anyOf`, `oneOf` and `not` require."""
    branches = [branch for key in ("allOf", "anyOf", "oneOf") for branch in schema.get(key, ())]
    branches += [schema["not"]] if "not" in schema else []
    return {name for branch in branches for name in (*branch.get("required", ()), *_named_by_branches(branch))}


def _all_branches(schema: Json) -> list[Json]:
    return [branch.get("properties", {}) for key in ("allOf", "anyOf", "oneOf") for branch in schema.get(key, ())]


@st.composite
def kinds(draw: st.DrawFn) -> Drawn:
    """Draw a kind and objects of it."""
    schema = draw(wholes())
    versions = [Version("v1", True, schema)]
    more = draw(st.sampled_from(["", "", "two", "two", "unserved", "stored only"]))
    if more:
        versions.append(Version("v1beta1", more != "unserved", draw(others(schema))))
    if more == "stored only":
        versions.append(Version("v2alpha1", True, draw(others(schema))))
        versions[0] = Version("v1", False, versions[0].schema)
    first = next(version for version in versions if version.served)
    return Drawn(
        draw(st.sampled_from(["Namespaced", "Cluster"])),
        tuple(versions),
        draw(st.booleans()),
        tuple(draw(_objects(first.schema)) for _ in range(2)),
    )


def _objects(schema: Json) -> st.SearchStrategy[Json]:
    own = {name: part for name, part in schema["properties"].items() if name != "metadata"}
    return members({**schema, "properties": own, "required": ["spec"]})


def drawn(n: int, seed: int) -> list[Drawn]:
    """Draw kinds; the same seed gives the same kinds."""
    found: list[Drawn] = []
    number = seed * 1_000_003
    while len(found) < n:
        found += _fresh(number)
        number += 1
    return found[:n]


def _fresh(seed: int) -> list[Drawn]:
    """Draw a few kinds: of more, hypothesis makes variants. The first one is always the simplest."""
    found: list[Drawn] = []

    @hypothesis.seed(seed)
    @settings(
        max_examples=9,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    @given(kinds())
    def collect(kind: Drawn) -> None:
        found.append(kind)

    collect()
    return found[1:]
