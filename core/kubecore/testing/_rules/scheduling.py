"""The rules of the fields of pods that decide on which nodes they run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from kubecore.testing._rules import checks
from kubecore.testing._rules.validation import Document
from kubecore.testing._schemas.json_values import is_map, items_at, map_at
from kubecore.testing._server.failures import Cause

__all__ = ["EFFECTS", "node_selector", "scheduling"]

EFFECTS: Final = ("NoSchedule", "PreferNoSchedule", "NoExecute")
_REQUIRED: Final = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED: Final = "preferredDuringSchedulingIgnoredDuringExecution"


def scheduling(field: str, spec: Document) -> Iterator[Cause]:
    """Yield the faults of the selector, the affinity, the tolerations and the constraints of a pod."""
    yield from checks.labels(f"{field}.nodeSelector", map_at(spec, "nodeSelector"))
    affinity, place = map_at(spec, "affinity"), f"{field}.affinity"
    yield from _of_nodes(f"{place}.nodeAffinity", map_at(affinity, "nodeAffinity"))
    for name in ("podAffinity", "podAntiAffinity"):
        for index, term in enumerate(items_at(map_at(affinity, name), _REQUIRED)):
            yield from _of_pods(f"{place}.{name}.{_REQUIRED}[{index}]", term)
        for index, term in enumerate(items_at(map_at(affinity, name), _PREFERRED)):
            at = f"{place}.{name}.{_PREFERRED}[{index}]"
            yield from _weight(at, term)
            yield from _of_pods(f"{at}.podAffinityTerm", map_at(term, "podAffinityTerm"))
    yield from _tolerations(f"{field}.tolerations", items_at(spec, "tolerations"))
    yield from _constraints(f"{field}.topologySpreadConstraints", items_at(spec, "topologySpreadConstraints"))


def _weight(field: str, term: Document) -> Iterator[Cause]:
    weight = term.get("weight", 0)
    if not 1 <= weight <= 100:
        yield checks.invalid(f"{field}.weight", weight, "must be in the range 1-100")


def _of_nodes(field: str, affinity: Document) -> Iterator[Cause]:
    selector = affinity.get(_REQUIRED)
    if is_map(selector):
        yield from node_selector(f"{field}.{_REQUIRED}", selector)
    for index, term in enumerate(items_at(affinity, _PREFERRED)):
        at = f"{field}.{_PREFERRED}[{index}]"
        yield from _weight(at, term)
        yield from _node_term(f"{at}.preference", map_at(term, "preference"))


def node_selector(field: str, selector: Document) -> Iterator[Cause]:
    """Yield the faults of a selector of nodes."""
    terms, place = items_at(selector, "nodeSelectorTerms"), f"{field}.nodeSelectorTerms"
    if not terms:
        yield checks.required(place, "must have at least one node selector term")
    for index, term in enumerate(terms):
        yield from _node_term(f"{place}[{index}]", term)


def _node_term(field: str, term: Document) -> Iterator[Cause]:
    for index, each in enumerate(items_at(term, "matchExpressions")):
        yield from checks.requirement(f"{field}.matchExpressions[{index}]", each, is_of_node=True)
    for index, each in enumerate(items_at(term, "matchFields")):
        yield from _node_field(f"{field}.matchFields[{index}]", each)


def _node_field(field: str, found: Document) -> Iterator[Cause]:
    operator, values = found.get("operator", ""), items_at(found, "values")
    if operator in ("In", "NotIn"):
        if len(values) != 1:
            text = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"
            yield checks.required(f"{field}.values", text)
    else:
        yield checks.invalid(f"{field}.operator", operator, "not a valid selector operator")
    if found.get("key") != "metadata.name":
        yield checks.invalid(f"{field}.key", found.get("key", ""), "not a valid field selector key")


def _of_pods(field: str, term: Document) -> Iterator[Cause]:
    for name in ("labelSelector", "namespaceSelector"):
        yield from checks.label_selector(f"{field}.{name}", map_at(term, name))
    for index, namespace in enumerate(items_at(term, "namespaces")):
        yield from checks.name(f"{field}.namespaces[{index}]", namespace, "label")
    yield from _label_keys(field, term, "matchLabelKeys", "mismatchLabelKeys")
    if not term.get("topologyKey"):
        yield checks.required(f"{field}.topologyKey", "can not be empty")
    yield from checks.key(f"{field}.topologyKey", term.get("topologyKey", ""))


def _label_keys(field: str, term: Document, *names: str) -> Iterator[Cause]:
    selector = term.get("labelSelector")
    for name in names:
        keys = items_at(term, name)
        if keys and not is_map(selector):
            yield checks.forbidden(f"{field}.{name}", "must not be specified when labelSelector is not set")
        for index, each in enumerate(keys):
            yield from checks.key(f"{field}.{name}[{index}]", each)


def _tolerations(field: str, found: list[Any]) -> Iterator[Cause]:
    for index, each in enumerate(found):
        yield from _toleration(f"{field}[{index}]", each)


def _toleration(field: str, found: Document) -> Iterator[Cause]:
    key, operator, effect = found.get("key", ""), found.get("operator", ""), found.get("effect", "")
    if key:
        yield from checks.key(f"{field}.key", key)
    elif operator != "Exists":
        text = 'operator must be Exists when `key` is empty, which means "match all values and all keys"'
        yield checks.invalid(f"{field}.operator", operator, text)
    if found.get("tolerationSeconds") is not None and effect != "NoExecute":
        text = "effect must be 'NoExecute' when `tolerationSeconds` is set"
        yield checks.invalid(f"{field}.effect", effect, text)
    if operator in ("", "Equal"):
        yield from checks.label_value(f"{field}.operator", found.get("value", ""))
    elif operator == "Exists":
        if found.get("value"):
            text = "value must be empty when `operator` is 'Exists'"
            yield checks.invalid(f"{field}.operator", _internal(found), text)
    else:
        yield checks.unsupported(f"{field}.operator", operator, ("Equal", "Exists"))
    if effect and effect not in EFFECTS:
        yield checks.unsupported(f"{field}.effect", effect, EFFECTS)


def _internal(found: Document) -> Document:
    """Return a toleration with the names that the server has for its fields."""
    names = ("key", "operator", "value", "effect", "tolerationSeconds")
    return {name[0].upper() + name[1:]: found.get(name, None if name == names[-1] else "") for name in names}


def _constraints(field: str, found: list[Any]) -> Iterator[Cause]:
    pairs: list[tuple[str, str]] = []
    for index, each in enumerate(found):
        place, key, action = f"{field}[{index}]", each.get("topologyKey", ""), each.get("whenUnsatisfiable", "")
        if each.get("maxSkew", 0) <= 0:
            yield checks.invalid(f"{place}.maxSkew", each.get("maxSkew", 0), "must be greater than zero")
        if not key:
            yield checks.required(f"{place}.topologyKey", "can not be empty")
        if action not in ("DoNotSchedule", "ScheduleAnyway"):
            yield checks.unsupported(f"{place}.whenUnsatisfiable", action, ("DoNotSchedule", "ScheduleAnyway"))
        if (key, action) in pairs:
            at = f"{field}[{pairs.index((key, action))}].{{topologyKey, whenUnsatisfiable}}"
            yield checks.duplicate(at, f"{{{key}, {action}}}")
        pairs.append((key, action))
        domains = each.get("minDomains")
        if domains is not None and domains <= 0:
            yield checks.invalid(f"{place}.minDomains", domains, "must be greater than zero")
        elif domains is not None and action != "DoNotSchedule":
            text = "can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ScheduleAnyway"
            yield checks.invalid(f"{place}.minDomains", domains, text)
        for name in ("nodeAffinityPolicy", "nodeTaintsPolicy"):
            yield from checks.optional(f"{place}.{name}", each.get(name), ("Honor", "Ignore"))
        yield from _label_keys(place, each, "matchLabelKeys")
        yield from checks.label_selector(f"{place}.labelSelector", map_at(each, "labelSelector"))
