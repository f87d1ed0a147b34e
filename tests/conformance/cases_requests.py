"""Cases of paths, verbs, content types, bodies and query parameters."""

from __future__ import annotations

import json
from typing import Any

from tests.conformance.bodies import config_map, definition, deployment, pod, widget, with_metadata
from tests.conformance.cases import case
from tests.conformance.wire import Wire


@case("a path of no resource is not found")
def unknown_paths(wire: Wire) -> None:
    wire.get("/api/v1/namespaces/{one}/gizmos")
    wire.get("/api/v1/namespaces/{one}/gizmos/a")
    wire.get("/apis/example.com/v1/gizmos")
    wire.get("/apis/apps/v7/deployments")
    wire.get("/api/v2/pods")
    wire.post("/api/v1/namespaces/{one}/gizmos", {"metadata": {"name": "a"}})
    wire.get("/nothing")
    wire.get("/api/v1/namespaces/{one}/configmaps/a/gizmos")
    wire.get("/api/v1/namespaces/{one}/configmaps/a/status")


@case("a verb that the resource lacks is not allowed")
def missing_verbs(wire: Wire) -> None:
    wire.delete("namespaces")
    wire.put("configmaps", config_map())
    wire.patch("configmaps", {})
    wire.post("configmaps/a", config_map())
    wire.get("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews")
    wire.send("OPTIONS", "configmaps")
    wire.send("HEAD", "configmaps/a")
    wire.get("/api/v1/namespaces/{one}/bindings")
    wire.post("*:configmaps", with_metadata(config_map(), namespace=wire.one))
    wire.get("*:configmaps/a")


@case("a patch needs one of its content types")
def patch_types(wire: Wire) -> None:
    wire.post("configmaps", config_map())
    wire.patch("configmaps/a", {}, "application/json")
    wire.patch("configmaps/a", {}, "text/plain")
    wire.patch("configmaps/a", {}, "application/merge-patch+json; charset=utf-8")
    wire.send("PATCH", "configmaps/a", "{}", headers={"Content-Type": ""})
    wire.define(definition(wire.group))
    wire.post("widgets", widget(wire.group))
    wire.patch("widgets/a", {}, "strategic")
    wire.patch("widgets/a", {}, "text/plain")


@case("a body of another content type is not understood")
def body_types(wire: Wire) -> None:
    plain = {"Content-Type": "text/plain"}
    wire.send("POST", "configmaps", json.dumps(config_map()), headers=plain)
    wire.send(
        "POST",
        "configmaps",
        "kind: ConfigMap\napiVersion: v1\nmetadata:\n  name: b\n",
        headers={"Content-Type": "application/yaml"},
    )
    wire.send(
        "POST", "configmaps", json.dumps(config_map()), headers={"Content-Type": "application/json; charset=utf-8"}
    )


@case("a body must be an object of the kind")
def bodies(wire: Wire) -> None:
    for body in ("", "{", "[]", "null", '"text"', "{}", '{"kind": "ConfigMap"}', '{"apiVersion": "v1"}'):
        wire.send("POST", "configmaps", body)
    wire.post("configmaps", {**config_map("k"), "kind": "Secret"})
    wire.post("configmaps", {**config_map("k"), "kind": "Gizmo"})
    wire.post("configmaps", {**config_map("k"), "apiVersion": "v2"})
    wire.post("deployments", {**deployment("k"), "apiVersion": "apps/v1beta1"})
    wire.post("deployments", {**deployment("k"), "apiVersion": "extensions/v1beta1"})
    wire.post("configmaps", {"metadata": {"name": "defaulted"}})
    wire.post("configmaps", {**config_map("k"), "metadata": None})


