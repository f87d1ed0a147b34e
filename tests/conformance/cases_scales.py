"""Cases of the scale of built-in and of custom kinds."""

from __future__ import annotations

from typing import Any

from tests.conformance.bodies import deployment, workload
from tests.conformance.cases import case
from tests.conformance.wire import Wire

_SCALE: dict[str, Any] = {"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": {"name": "a"}}


def _scaled(replicas: int, **metadata: Any) -> dict[str, Any]:
    return {**_SCALE, "metadata": {"name": "a", **metadata}, "spec": {"replicas": replicas}}


def _widgets(wire: Wire) -> dict[str, Any]:
    counted = {"type": "object", "properties": {"n": {"type": "integer", "maximum": 50}}}
    spec = {"type": "object", "properties": {"size": {"type": "integer"}, "deep": counted}}
    status = {"type": "object", "properties": {"n": {"type": "integer"}, "sel": {"type": "string"}}}
    paths = {
        "specReplicasPath": ".spec.deep.n",
        "statusReplicasPath": ".status.n",
        "labelSelectorPath": ".status.sel",
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"widgets.{wire.group}"},
        "spec": {
            "group": wire.group,
            "scope": "Namespaced",
            "names": {"plural": "widgets", "singular": "widget", "kind": "Widget", "listKind": "WidgetList"},
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec, "status": status}}},
                    "subresources": {"status": {}, "scale": paths},
                }
            ],
        },
    }


@case("the scale of a custom resource is at the paths of its definition")
def custom(wire: Wire) -> None:
    wire.define(_widgets(wire))
    widgets = "/apis/{group}/v1/namespaces/{one}/widgets"
    widget = {"apiVersion": f"{wire.group}/v1", "kind": "Widget", "metadata": {"name": "a"}}
    wire.post(widgets, {**widget, "spec": {"size": 1}})
    wire.get(f"{widgets}/a/scale")
    wire.patch(f"{widgets}/a/scale", {"spec": {"replicas": 3}})
    wire.apply(f"{widgets}/a/scale", _scaled(4), "scaler")
    wire.patch(f"{widgets}/a", {"spec": {"deep": {"n": 2}}})
    wire.patch(f"{widgets}/a/status", {"status": {"n": 7, "sel": "a=b"}})
    found = wire.get(f"{widgets}/a/scale")
    wire.put(f"{widgets}/a/scale", {**found, "spec": {"replicas": 4}})
    wire.put(f"{widgets}/a/scale", {**found, "spec": {"replicas": 5}})
    wire.get(f"{widgets}/a")
    wire.put(f"{widgets}/a/scale", _scaled(6))
    wire.put(f"{widgets}/a/scale", _scaled(6))
    wire.put(f"{widgets}/a/scale", _scaled(60))
    wire.put(f"{widgets}/a/scale", _scaled(6, namespace=wire.two))
    wire.put(f"{widgets}/a/scale", _scaled(6, uid="11111111-2222-3333-4444-555555555555"))
    wire.patch(f"{widgets}/a/scale", {"spec": {"replicas": -1}})
    wire.patch(f"{widgets}/a/scale", {"spec": {"replicas": "x"}})
    wire.patch(f"{widgets}/a/scale", {"spec": {"x": 1}})
    wire.patch(f"{widgets}/a/scale", {"spec": {"x": 1}}, "merge", fieldValidation="Strict")
    wire.patch(f"{widgets}/a/scale", {"spec": {"replicas": 8}}, "strategic")
    wire.patch(f"{widgets}/a/scale", [{"op": "replace", "path": "/spec/replicas", "value": 9}], "json")
    wire.patch(f"{widgets}/a/scale", {"spec": {"replicas": 10}}, "merge", dryRun="All")
    wire.apply(f"{widgets}/a/scale", _scaled(11), "scaler")
    wire.apply(f"{widgets}/a/scale", _scaled(11), "scaler", force=True)
    wire.get(f"{widgets}/a")
    wire.apply(f"{widgets}/a", {**widget, "spec": {"deep": {"n": 12}}}, "owner")
    wire.apply(f"{widgets}/a", {**widget, "spec": {"deep": {"n": 11}}}, "owner")
    wire.apply(f"{widgets}/a/scale", {**_scaled(11), "apiVersion": "apps/v1"}, "other")
    wire.apply(f"{widgets}/a/scale", {**_scaled(11), "kind": "Deployment"}, "other")
    wire.patch(f"{widgets}/a/scale", {"spec": {"replicas": None}})
    wire.get(f"{widgets}/a")
    wire.get(f"{widgets}/b/scale")
    wire.put(f"{widgets}/b/scale", {**_scaled(1), "metadata": {"name": "b"}})
    wire.patch(f"{widgets}/b/scale", {"spec": {"replicas": 1}})
    wire.apply(f"{widgets}/b/scale", {**_scaled(1), "metadata": {"name": "b"}})
    wire.delete(f"{widgets}/a/scale")


