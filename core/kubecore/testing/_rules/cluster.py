"""Rules of Nodes, PriorityClasses and Events. No I/O."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from kubecore.testing._rules import checks
from kubecore.testing._rules.scheduling import EFFECTS
from kubecore.testing._rules.validation import Document, Rules
from kubecore.testing._schemas.json_values import is_map, items_at, map_at
from kubecore.testing._server.failures import Cause

__all__ = ["RULES"]

_HIGHEST_PRIORITY: Final = 1_000_000_000
_LONGEST: Final = 128
_PREEMPTION: Final = ("PreemptLowerPriority", "Never")


def _node(new: Document) -> Iterator[Cause]:
    spec = map_at(new, "spec")
    seen: set[tuple[str, str]] = set()
    for index, taint in enumerate(items_at(spec, "taints")):
        field = f"metadata.taints[{index}]"
        yield from _taint(field, taint)
        place = taint.get("key", ""), taint.get("effect", "")
        if place in seen:
            found = checks.duplicate(field, _internal(taint))
            yield found._replace(message=f"{found.message}: taints must be unique by key and effect pair")
        seen.add(place)
    networks = items_at(spec, "podCIDRs")
    for index, network in enumerate(networks):
        yield from checks.network(f"spec.podCIDRs[{index}]", network)
    if len(networks) > len({":" in each for each in networks}):
        text = "may specify no more than one CIDR for each IP family"
        yield checks.invalid("spec.podCIDRs", networks, text)


def _taint(field: str, taint: Document) -> Iterator[Cause]:
    yield from checks.key(f"{field}.key", taint.get("key", ""))
    yield from checks.label_value(f"{field}.value", taint.get("value", ""))
    yield from checks.chosen(f"{field}.effect", taint.get("effect"), EFFECTS, is_required=True)


def _internal(taint: Document) -> Document:
    names = {"Key": "key", "Value": "value", "Effect": "effect"}
    return {**{name: taint.get(field, "") for name, field in names.items()}, "TimeAdded": taint.get("timeAdded")}


def _priority(new: Document) -> Iterator[Cause]:
    name = map_at(new, "metadata").get("name", "")
    if name.startswith("system-"):
        return
    if new.get("value", 0) > _HIGHEST_PRIORITY:
        text = f"maximum allowed value of a user defined priority is {_HIGHEST_PRIORITY}"
        yield checks.forbidden("value", text)
    policy = new.get("preemptionPolicy")
    if policy is not None:
        yield from checks.chosen("preemptionPolicy", policy, _PREEMPTION, is_required=True)


def _changed_priority(old: Document, new: Document) -> Iterator[Cause]:
    if old.get("value", 0) != new.get("value", 0):
        yield checks.forbidden("value", "may not be changed in an update.")
    yield from checks.immutable("preemptionPolicy", old.get("preemptionPolicy"), new.get("preemptionPolicy"))


def _event(new: Document) -> Iterator[Cause]:
    about = new.get("regarding") if "regarding" in new else new.get("involvedObject")
    namespace = about.get("namespace", "") if is_map(about) else ""
    own = map_at(new, "metadata").get("namespace", "")
    is_reported = new.get("apiVersion") != "v1" or bool(new.get("eventTime"))
    if namespace != own and not (namespace and is_reported) and not (not namespace and own == "default"):
        yield checks.invalid("involvedObject.namespace", namespace, "does not match event.namespace")
    if is_reported:
        yield from _reported(new)


def _reported(new: Document) -> Iterator[Cause]:
    """Yield the faults of an event of the newer kind, which has a time and a controller."""
    is_new = new.get("apiVersion") != "v1"
    if is_new and not new.get("eventTime"):
        yield checks.required("eventTime")
    if is_new and new.get("type") not in ("Normal", "Warning"):
        yield checks.invalid("type", "", f"has invalid value: {new.get('type') or ''}")
    field = "reportingController" if is_new else "reportingComponent"
    controller = new.get(field, "")
    if not controller:
        yield checks.required(field)
    yield from checks.key(field, controller)
    for name in ("reportingInstance", "action", "reason"):
        if not new.get(name):
            yield checks.required(name)
        elif len(new[name]) > _LONGEST:
            yield checks.invalid(name, "", f"can have at most {_LONGEST} characters")
    if is_new:
        if len(new.get("note", "")) > _LONGEST_NOTE:
            yield checks.invalid("message", "", f"can have at most {_LONGEST_NOTE} characters")
        for name, old in _UNSET.items():
            if new.get(name):
                yield checks.invalid(old, "", "needs to be unset")
    series = new.get("series")
    if is_new and is_map(series):
        if series.get("count", 0) < 2:
            yield checks.invalid("series.count", "", "should be at least 2")
        if not series.get("lastObservedTime"):
            yield checks.required("series.lastObservedTime")


_LONGEST_NOTE: Final = 1024
_UNSET: Final = {
    "deprecatedFirstTimestamp": "firstTimestamp",
    "deprecatedLastTimestamp": "lastTimestamp",
    "deprecatedCount": "count",
    "deprecatedSource": "source",
}
"""Fields of older events that a new one of events.k8s.io must not have, and their names in messages."""

RULES: Final[Mapping[str, Rules]] = {
    "Event": Rules(create=_event, is_complete=False),
    "Node": Rules(create=_node, is_complete=False),
    "PriorityClass": Rules(create=_priority, update=_changed_priority, is_complete=False),
}