@case("a body of a custom resource must be an object of the kind")
def custom_bodies(wire: Wire) -> None:
    wire.define(definition(wire.group))
    for body in ("", "{", "[]", "null", "{}", '{"kind": "Widget"}'):
        wire.send("POST", "widgets", body)
    wire.post("widgets", {**widget(wire.group), "kind": "Gizmo"})
    wire.post("widgets", {**widget(wire.group), "apiVersion": "example.com/v1"})
    wire.post("widgets", {**widget(wire.group), "apiVersion": f"{wire.group}/v2"})
    wire.post("widgets", {"metadata": {"name": "b"}})


@case("name and namespace of the body and of the path agree")
def names_in_body_and_path(wire: Wire) -> None:
    wire.post("configmaps", config_map())
    wire.put("configmaps/a", config_map("b"))
    wire.put("configmaps/a", with_metadata(config_map(), namespace=wire.two))
    wire.put("configmaps/a", {"kind": "ConfigMap", "apiVersion": "v1", "data": {"k": "2"}})
    wire.post("configmaps", with_metadata(config_map("c"), namespace=wire.two))
    wire.post("configmaps", with_metadata(config_map("c"), namespace=wire.one))
    wire.patch("configmaps/a", {"metadata": {"name": "b"}})
    wire.patch("configmaps/a", {"metadata": {"namespace": wire.two}})
    wire.post("namespaces", {"metadata": {"name": f"{wire.one}-x", "namespace": "x"}})
    wire.post("clusterroles", {"metadata": {"name": f"{wire.one}-x", "namespace": "x"}, "rules": []})


@case("unknown and doubled fields by fieldValidation")
def field_validation(wire: Wire) -> None:
    unknown = {**config_map("u"), "spec": {"x": 1}, "other": True}
    doubled = '{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"d","name":"d"},"data":{"k":"1","k":"2"}}'
    for mode in ("Strict", "Warn", "Ignore", "Other", None):
        wire.post("configmaps", unknown, fieldValidation=mode, dryRun="All")
        wire.send("POST", "configmaps", doubled, query={"fieldValidation": mode, "dryRun": "All"})
    deep = pod(
        "p", containers=[{"name": "main", "image": "i", "imagePolicy": "x", "ports": [{"containerPort": 1, "prt": 2}]}]
    )
    wire.post("pods", deep, fieldValidation="Strict")
    wire.post("pods", deep, fieldValidation="Warn", dryRun="All")
    wire.post("configmaps", config_map())
    wire.patch("configmaps/a", {"spec": 1}, "merge", fieldValidation="Strict")
    wire.patch("configmaps/a", {"spec": 1}, "strategic", fieldValidation="Strict")
    wire.patch("configmaps/a", [{"op": "add", "path": "/spec", "value": 1}], "json", fieldValidation="Strict")
    wire.patch("configmaps/a", {"spec": 1})
    wire.patch("configmaps/a", '{"data":{"k":"3","k":"4"}}', "merge", fieldValidation="Strict")
    wire.put("configmaps/a", {**config_map(), "spec": 1}, fieldValidation="Strict")
    wire.apply("configmaps/a", {**config_map(), "spec": 1}, fieldValidation="Strict")
    wire.apply("configmaps/a", {**config_map(), "spec": 1})


@case("unknown fields of custom objects by fieldValidation")
def custom_field_validation(wire: Wire) -> None:
    wire.define(definition(wire.group))
    unknown = {**widget(wire.group, "u", size=1, color="red"), "other": {"x": 1}}
    for mode in ("Strict", "Warn", "Ignore"):
        wire.post("widgets", unknown, fieldValidation=mode, dryRun="All")
    wire.post("widgets", with_metadata(widget(wire.group, "m"), weird=1), fieldValidation="Strict")
    wire.post("widgets", widget(wire.group))
    wire.patch("widgets/a", {"spec": {"color": "red"}}, "merge", fieldValidation="Strict")
    wire.patch("widgets/a", {"spec": {"color": "red"}})
    wire.send(
        "POST",
        "widgets",
        f'{{"kind":"Widget","apiVersion":"{wire.group}/v1","metadata":{{"name":"d"}},"spec":{{"size":1,"size":2}}}}',
        query={"fieldValidation": "Strict"},
    )
    wire.apply("widgets/a", widget(wire.group, color="red"))


