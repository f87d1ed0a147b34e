"""Recognises inline objects that are types of Kubernetes: a pod's template in a CRD is `core_v1.PodTemplateSpec`.

CRDs are written by tools that copy a type's schema into place, of the Kubernetes version that an operator was built
with; often without its descriptions. The rules for equality are in docs/crds.md.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, Final

from kgen.names import snake
from kgen.resolve.catalog import Catalog, kind_of
from kgen.resolve.copies import Copy, Differences, all_of
from kgen.resolve.types import (
    KEEPS_EMPTY,
    META,
    PRESENCE,
    SCALARS,
    is_open,
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

_FIELDS_PER_OTHER: Final = 6
"""Fields of the type for each field that an object has and the type lacks, if it was a copy of the type before."""

_PLAIN_NAME: Final = re.compile(r"[A-Za-z0-9_$-]+")

_QUANTITIES: Final = frozenset({"IntOrString", "Quantity"})
_NONE: Final = Differences()
_TIMES: Final = frozenset({"MicroTime", "Time"})


class Builtins:
    """Compares objects with the types of Kubernetes that the documents, or the package with its types, have.

    Args:
        catalog: All schemas.
    """

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._known: dict[tuple[int, str], Differences | None] = {}
        self._found: dict[tuple[int, str], Copy | None] = {}
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

    def find(self, schema: Mapping[str, Any], word: str) -> Copy | None:
        """Return the type of Kubernetes that an inline object is a copy of, or None.

        Args:
            schema: The object; it must exist as long as the results are used.
            word: The property that holds it, which distinguishes types with the same structure.
        """
        place = id(schema), word
        if place not in self._found:
            self._found[place] = self._best(schema, word)
        return self._found[place]

    def _best(self, schema: Mapping[str, Any], word: str) -> Copy | None:
        own = properties(schema)
        if not own or not self._candidates:
            return None
        having = [self._having.get(key, frozenset[str]()) for key in own]
        found = self._copies(schema, having[0].intersection(*having))
        return min(found, key=lambda copy: self._order(schema, word, copy), default=None)

    def grown(self, schema: Mapping[str, Any], models: Collection[str]) -> Copy | None:
        """Return the type that an object was a copy of, if it has more fields since, or None.

        Args:
            schema: The object.
            models: The types of the object in the package as it was generated before, such as `core_v1.Container`.
        """
        names = [name for name in self._candidates if str(self._catalog.models[name].ref) in models]
        return next(iter(self._copies(schema, names)), None) if properties(schema) else None

    def _copies(self, schema: Mapping[str, Any], names: Iterable[str]) -> list[Copy]:
        return [Copy(name, differences) for name in names if (differences := self._alone(schema, name)) is not None]

    def _alone(self, schema: Mapping[str, Any], name: str) -> Differences | None:
        """Return the differences of an object from a type, None if it is not the type without further evidence."""
        own, known = properties(schema), self._fields(name)
        shared = {key: value for key, value in own.items() if key in known}
        is_whole = len(shared) * 3 >= len(known) * 2 or (name == _METADATA and own.keys() >= _TEMPLATE_METADATA)
        is_specific = _is_distinctive(shared, self._lacks_required(schema, name)) or self._evidence(schema, name) > 0
        if not (is_whole and is_specific and _demanded(schema) <= _required(self._catalog.schema(name) or {})):
            return None
        if (len(own) - len(shared)) * _FIELDS_PER_OTHER > len(shared):
            return None
        return self._differences(schema, name)

    def _lacks_required(self, schema: Mapping[str, Any], name: str) -> bool:
        """Whether an object does not require all fields that a type requires."""
        return _demanded(schema) < _required(self._catalog.schema(name) or {})

    def _order(
        self, schema: Mapping[str, Any], word: str, copy: Copy
    ) -> tuple[int, int, bool, int, int, bool, int, str]:
        own, known, name = properties(schema), self._fields(copy.name), copy.name
        words = frozenset(snake(word).split("_"))
        called = sum(part in words for part in snake(name.rpartition(".")[2]).split("_"))
        return (
            len(copy.others),
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
        pairs = [(schema, raw), *((value, known.get(key)) for key, value in properties(schema).items())]
        return sum(bool(_sentence(one)) and _sentence(one) == _sentence(other) for one, other in pairs)

    def _differences(self, schema: Mapping[str, Any], name: str) -> Differences | None:
        """Return the differences of an object from the structure of a type; None if it has another structure."""
        place = id(schema), name
        if place not in self._known:
            self._known[place] = None  # A type that holds itself is not met again before this returns.
            self._known[place] = self._compare(schema, name)
        return self._known[place]

    def _compare(self, schema: Mapping[str, Any], name: str) -> Differences | None:
        own, raw = properties(schema), self._catalog.schema(name) or {}
        known = properties(raw)
        if not own:
            # Tools write the metadata of a template so, to leave its fields to the server.
            is_known = name == _METADATA or not (known or schema.get("x-kubernetes-preserve-unknown-fields"))
            return _NONE if is_known and not schema.get("additionalProperties") else None
        others, shared = own.keys() - known.keys(), own.keys() & known.keys()
        demanded, required = _demanded(schema), _required(raw)
        is_like = (
            (len(shared) * 2 >= len(known) or (name == _METADATA and own.keys() >= _LEAST_METADATA))
            and len(others) * 2 <= len(shared)
            and not others & demanded
            and all(map(_PLAIN_NAME.fullmatch, others))
            and required <= own.keys()
            and not is_open(schema)
            and not _counts(schema)
        )
        if not is_like:
            return None
        found = [Differences(frozenset(others), required - demanded, demanded - required)]
        for key in shared:
            inner = self._fits(own[key], known[key])
            if inner is None:
                return None
            found.append(inner.at(key))
        return all_of(found)

    def _fits(self, schema: object, known: object) -> Differences | None:
        """Return the differences between the descriptions of a value in a CRD and in Kubernetes."""
        if not (is_object(schema) and is_object(known)):
            return None
        plain, other = unwrapped(schema), unwrapped(known)
        name, target = reference(plain), reference(other)
        if name is not None:
            return _NONE if name == target else None
        if target is not None:
            scalar = SCALARS.get(target)
            if scalar is not None:
                return _NONE if _fits_scalar(plain, scalar) else None
            # A kind is sent with its apiVersion and kind, which the object may lack.
            is_kind = kind_of(self._catalog.schema(target) or {}) is not None
            return self._differences(plain, target) if plain.get("type") == "object" and not is_kind else None
        return self._fits_plain(plain, other)

    def _fits_plain(self, schema: Mapping[str, Any], known: Mapping[str, Any]) -> Differences | None:
        kind = schema.get("type")
        if kind != known.get("type") or schema.get("x-kubernetes-int-or-string"):
            return None
        if kind in ("array", "object"):
            key = "items" if kind == "array" else "additionalProperties"
            inner, others = schema.get(key), known.get(key)
            if properties(schema) or KEEPS_EMPTY & schema.keys() or is_object(inner) != is_object(others):
                return None
            found = self._fits(inner, others) if is_object(inner) else _NONE
            return found.at("[]") if found is not None else None
        forms = ("byte", "date-time")
        is_same = all((schema.get("format") == form) == (known.get("format") == form) for form in forms)
        return _NONE if is_same else None


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