@case("the managers of replicas are those of the scale, in both directions")
def managers(wire: Wire) -> None:
    config = deployment()
    wire.apply("deployments/a", config)
    wire.apply("deployments/a/scale", _scaled(3), "scaler")
    wire.apply("deployments/a/scale", _scaled(3), "scaler", force=True)
    wire.get("deployments/a")
    wire.patch("deployments/a/scale", {"spec": {"replicas": 3}})
    wire.patch("deployments/a/scale", {"spec": {"replicas": 4}, "status": {"replicas": 9}})
    wire.get("deployments/a")
    wire.apply("deployments/a/scale", _scaled(3), "scaler")
    wire.apply("deployments/a", deployment(replicas=4))
    wire.apply("deployments/a/scale", _scaled(4))
    wire.get("deployments/a")
    wire.apply("deployments/a/scale", _scaled(5), force=True)
    wire.get("deployments/a")
    wire.apply("deployments/a/scale", {**_SCALE, "spec": {}})
    wire.get("deployments/a")


@case("refused changes of a scale")
def refusals(wire: Wire) -> None:
    wire.post("deployments", deployment(replicas=2))
    other = "11111111-2222-3333-4444-555555555555"
    wire.put("deployments/a/scale", _scaled(3, uid=other))
    wire.patch("deployments/a/scale", {"metadata": {"uid": other}, "spec": {"replicas": 3}})
    wire.patch("deployments/a/scale", {"metadata": {"resourceVersion": "1"}, "spec": {"replicas": 3}})
    wire.put("deployments/a/scale", _scaled(3, namespace=wire.two))
    wire.put("deployments/a/scale", {"spec": {"replicas": 3}})
    wire.put("deployments/a/scale", {**_scaled(3), "spec": {"replicas": "3"}})
    wire.put("deployments/a/scale", {**_scaled(3), "spec": {"replicas": 3, "x": 1}})
    wire.put("deployments/a/scale", {**_scaled(3), "spec": {"replicas": 3, "x": 1}}, fieldValidation="Strict")
    wire.put("deployments/a/scale", _SCALE)
    wire.patch("deployments/a/scale", {"spec": {"replicas": 2}}, "strategic")
    wire.apply("deployments/a/scale", {**_scaled(2), "spec": {"x": 1}})
    wire.apply("deployments/a/scale", {**_scaled(2), "apiVersion": "apps/v1"})
    wire.apply("deployments/b/scale", {**_scaled(2), "metadata": {"name": "b"}})
    wire.put("deployments/b/scale", {**_scaled(2), "metadata": {"name": "b"}})


@case("the selector of a scale is a text in the order of its keys")
def selectors(wire: Wire) -> None:
    expressions = [
        {"key": "k", "operator": "NotIn", "values": ["b", "a"]},
        {"key": "j", "operator": "Exists"},
        {"key": "n", "operator": "DoesNotExist"},
        {"key": "i", "operator": "In", "values": ["b", "a"]},
        {"key": "h", "operator": "In", "values": ["a"]},
    ]
    body = workload("Deployment")
    body["spec"]["selector"] = {"matchLabels": {"z": "1", "app": "a"}, "matchExpressions": expressions}
    labels = {"z": "1", "app": "a", "j": "1", "i": "a", "h": "a"}
    body["spec"]["template"]["metadata"]["labels"] = labels
    wire.post("deployments", body)
    wire.get("deployments/a/scale")
    template = {**body["spec"]["template"], "metadata": {"labels": {"b": "2", "a": "1"}}}
    wire.post(
        "replicationcontrollers",
        {
            "metadata": {"name": "a", "labels": {"c": "3"}},
            "spec": {"replicas": 1, "selector": {"b": "2", "a": "1"}, "template": template},
        },
    )
    wire.get("replicationcontrollers/a/scale")
    wire.patch("replicationcontrollers/a/scale", {"spec": {"replicas": 3}})
    wire.get("replicationcontrollers/a")