@case("keys that are repeated in bodies and patches")
def repeated_keys(wire: Wire) -> None:
    wire.define(definition(wire.group))
    head = f'{{"kind":"Widget","apiVersion":"{wire.group}/v1","metadata":{{"name":"d","name":"d"}}'
    for mode in ("Strict", "Warn", "Ignore"):
        body = f'{head},"spec":{{"size":1,"x":1,"size":2,"size":3}}}}'
        wire.send("POST", "widgets", body, query={"fieldValidation": mode, "dryRun": "All"})
    wire.post("widgets", widget(wire.group))
    wire.patch("widgets/a", '{"spec":{"size":1,"size":2}}', "merge", fieldValidation="Strict")
    wire.patch("widgets/a", '{"spec":{"size":1,"size":2}}', "merge")
    wire.post("configmaps", config_map())
    wire.patch("configmaps/a", '{"data":{"k":"3","k":"4"},"spec":1}', "merge")
    wire.patch("configmaps/a", '{"data":{"k":"5","k":"6"}}', "strategic", fieldValidation="Strict")
    wire.patch("configmaps/a", '{"data":{"k":"7","k":"8"}}', "strategic")


@case("the metadata of custom objects is read as that of other objects")
def custom_metadata(wire: Wire) -> None:
    wire.define(definition(wire.group))
    owner = {"apiVersion": "v1", "kind": "Node", "name": "n", "uid": "u", "other": 1}
    for mode in ("Warn", "Ignore"):
        wire.post("widgets", with_metadata(widget(wire.group, mode.lower()), weird=1), fieldValidation=mode)
    faults: tuple[dict[str, Any], ...] = (
        {"labels": {"a": 1}},
        {"labels": []},
        {"labels": None, "annotations": {}},
        {"annotations": {"a": None}},
        {"finalizers": "x"},
        {"generation": "1"},
        {"ownerReferences": [owner]},
        {"creationTimestamp": "x"},
        {"name": 1},
    )
    for fields in faults:
        body = with_metadata(widget(wire.group), **fields)
        wire.post("widgets", body, fieldValidation="Strict", dryRun="All")
    wire.post("widgets", {**widget(wire.group), "metadata": "x"})
    many = {**with_metadata(widget(wire.group, a=1, z=1), weird=1, odd=1), "other": 1}
    wire.post("widgets", many, fieldValidation="Strict")
    wire.post("widgets", widget(wire.group))
    wire.patch("widgets/a", {"metadata": {"weird": 1}}, "merge", fieldValidation="Strict")
    wire.patch("widgets/a", {"metadata": {"weird": 1}}, "merge")
    wire.put("widgets/a", with_metadata(widget(wire.group), weird=1))
    wire.patch("widgets/a", {"metadata": {"labels": {"a": 1}}}, "merge")


@case("a body of another kind or version is read before it is refused")
def foreign_bodies(wire: Wire) -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}}
    for more in ({"data": {"k": "dg=="}}, {"data": {"k": "!!"}}, {"data": 1}, {"other": 1}):
        wire.post("configmaps", {**secret, **more})
        wire.post("configmaps", {**secret, **more}, fieldValidation="Strict")
    wire.define(definition(wire.group))
    other = {**widget(wire.group, color="red"), "apiVersion": f"{wire.group}/v2"}
    for mode in ("Strict", "Warn", "Ignore"):
        wire.post("widgets", other, fieldValidation=mode)
    wire.post("widgets", {**widget(wire.group, color="red"), "apiVersion": "example.com/v1"})
    wire.post("widgets", {**widget(wire.group, color="red"), "kind": "Gizmo"})
    wire.post("widgets", {**widget(wire.group, color="red"), "kind": "Gizmo"}, fieldValidation="Strict")


