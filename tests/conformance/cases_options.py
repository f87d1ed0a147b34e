"""Cases of options of wrong types: in bodies of deletions and subresources, and in queries."""

from __future__ import annotations

from typing import Any, Final

from tests.conformance.bodies import config_map, definition, deployment, pod, widget, with_metadata
from tests.conformance.cases import case
from tests.conformance.wire import Wire

WRONG_OPTIONS: Final[tuple[Any, ...]] = (
    {"propagationPolicy": 5},
    {"propagationPolicy": ["Orphan"]},
    {"propagationPolicy": ""},
    {"propagationPolicy": None},
    {"gracePeriodSeconds": "x"},
    {"gracePeriodSeconds": "5"},
    {"gracePeriodSeconds": 1.5},
    {"gracePeriodSeconds": 1.0},
    {"gracePeriodSeconds": True},
    {"gracePeriodSeconds": 99999999999999999999},
    {"orphanDependents": "true"},
    {"orphanDependents": 1},
    {"dryRun": "All"},
    {"dryRun": [1]},
    {"dryRun": [None]},
    {"dryRun": {"a": 1}},
    {"preconditions": "x"},
    {"preconditions": ["x"]},
    {"preconditions": {"uid": 5}},
    {"preconditions": {"uid": ""}},
    {"preconditions": {"resourceVersion": 5}},
    {"preconditions": {"resourceVersion": ""}},
    {"ignoreStoreReadErrorWithClusterBreakingPotential": "x"},
    {"kind": 5},
    {"kind": "DeleteOptions", "apiVersion": 5},
    {"kind": "DeleteOptions", "apiVersion": "apps/v1"},
    {"kind": "DeleteOptions", "apiVersion": "nowhere.example.com/v1"},
    {"kind": "DeleteOptions"},
    {"apiVersion": "v2"},
    {"kind": "ConfigMap", "apiVersion": "v1"},
    {"kind": "ConfigMap", "apiVersion": "v1", "data": 1},
    {"kind": "ListOptions", "apiVersion": "v1"},
    {"propagationPolicy": 5, "gracePeriodSeconds": "x"},
    {"unknown": 1, "propagationPolicy": "Background"},
)


@case("options of a deletion have types")
def delete_types(wire: Wire) -> None:
    for body in WRONG_OPTIONS:
        wire.post("configmaps", config_map())
        wire.delete("configmaps/a", body)
    for body in WRONG_OPTIONS[:5]:
        wire.delete("configmaps/a", body, fieldValidation="Strict")


@case("a query next to options in the body")
def delete_queries(wire: Wire) -> None:
    for body in ({"unknown": 1}, '{"kind":"DeleteOptions","kind":"DeleteOptions"}', {"gracePeriodSeconds": 0}):
        for mode in ("Strict", "Warn", "Other"):
            wire.post("configmaps", config_map())
            wire.delete("configmaps/a", body, fieldValidation=mode)
    wire.post("configmaps", config_map())
    wire.delete("configmaps/a", {"gracePeriodSeconds": 0}, dryRun="All")
    wire.delete("configmaps/a", {"gracePeriodSeconds": 0}, dryRun="Some")
    wire.delete("configmaps/a", {"gracePeriodSeconds": 0}, propagationPolicy="Other")
    wire.delete("configmaps/a", {"gracePeriodSeconds": 0}, gracePeriodSeconds="x")
    wire.post("configmaps", config_map())
    wire.delete("configmaps", {"propagationPolicy": 5})
    wire.delete("configmaps", {"gracePeriodSeconds": "x"}, limit="x")
    wire.delete("configmaps", {"unknown": 1}, limit="x")
    wire.delete("configmaps", {"gracePeriodSeconds": "x"}, labelSelector="n in (")
    wire.delete("configmaps", {"gracePeriodSeconds": "x"}, fieldSelector="data=x")
    wire.delete("configmaps", {"gracePeriodSeconds": "x"}, resourceVersionMatch="x")
    wire.delete("configmaps", limit="x")
    wire.delete("configmaps", limit=-1)
    wire.delete("configmaps/missing", {"propagationPolicy": 5})
    wire.delete("namespaces/kube-system", {"propagationPolicy": 5})


