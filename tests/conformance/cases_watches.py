"""Cases of watches."""

from __future__ import annotations

from tests.conformance.bodies import config_map, definition, deployment, pod, widget, with_metadata
from tests.conformance.cases import case
from tests.conformance.wire import Wire


@case("a watch without a version starts with the present objects")
def from_now(wire: Wire) -> None:
    wire.post("configmaps", config_map("b"))
    wire.post("configmaps", config_map("a"))
    wire.get("configmaps")
    wire.watch("configmaps", 2)
    wire.watch("configmaps", 2, resourceVersion="0")
    wire.watch("configmaps", 1, fieldSelector="metadata.name=b")


@case("a watch from a version yields every later change, deletions too")
def from_a_version(wire: Wire) -> None:
    made = wire.post("configmaps", config_map())
    version = wire.get("configmaps")["metadata"]["resourceVersion"]
    wire.patch("configmaps/a", {"data": {"k": "2"}})
    wire.delete("configmaps/a")
    wire.post("configmaps", config_map())
    wire.watch("configmaps", 3, resourceVersion=version)
    wire.watch("configmaps", 3, resourceVersion=made["metadata"]["resourceVersion"])
    wire.watch("two:configmaps", 0, resourceVersion=version)
    wire.watch("configmaps", 2, resourceVersion=version, labelSelector="a!=b", limit=1)


@case("a watch of a version that does not exist yet sends nothing")
def from_a_future_version(wire: Wire) -> None:
    future = {"resourceVersion": "999999999"}
    with wire.watching("configmaps", timeoutSeconds=1, allowWatchBookmarks=True, **future) as watching:
        wire.post("configmaps", config_map())
        watching.take(0)
    wire.watch("configmaps", 0, timeoutSeconds=1, **future)
    wire.watch("configmaps", 1, sendInitialEvents=True, resourceVersionMatch="NotOlderThan", **future)


@case("a held watch sees changes while they happen")
def held(wire: Wire) -> None:
    version = wire.get("configmaps")["metadata"]["resourceVersion"]
    with wire.watching("configmaps", resourceVersion=version) as watching:
        wire.post("configmaps", config_map())
        watching.take(1)
        wire.patch("configmaps/a", {"data": {"k": "2"}})
        wire.patch("configmaps/a", {"data": {"k": "2"}})
        wire.patch("configmaps/a", {"data": {"k": "3"}}, "merge", dryRun="All")
        wire.delete("configmaps/a")
        watching.take(2)


@case("an object begins and ceases to match a selector")
def selectors(wire: Wire) -> None:
    version = wire.get("configmaps")["metadata"]["resourceVersion"]
    wire.post("configmaps", config_map())
    wire.patch("configmaps/a", {"metadata": {"labels": {"app": "x"}}})
    wire.patch("configmaps/a", {"data": {"k": "2"}})
    wire.patch("configmaps/a", {"metadata": {"labels": {"app": "y"}}, "data": {"k": "3"}})
    wire.patch("configmaps/a", {"metadata": {"labels": {"app": "x"}}})
    wire.delete("configmaps/a")
    wire.post("configmaps", with_metadata(config_map("b"), labels={"app": "x"}))
    wire.watch("configmaps", 6, resourceVersion=version, labelSelector="app=x")
    wire.post("pods", pod())
    wire.patch("pods/a/status", {"status": {"phase": "Running"}})
    wire.delete("pods/a", gracePeriodSeconds=0)
    wire.watch("pods", 2, resourceVersion=version, fieldSelector="status.phase=Pending")
    wire.watch("pods", 2, resourceVersion=version, fieldSelector="status.phase=Running")


@case("one object can be watched by its name")
def single(wire: Wire) -> None:
    made = wire.post("configmaps", config_map())
    wire.post("configmaps", config_map("b"))
    wire.patch("configmaps/a", {"data": {"k": "2"}})
    version = made["metadata"]["resourceVersion"]
    wire.watch("configmaps", 1, resourceVersion=version, fieldSelector="metadata.name=a")
    wire.watch("/api/v1/watch/namespaces/{one}/configmaps/a", 1, resourceVersion=version)
    wire.watch("/api/v1/watch/namespaces/{one}/configmaps", 2, resourceVersion=version)
    wire.watch("configmaps/a", 1, resourceVersion=version)
    wire.watch("/api/v1/watch/configmaps", 1, resourceVersion=version, fieldSelector=f"metadata.namespace={wire.one}")
    wire.watch("/apis/apps/v1/watch/namespaces/{one}/deployments/a", 1, timeoutSeconds=1)
    wire.watch("/api/v1/watch/namespaces/{one}", 1)
    wire.watch("/api/v1/watch/namespaces/{one}/gizmos", 1)
    wire.send("POST", "/api/v1/watch/namespaces/{one}/configmaps", config_map("c"))
    wire.define(definition(wire.group))
    wire.watch("/apis/{group}/v1/watch/namespaces/{one}/widgets", 1, timeoutSeconds=1)


