"""Cases of names, labels, owners, generations and the other metadata."""

from __future__ import annotations

from typing import Any

from tests.conformance.bodies import (
    config_map,
    definition,
    deployment,
    job,
    lease,
    pod,
    service,
    widget,
    with_metadata,
)
from tests.conformance.cases import case
from tests.conformance.wire import Wire

UID = "11111111-2222-3333-4444-555555555555"
OLD = "2001-02-03T04:05:06Z"


@case("the server sets uid, creationTimestamp and version")
def set_by_the_server(wire: Wire) -> None:
    wire.post("configmaps", config_map())
    sent = {
        "uid": UID,
        "creationTimestamp": OLD,
        "deletionTimestamp": OLD,
        "deletionGracePeriodSeconds": 5,
        "generation": 7,
        "selfLink": "/x",
    }
    wire.post("configmaps", with_metadata(config_map("b"), **sent))
    wire.post("deployments", with_metadata(deployment("b"), **sent))
    wire.define(definition(wire.group))
    wire.post("widgets", with_metadata(widget(wire.group, "b"), **sent))


@case("a generated name has five random characters")
def generated_names(wire: Wire) -> None:
    long = "x" * 62 + "-"
    for prefix in ("web-", long):
        body = config_map()
        body["metadata"] = {"generateName": prefix}
        wire.post("configmaps", body)
    wire.post("configmaps", with_metadata(config_map("both"), generateName="web-"))
    wire.post("configmaps", with_metadata(config_map("both"), generateName="web-"))
    wire.post("configmaps", {"metadata": {"generateName": ""}})


@case("a name is required")
def missing_names(wire: Wire) -> None:
    wire.post("configmaps", {"data": {}})
    wire.post("configmaps", {"metadata": {"name": ""}})
    wire.post("pods", {"metadata": {}, "spec": pod()["spec"]})
    wire.define(definition(wire.group))
    wire.post("widgets", {"metadata": {}})


@case("a name follows the rule of its kind")
def invalid_names(wire: Wire) -> None:
    for name in ("Upper", "under_score", "a..b", "-a", "a.", "x" * 254, "a/b", "a%b", "..", "."):
        wire.post("configmaps", config_map(name))
    for name in ("a.b", "1a", "x" * 64, "A"):
        wire.post("services", service(name))
    for name in ("a.b", "x" * 64, "A"):
        wire.post("namespaces", {"metadata": {"name": name}})
    for name in ("a:b", "..", "a/b", "Role", "a%b"):
        wire.post("roles", {"metadata": {"name": name}, "rules": []}, dryRun="All")
    wire.post("pods", pod("x" * 64), dryRun="All")
    wire.post("deployments", deployment("A"), dryRun="All")
    wire.post("leases", lease("A"), dryRun="All")
    wire.post("jobs", job("x" * 64), dryRun="All")
    wire.define(definition(wire.group))
    for name in ("A", "a..b", "x" * 254):
        wire.post("widgets", widget(wire.group, name))


@case("a fault is reported once, except in updates of custom objects")
def equal_causes(wire: Wire) -> None:
    labels = {"a": "y" * 64, "b": "y" * 64}
    change = {"metadata": {"labels": labels}}
    wire.post("configmaps", with_metadata(config_map(), labels=labels))
    wire.post("configmaps", config_map())
    wire.patch("configmaps/a", change)
    wire.post("deployments", with_metadata(deployment(), labels=labels))
    wire.define(definition(wire.group))
    wire.post("widgets", with_metadata(widget(wire.group), labels=labels))


@case("a job without labels gets those of its template, at every write")
def labels_of_jobs(wire: Wire) -> None:
    def labelled(name: str, own: dict[str, str] | None, of_template: dict[str, str] | None) -> None:
        body = job(name)
        body["spec"]["template"]["metadata"] = {"labels": of_template}
        wire.post("jobs", with_metadata(body, labels=own))

    labelled("a", {"a": "b"}, {"a": "b"})
    labelled("b", None, {"a": "b"})
    labelled("c", None, None)
    labelled("d", {"a": "b"}, None)
    labelled("e", None, {"a": "y" * 64, "b": "y" * 64})
    for name in ("a", "b", "d"):
        wire.patch(f"jobs/{name}", {"metadata": {"labels": None}})


