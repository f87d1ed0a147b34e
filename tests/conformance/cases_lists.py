"""Cases of lists: order, pages, versions and selectors."""

from __future__ import annotations

from typing import Any

from tests.conformance.bodies import config_map, definition, deployment, pod, widget, with_metadata
from tests.conformance.cases import case
from tests.conformance.wire import Wire


def _five(wire: Wire) -> list[Any]:
    """Create five objects in an order that is not that of their names."""
    return [wire.post("configmaps", with_metadata(config_map(name), labels={"all": "x"})) for name in "cabed"]


@case("a list is sorted by namespace and name")
def order(wire: Wire) -> None:
    _five(wire)
    wire.post("two:configmaps", with_metadata(config_map("b"), labels={"all": "x", "run": wire.one}))
    wire.patch("configmaps/d", {"metadata": {"labels": {"run": wire.one}}})
    wire.get("configmaps")
    wire.get("two:configmaps")
    wire.get("*:configmaps", labelSelector=f"run={wire.one}")
    wire.get("secrets")


@case("a list has pages of one moment")
def pages(wire: Wire) -> None:
    _five(wire)
    first = wire.get("configmaps", limit=2)
    wire.delete("configmaps/c")
    wire.post("configmaps", config_map("bb"))
    second = wire.get("configmaps", limit=2, **{"continue": first["metadata"]["continue"]})
    wire.get("configmaps", limit=2, **{"continue": second["metadata"]["continue"]})
    wire.get("configmaps", **{"continue": first["metadata"]["continue"]})
    wire.get("configmaps", limit=2, labelSelector="all=x")
    wire.get("configmaps", limit=2, fieldSelector="metadata.name!=c")
    wire.get("configmaps", limit=5)
    wire.get("configmaps", limit=0)
    wire.get("configmaps", limit=-1)
    wire.get("configmaps", limit=100)
    wire.get("configmaps", limit=1, labelSelector="all=nothing")


@case("a token is for one list")
def tokens(wire: Wire) -> None:
    _five(wire)
    first = wire.get("configmaps", limit=2)
    token = {"continue": first["metadata"]["continue"]}
    version = first["metadata"]["resourceVersion"]
    wire.get("configmaps", limit=2, resourceVersion=version, **token)
    wire.get("configmaps", limit=2, resourceVersion="0", **token)
    wire.get("configmaps", limit=2, resourceVersionMatch="Exact", **token)
    wire.get("configmaps", limit=2, **{"continue": "unreadable"})
    wire.get("two:configmaps", limit=2, **token)
    wire.get("secrets", limit=2, **token)


@case("a list has a version: any, not older than, or exact")
def versions(wire: Wire) -> None:
    made = _five(wire)
    old, new = (one["metadata"]["resourceVersion"] for one in (made[2], made[4]))
    wire.get("configmaps")
    wire.get("configmaps", resourceVersion="0")
    wire.get("configmaps", resourceVersion=old)
    wire.get("configmaps", resourceVersion=old, resourceVersionMatch="NotOlderThan")
    wire.get("configmaps", resourceVersion=old, resourceVersionMatch="Exact")
    wire.get("configmaps", resourceVersion=old, limit=2)
    wire.get("configmaps", resourceVersion=old, limit=2, resourceVersionMatch="Exact")
    wire.get("configmaps", resourceVersion=new, limit=2, resourceVersionMatch="NotOlderThan")
    wire.get("configmaps", resourceVersion="0", limit=2)
    wire.get("configmaps", resourceVersion="x")
    wire.get("configmaps", resourceVersion="-1")
    wire.get("configmaps/a", resourceVersion=old)


@case("a list of a version that does not exist yet waits, and fails")
def future_versions(wire: Wire) -> None:
    wire.get("configmaps", resourceVersion="999999999")
    wire.get("configmaps", resourceVersion="999999999", resourceVersionMatch="Exact")
    wire.get("configmaps/a", resourceVersion="999999999")


@case("options of versions that contradict each other")
def version_options(wire: Wire) -> None:
    wire.get("configmaps", resourceVersionMatch="NotOlderThan")
    wire.get("configmaps", resourceVersionMatch="Exact", resourceVersion="0")
    wire.get("configmaps", resourceVersionMatch="Other", resourceVersion="5")
    wire.get("configmaps", sendInitialEvents=True)
    wire.get("configmaps", sendInitialEvents=True, resourceVersionMatch="NotOlderThan")
    wire.get("configmaps", allowWatchBookmarks=True)
    wire.delete("configmaps", resourceVersionMatch="Exact", resourceVersion="0")


@case("label selectors")
def label_selectors(wire: Wire) -> None:
    for name, labels in (("a", {"app": "x", "n": "1"}), ("b", {"app": "y", "n": "5"}), ("c", {"other": ""}), ("d", {})):
        wire.post("configmaps", with_metadata(config_map(name), labels=labels))
    valid = (
        "app=x",
        "app==x",
        "app!=x",
        "app in (x,y)",
        "app notin (x)",
        "app",
        "!app",
        "n>2",
        "n<2",
        "app=x,n=1",
        "other=",
        " app = x ",
    )
    for selector in valid:
        wire.get("configmaps", labelSelector=selector)
    for selector in ("app in (", "=x", "a b", "app=x y", "app>x", "-a", "a/b/c", "app=,", ",", "app in ()", "x" * 64):
        wire.get("configmaps", labelSelector=selector)


@case("field selectors by kind")
def field_selectors(wire: Wire) -> None:
    wire.post("configmaps", config_map())
    wire.post("configmaps", config_map("b"))
    for selector in (
        "metadata.name=a",
        "metadata.name!=a",
        f"metadata.namespace={wire.one}",
        "metadata.name==a,metadata.namespace!=x",
        "metadata.name=",
        "",
    ):
        wire.get("configmaps", fieldSelector=selector)
    for selector in ("metadata.uid=x", "data.k=1", "metadata.labels=x", "metadata.name", "metadata.name>a", "=a"):
        wire.get("configmaps", fieldSelector=selector)
    wire.post("pods", pod(nodeName="n"))
    wire.post("pods", pod("b"))
    for field in (
        "spec.nodeName=n",
        "spec.restartPolicy=Always",
        "status.phase=Pending",
        "status.phase!=Pending",
        "spec.hostNetwork=false",
        "spec.containers=x",
    ):
        wire.get("pods", fieldSelector=field)
    wire.post("secrets", {"metadata": {"name": "a"}, "type": "example.com/t"})
    wire.get("secrets", fieldSelector="type=example.com/t")
    wire.get("deployments", fieldSelector="spec.replicas=1")
    wire.get("namespaces", fieldSelector=f"metadata.name={wire.one}")
    wire.define(definition(wire.group, selectableFields=[{"jsonPath": ".spec.mode"}]))
    wire.post("widgets", widget(wire.group, mode="fast"))
    wire.post("widgets", widget(wire.group, "b"))
    wire.get("widgets", fieldSelector="spec.mode=fast")
    wire.get("widgets", fieldSelector="spec.mode!=fast")
    wire.get("widgets", fieldSelector="spec.size=1")
    wire.get("widgets", fieldSelector="metadata.name=b")


@case("a single object can be listed by its name")
def single(wire: Wire) -> None:
    wire.post("deployments", deployment())
    wire.get("deployments", fieldSelector="metadata.name=a", limit=1)
    wire.get("deployments", fieldSelector="metadata.name=missing")
    wire.delete("deployments", fieldSelector="metadata.name=missing")