@case("initial events end with a bookmark")
def initial_events(wire: Wire) -> None:
    made = wire.post("configmaps", config_map("b"))
    wire.post("configmaps", config_map("a"))
    options = {"sendInitialEvents": True, "resourceVersionMatch": "NotOlderThan", "allowWatchBookmarks": True}
    wire.watch("configmaps", 3, **options)
    wire.watch("configmaps", 3, resourceVersion="0", **options)
    wire.watch("configmaps", 3, resourceVersion=made["metadata"]["resourceVersion"], **options)
    wire.watch("secrets", 1, **options)
    wire.watch(
        "configmaps",
        1,
        sendInitialEvents=False,
        resourceVersionMatch="NotOlderThan",
        resourceVersion=made["metadata"]["resourceVersion"],
    )
    wire.watch("configmaps", 2, sendInitialEvents=True, resourceVersionMatch="NotOlderThan")
    wire.watch("configmaps", 0, sendInitialEvents=True)
    wire.watch("configmaps", 0, sendInitialEvents=True, resourceVersionMatch="Exact", resourceVersion="5")
    wire.watch("configmaps", 0, resourceVersionMatch="NotOlderThan", resourceVersion="5")
    with wire.watching("configmaps", **options) as watching:
        watching.take(3)
        wire.post("configmaps", config_map("c"))
        watching.take(1)


@case("a watch with unusable options is refused")
def options(wire: Wire) -> None:
    wire.watch("configmaps", 1, resourceVersion="x")
    wire.watch("configmaps", 1, labelSelector="a in (")
    wire.watch("configmaps", 1, fieldSelector="data.k=1")
    wire.watch("/api/v1/namespaces/{one}/gizmos", 1)
    wire.watch("configmaps", 1, resourceVersion="999999999")


@case("a watch ends after its timeout")
def timeouts(wire: Wire) -> None:
    made = wire.post("configmaps", config_map())
    with wire.watching("configmaps", resourceVersion=made["metadata"]["resourceVersion"], timeoutSeconds=1) as watching:
        wire.patch("configmaps/a", {"data": {"k": "2"}})
        watching.take(1)
        wire.wait(2)
        watching.take(5)


@case("other kinds are watched likewise")
def kinds(wire: Wire) -> None:
    wire.define(definition(wire.group))
    version = wire.get("widgets")["metadata"]["resourceVersion"]
    wire.post("widgets", widget(wire.group, size=1))
    wire.patch("widgets/a/status", {"status": {"ready": 1}})
    wire.delete("widgets/a")
    wire.watch("widgets", 3, resourceVersion=version)
    wire.post("deployments", with_metadata(deployment(), finalizers=["example.com/a"]))
    wire.delete("deployments/a")
    wire.patch("deployments/a", {"metadata": {"finalizers": None}})
    wire.watch("deployments", 3, resourceVersion=version)
    partial = {"Accept": "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"}
    wire.send("GET", "deployments", headers=partial)


@case("a watch from a version that has expired ends with an error event")
def expired(wire: Wire) -> None:
    wire.define(definition(wire.group))
    wire.post("widgets", widget(wire.group))
    wire.watch("widgets", 3, resourceVersion="1")
    wire.watch("widgets", 3, resourceVersion="1", allowWatchBookmarks=True, labelSelector="a=b")


@case("a bookmark comes before the end of a watch")
def bookmarks(wire: Wire) -> None:
    made = wire.post("configmaps", config_map())
    options = {"timeoutSeconds": 6, "resourceVersion": made["metadata"]["resourceVersion"]}
    with (
        wire.watching("configmaps", allowWatchBookmarks=True, **options) as marked,
        wire.watching("configmaps", allowWatchBookmarks=False, **options) as plain,
    ):
        wire.patch("configmaps/a", {"data": {"k": "2"}})
        marked.take(1)
        wire.wait(7)
        marked.take(1)  # More than one can come: their times are random.
        plain.take(5)


