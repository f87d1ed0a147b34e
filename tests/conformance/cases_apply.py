"""Cases of server-side apply and of the managers of fields."""

from __future__ import annotations

from typing import Any

from tests.conformance.bodies import config_map, definition, deployment, service, widget, with_metadata
from tests.conformance.cases import case
from tests.conformance.wire import Wire


def _config(replicas: int | None = None, **spec: Any) -> dict[str, Any]:
    more: dict[str, Any] = {} if replicas is None else {"replicas": replicas}
    return deployment("a", **more, **spec)


@case("the manager is the parameter, or the User-Agent up to its slash")
def managers(wire: Wire) -> None:
    wire.send("POST", "configmaps", config_map(), headers={"User-Agent": "agent/1.0 (linux)"})
    wire.send("PUT", "configmaps/a", config_map(k="2"), headers={"User-Agent": "plain"})
    wire.put("configmaps/a", config_map(k="3"), fieldManager="named")
    wire.put("configmaps/a", config_map(k="4"), fieldManager="x" * 128)
    wire.put("configmaps/a", config_map(k="5"), fieldManager="x" * 129)
    wire.put("configmaps/a", config_map(k="5"), fieldManager="bad\tname")
    wire.send("PUT", "configmaps/a", config_map(k="6"), headers={"User-Agent": ""})
    wire.send("PUT", "configmaps/a", config_map(k="7"), headers={"User-Agent": "y" * 200})


@case("writes take the fields that they change")
def updates(wire: Wire) -> None:
    wire.post("configmaps", config_map(a="1", b="1"), fieldManager="first")
    wire.put("configmaps/a", config_map(a="1", b="2", c="1"), fieldManager="second")
    wire.patch("configmaps/a", {"data": {"a": "3"}}, "merge", fieldManager="third")
    wire.patch("configmaps/a", {"data": {"a": None}}, "strategic", fieldManager="fourth")
    wire.put("configmaps/a", {**config_map(), "data": {}}, fieldManager="fifth")


@case("an apply creates, and takes over only what it says")
def basics(wire: Wire) -> None:
    wire.apply("configmaps/a", config_map(a="1", b="1"))
    wire.apply("configmaps/a", config_map(a="1"))
    wire.apply("configmaps/a", config_map(a="1"))
    wire.apply("configmaps/a", config_map(a="1", c="1"), "second")
    wire.apply("configmaps/a", config_map(a="2"))
    wire.apply("configmaps/a", config_map(a="2"), force=True)
    wire.apply("configmaps/a", {**config_map(), "data": None})
    wire.get("configmaps/a")


@case("conflicts name the manager and the field")
def conflicts(wire: Wire) -> None:
    wire.apply("deployments/a", _config(1))
    wire.apply("deployments/a", _config(2), "second")
    wire.patch("deployments/a/scale", {"spec": {"replicas": 5}}, "merge", fieldManager="scaler")
    wire.apply("deployments/a", _config(1))
    wire.patch(
        "deployments/a",
        {"spec": {"replicas": 6, "paused": True}, "metadata": {"labels": {"x": "y"}}},
        "merge",
        fieldManager="third",
    )
    wire.apply("deployments/a", with_metadata(_config(7, paused=False), labels={"x": "z"}))
    wire.apply("deployments/a", with_metadata(_config(6, paused=True), labels={"x": "y"}))
    wire.apply("deployments/a", with_metadata(_config(7, paused=False), labels={"x": "z"}), force=True)
    wire.apply("deployments/a", _config())
    wire.get("deployments/a/scale")


@case("an apply needs a manager and an object of the path's kind")
def refusals(wire: Wire) -> None:
    wire.patch("configmaps/a", config_map(), "apply")
    wire.apply("configmaps/a", with_metadata(config_map(), managedFields=[{"manager": "x"}]))
    wire.apply("configmaps/a", {**config_map(), "apiVersion": "v2"})
    wire.apply("configmaps/a", {**config_map(), "kind": "Secret"})
    wire.apply("configmaps/a", {"metadata": {"name": "a"}, "data": {}})
    wire.apply("configmaps/a", with_metadata(config_map(), uid="11111111-2222-3333-4444-555555555555"))
    wire.apply("configmaps/a", config_map("b"))
    wire.apply("configmaps/a", {"apiVersion": "v1", "kind": "ConfigMap", "data": {"k": "1"}})
    wire.apply("configmaps/a", with_metadata(config_map(), namespace=wire.two))
    for text in ("[]", "{", "", "a: [", "5"):
        wire.apply("configmaps/a", text)
    wire.apply(
        "configmaps/a",
        f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a, namespace: {wire.one}}}\ndata:\n  k: '2'\n",
    )
    wire.patch("configmaps/a", config_map(), "apply", fieldManager="")
    wire.put("configmaps/a", config_map(), force=True)


