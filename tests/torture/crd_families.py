"""Random CRDs whose properties often have equal names and equal schemas."""

from __future__ import annotations

import copy
import functools
import random
from collections.abc import Callable, Mapping
from typing import Any, Final

from tests.kgen.crd_schemas import CORE, INT_OR_STRING, KUBERNETES, OPEN, STRING, in_place, obj
from tests.kgen.drawn_values import META

__all__ = ["VALUES", "WORDS", "Drawer", "Json", "crd", "drawn", "family", "rich_leaf"]

Json = dict[str, Any]

WORDS: Final = (
    *("plan", "plans", "policy", "policies", "rule", "rules", "auth", "tls", "aws", "class", "from", "list", "spec"),
    *("fooBar", "foo", "bar", "Bar", "foo_bar", "foo-bar", "podIP", "podIPs", "proxyURL", "proxyUrl", "kind", "type"),
)
VALUES: Final = ("Open", "open", "OPEN", "Shut", "=", "!=", "*", "a-b", "a_b", "A B", "1", "IPv4", "", "None")

_API: Final = "io.k8s.api."
_COPIED: Final = (
    *(META + name for name in ("Condition", "LabelSelector", "OwnerReference")),
    *(CORE + name for name in ("Container", "ObjectReference", "PersistentVolumeClaimSpec", "PodAffinityTerm")),
    *(
        CORE + name
        for name in ("ResourceRequirements", "SecretKeySelector", "ServiceSpec", "Toleration", "VolumeMount")
    ),
    f"{_API}autoscaling.v2.HorizontalPodAutoscalerBehavior",
    *(f"{_API}networking.v1.{name}" for name in ("IngressSpec", "NetworkPolicySpec")),
    f"{_API}policy.v1.PodDisruptionBudgetSpec",
    f"{_API}rbac.v1.PolicyRule",
)
_TEMPLATE: Final = CORE + "PodTemplateSpec"
_METADATA: Final = ((), ("annotations", "labels"), ("annotations", "finalizers", "labels", "name", "namespace"))


def crd(group: str, kind: str, versions: Mapping[str, Json]) -> Json:
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


class Drawer:
    """Draws schemas; those of objects are used several times.

    Args:
        choice: The source of randomness.
        leaf: Draws a schema instead of a string, a number or a boolean, or returns None.
    """

    def __init__(self, choice: random.Random, leaf: Callable[[random.Random], Json | None] = lambda _: None) -> None:
        self._choice = choice
        self._leaf = leaf
        self._pool: list[Json] = []

    def kind(self) -> Json:
        """Return the schema of a kind."""
        return {"type": "object", "properties": {"spec": self._object(3), "status": self._object(1)}}

    def _object(self, depth: int) -> Json:
        names = self._choice.sample(WORDS, self._choice.randint(0, 5))
        made: Json = {"type": "object", "properties": {name: self.value(depth) for name in names}}
        self._pool.append(made)
        return made

    def value(self, depth: int) -> Json:
        """Return the schema of a value."""
        choice = self._choice
        if depth > 0 and choice.random() < 0.6:
            is_used_again = self._pool and choice.random() < 0.4
            held = copy.deepcopy(choice.choice(self._pool)) if is_used_again else self._object(depth - 1)
            return choice.choice(
                [held, held, {"type": "array", "items": held}, {"type": "object", "additionalProperties": held}]
            )
        special = self._leaf(choice)
        if special is not None:
            return special
        if choice.random() < 0.6:
            return {"type": "string", "enum": choice.sample(VALUES, choice.randint(1, 4))}
        return {"type": choice.choice(["string", "integer", "boolean"])}


def drawn(choice: random.Random) -> list[Json]:
    """Return a few CRDs of one group."""
    drawer = Drawer(choice)
    made: list[Json] = []
    for kind in choice.sample(["Widget", "Barrel", "Cog"], choice.randint(1, 2)):
        versions = choice.sample(["v1", "v1alpha1"], choice.randint(1, 2))
        made.append(crd("example.com", kind, {name: drawer.kind() for name in versions}))
    return made


def family(choice: random.Random) -> list[Json]:
    """Return CRDs of one group as operators have them: with types of Kubernetes, open objects and several versions."""
    drawer = Drawer(choice, rich_leaf)
    made: list[Json] = []
    for kind in choice.sample(["Widget", "Barrel", "Cog", "WidgetSpec", "Anchor"], choice.randint(2, 4)):
        names = choice.sample(["v1", "v1beta1", "v1alpha1"], choice.choice((1, 1, 2, 3)))
        first = drawer.kind()
        schemas = {name: copy.deepcopy(first) if choice.random() < 0.6 else drawer.kind() for name in names}
        if choice.random() < 0.2:
            for schema in schemas.values():
                schema |= OPEN
        made.append(crd("example.com", kind, schemas))
    return made


def rich_leaf(choice: random.Random) -> Json | None:
    """Return one of the forms of values that CRDs have, or None for a plain one."""
    if choice.random() < 0.5:
        return None
    if choice.random() < 0.5:
        return _copy(choice)
    forms: tuple[Json, ...] = (
        INT_OR_STRING,
        OPEN,
        {"type": "object", **OPEN},
        {**obj(size=STRING, mode={**STRING, "enum": ["On", "off"]}), **OPEN},
        {"type": "object", "properties": {"inner": obj(a=STRING)}, "additionalProperties": True},
        {"type": "object"},
        {"type": "object", "additionalProperties": STRING},
        {"type": "array", "items": STRING},
        {"type": "array", "items": {"type": "object"}},
        {**STRING, "format": "date-time"},
        {**STRING, "format": "byte"},
        {**STRING, "nullable": True},
        {"type": "array", "items": STRING, "nullable": True},
        {"type": "number"},
        {"type": "object", "x-kubernetes-embedded-resource": True, **OPEN},
    )
    return copy.deepcopy(choice.choice(forms))


def _copy(choice: random.Random) -> Json:
    """Return a copy of a type of Kubernetes, with fields that are missing and fields that the type does not have."""
    name = _TEMPLATE if choice.random() < 0.005 else choice.choice(_COPIED)
    names = sorted(KUBERNETES[name]["properties"])
    missing = choice.sample(names, choice.choice((0, 0, 0, 1, 1, len(names) // 3)))
    made = copy.deepcopy(
        _in_place(name, choice.random() < 0.5, tuple(sorted(missing)), choice.choice(_METADATA), choice.random() < 0.8)
    )
    if choice.random() < 0.3:
        _add_field(made, choice)
    return choice.choice([made, made, {"type": "array", "items": made}])


def _add_field(made: Json, choice: random.Random) -> None:
    """Add a field to the object, or to one inside of it."""
    inner = [part for part in made["properties"].values() if "properties" in part]
    inner += [part["items"] for part in made["properties"].values() if "properties" in part.get("items", {})]
    held = choice.choice([made, *inner])
    held["properties"][choice.choice(("workers", "tier"))] = choice.choice([STRING, obj(a=STRING)])


@functools.cache
def _in_place(name: str, words: bool, leave_out: tuple[str, ...], metadata: tuple[str, ...], required: bool) -> Json:
    return in_place(name, words=words, leave_out=leave_out, metadata=metadata, required=required)