@case("options of watches: limits, tokens and values of other types")
def more_options(wire: Wire) -> None:
    made = wire.post("configmaps", config_map())
    version = made["metadata"]["resourceVersion"]
    newest = wire.patch("configmaps/a", {"data": {"k": "2"}})["metadata"]["resourceVersion"]
    wire.watch("configmaps", 1, resourceVersion=version, **{"continue": "x"})
    wire.watch("configmaps", 1, resourceVersion="-1")
    wire.watch("configmaps", 1, resourceVersion="")
    wire.watch("configmaps", 1, timeoutSeconds="x")
    wire.watch("configmaps", 1, timeoutSeconds="-1", resourceVersion=newest)  # It ends at once, maybe before any event.
    wire.watch("configmaps", 1, timeoutSeconds="0", resourceVersion=version)
    wire.watch("configmaps", 1, sendInitialEvents="x", resourceVersionMatch="NotOlderThan")
    wire.watch("configmaps", 1, allowWatchBookmarks="x", resourceVersion=version)
    wire.watch("configmaps", 1, sendInitialEvents=False)
    wire.watch("configmaps", 1, sendInitialEvents=False, resourceVersionMatch="NotOlderThan")
    wire.watch("configmaps", 1, sendInitialEvents=True, resourceVersionMatch="Other")
    wire.watch("configmaps", 1, watch="x")
    for value in ("0", "False", "false", ""):
        wire.watch("configmaps", 1, watch=value)
    wire.watch("configmaps", 1, sendInitialEvents="", resourceVersionMatch="NotOlderThan")
    wire.watch("configmaps", 1, resourceVersion=version, watch="1")
    wire.watch("secrets", 1, fieldSelector="metadata.name=a,type=b", timeoutSeconds=1)
    wire.watch("configmaps/missing", 1, timeoutSeconds=1)
    wire.watch("namespaces/{one}", 1)


@case("a watch of every namespace, and of objects that are created again")
def recreated(wire: Wire) -> None:
    labels = {"run": wire.one}
    first = wire.post("configmaps", with_metadata(config_map(), labels=labels))
    wire.delete("configmaps/a")
    wire.post("two:configmaps", with_metadata(config_map(), labels=labels))
    wire.post("configmaps", with_metadata(config_map(), labels=labels))
    version = first["metadata"]["resourceVersion"]
    wire.watch("*:configmaps", 3, resourceVersion=version, labelSelector=f"run={wire.one}")
    wire.watch("*:configmaps", 2, labelSelector=f"run={wire.one}")
    wire.delete("configmaps", labelSelector=f"run={wire.one}")
    wire.watch("configmaps", 3, resourceVersion=version, fieldSelector="metadata.name=a")
    wire.watch(
        "*:configmaps", 5, resourceVersion=version, fieldSelector=f"metadata.namespace={wire.two}", timeoutSeconds=1
    )


@case("initial events of a selection, and from a version that is too old")
def selected_initial_events(wire: Wire) -> None:
    options = {"sendInitialEvents": True, "resourceVersionMatch": "NotOlderThan", "allowWatchBookmarks": True}
    wire.post("configmaps", with_metadata(config_map(), labels={"app": "x"}))
    wire.post("configmaps", config_map("b"))
    wire.watch("configmaps", 2, labelSelector="app=x", **options)
    wire.watch("configmaps", 2, fieldSelector="metadata.name=b", **options)
    wire.watch("configmaps", 1, labelSelector="app=nothing", **options)
    wire.watch("configmaps", 3, **{**options, "resourceVersion": "1"})
    wire.watch("configmaps", 0, **{**options, "resourceVersion": "999999999", "timeoutSeconds": 1})
    wire.define(definition(wire.group))
    wire.post("widgets", widget(wire.group))
    wire.watch("widgets", 2, **options)
    with wire.watching("configmaps", labelSelector="app=x", **options) as watching:
        watching.take(2)
        wire.patch("configmaps/b", {"metadata": {"labels": {"app": "x"}}})
        wire.patch("configmaps/a", {"metadata": {"labels": {"app": "y"}}})
        watching.take(2)


@case("bookmarks have the fields that are always written")
def bookmarks_of_kinds(wire: Wire) -> None:
    options = {"sendInitialEvents": True, "resourceVersionMatch": "NotOlderThan", "allowWatchBookmarks": True}
    plurals = (
        "pods deployments services jobs roles leases ingresses serviceaccounts replicasets statefulsets daemonsets "
        "replicationcontrollers cronjobs horizontalpodautoscalers poddisruptionbudgets networkpolicies secrets "
        "persistentvolumeclaims endpoints limitranges resourcequotas rolebindings endpointslices podtemplates"
    )
    for path in plurals.split():
        wire.watch(path, 1, **options)
    for path in ("persistentvolumes", "certificatesigningrequests"):
        wire.watch(path, 1, **{**options, "fieldSelector": "metadata.name=none"})
