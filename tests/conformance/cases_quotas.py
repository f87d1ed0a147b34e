"""Cases of limit ranges and quotas: their rules, and their effect on other objects."""

from __future__ import annotations

from typing import Any, Final

from tests.conformance.cases import case
from tests.conformance.cases_amounts import BOTH, SMALL
from tests.conformance.wire import Wire

LIMITS: Final[tuple[Any, ...]] = (
    {"type": "Container"},
    {"type": "Container", "default": BOTH, "defaultRequest": SMALL, "max": BOTH, "min": SMALL},
    {"type": "Container", "default": {"cpu": "1"}, "defaultRequest": {"cpu": "2"}},
    {"type": "Container", "default": {"cpu": "2"}, "max": {"cpu": "1"}},
    {"type": "Container", "defaultRequest": {"cpu": "1"}, "min": {"cpu": "2"}},
    {"type": "Container", "max": {"cpu": "1"}, "min": {"cpu": "2"}},
    {"type": "Container", "maxLimitRequestRatio": {"cpu": "0.5"}},
    {"type": "Container", "maxLimitRequestRatio": {"cpu": "2"}, "max": BOTH, "min": SMALL},
    {"type": "Container", "max": BOTH},
    {"type": "Container", "min": SMALL},
    {"type": "Container", "defaultRequest": SMALL},
    {"type": "Container", "max": {"cpu": "-1"}},
    {"type": "Container", "max": {"x y": "1"}},
    {"type": "Container", "max": {"gpu": "1"}},
    {"type": "Container", "default": {"example.com/gpu": "2"}, "defaultRequest": {"example.com/gpu": "1"}},
    {"type": "Container", "default": {"cpu": "1"}, "min": {"cpu": "2"}},
    {
        "type": "Container",
        "default": {"cpu": "3"},
        "defaultRequest": {"cpu": "4"},
        "min": {"cpu": "2"},
        "max": {"cpu": "1"},
    },
    {"type": "Container", "min": SMALL, "max": BOTH, "maxLimitRequestRatio": {"cpu": "11"}},
    {"type": "Pod", "min": SMALL, "max": BOTH, "maxLimitRequestRatio": {"cpu": "11", "memory": "2"}},
    {"type": "Pod", "max": {"storage": "1Gi"}},
    {"type": "Pod", "max": {"pods": "1"}},
    {"type": "Pod", "max": {"requests.cpu": "1"}},
    {"type": "Pod", "max": {"services.nodeports": "1"}},
    {"type": "Pod", "max": BOTH},
    {"type": "Pod", "default": BOTH},
    {"type": "Pod", "defaultRequest": BOTH},
    {"type": "PersistentVolumeClaim", "max": {"storage": "1Gi"}},
    {"type": "PersistentVolumeClaim"},
    {"type": "PersistentVolumeClaim", "max": {"cpu": "1"}},
    {"type": "example.com/Thing", "max": {"cpu": "1"}},
    {"type": "Other", "max": {"cpu": "1"}},
    {"type": "a b"},
    {},
)


@case("limit ranges")
def limit_ranges(wire: Wire) -> None:
    for limits in (*([each] for each in LIMITS), [{"type": "Pod"}, {"type": "Pod"}]):
        wire.post("limitranges", {"metadata": {"name": "a"}, "spec": {"limits": limits}}, dryRun="All")
    wire.post("limitranges", {"metadata": {"name": "a"}})
    wire.put("limitranges/a", {"metadata": {"name": "a"}, "spec": {"limits": [LIMITS[5]]}})
    wire.put("limitranges/a", {"metadata": {"name": "a"}, "spec": {"limits": [LIMITS[1]]}})


QUOTAS: Final[tuple[Any, ...]] = (
    {},
    {"hard": {"pods": "2"}},
    {"hard": {"cpu": "1", "memory": "1Gi", "requests.cpu": "1", "limits.memory": "1Gi"}},
    {"hard": {"pods": "1.5"}},
    {"hard": {"pods": "-1"}},
    {"hard": {"cpu": "-1"}},
    {"hard": {"cpu": "1.5"}},
    {"hard": {"count/deployments.apps": "1"}},
    {"hard": {"count/things.example.com": "1.5"}},
    {"hard": {"requests.storage": "1Gi", "gold.storageclass.storage.k8s.io/requests.storage": "1Gi"}},
    {"hard": {"other": "1"}},
    {"hard": {"example.com/gpu": "1"}},
    {"hard": {"requests.example.com/gpu": "1"}},
    {"hard": {"x y": "1"}},
    {"hard": {"services.loadbalancers": "1", "configmaps": "1"}},
    {"hard": {"hugepages-2Mi": "2Mi", "requests.ephemeral-storage": "1Gi", "limits.example.com/gpu": "1"}},
    {"hard": {"persistentvolumeclaims": "1.5"}},
    {"hard": {"storage": "1"}},
    {"hard": {"gold.storageclass.storage.k8s.io/persistentvolumeclaims": "1"}},
    {"scopes": ["NotBestEffort"], "hard": {"cpu": "1", "requests.memory": "1", "limits.cpu": "1", "pods": "1"}},
    {"scopes": ["Terminating"], "hard": {"cpu": "1", "configmaps": "1"}},
    {"scopes": ["BestEffort"], "hard": {"pods": "1"}},
    {"scopes": ["BestEffort"], "hard": {"cpu": "1"}},
    {"scopes": ["BestEffort", "NotBestEffort"], "hard": {"pods": "1"}},
    {"scopes": ["Terminating", "NotTerminating"], "hard": {"pods": "1"}},
    {"scopes": ["Other"], "hard": {"pods": "1"}},
    {"scopes": ["BestEffort", "BestEffort"], "hard": {"pods": "1"}},
    {"scopes": ["PriorityClass"], "hard": {"pods": "1"}},
    {"scopeSelector": {"matchExpressions": [{"scopeName": "PriorityClass", "operator": "In", "values": ["a"]}]}},
    {"scopeSelector": {"matchExpressions": [{"scopeName": "PriorityClass", "operator": "In"}]}},
    {"scopeSelector": {"matchExpressions": [{"scopeName": "PriorityClass", "operator": "Exists", "values": ["a"]}]}},
    {"scopeSelector": {"matchExpressions": [{"scopeName": "BestEffort", "operator": "In", "values": ["a"]}]}},
    {"scopeSelector": {"matchExpressions": [{"scopeName": "Other", "operator": "Is"}]}},
)


@case("quotas")
def quotas(wire: Wire) -> None:
    for spec in QUOTAS:
        wire.post("resourcequotas", {"metadata": {"name": "a"}, "spec": spec}, dryRun="All")
    wire.post("resourcequotas", {"metadata": {"name": "a"}, "spec": {"hard": {"pods": "2"}}})
    wire.put("resourcequotas/a", {"metadata": {"name": "a"}, "spec": {"hard": {"pods": "-2"}}})
    wire.put("resourcequotas/a", {"metadata": {"name": "a"}, "spec": {"hard": {"pods": "2"}, "scopes": ["BestEffort"]}})
    wire.patch("resourcequotas/a/status", {"status": {"hard": {"pods": "2"}, "used": {"pods": "-1"}}})
    wire.patch("resourcequotas/a/status", {"status": {"hard": {"pods": "2"}, "used": {"pods": "1"}}})
    for amount in ("1e40", "-1e40"):
        wire.post("resourcequotas", {"metadata": {"name": "b"}, "spec": {"hard": {"pods": amount}}}, dryRun="All")
