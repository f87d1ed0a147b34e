"""Cases of lists: order, pages, versions and selectors."""

from __future__ import annotations

import base64
import json
from typing import Any

from tests.conformance.bodies import config_map, definition, deployment, pod, widget, with_metadata
from tests.conformance.cases import case
from tests.conformance.wire import Wire


def _five(wire: Wire) -> list[Any]:
    """Create five objects in an order that is not that of their names."""
    return [wire.post("configmaps", with_metadata(config_map(name), labels={"all": "x"})) for name in "cabed"]


def _made_token(**content: Any) -> str:
    """Return a continue token that no server made."""
    text = json.dumps({"v": "meta.k8s.io/v1", **content}, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


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


@case("a token and a version expire; the error has a token that continues without consistency")
def expired(wire: Wire) -> None:
    wire.define(definition(wire.group))  # The server keeps no versions of the time before.
    for name in "acbd":
        wire.post("widgets", widget(wire.group, name))
    wire.compact()
    failed = wire.get("widgets", limit=2, **{"continue": _made_token(rv=1, start="/a\0")})
    wire.post("widgets", widget(wire.group, "bb"))
    second = wire.get("widgets", limit=2, **{"continue": failed["metadata"]["continue"]})
    wire.get("widgets", limit=2, **{"continue": second["metadata"]["continue"]})
    wire.get("*:widgets", limit=2, **{"continue": _made_token(rv=1, start=f"/{wire.one}/b\0")})
    wire.get("widgets", resourceVersion="1", resourceVersionMatch="Exact")
    wire.get("widgets", resourceVersion="1", limit=1)
    wire.get("widgets", resourceVersion="1", limit=1, resourceVersionMatch="NotOlderThan")
    wire.get("widgets", resourceVersion="1")
    wire.delete("widgets", resourceVersion="1", resourceVersionMatch="Exact")


@case("pages of all namespaces, of cluster-scoped and of custom objects")
def more_pages(wire: Wire) -> None:
    for path in ("configmaps", "two:configmaps"):
        for name in ("a", "b"):
            wire.post(path, with_metadata(config_map(name), labels={"run": wire.one}))
    run = {"labelSelector": f"run={wire.one}", "limit": 1}
    token = ""
    for _ in range(3):
        token = wire.get("*:configmaps", **{**run, "continue": token or None})["metadata"].get("continue")
    for name in ("a", "b"):
        body = {"name": f"{wire.one}-{name}", "labels": {"run": wire.one}}
        wire.post("clusterroles", {"metadata": body, "rules": []})
    wire.get("clusterroles", **run)
    wire.post("namespaces", {"metadata": {"name": f"{wire.one}-x"}})
    wire.post("/api/v1/namespaces/{one}-x/configmaps", with_metadata(config_map(), labels={"run": wire.one}))
    wire.get("*:configmaps", labelSelector=f"run={wire.one}")
    wire.define(definition(wire.group))
    for name in ("a", "b", "c"):
        wire.post("widgets", widget(wire.group, name))
    page = wire.get("widgets", limit=1)
    page = wire.get("widgets", limit=1, **{"continue": page["metadata"]["continue"]})
    wire.get("widgets", **{"continue": page["metadata"]["continue"]})


@case("tokens that the server did not make")
def forged_tokens(wire: Wire) -> None:
    _five(wire)
    contents: tuple[Any, ...] = (
        {"v": "meta.k8s.io/v2", "rv": 5, "start": "a"},
        {"v": "meta.k8s.io/v1", "rv": 0, "start": "a"},
        {"v": "meta.k8s.io/v1", "rv": -1, "start": ""},
        {"v": "meta.k8s.io/v1", "rv": -1, "start": "../x"},
        {"v": "meta.k8s.io/v1", "rv": -1, "start": "/b\0"},
        {"v": "meta.k8s.io/v1", "rv": -1, "start": "c"},
        {"v": "meta.k8s.io/v1", "rv": "5", "start": "a"},
        {"v": "meta.k8s.io/v1", "rv": -1, "start": "a/../../b"},
        [],
        None,
    )
    for content in contents:
        text = base64.urlsafe_b64encode(json.dumps(content, separators=(",", ":")).encode()).decode()
        for token in (text, text.rstrip("=")) if text.endswith("=") else (text,):
            wire.get("configmaps", limit=2, **{"continue": token})
    for token in ("a", "!", "eyJ2", "e30", "x" * 20, "-_-_"):
        wire.get("configmaps", **{"continue": token})


@case("label selectors that can't be read")
def unreadable_label_selectors(wire: Wire) -> None:
    for selector in (
        "a=b=c",
        "a==",
        "a in x",
        "a in (x",
        "a in (x y)",
        "a in (x,,y)",
        "a in (,)",
        "a notin",
        "!",
        "!a=b",
        "!!a",
        "a,,b",
        ",a",
        "a,",
        "a=(b)",
        "(a)",
        "a>",
        "a<b",
        "a>1.5",
        "a> 5",
        "a=-x",
        "a=" + "x" * 64,
        "a in (-x)",
        "A.b/c=d",
        "/a",
        "a/",
        "a//b",
        "in",
        "notin=x",
        "in in (in)",
        "a!b",
        "a!=",
        "a!=b,c",
        "a = b c",
        "a\tin\t(b)",
        "\u00e4=b",
        "a=\u00e4",
        "a;b",
        "a=b;",
        "a in ()",
        "a in (b),c d",
        "a gt 1",
        "a lt 1",
        "a exists",
        "x.y/z notin (a,b)",
        "a=b,a=b",
        "a>99999999999999999999",
        "a in (b)c",
        "a=b,)",
        "==a",
        "a===b",
        "a=!b",
        'a"b',
        "-a in (b)",
        "a in (a=b)",
        "a>1,b>x",
        "B/a",
        "x" * 254 + "/a",
        "a/" + "x" * 64,
        "a=>b",
        "a=<",
        "a notin ()",
        "a in (b,)",
        "a in(b)",
        "!a,b in (c),d!=e",
    ):
        wire.get("secrets", labelSelector=selector)
    wire.delete("secrets", labelSelector="a b")


@case("field selectors that can't be read, and escaped values")
def unreadable_field_selectors(wire: Wire) -> None:
    wire.post("configmaps", config_map())
    for selector in (
        "metadata.name=a,",
        ",metadata.name=a",
        ",",
        "metadata.name=a,,metadata.name=a",
        "metadata.name=a=b",
        "metadata.name=a\\,b",
        "metadata.name=a\\=b",
        "metadata.name=a\\b",
        "metadata.name=a\\",
        "!metadata.name",
        "metadata.name == a",
        " metadata.name=a",
        "metadata.name= a",
        "metadata.name in (a)",
        "metadata.name==a==b",
        "metadata.name!=",
        "metadata.name!",
        "metadata.name=!a",
        "x",
        "metadata.namespace=",
        "metadata.name=a,metadata.name=b",
        "metadata.name=a,data.k=1",
    ):
        wire.get("configmaps", fieldSelector=selector)
    for path in ("namespaces", "nodes", "events", "jobs", "replicasets", "certificatesigningrequests", "services"):
        wire.get(path, fieldSelector="spec.other=x")
    wire.get("configmaps/a", fieldSelector="data.k=1")
    wire.delete("configmaps", fieldSelector="data.k=1")
    wire.delete("configmaps", fieldSelector="metadata.name=")


@case("values of field selectors are escaped")
def escaped_values(wire: Wire) -> None:
    wire.post("configmaps", config_map())
    wire.post(
        "roles",
        {"metadata": {"name": "a,b=c\\d"}, "rules": [{"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}]},
    )
    for value in ("a\\,b\\=c\\\\d", "a\\nb", "a=b", "a==b", "a\\", "a,", "\\a", "a\\,", "!a", ""):
        wire.get("roles", fieldSelector=f"metadata.name={value}")
    for selector in (
        ",metadata.name=a",
        "metadata.name!=a=b",
        "metadata.name",
        "=a",
        "metadata.name\\=a",
        ",",
        "a\\,b=c",
    ):
        wire.get("configmaps", fieldSelector=selector)
