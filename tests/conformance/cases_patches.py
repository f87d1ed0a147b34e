"""Cases of JSON patches, merge patches and strategic merge patches."""

from __future__ import annotations

from tests.conformance.bodies import config_map, definition, deployment, pod, service, widget, with_metadata
from tests.conformance.cases import case
from tests.conformance.wire import Wire


@case("operations of a JSON patch")
def json_operations(wire: Wire) -> None:
    wire.post("configmaps", with_metadata(config_map(), labels={"a/b": "c"}))
    for operations in (
        [{"op": "add", "path": "/data/x", "value": "1"}],
        [{"op": "replace", "path": "/data/x", "value": "2"}],
        [{"op": "copy", "from": "/data/x", "path": "/data/y"}],
        [{"op": "move", "from": "/data/y", "path": "/data/z"}],
        [{"op": "test", "path": "/data/z", "value": "2"}, {"op": "remove", "path": "/data/z"}],
        [{"op": "remove", "path": "/metadata/labels/a~1b"}],
        [{"op": "add", "path": "/metadata/finalizers", "value": ["example.com/a"]}],
        [{"op": "add", "path": "/metadata/finalizers/-", "value": "example.com/c"}],
        [{"op": "add", "path": "/metadata/finalizers/1", "value": "example.com/b"}],
        [{"op": "remove", "path": "/metadata/finalizers"}],
    ):
        wire.patch("configmaps/a", operations, "json")


@case("a JSON patch that fails changes nothing")
def json_failures(wire: Wire) -> None:
    wire.post("configmaps", config_map())
    for operations in (
        [{"op": "test", "path": "/data/k", "value": "9"}],
        [{"op": "test", "path": "/data/missing", "value": "9"}],
        [{"op": "remove", "path": "/data/missing"}],
        [{"op": "replace", "path": "/data/missing", "value": "1"}],
        [{"op": "add", "path": "/missing/x", "value": "1"}],
        [{"op": "add", "path": "/metadata/finalizers/-", "value": "x"}],
        [{"op": "other", "path": "/data/k"}],
        [{"op": "add", "path": "data/k", "value": "1"}],
        [{"op": "move", "from": "/data/missing", "path": "/data/x"}],
        [{"op": "add", "path": "/data/x", "value": "1"}, {"op": "test", "path": "/data/k", "value": "9"}],
        [{"path": "/data/k"}],
        [{"op": "add", "path": "/data/n"}],
        {"op": "add"},
        "text",
    ):
        wire.patch("configmaps/a", operations, "json")
    wire.patch("configmaps/a", "{", "json")
    wire.patch("configmaps/a", [{"op": "test", "path": "/data/k", "value": "1"}] * 10001, "json")
    wire.get("configmaps/a")


@case("a merge patch merges maps and replaces lists")
def merge(wire: Wire) -> None:
    wire.post("deployments", deployment())
    wire.patch("deployments/a", {"spec": {"template": {"spec": {"containers": [{"name": "other", "image": "x"}]}}}})
    wire.patch("deployments/a", {"spec": {"template": {"spec": {"nodeSelector": {"a": "b", "c": "d"}}}}})
    wire.patch("deployments/a", {"spec": {"template": {"spec": {"nodeSelector": {"a": None}}}}})
    wire.patch("deployments/a", {"metadata": {"labels": {"x": None}}})
    wire.patch("deployments/a", {"spec": {"strategy": {"type": "Recreate"}}})
    wire.patch("deployments/a", {"spec": {"strategy": {"type": "Recreate", "rollingUpdate": None}}})
    wire.patch("deployments/a", {"spec": None})
    for body in ("[]", "null", '"x"', "{", ""):
        wire.patch("deployments/a", body)