@case("managed fields can be reset, and are kept otherwise")
def reset(wire: Wire) -> None:
    made = wire.apply("configmaps/a", config_map())
    wire.put("configmaps/a", with_metadata(config_map(k="2"), managedFields=[]))
    wire.apply("configmaps/a", config_map(k="2"))
    wire.put("configmaps/a", with_metadata(config_map(k="2"), managedFields=[{}]))
    wire.apply("configmaps/a", config_map(k="3"))
    wire.put("configmaps/a", config_map(k="3"))
    broken = [{**made["metadata"]["managedFields"][0], "fieldsV1": {"nonsense": {}}}]
    wire.put("configmaps/a", with_metadata(config_map(k="4"), managedFields=broken))
    wire.put("configmaps/a", with_metadata(config_map(k="5"), managedFields=[{"manager": "x", "operation": "Other"}]))
    wire.patch("configmaps/a", [{"op": "remove", "path": "/metadata/managedFields"}], "json")
    wire.patch("configmaps/a", {"metadata": {"managedFields": [{}]}})
    wire.apply("configmaps/a", config_map(z="1"))


@case("the oldest of many managers are joined")
def many_managers(wire: Wire) -> None:
    wire.post("configmaps", {"metadata": {"name": "a"}}, fieldManager="m0")
    for number in range(1, 13):
        wire.patch("configmaps/a", {"data": {f"k{number}": "1"}}, "merge", fieldManager=f"m{number}")


@case("status and scale have entries of their subresource")
def subresources(wire: Wire) -> None:
    wire.apply("deployments/a", {**_config(1), "status": {"replicas": 3}})
    status = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a"}, "status": {"replicas": 2}}
    wire.apply("deployments/a/status", status, "controller")
    wire.apply("deployments/a/status", {**status, "spec": {"replicas": 9}}, "controller")
    wire.apply("deployments/a/status", {**status, "status": {"replicas": 4}}, "other")
    scale = {"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": {"name": "a"}, "spec": {"replicas": 4}}
    wire.apply("deployments/a/scale", scale, "scaler")
    wire.apply("deployments/a/scale", scale, "scaler", force=True)
    wire.apply("deployments/a", _config(), "first")
    wire.apply("deployments/a", _config(8), "first")
    wire.get("deployments/a")


@case("items of lists are owned by their keys")
def lists(wire: Wire) -> None:
    body = service(ports=[{"name": "a", "port": 80}, {"name": "b", "port": 81, "protocol": "UDP"}])
    wire.apply("services/a", body)
    wire.apply("services/a", service(ports=[{"name": "c", "port": 82}]), "second")
    wire.apply("services/a", service(ports=[{"name": "b", "port": 81, "protocol": "UDP"}, {"name": "a", "port": 80}]))
    wire.apply("services/a", service(ports=[{"name": "a", "port": 80}]))
    wire.apply("services/a", service(ports=[{"name": "a", "port": 80}, {"name": "x", "port": 80}]))
    containers = [{"name": "main", "image": "i"}, {"name": "main", "image": "j"}]
    wire.apply(
        "deployments/a", deployment(template={"metadata": {"labels": {"app": "a"}}, "spec": {"containers": containers}})
    )
    wire.apply(
        "deployments/a",
        deployment(template={"metadata": {"labels": {"app": "a"}}, "spec": {"containers": [{"image": "i"}]}}),
    )
    wire.apply("configmaps/a", with_metadata(config_map(), finalizers=["example.com/a"]))
    wire.apply("configmaps/a", with_metadata(config_map(), finalizers=["example.com/b"]), "second")
    wire.apply("configmaps/a", with_metadata(config_map(), finalizers=["example.com/c", "example.com/a"]))


@case("what exists without managers belongs to before-first-apply")
def before_first_apply(wire: Wire) -> None:
    wire.post("configmaps", with_metadata(config_map(a="1"), managedFields=[{}]))
    wire.put("configmaps/a", with_metadata(config_map(a="1"), managedFields=[{}]))
    wire.apply("configmaps/a", config_map(a="2"))
    wire.apply("configmaps/a", config_map(a="1", b="1"))
    wire.get("configmaps/a")