@case("a job without labels is written by its first update, which stores those of its template")
def first_updates_of_jobs(wire: Wire) -> None:
    wire.post("jobs", job())
    wire.post("jobs", with_metadata(job("b"), labels={"a": "b"}))
    for name in ("a", "b"):
        wire.patch(f"jobs/{name}", {}, dryRun="All")
        wire.patch(f"jobs/{name}", {})
        wire.patch(f"jobs/{name}", {})
    wire.apply("jobs/c", job("c"))
    wire.patch("jobs/c", [{"op": "remove", "path": "/metadata/labels"}], "json")
    wire.patch("jobs/c", [{"op": "remove", "path": "/metadata/labels"}], "json")
    wire.apply("jobs/d", job("d"))
    wire.apply("jobs/d", job("d"))
    wire.apply("jobs/d", job("d"))
    wire.post("jobs", job("e"))
    wire.patch("jobs/e/status", {"status": {}})
    wire.patch("jobs/e/status", {"status": {}})
    wire.get("jobs", labelSelector="job-name=e")


@case("new finalizers of an object that is being deleted are refused, twice for custom objects")
def late_finalizers(wire: Wire) -> None:
    wire.define(definition(wire.group))
    wire.post("configmaps", with_metadata(config_map(), finalizers=["example.com/a"]))
    wire.post("widgets", with_metadata(widget(wire.group), finalizers=["example.com/a"]))
    for path in ("configmaps/a", "widgets/a"):
        wire.delete(path)
        for finalizers in (
            ["example.com/b"],
            ["d", "example.com/a", "example.com/b", "c", "c"],
            ["example.com/a"],
            None,
        ):
            wire.patch(path, {"metadata": {"finalizers": finalizers, "labels": {"a": "b"}}})


@case("a create has no version")
def version_in_create(wire: Wire) -> None:
    wire.post("configmaps", with_metadata(config_map(), resourceVersion="5"))
    wire.post("configmaps", with_metadata(config_map(), resourceVersion="0"))
    wire.post("configmaps", with_metadata(config_map("b"), resourceVersion=""))
    wire.post("configmaps", with_metadata(config_map("c"), resourceVersion="x"))
    wire.define(definition(wire.group))
    wire.post("widgets", with_metadata(widget(wire.group), resourceVersion="5"))


@case("labels and annotations are checked")
def labels_and_annotations(wire: Wire) -> None:
    for labels in (
        {"a b": "c"},
        {"a": "b c"},
        {"": "x"},
        {"a/b/c": "x"},
        {"x" * 64: "y"},
        {"a": "y" * 64},
        {"Ex.com/a": "x"},
        {"/a": "x"},
    ):
        wire.post("configmaps", with_metadata(config_map(), labels=labels), dryRun="All")
    wire.post("configmaps", with_metadata(config_map(), labels={"a": "", "e.com/A_b.c-d": "E_f.g-h"}), dryRun="All")
    for found in ({"a b": "any text"}, {"": "x"}, {"Ex.com/A": "x"}, {"ok": "any text/!"}, {"x": "y" * 262144}):
        wire.post("configmaps", with_metadata(config_map(), annotations=found), dryRun="All")