@case("the content type of options of a deletion")
def delete_content(wire: Wire) -> None:
    for content, body in (
        ("application/yaml", "propagationPolicy: 5\n"),
        ("application/yaml", "dryRun: [All]\n"),
        ("application/yaml", "a: b: c\n"),
        ("text/plain", "{}"),
        ("application/json; charset=utf-8", '{"dryRun":["All"]}'),
        ("", '{"dryRun":["All"]}'),
        ("application/json", " "),
        ("application/json", '"x"'),
        ("application/json", "5"),
        ("application/json", '{"dryRun":["All"]} x'),
    ):
        wire.post("configmaps", config_map())
        wire.send("DELETE", "configmaps/a", body, headers={"Content-Type": content})


@case("options of a deletion of custom objects have types")
def custom_delete_types(wire: Wire) -> None:
    wire.define(definition(wire.group))
    for body in (
        {"propagationPolicy": 5},
        {"gracePeriodSeconds": "x"},
        {"unknown": 1},
        {"preconditions": {"uid": 5}},
        {"kind": "DeleteOptions", "apiVersion": f"{wire.group}/v1"},
        {"kind": "DeleteOptions", "apiVersion": f"{wire.group}/v2"},
        {"kind": "Widget", "apiVersion": f"{wire.group}/v1"},
        {"kind": "DeleteOptions", "apiVersion": "v1"},
    ):
        wire.post("widgets", widget(wire.group))
        wire.delete("widgets/a", body)
    wire.post("widgets", widget(wire.group))
    wire.delete("widgets/a", {"unknown": 1}, fieldValidation="Strict")
    wire.delete("widgets", {"gracePeriodSeconds": "x"})


@case("options of a deletion in another group")
def group_delete_types(wire: Wire) -> None:
    for body in (
        {"kind": "DeleteOptions", "apiVersion": "apps/v1"},
        {"kind": "DeleteOptions", "apiVersion": "v1"},
        {"kind": "DeleteOptions", "apiVersion": "meta.k8s.io/v1"},
        {"kind": "DeleteOptions", "apiVersion": "batch/v1"},
        {"kind": "Deployment", "apiVersion": "apps/v1"},
        {"apiVersion": "apps/v1"},
        {"propagationPolicy": 5},
        {"unknown": 1},
    ):
        wire.post("deployments", deployment())
        wire.delete("deployments/a", body, propagationPolicy="Background")


@case("queries of wrong types")
def query_types(wire: Wire) -> None:
    wire.post("configmaps", config_map())
    for name, values in {
        "limit": ("x", "1.5", "-1", "+1", " 1", "99999999999999999999", "0x1", ""),
        "timeoutSeconds": ("x", "1.5", "-1", "99999999999999999999", ""),
        "watch": ("x", "0", "false", "False", "no", ""),
        "allowWatchBookmarks": ("x", ""),
        "sendInitialEvents": ("x", ""),
        "resourceVersion": ("-1", "1.5", "99999999999999999999"),
        "resourceVersionMatch": ("x",),
        "continue": ("x",),
        "labelSelector": ("a=b=c", "!", "a in", "="),
        "fieldSelector": ("a", "metadata.name", "data=x", "metadata.name>1"),
        "pretty": ("x", "5"),
    }.items():
        for value in values:
            if name == "watch" and value not in ("0", "false", "False"):
                for match in ("x", "Exact", "NotOlderThan"):
                    query = {name: value, "timeoutSeconds": 1, "resourceVersionMatch": match}
                    wire.send("GET", "configmaps", query=query)
            else:
                wire.send("GET", "configmaps", query={name: value})


@case("queries of writes of wrong types")
def write_query_types(wire: Wire) -> None:
    wire.post("configmaps", config_map())
    for name, values in {
        "dryRun": ("all", "true", "All,All"),
        "fieldManager": ("a\nb", "x" * 129, "é", "\t"),
        "fieldValidation": ("strict", "x"),
        "force": ("x", "", "yes", "0", "False", "T"),
        "pretty": ("x",),
    }.items():
        for value in values:
            wire.post("configmaps", config_map("b"), **{name: value, **({} if name == "dryRun" else {"dryRun": "All"})})
            wire.put("configmaps/a", config_map(), **{name: value})
            wire.patch("configmaps/a", {"data": {"k": "1"}}, "merge", **{name: value})
            wire.send(
                "PATCH",
                "configmaps/a",
                config_map(),
                headers={"Content-Type": "application/apply-patch+yaml"},
                query={"fieldManager": "first", "dryRun": "All"} | {name: value},
            )
    for name, values in {
        "gracePeriodSeconds": ("1.5", "", "+5", "99999999999999999999"),
        "orphanDependents": ("x", "", "0", "T"),
        "propagationPolicy": ("", "nil", "orphan"),
        "dryRun": ("all", ""),
        "ignoreStoreReadErrorWithClusterBreakingPotential": ("0", "false"),
    }.items():
        for value in values:
            wire.post("configmaps", config_map())
            wire.delete("configmaps/a", **{name: value})