@case("a strategic merge patch merges lists by keys")
def strategic(wire: Wire) -> None:
    wire.post("deployments", deployment())
    wire.patch(
        "deployments/a", {"spec": {"template": {"spec": {"containers": [{"name": "side", "image": "x"}]}}}}, "strategic"
    )
    wire.patch(
        "deployments/a",
        {"spec": {"template": {"spec": {"containers": [{"name": "main", "env": [{"name": "A", "value": "1"}]}]}}}},
        "strategic",
    )
    wire.patch(
        "deployments/a",
        {"spec": {"template": {"spec": {"containers": [{"name": "main", "env": [{"name": "B", "value": "2"}]}]}}}},
        "strategic",
    )
    wire.patch(
        "deployments/a",
        {"spec": {"template": {"spec": {"containers": [{"name": "side", "$patch": "delete"}]}}}},
        "strategic",
    )
    order = {
        "$setElementOrder/containers": [{"name": "first"}, {"name": "main"}],
        "containers": [{"name": "first", "image": "y"}],
    }
    wire.patch("deployments/a", {"spec": {"template": {"spec": order}}}, "strategic")
    wire.patch("deployments/a", {"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}}, "strategic")
    wire.patch("deployments/a", {"metadata": {"finalizers": ["example.com/a"]}}, "strategic")
    wire.patch("deployments/a", {"metadata": {"finalizers": ["example.com/b"]}}, "strategic")
    wire.patch(
        "deployments/a",
        {"metadata": {"$deleteFromPrimitiveList/finalizers": ["example.com/a", "example.com/b"]}},
        "strategic",
    )
    wire.patch(
        "deployments/a",
        {"spec": {"template": {"spec": {"containers": [{"$patch": "replace"}, {"name": "only", "image": "z"}]}}}},
        "strategic",
    )
    wire.patch("deployments/a", {"metadata": {"labels": {"$patch": "replace", "n": "1"}}}, "strategic")


@case("a strategic merge patch that cannot be merged")
def strategic_failures(wire: Wire) -> None:
    wire.post("deployments", deployment())
    for body in (
        {"spec": {"template": {"spec": {"containers": [{"image": "x"}]}}}},
        {"spec": {"template": {"spec": {"containers": {"name": "x"}}}}},
        {"spec": {"template": {"spec": {"containers": [{"name": "main", "$patch": "other"}]}}}},
        {"metadata": {"$patch": "other"}},
        {"spec": {"unknown": {"x": 1}}},
        {"spec": 5},
        {"$patch": "delete"},
    ):
        wire.patch("deployments/a", body, "strategic", dryRun="All")
    for text in ("[]", "null", "{"):
        wire.patch("deployments/a", text, "strategic")


@case("ports, tolerations and volumes have keys of their kind")
def strategic_lists(wire: Wire) -> None:
    wire.post("services", service())
    wire.patch(
        "services/a", {"spec": {"ports": [{"port": 443, "name": "tls"}, {"port": 80, "name": "plain"}]}}, "strategic"
    )
    wire.patch("services/a", {"spec": {"ports": [{"port": 80, "$patch": "delete"}]}}, "strategic")
    volumes = [{"name": "v", "emptyDir": {}}]
    wire.post(
        "deployments",
        deployment(
            "b",
            template={
                "metadata": {"labels": {"app": "b"}},
                "spec": {
                    "containers": [{"name": "m", "image": "i", "ports": [{"containerPort": 1}]}],
                    "volumes": volumes,
                },
            },
        ),
    )
    wire.patch(
        "deployments/b",
        {"spec": {"template": {"spec": {"volumes": [{"name": "v", "configMap": {"name": "c"}}]}}}},
        "strategic",
    )
    wire.patch(
        "deployments/b",
        {"spec": {"template": {"spec": {"volumes": [{"name": "v", "emptyDir": None, "configMap": {"name": "c"}}]}}}},
        "strategic",
    )
    wire.patch(
        "deployments/b",
        {
            "spec": {
                "template": {
                    "spec": {
                        "containers": [
                            {"name": "m", "ports": [{"containerPort": 1, "name": "x"}, {"containerPort": 2}]}
                        ]
                    }
                }
            }
        },
        "strategic",
    )
    wire.post("pods", pod())
    wire.patch("pods/a", {"spec": {"tolerations": [{"key": "k", "operator": "Exists"}]}}, "strategic")
    condition = {"type": "Ready", "status": "True"}
    wire.patch("pods/a/status", {"status": {"conditions": [condition]}}, "strategic")
    wire.patch("pods/a/status", {"status": {"conditions": [{"type": "Initialized", "status": "True"}]}}, "strategic")


@case("patches of custom objects")
def customs(wire: Wire) -> None:
    wire.define(definition(wire.group))
    wire.post("widgets", widget(wire.group, size=1))
    wire.patch("widgets/a", {"spec": {"size": 2}})
    wire.patch("widgets/a", [{"op": "replace", "path": "/spec/size", "value": 3}], "json")
    wire.patch("widgets/a", {"spec": {"size": None}})
    wire.patch("widgets/a", {"spec": {"size": "x"}})
    wire.patch("widgets/a", {"spec": {"mode": None}})
    wire.patch("widgets/a", {"spec": None})
    wire.patch("widgets/a", {"kind": "Other"})
    wire.patch("widgets/a", {"apiVersion": "v1"})
    wire.patch("widgets/a", [], "merge")


@case("a strategic merge patch names the Go type of a wrong value")
def strategic_types(wire: Wire) -> None:
    wire.post("deployments", deployment())
    container = {"name": "main"}
    for value in (5, "x", True, 1.5, [1], {"a": 1}):
        for spec in (
            {"replicas": value},
            {"paused": value},
            {"template": {"spec": {"nodeSelector": value}}},
            {"template": {"spec": {"nodeSelector": {"k": value}}}},
            {"template": {"spec": {"containers": [{**container, "args": value}]}}},
            {"template": {"spec": {"containers": [{**container, "args": [value]}]}}},
        ):
            wire.patch("deployments/a", {"spec": spec}, "strategic", dryRun="All")
        wire.patch("deployments/a", {"metadata": {"finalizers": value}}, "strategic", dryRun="All")
    for value in (True, 1.5, [1], {"a": 1}):
        wire.patch(
            "deployments/a", {"spec": {"strategy": {"rollingUpdate": {"maxSurge": value}}}}, "strategic", dryRun="All"
        )
        wire.patch("deployments/a", {"metadata": {"creationTimestamp": value}}, "strategic", dryRun="All")
        wire.patch("deployments/a", {"metadata": value}, "strategic", dryRun="All")


@case("a patch can't change what an object is, and must be JSON")
def identity(wire: Wire) -> None:
    wire.post("configmaps", config_map())
    for body in (
        {"metadata": {"name": None}},
        {"metadata": {"name": "b"}},
        {"metadata": {"namespace": wire.two}},
        {"kind": None},
    ):
        wire.patch("configmaps/a", body)
        wire.patch("configmaps/a", body, "strategic")
    wire.patch("configmaps/a", {"kind": "Secret", "apiVersion": "v2"}, "strategic")
    wire.patch("configmaps/a", [{"op": "remove", "path": "/metadata/name"}], "json")
    wire.patch("configmaps/a", [{"op": "replace", "path": "/metadata/name", "value": "b"}], "json")
    for text in ("", " ", "{}x", "nope", '{"a":}', "5", '"x"', "null"):
        for kind in ("json", "merge", "strategic"):
            wire.patch("configmaps/a", text, kind)
    wire.get("configmaps/a")