@case("custom objects are applied by their schema, or by deduced types")
def customs(wire: Wire) -> None:
    wire.define(definition(wire.group))
    wire.apply("widgets/a", widget(wire.group, size=1))
    wire.apply("widgets/a", widget(wire.group, size=2), "second")
    wire.apply("widgets/a", widget(wire.group, size=1, mode="fast"), "second")
    wire.apply("widgets/a", widget(wire.group))
    wire.apply("widgets/a/status", {**widget(wire.group), "status": {"ready": 1}}, "controller")
    wire.apply("widgets/b", widget(wire.group, "b", size="x"))
    free = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    wire.define(definition(wire.group, free, plural="gears", kind="Gear", scope="Cluster"))
    body = {
        **widget(wire.group, kind="Gear"),
        "spec": {"map": {"a": {"b": 1}}, "list": [1, 2], "maps": [{"name": "x"}]},
    }
    wire.apply("gears/a", body)
    wire.apply("gears/a", {**body, "spec": {"map": {"a": {"c": 2}}, "list": [1, 2]}}, "second")
    wire.apply("gears/a", {**body, "spec": {"list": [3]}}, "second")
    wire.apply("gears/a", {**body, "spec": {"map": {}}})


@case("list types of a schema decide about items")
def custom_lists(wire: Wire) -> None:
    keyed = {
        "type": "array",
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["name"],
        "items": {
            "type": "object",
            "required": ["name"],
            "properties": {"name": {"type": "string"}, "value": {"type": "integer"}},
        },
    }
    unique = {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}}
    plain = {"type": "array", "items": {"type": "string"}}
    atomic = {
        "type": "object",
        "x-kubernetes-map-type": "atomic",
        "properties": {"x": {"type": "string"}, "y": {"type": "string"}},
    }
    properties = {"keyed": keyed, "unique": unique, "plain": plain, "atomic": atomic}
    wire.define(
        definition(wire.group, {"type": "object", "properties": {"spec": {"type": "object", "properties": properties}}})
    )
    wire.apply(
        "widgets/a", widget(wire.group, keyed=[{"name": "a", "value": 1}], unique=["a"], plain=["a"], atomic={"x": "1"})
    )
    wire.apply("widgets/a", widget(wire.group, keyed=[{"name": "b", "value": 1}], unique=["b"]), "second")
    wire.apply("widgets/a", widget(wire.group, plain=["b"], atomic={"y": "1"}), "second")
    wire.apply("widgets/a", widget(wire.group, plain=["b"], atomic={"y": "1"}), "second", force=True)
    wire.apply("widgets/a", widget(wire.group, keyed=[{"name": "a"}, {"name": "a"}]))
    wire.apply("widgets/a", widget(wire.group, unique=["a", "a"]))
    wire.post("widgets", widget(wire.group, "c", keyed=[{"name": "a"}, {"name": "a"}], unique=["a", "a"]))
    wire.get("widgets/a")


@case("faults of an applied text are named as the server's parser names them")
def texts(wire: Wire) -> None:
    for text in (
        "a: b: c",
        'a: "x',
        "a:\n\t- b",
        "[1",
        "a: {b",
        "- a\nb: c",
        "a: 'x\ny: z",
        "key: [a, b\nother: c",
        "null",
        '"x"',
        "apiVersion: 5\nkind: ConfigMap",
        "apiVersion: v1\nkind: [1]",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: 5}",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, x: y}",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\nfoo: {a: b}",
    ):
        wire.apply("configmaps/a", text)
    wire.apply("configmaps/a", config_map())
    wire.apply("configmaps/a", {"apiVersion": "v1", "kind": "ConfigMap", "data": {"k": "2"}})
    wire.apply("configmaps/a", with_metadata(config_map(), name="b"), "second")
    wire.apply("configmaps/a", with_metadata(config_map(k="3"), name="b"), "second")
    wire.apply("configmaps/a", with_metadata(config_map(k="3"), namespace=wire.two), "second", force=True)
    wire.apply("configmaps/a", with_metadata(config_map(k="3"), resourceVersion="1"), "second")
    wire.apply("configmaps/a", with_metadata(config_map(k="3"), resourceVersion="1"), "second", force=True)
    wire.apply("configmaps/a", with_metadata(config_map(k="2"), resourceVersion="1"), "second")


@case("names of managers in conflicts are quoted")
def quoted_managers(wire: Wire) -> None:
    for name in ('first "one"', "back\\slash", "ünï", "emoji 😀"):
        wire.post("configmaps", config_map(k="1"), fieldManager=name)
        wire.apply("configmaps/a", config_map(k="2"), "second")
        wire.delete("configmaps/a")