@case("bodies of evictions have types")
def eviction_types(wire: Wire) -> None:
    wire.post("pods", pod())
    body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "a"}}
    for options in WRONG_OPTIONS:
        wire.post("pods/a/eviction", {**body, "deleteOptions": options}, dryRun="All")
    wire.post("pods/a/eviction", {**body, "deleteOptions": {"propagationPolicy": "Wrong"}}, dryRun="All")
    both = {"propagationPolicy": "Orphan", "orphanDependents": True}
    wire.post("pods/a/eviction", {**body, "deleteOptions": both}, dryRun="All")
    wire.post("pods/a/eviction", {**body, "deleteOptions": {"dryRun": ["Some"]}}, dryRun="All")
    wire.post("pods/a/eviction", {**body, "deleteOptions": {"dryRun": ["Some"]}})
    wrong = {"dryRun": ["Some"], "propagationPolicy": "Wrong"}
    wire.post("pods/a/eviction", {**body, "deleteOptions": wrong}, dryRun="All")
    wire.post("pods/a/eviction", {**body, "deleteOptions": {"dryRun": ["All", "All"]}}, dryRun="All")
    for mode in ("Strict", "Warn"):
        unknown = {**body, "other": 1, "deleteOptions": {"unknown": 1}}
        wire.post("pods/a/eviction", unknown, dryRun="All", fieldValidation=mode)
    wire.post("pods/a/eviction", {**body, "deleteOptions": "x"}, dryRun="All")
    wire.post("pods/a/eviction", {**body, "metadata": "x"}, dryRun="All")
    wire.post("pods/a/eviction", {**body, "metadata": {}}, dryRun="All")
    wire.post("pods/a/eviction", {**body, "kind": "Pod"}, dryRun="All")
    wire.post("pods/a/eviction", "[]", dryRun="All")
    wire.post("pods/a/eviction", "", dryRun="All")