@case("the order of keys in the error of a patch")
def keys_of_patch_errors(wire: Wire) -> None:
    made = with_metadata(config_map(z="1", b="2"), labels={"z": "1", "a": "2"}, annotations={"n": "1"})
    wire.post("configmaps", with_metadata(made, finalizers=["example.com/f"], generateName="a"))
    strict = {"fieldValidation": "Strict"}
    wire.patch("configmaps/a", {"spec": 1}, "merge", **strict)
    wire.patch("configmaps/a", {"spec": 1, "metadata": {"labels": {"m": "1"}}}, "merge", **strict)
    wire.patch("configmaps/a", {"spec": {"z": 1, "b": 2}, "metadata": {"annotations": {"c": "1"}}}, "merge", **strict)
    wire.patch("configmaps/a", [{"op": "add", "path": "/spec", "value": {"z": 1, "b": 2}}], "json", **strict)
    wire.patch("configmaps/a", [{"op": "add", "path": "/metadata/labels/m", "value": 1}], "json", **strict)
    wire.patch("configmaps/a", [{"op": "add", "path": "/metadata/x", "value": 1}], "json", **strict)
    wire.patch("configmaps/a", {"spec": {"z": 1, "b": 2}}, "strategic", **strict)


@case("a dry run stores nothing")
def dry_run(wire: Wire) -> None:
    made = wire.post("configmaps", config_map(), dryRun="All")
    wire.get("configmaps/a")
    made = wire.post("configmaps", config_map())
    wire.put("configmaps/a", config_map(k="2"), dryRun="All")
    wire.patch("configmaps/a", {"data": {"k": "3"}}, "merge", dryRun="All")
    wire.apply("configmaps/a", config_map(x="3"), dryRun="All")
    wire.apply("configmaps/b", config_map("b"), dryRun="All")
    wire.delete("configmaps/a", dryRun="All")
    wire.delete("configmaps/a", {"dryRun": ["All"]})
    wire.delete("configmaps", dryRun="All")
    wire.get("configmaps/a")
    wire.get("configmaps/b")
    wire.put("configmaps/a", config_map(k="4"))
    wire.watch("configmaps", 1, resourceVersion=made["metadata"]["resourceVersion"])


@case("dryRun has one value")
def dry_run_values(wire: Wire) -> None:
    wire.post("configmaps", config_map(), dryRun="Some")
    wire.post("configmaps", config_map(), dryRun="")
    wire.put("configmaps/a", config_map(), dryRun="Some")
    wire.patch("configmaps/a", {}, "merge", dryRun="Some")
    wire.delete("configmaps/a", dryRun="Some")
    wire.delete("configmaps/a", {"dryRun": ["Some"]})


@case("a value of the wrong JSON type")
def wrong_types(wire: Wire) -> None:
    wire.post("deployments", deployment(replicas="3"))
    wire.post("configmaps", {**config_map(), "data": {"k": 1}})
    wire.post("configmaps", {**config_map(), "data": []})
    wire.post("configmaps", {**config_map(), "metadata": {"name": 1}})
    wire.post("pods", pod(containers={"name": "x"}))
    wire.post("pods", pod(containers=[{"name": "a", "image": "b", "ports": [{"containerPort": "80"}]}]))
    wire.post("deployments", deployment(replicas=2.5))
    wire.post("deployments", deployment(replicas=5000000000))
    wire.post("configmaps", {**config_map(), "immutable": "yes"})
    wire.post("secrets", {"metadata": {"name": "s"}, "data": {"k": "!!"}})
    wire.post("configmaps", {**config_map(), "data": None})
    wire.post("configmaps", {**config_map("i"), "data": {"k": None}})
    wire.patch("configmaps/i", {"data": {"k": 5}})
    wire.patch("configmaps/i", {"data": {"k": 5}}, "strategic")
    wire.patch("configmaps/i", [{"op": "add", "path": "/data", "value": {"k": 5}}], "json")
    wire.apply("configmaps/i", {**config_map("i"), "data": {"k": 5}})