def _owner(**fields: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": UID, **fields}


@case("owners are checked")
def owners(wire: Wire) -> None:
    for field in ("apiVersion", "kind", "name", "uid"):
        wire.post("configmaps", with_metadata(config_map(), ownerReferences=[_owner(**{field: ""})]), dryRun="All")
    other = _owner(uid=UID.replace("1", "6"), name="q")
    for found in (
        [_owner(controller=True), {**other, "controller": True}],
        [_owner(), _owner()],
        [_owner(), _owner(name="r")],
        [_owner(apiVersion="a/b/c")],
        [_owner(kind="Event")],
        [_owner(controller=True, blockOwnerDeletion=True), other],
    ):
        wire.post("configmaps", with_metadata(config_map(), ownerReferences=found), dryRun="All")
    wire.post("configmaps", with_metadata(config_map(), ownerReferences=[_owner()]))
    wire.patch("configmaps/a", {"metadata": {"ownerReferences": [_owner(), _owner()]}})
    wire.patch("configmaps/a", {"metadata": {"ownerReferences": [other]}}, "strategic")
    wire.patch("configmaps/a", {"metadata": {"ownerReferences": [{"$patch": "delete", "uid": UID}]}}, "strategic")


@case("finalizers are checked")
def finalizers(wire: Wire) -> None:
    for found in (
        ["plain"],
        ["example.com/a", "example.com/a"],
        ["a b"],
        [""],
        ["orphan", "foregroundDeletion"],
        ["kubernetes"],
        ["example.com/A_b"],
    ):
        wire.post("configmaps", with_metadata(config_map(), finalizers=found), dryRun="All")
    wire.post("namespaces", {"metadata": {"name": f"{wire.one}-f", "finalizers": ["plain"]}}, dryRun="All")


@case("the generation counts changes of the desired state")
def generations(wire: Wire) -> None:
    wire.post("deployments", deployment(replicas=1))
    wire.patch("deployments/a", {"spec": {"replicas": 2}})
    wire.patch("deployments/a", {"metadata": {"labels": {"a": "b"}}})
    wire.patch("deployments/a", {"metadata": {"generation": 9}})
    wire.patch("deployments/a", {"metadata": {"annotations": {"a": "b"}}})
    wire.patch("deployments/a/status", {"status": {"replicas": 2}})
    wire.patch("deployments/a/scale", {"spec": {"replicas": 3}})
    wire.get("deployments/a")
    wire.patch("deployments/a", {"metadata": {"finalizers": ["example.com/a"]}})
    wire.delete("deployments/a")
    wire.patch("deployments/a", {"spec": {"replicas": 4}})
    wire.post("configmaps", config_map())
    wire.patch("configmaps/a", {"data": {"k": "2"}})


@case("the generation of custom objects counts everything but metadata and status")
def custom_generations(wire: Wire) -> None:
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    wire.define(definition(wire.group, schema))
    wire.post("widgets", {**widget(wire.group, size=1), "more": 1, "status": {"ready": 1}})
    wire.patch("widgets/a", {"spec": {"size": 2}})
    wire.patch("widgets/a", {"more": 2})
    wire.patch("widgets/a", {"metadata": {"labels": {"a": "b"}}})
    wire.patch("widgets/a", {"status": {"ready": 2}})
    wire.patch("widgets/a/status", {"status": {"ready": 2}})
    wire.patch("widgets/a/status", {"spec": {"size": 3}, "metadata": {"labels": {"c": "d"}}, "status": {"ready": 3}})
    wire.define(definition(wire.group, schema, plural="gears", kind="Gear", scope="Cluster", subresources={}))
    wire.post("gears", {**widget(wire.group, kind="Gear"), "status": {"ready": 1}})
    wire.patch("gears/a", {"status": {"ready": 2}})
    wire.patch("gears/a/status", {"status": {"ready": 3}})


@case("an update has the uid of the object, or none")
def uids(wire: Wire) -> None:
    made = wire.post("configmaps", config_map())
    wire.put("configmaps/a", with_metadata(config_map(k="2"), uid=UID))
    wire.patch("configmaps/a", {"metadata": {"uid": UID}})
    wire.put("configmaps/a", with_metadata(config_map(k="2"), uid=made["metadata"]["uid"]))
    wire.patch("configmaps/a", {"metadata": {"uid": None}})
    wire.put("configmaps/a", with_metadata(config_map(k="3"), uid=""))


@case("an update keeps the metadata that only the server sets")
def kept_metadata(wire: Wire) -> None:
    wire.post("configmaps", with_metadata(config_map(), finalizers=["example.com/a"]))
    wire.put("configmaps/a", with_metadata(config_map(k="2"), finalizers=["example.com/a"]))
    wire.put("configmaps/a", with_metadata(config_map(k="3"), creationTimestamp=OLD, finalizers=["example.com/a"]))
    wire.patch("configmaps/a", {"metadata": {"creationTimestamp": None}})
    wire.patch("configmaps/a", {"metadata": {"deletionTimestamp": OLD}})
    wire.patch("configmaps/a", {"metadata": {"deletionGracePeriodSeconds": 3}})
    wire.delete("configmaps/a")
    wire.patch("configmaps/a", {"metadata": {"deletionTimestamp": None}})
    wire.patch("configmaps/a", {"metadata": {"deletionTimestamp": OLD}})
    wire.patch("configmaps/a", {"metadata": {"finalizers": ["example.com/b"]}})
    wire.patch("configmaps/a", {"metadata": {"finalizers": ["example.com/a", "example.com/b"]}})
    wire.patch("configmaps/a", {"metadata": {"finalizers": []}})
    wire.get("configmaps/a")


@case("owners are checked by updates and for custom objects, too")
def changed_owners(wire: Wire) -> None:
    wire.post("configmaps", config_map())
    bad = [_owner(kind="", uid=""), _owner(apiVersion="v1/", uid=UID.replace("1", "7")), _owner(apiVersion="/v1")]
    wire.patch("configmaps/a", {"metadata": {"ownerReferences": bad}})
    wire.put("configmaps/a", with_metadata(config_map(), ownerReferences=[_owner(), _owner(), _owner(name="q")]))
    wire.put("configmaps/a", with_metadata(config_map(), ownerReferences=[{"uid": UID}]))
    wire.apply("configmaps/b", with_metadata(config_map("b"), ownerReferences=[_owner(kind="Event")]))
    event = _owner(apiVersion="events.k8s.io/v1", kind="Event")
    wire.post("configmaps", with_metadata(config_map("c"), ownerReferences=[event]), dryRun="All")
    wire.post("deployments", with_metadata(deployment(), ownerReferences=[_owner(controller=False)]), dryRun="All")
    wire.define(definition(wire.group))
    wire.post("widgets", with_metadata(widget(wire.group), ownerReferences=[_owner(name="")]))
    wire.post("widgets", with_metadata(widget(wire.group), ownerReferences=[_owner(), _owner()]))
    wire.patch("widgets/a", {"metadata": {"ownerReferences": [_owner(), _owner(name="q")]}})


@case("finalizers are checked by updates and for other kinds, too")
def finalizers_of_kinds(wire: Wire) -> None:
    several = {"finalizers": ["plain", "a b", "orphan", "foregroundDeletion"], "labels": {"a b": "c"}}
    wire.post("configmaps", with_metadata(config_map(), **several), dryRun="All")
    wire.post("configmaps", config_map())
    wire.patch("configmaps/a", {"metadata": several})
    wire.patch("configmaps/a", {"metadata": {"finalizers": ["plain"]}})
    wire.post("deployments", with_metadata(deployment(), finalizers=["plain"]), dryRun="All")
    wire.post("leases", with_metadata(lease(), finalizers=["plain"]), dryRun="All")
    wire.post("roles", {"metadata": {"name": "a", "finalizers": ["plain"]}}, dryRun="All")
    wire.define(definition(wire.group))
    wire.post("widgets", with_metadata(widget(wire.group), finalizers=["plain"]), dryRun="All")
    wire.post("widgets", with_metadata(widget(wire.group), finalizers=["a b", "orphan", "foregroundDeletion"]))
    other = with_metadata(definition(wire.group, plural="gears", kind="Gear"), finalizers=["plain"])
    wire.post("customresourcedefinitions", other, dryRun="All")


@case("kinds without generations keep the client's value")
def plain_generations(wire: Wire) -> None:
    wire.post("configmaps", with_metadata(config_map(), generation=7))
    wire.patch("configmaps/a", {"data": {"k": "2"}})
    wire.put("configmaps/a", config_map(k="3"))
    wire.patch("configmaps/a", {"metadata": {"generation": 9}})
    wire.patch("configmaps/a", {"metadata": {"generation": 8}})
    wire.put("configmaps/a", with_metadata(config_map(k="4"), generation=3))
    wire.put("configmaps/a", with_metadata(config_map(k="4"), generation=12))
    wire.post("configmaps", with_metadata(config_map("b"), generation=-1))
    wire.post("secrets", with_metadata({"metadata": {"name": "a"}}, generation=5))
    wire.patch("secrets/a", {"stringData": {"a": "b"}})
    wire.post("leases", with_metadata(lease(), generation=5))
    wire.post("configmaps", with_metadata(config_map("f"), finalizers=["example.com/a"]))
    wire.delete("configmaps/f")
    wire.put("deployments/a", with_metadata(deployment(), generation=5))
    wire.post("deployments", with_metadata(deployment(), generation=5))
    wire.put("deployments/a", with_metadata(deployment(), generation=5))


@case("metadata that only the server sets can't be changed, by kind")
def immutable_metadata(wire: Wire) -> None:
    wire.post("configmaps", with_metadata(config_map(), generateName="x-"))
    wire.put("configmaps/a", with_metadata(config_map(), deletionTimestamp=OLD, deletionGracePeriodSeconds=3))
    wire.put("configmaps/a", with_metadata(config_map(), uid=UID, creationTimestamp=OLD, generateName="y-"))
    wire.patch("configmaps/a", {"metadata": {"uid": UID, "creationTimestamp": OLD, "deletionTimestamp": OLD}})
    wire.patch("configmaps/a", {"metadata": {"creationTimestamp": OLD}})
    wire.patch("configmaps/a", {"metadata": {"generateName": "z-", "selfLink": "/x"}})
    wire.put("configmaps/a", config_map())
    wire.define(definition(wire.group))
    wire.post("widgets", widget(wire.group))
    wire.patch("widgets/a", {"metadata": {"uid": UID}})
    wire.patch("widgets/a", {"metadata": {"creationTimestamp": OLD}})
    wire.patch("widgets/a", {"metadata": {"deletionTimestamp": OLD}})
    wire.patch("widgets/a", {"metadata": {"name": "b"}})
    wire.patch("widgets/a", {"metadata": {"namespace": wire.two}})
    wire.patch("widgets/a", {"metadata": {"name": None}})
    wire.patch("widgets/a/status", {"metadata": {"uid": UID, "name": "b"}})
    wire.apply("configmaps/a", with_metadata(config_map(), uid=UID))
    wire.apply("configmaps/missing", with_metadata(config_map("missing"), uid=UID))
    wire.apply("configmaps/a", config_map("b"))
    wire.apply("configmaps/a", with_metadata(config_map(), namespace=wire.two))


@case("a conflict of uids names the key in the store")
def uids_of_kinds(wire: Wire) -> None:
    wire.define(definition(wire.group))
    backend = {"service": {"name": "a", "port": {"number": 80}}}
    bodies: dict[str, dict[str, Any]] = {
        "deployments": deployment(),
        "leases": lease(),
        "secrets": {"metadata": {"name": "a"}},
        "serviceaccounts": {"metadata": {"name": "a"}},
        "services": service(clusterIP="None"),
        "endpoints": {"metadata": {"name": "a"}},
        "roles": {"metadata": {"name": "a"}},
        "networkpolicies": {"metadata": {"name": "a"}, "spec": {"podSelector": {}}},
        "ingresses": {"metadata": {"name": "a"}, "spec": {"defaultBackend": backend}},
        "priorityclasses": {"metadata": {"name": f"{wire.one}-p"}, "value": 1},
        "namespaces": {"metadata": {"name": wire.two}},
        "customresourcedefinitions": definition(wire.group),
        "widgets": widget(wire.group),
    }
    for path, body in bodies.items():
        wire.post(path, body)
        place = f"{path}/{body['metadata']['name']}"
        live = wire.get(place)
        live["metadata"]["uid"] = UID
        wire.put(place, live)
    wire.put("configmaps/missing", with_metadata(config_map("missing"), uid=UID))


@case("names that a prefix, a version or a character makes invalid")
def more_invalid_names(wire: Wire) -> None:
    for name in ("a\nb", "\u00e4", "a b", "x" * 253 + ".", " a"):
        wire.post("configmaps", config_map(name))
    wire.post("namespaces", {"metadata": {"name": "a.B"}})
    wire.post("namespaces", {"metadata": {"name": "x" * 64 + ".A", "labels": {"kubernetes.io/metadata.name": "x"}}})
    wire.post("roles", {"metadata": {"name": "a%b/c"}, "rules": []}, dryRun="All")
    wire.post("serviceaccounts", {"metadata": {"name": "A"}}, dryRun="All")
    wire.post("configmaps", {"metadata": {"name": "A", "labels": {"a b": "c"}}})
    wire.put("configmaps/A", config_map("A"))
    wire.patch("configmaps/A", {})
    wire.apply("configmaps/A", config_map("A"))
    wire.get("configmaps/A")