@case("bodies of bindings, scales and requests for tokens have types")
def subresource_types(wire: Wire) -> None:
    fields: dict[str, Any]
    wire.post("pods", pod())
    for fields in ({"target": "x"}, {"target": {"name": 5}}, {"target": {"kind": 5}}, {"target": []}, {"other": 1}):
        body = {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": "a"}, **fields}
        wire.post("pods/a/binding", body, dryRun="All", fieldValidation="Strict")
        wire.post("pods/a/binding", body, dryRun="All")
    wire.post("deployments", deployment(replicas=2))
    scale = {"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": {"name": "a"}}
    for fields in (
        {"spec": {"replicas": "x"}},
        {"spec": {"replicas": 1.5}},
        {"spec": {"replicas": 3000000000}},
        {"spec": "x"},
        {"spec": {"other": 1}},
        {"status": "x"},
        {"status": {"replicas": "x"}},
        {"status": {"selector": 5}},
        {"kind": "Deployment"},
    ):
        wire.put("deployments/a/scale", {**scale, **fields}, dryRun="All", fieldValidation="Strict")
        wire.patch("deployments/a/scale", fields, "merge", dryRun="All", fieldValidation="Strict")
    for fields in (
        {"spec": {"audiences": "x"}},
        {"spec": {"audiences": [5]}},
        {"spec": {"expirationSeconds": "x"}},
        {"spec": {"expirationSeconds": 600.5}},
        {"spec": {"boundObjectRef": "x"}},
        {"spec": {"boundObjectRef": {"kind": 5}}},
        {"spec": {"other": 1}},
        {"spec": "x"},
        {"kind": "Other"},
    ):
        wire.post("serviceaccounts/default/token", fields, dryRun="All", fieldValidation="Strict")
        wire.post("serviceaccounts/default/token", fields, dryRun="All")
    wire.post("serviceaccounts/default/token", with_metadata({"metadata": {}}, name=5), dryRun="All")


@case("options of logs have types")
def log_types(wire: Wire) -> None:
    wire.post("pods", pod())
    for name, values in {
        "tailLines": ("x", "1.5", "+1", "", "99999999999999999999"),
        "limitBytes": ("x", "+1", "", "99999999999999999999"),
        "sinceSeconds": ("x", "+1", "", "99999999999999999999"),
        "sinceTime": ("x", "2026-01-01", "2026-01-01T00:00:00", "2026-01-01T00:00:00Z", ""),
        "previous": ("x", "", "False"),
        "follow": ("", "False"),
        "stream": ("x", "", "Stdout"),
    }.items():
        for value in values:
            wire.send("GET", "pods/a/log", query={name: value})


@case("kind and version are texts")
def kind_types(wire: Wire) -> None:
    fields: dict[str, Any]
    wire.define(definition(wire.group))
    for fields in ({"kind": 5}, {"apiVersion": 5}, {"kind": ["x"], "apiVersion": {}}, {"apiVersion": {}, "kind": []}):
        for plural, body in (
            ("configmaps", config_map()),
            ("deployments", deployment()),
            ("widgets", widget(wire.group)),
        ):
            wire.post(plural, {**fields, "metadata": body["metadata"], **body, **fields})
    wire.post("configmaps", config_map())
    wire.post("widgets", widget(wire.group))
    for fields in ({"kind": 5}, {"apiVersion": 5}, {"kind": "Other"}, {"apiVersion": "v2"}):
        for plural, body in (("configmaps", config_map()), ("widgets", widget(wire.group))):
            if fields.get("kind") == "Other" and plural == "widgets":
                body = with_metadata(body, resourceVersion=wire.get("widgets/a")["metadata"]["resourceVersion"])
            wire.put(f"{plural}/a", {**fields, "metadata": body["metadata"], **body, **fields})
            wire.patch(f"{plural}/a", fields, "merge")
            wire.patch(f"{plural}/a", fields, "merge", fieldValidation="Strict")
            wire.apply(f"{plural}/a", {**body, **fields}, dryRun="All")
        wire.patch("configmaps/a", fields, "strategic")


@case("a body that cannot be read is shown up to 30 bytes")
def shown_bodies(wire: Wire) -> None:
    for length in (29, 30, 31, 60):
        for start in ("{", "[", " {", "<", "x"):
            wire.send("POST", "configmaps", start.ljust(length, "."))
    wire.send("POST", "configmaps", "{" + "\u00e9" * 20)
    wire.send("POST", "configmaps", "{" + " " * 27 + "\u00e9\u00e9")


@case("a body in YAML that cannot be read")
def yaml_bodies(wire: Wire) -> None:
    yaml = {"Content-Type": "application/yaml"}
    for text in ("a: b: c\n", "- 1\n", "5\n", "metadata: x\n", "kind: 5\n", "kind: 5\nmetadata:\n  name: long\n", "\n"):
        wire.send("POST", "configmaps", text, headers=yaml, query={"dryRun": "All"})
        wire.send("DELETE", "configmaps/a", text, headers=yaml)


@case("the kind of a custom object is checked with its other values")
def custom_kinds(wire: Wire) -> None:
    wire.define(definition(wire.group))
    other = {**widget(wire.group, size="x"), "kind": "Other"}
    wire.post("widgets", with_metadata(other, labels={"-": "-"}))
    wire.post("widgets", with_metadata({**other, "spec": {}}, labels={"-": "-"}))
    made = wire.post("widgets", widget(wire.group))
    wire.put("widgets/a", other)
    wire.put("widgets/a", {**other, "spec": {}})
    version = {"resourceVersion": made["metadata"]["resourceVersion"]}
    wire.put("widgets/a", with_metadata(other, labels={"-": "-"}, **version))
    wire.put("widgets/a", with_metadata({**other, "spec": {}}, **version))
    wire.put("widgets/a/status", with_metadata({**other, "spec": {}}, **version))
    wire.put("widgets/a", with_metadata({**other, "spec": {}}, resourceVersion="1"))
    wire.patch("widgets/a", {"kind": "Other", "metadata": {"labels": {"-": "-"}}}, "merge")


@case("versions of objects are numbers")
def version_types(wire: Wire) -> None:
    wire.define(definition(wire.group))
    wire.post("configmaps", config_map())
    wire.post("widgets", widget(wire.group))
    for at, value in enumerate(("x", "-1", "+1", "", "0")):
        for plural, body in (("configmaps", config_map()), ("widgets", widget(wire.group))):
            changed = with_metadata(body, resourceVersion=value)
            wire.post(plural, with_metadata(changed, name=f"b{at}"))
            wire.put(f"{plural}/a", changed, dryRun="All")
            wire.patch(f"{plural}/a", {"metadata": {"resourceVersion": value}}, "merge", dryRun="All")
            wire.apply(f"{plural}/a", with_metadata(changed, labels={"a": "b"}), dryRun="All")
            if not value.isdigit():
                wire.get(f"{plural}/a", resourceVersion=value)