@case("metadata without the other fields, on request")
def partial_metadata(wire: Wire) -> None:
    wire.post("configmaps", with_metadata(config_map(), labels={"a": "b"}))
    single = {"Accept": "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"}
    several = {"Accept": "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"}
    wire.send("GET", "configmaps/a", headers=single)
    wire.send("GET", "configmaps", headers=several)
    wire.send("GET", "configmaps", headers=single)
    wire.send("GET", "configmaps/a", headers=several)
    wire.send("GET", "configmaps/missing", headers=single)
    wire.send("GET", "configmaps/a", headers={"Accept": "application/json;as=Other;g=meta.k8s.io;v=v1"})
    wire.send(
        "GET", "configmaps/a", headers={"Accept": "application/json;as=Other;g=meta.k8s.io;v=v1,application/json"}
    )
    for path in ("roles", "leases", "events", "certificatesigningrequests", "/apis/events.k8s.io/v1/events"):
        wire.send("GET", path, headers=single)
    wire.define(definition(wire.group))
    wire.post("widgets", widget(wire.group))
    wire.send("GET", "widgets", headers=single)
    wire.send("GET", "widgets/a", headers=several)
    wire.send(
        "PATCH",
        "configmaps/a",
        {"data": {"k": "2"}},
        headers={**single, "Content-Type": "application/merge-patch+json"},
    )


@case("only some media types can be accepted")
def accepted_types(wire: Wire) -> None:
    wire.post("configmaps", config_map())
    wire.send("GET", "configmaps/a", headers={"Accept": "text/plain"})
    wire.send("GET", "configmaps/a", headers={"Accept": "*/*"})
    wire.send("GET", "configmaps/a", headers={"Accept": ""})
    wire.send("GET", "configmaps/a", headers={"Accept": "text/html, application/json;q=0.5"})
    wire.send("GET", "configmaps/missing", headers={"Accept": "text/plain"})


@case("items of a list have a kind only if they are custom objects")
def kinds_of_items(wire: Wire) -> None:
    wire.post("configmaps", config_map())
    wire.get("configmaps")
    wire.define(definition(wire.group))
    wire.post("widgets", widget(wire.group, size=1))
    wire.get("widgets")
    wire.get("secrets")


@case("a user can be impersonated")
def impersonation(wire: Wire) -> None:
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    headers = {"Impersonate-User": "jane", "Impersonate-Group": "writers"}
    wire.send("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", review, headers=headers)


@case("options of other requests are ignored, unreadable ones refused")
def options(wire: Wire) -> None:
    wire.post("configmaps", config_map())
    wire.get("configmaps/a", pretty=True, other="x")
    wire.get("configmaps/a", resourceVersion="0")
    wire.get("configmaps/a", resourceVersion="x")
    wire.get("configmaps", limit="x")
    wire.get("configmaps", timeoutSeconds="x")
    wire.delete("configmaps/a", gracePeriodSeconds="x")
    wire.delete("configmaps/a", propagationPolicy="Other")
    wire.delete("configmaps/a", propagationPolicy="Orphan", orphanDependents=True)
    wire.apply("configmaps/a", config_map(), force="x")


@case("the response to paths of unknown groups is not a Status")
def unknown_groups(wire: Wire) -> None:
    for path in (
        "/apis/nowhere.example.com",
        "/apis/nowhere.example.com/v1",
        "/apis/nowhere.example.com/v1/things",
        "/apis/nowhere.example.com/v1/namespaces/default/things/a",
        "/apis/apps/v9",
        "/apis/apps/v9/things",
        "/apis/apps/v1/things/a/status",
        "/api/v9",
        "/api/v9/things",
    ):
        wire.get(path)
    wire.post("/apis/nowhere.example.com/v1/things", config_map())
    wire.patch("/apis/nowhere.example.com/v1/things/a", {})
    wire.delete("/apis/apps/v9/things/a")
