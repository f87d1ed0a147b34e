"""Recognises inline objects that are types of Kubernetes: a pod's template in a CRD is `core_v1.PodTemplateSpec`.

CRDs are written by tools that copy a type's schema into place, of the Kubernetes version that an operator was built
with; often without its descriptions. The rules for equality are in docs/crds.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from kgen.names import snake
from kgen.resolve.catalog import Catalog, kind_of
from kgen.resolve.types import (
    KEEPS_EMPTY,
    META,
    PRESENCE,
    SCALARS,
    presence_matters,
    presence_rules,
    properties,
    reference,
    unwrapped,
)
from kgen.shapes import is_array, is_object, is_text

__all__ = ["Builtins"]

API: Final = "io.k8s.api."
CORE: Final = f"{API}core.v1."

# CRDs contain copies of these types and of their parts.
_ROOTS: Final = (
    *(CORE + name for name in ("PersistentVolumeClaimSpec", "PersistentVolumeClaimStatus", "PodTemplateSpec")),
    *(CORE + name for name in ("ObjectReference", "ServiceSpec", "SecretReference", "TypedObjectReference")),
    *(META + name for name in ("Condition", "LabelSelector", "ObjectMeta", "OwnerReference")),
    *(f"{API}admissionregistration.v1.{name}" for name in ("MatchCondition", "MatchResources", "RuleWithOperations")),
    *(f"{API}apps.v1.{name}" for name in ("DaemonSetSpec", "DeploymentSpec", "StatefulSetSpec")),
    *(f"{API}autoscaling.v2.{name}" for name in ("HorizontalPodAutoscalerBehavior", "HorizontalPodAutoscalerSpec")),
    *(f"{API}batch.v1.{name}" for name in ("CronJobSpec", "JobSpec", "JobTemplateSpec")),
    *(f"{API}networking.v1.{name}" for name in ("IngressSpec", "NetworkPolicySpec")),
    f"{API}policy.v1.PodDisruptionBudgetSpec",
    *(f"{API}rbac.v1.{name}" for name in ("PolicyRule", "RoleRef", "Subject")),
)

# Only as a part of the type that holds it: alone it looks like another type, which is then the right one.
_NEVER_ALONE: Final = frozenset({CORE + "VolumeResourceRequirements", f"{API}apps.v1.DaemonSetUpdateStrategy"})

# The metadata of a template: controller-gen writes five fields of it, other tools at least these two.
_METADATA: Final = META + "ObjectMeta"
_LEAST_METADATA: Final = frozenset({"annotations", "labels"})
_TEMPLATE_METADATA: Final = _LEAST_METADATA | {"finalizers", "name", "namespace"}

_QUANTITIES: Final = frozenset({"IntOrString", "Quantity"})
_TIMES: Final = frozenset({"MicroTime", "Time"})


class Builtins:
    """Compares objects with the types of Kubernetes that the documents, or the package with its types, have.

    Args:
        catalog: All schemas.
    """

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._known: dict[tuple[int, str], bool] = {}
        self._found: dict[tuple[int, str], str | None] = {}
        self._candidates = tuple(
            name
            for name in sorted(self._reached(_ROOTS))
            if name not in _NEVER_ALONE
            and not (name.startswith(CORE) and name.endswith("Condition"))
            and name in catalog.models
            and kind_of(catalog.models[name].raw) is None
        )
        self._having: dict[str, frozenset[str]] = {}
        for name in self._candidates:
            for key in self._fields(name):
                self._having[key] = self._having.get(key, frozenset()) | {name}

    def _reached(self, names: Iterable[str]) -> frozenset[str]:
        found: set[str] = set()
        waiting = list(names)
        while waiting:
            name = waiting.pop()
            raw = self._catalog.schema(name)
            if name in found or raw is None:
                continue
            found.add(name)
            waiting.extend(_references(raw))
        return frozenset(found)

    def _fields(self, name: str) -> Mapping[str, Any]:
        return properties(self._catalog.schema(name) or {})

    def find(self, schema: Mapping[str, Any], word: str) -> str | None:
        """Return the name of the schema of Kubernetes that an inline object is, or None.

        Args:
            schema: The object; it must exist as long as the results are used.
            word: The property that holds it, which distinguishes types with the same structure.
        """
        place = id(schema), word
        if place not in self._found:
            self._found[place] = self._best(schema, word)
        return self._found[place]

    def _best(self, schema: Mapping[str, Any], word: str) -> str | None:
        own = properties(schema)
        if not own or not self._candidates:
            return None
        having = [self._having.get(key, frozenset[str]()) for key in own]
        names = having[0].intersection(*having)
        found = [name for name in names if self._is_alone(schema, name)]
        return min(found, key=lambda name: self._order(schema, word, name), default=None)

    def _is_alone(self, schema: Mapping[str, Any], name: str) -> bool:
        """Whether an object is a type, without evidence from its surroundings."""
        own, known = properties(schema), self._fields(name)
        is_whole = len(own) * 3 >= len(known) * 2 or (name == _METADATA and own.keys() >= _TEMPLATE_METADATA)
        return (
            is_whole
            and (_is_distinctive(own, self._lacks_required(schema, name)) or self._evidence(schema, name) > 0)
            and self._is(schema, name)
        )

    def _lacks_required(self, schema: Mapping[str, Any], name: str) -> bool:
        """Whether an object does not require all fields that a type requires."""
        return _demanded(schema) < _required(self._catalog.schema(name) or {})

    def _order(self, schema: Mapping[str, Any], word: str, name: str) -> tuple[int, bool, int, int, bool, int, str]:
        own, known = properties(schema), self._fields(name)
        words = frozenset(snake(word).split("_"))
        called = sum(part in words for part in snake(name.rpartition(".")[2]).split("_"))
        return (
            len(known) - len(own),
            self._lacks_required(schema, name),
            -self._evidence(schema, name),
            -called,
            not name.startswith((CORE, META)),
            len(name),
            name,
        )

    def _evidence(self, schema: Mapping[str, Any], name: str) -> int:
        """Return how many descriptions begin with the same sentence."""
        raw = self._catalog.schema(name) or {}
        known = properties(raw)
        pairs = [(schema, raw), *((value, known[key]) for key, value in properties(schema).items())]
        return sum(bool(_sentence(one)) and _sentence(one) == _sentence(other) for one, other in pairs)

    def _is(self, schema: Mapping[str, Any], name: str) -> bool:
        """Whether an object has the structure of a type."""
        place = id(schema), name
        if place not in self._known:
            self._known[place] = False  # A type that holds itself is not met again before this returns.
            self._known[place] = self._compare(schema, name)
        return self._known[place]

    def _compare(self, schema: Mapping[str, Any], name: str) -> bool:
        own, raw = properties(schema), self._catalog.schema(name) or {}
        known = properties(raw)
        if not own:
            # Tools write the metadata of a template so, to leave its fields to the server.
            is_known = name == _METADATA or not (known or schema.get("x-kubernetes-preserve-unknown-fields"))
            return is_known and not schema.get("additionalProperties")
        return (
            own.keys() <= known.keys()
            and (len(own) * 2 >= len(known) or (name == _METADATA and own.keys() >= _LEAST_METADATA))
            and _demanded(schema) <= _required(raw)
            and not schema.get("x-kubernetes-preserve-unknown-fields")
            and all(self._fits(value, known[key]) for key, value in own.items())
            and not _counts(schema)
        )

    def _fits(self, schema: object, known: object) -> bool:
        """Whether a CRD and Kubernetes describe a value in the same way."""
        if not (is_object(schema) and is_object(known)):
            return False
        plain, other = unwrapped(schema), unwrapped(known)
        name, target = reference(plain), reference(other)
        if name is not None:
            return name == target
        if target is not None:
            scalar = SCALARS.get(target)
            if scalar is None:
                # A kind is sent with its apiVersion and kind, which the object may lack.
                is_kind = kind_of(self._catalog.schema(target) or {}) is not None
                return plain.get("type") == "object" and not is_kind and self._is(plain, target)
            return _fits_scalar(plain, scalar)
        return self._fits_plain(plain, other)

    def _fits_plain(self, schema: Mapping[str, Any], known: Mapping[str, Any]) -> bool:
        kind = schema.get("type")
        if kind != known.get("type") or schema.get("x-kubernetes-int-or-string"):
            return False
        if kind == "array":
            return not KEEPS_EMPTY & schema.keys() and self._fits(schema.get("items"), known.get("items"))
        if kind == "object":
            values, others = schema.get("additionalProperties"), known.get("additionalProperties")
            if properties(schema) or KEEPS_EMPTY & schema.keys() or is_object(values) != is_object(others):
                return False
            return not is_object(values) or self._fits(values, others)
        return all((schema.get("format") == form) == (known.get("format") == form) for form in ("byte", "date-time"))


def _counts(schema: Mapping[str, Any]) -> bool:
    """Whether the presence of an empty list or map, or a null, matters: a type of Kubernetes does not send it."""
    counts = presence_rules(schema)
    own = properties(schema).items()
    return any(PRESENCE in presence_matters(counts, key, unwrapped(value)) for key, value in own if is_object(value))


def _required(schema: Mapping[str, Any]) -> frozenset[str]:
    names = schema.get("required")
    return frozenset(filter(is_text, names)) if is_array(names) else frozenset()


def _demanded(schema: Mapping[str, Any]) -> frozenset[str]:
    """Return the properties that an object of a CRD requires and that the server does not fill in."""
    own = properties(schema)
    return frozenset(name for name in _required(schema) if not _has_default(own.get(name)))


def _has_default(schema: object) -> bool:
    return is_object(schema) and unwrapped(schema).get("default") is not None


def _references(value: object) -> Iterator[str]:
    if is_object(value):
        name = reference(value)
        if name is not None:
            yield name
        for part in value.values():
            yield from _references(part)
    elif is_array(value):
        for part in value:
            yield from _references(part)


def _fits_scalar(schema: Mapping[str, Any], scalar: str) -> bool:
    kind = schema.get("type")
    if scalar in _QUANTITIES:
        return schema.get("x-kubernetes-int-or-string") is True or (scalar == "Quantity" and kind == "string")
    if scalar in _TIMES:
        return kind == "string" and schema.get("format") == "date-time"
    if scalar == "str":
        return kind == "string"
    return kind in (None, "object") and not properties(schema) and not is_object(schema.get("additionalProperties"))


def _is_distinctive(own: Mapping[str, Any], lacks_required: bool) -> bool:
    """Whether an object can be identified by its structure.

    That is three fields, or two of which one is a list or a map, or one that holds objects. If the object requires
    fewer fields than the type, it is one field more, or one that holds objects.
    """
    collections = sum(is_object(value) and value.get("type") in ("array", "object") for value in own.values())
    number = len(own) - lacks_required
    return number > 2 or (number == 2 and collections > 0) or any(_holds_objects(value) for value in own.values())


def _holds_objects(schema: object) -> bool:
    if not is_object(schema):
        return False
    return bool(properties(schema)) or any(_holds_objects(schema.get(key)) for key in ("items", "additionalProperties"))


def _sentence(schema: object) -> str:
    """Return the first sentence of a description, however it is wrapped."""
    said = schema.get("description") if is_object(schema) else None
    words = " ".join(said.split()) if isinstance(said, str) else ""
    return re.split(r"(?<=[.])\s|$", words, maxsplit=1)[0].rstrip(".")
