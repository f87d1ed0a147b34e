"""Lists that are decoded while they arrive: the same results and errors as those of a body that is decoded as a whole."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kubeclient.typed.apps.v1.statefulset import STATEFUL_SETS
from kubeclient.typed.core.v1.configmap import CONFIG_MAPS
from kubeclient.typed.core.v1.pod import PODS
from kubecore import errors
from kubecore.calls.call import Call
from kubecore.codec import encode
from kubecore.codec.streamed_list import GROUP_BYTES
from kubecore.discovery.catalog import ApiResource
from kubecore.dynamic import resource as dynamic_resource
from kubecore.model.meta import ListMeta, ObjectMeta
from kubecore.model.model import CustomListModel, CustomModel, OpenModel
from kubecore.projection import Projection
from kubecore.rest.pager import Pager

JSON = {"content-type": "application/json"}
NOT_JSON = re.compile(r"JSON is malformed: [^(]*|Input data was truncated|not UTF-8 at byte \d+")
"""The parser's messages for invalid JSON: they depend on the type that it reads at that place."""


class Size(CustomModel, kw_only=True):
    """A part of a custom resource."""

    width: int
    tags: list[str] = []  # noqa: RUF012
    note: str | None = None


class Widget(CustomModel, kw_only=True):
    """A custom resource."""

    metadata: ObjectMeta
    spec: Size


class WidgetList(CustomListModel, kw_only=True):
    """A list of custom resources."""

    metadata: ListMeta
    items: list[Widget]


class Gadget(OpenModel, kw_only=True):
    """A custom resource that keeps fields of any name."""

    metadata: ObjectMeta


class GadgetList(CustomListModel, kw_only=True):
    """A list of them."""

    metadata: ListMeta
    items: list[Gadget]


class Row(Projection):
    """A projection without identities."""

    spec: Any = None


EXAMPLES = ApiResource(
    group="example.com", version="v1", kind="Widget", plural="widgets", namespaced=True, singular="widget", verbs=()
)


def call_of(kind: Any, **more: Any) -> Call[Any]:
    return Call(method="GET", path="/api/v1/pods", response=kind, verb="list", **more)


CALLS: dict[str, Callable[[], Call[Any]]] = {
    "pods": lambda: PODS.list("", ()),
    "config maps": lambda: CONFIG_MAPS.list("", ()),
    "stateful sets": lambda: STATEFUL_SETS.list("", ()),
    "metadata": lambda: PODS.list_metadata("", ()),
    "projection": lambda: PODS.list("", (), Row),
    "widgets": lambda: call_of(WidgetList),
    "gadgets": lambda: call_of(GadgetList),
    "dictionaries": lambda: dynamic_resource.discovered(EXAMPLES, dict, lambda: None).list("", ()),
    "page of pods": lambda: Pager(PODS.list("", ())).call,  # type: ignore[dict-item, return-value]
    "page of a projection": lambda: Pager(PODS.list("", (), Row), Row).call,  # type: ignore[dict-item, return-value]
    "page of dictionaries": lambda: (
        Pager(  # type: ignore[dict-item, return-value]
            dynamic_resource.discovered(EXAMPLES, dict, lambda: None).list("", ())
        ).call
    ),
}


def outcome(read: Callable[[], Any]) -> Any:
    """Return all that a user can see of a result or an error."""
    try:
        found = read()
    except errors.KubeError as error:
        return type(error), NOT_JSON.sub("not JSON", str(error)), getattr(error, "status", None)
    if hasattr(found, "token"):
        return found.items, [type(item) for item in found.items], found.keys, found.token
    return type(found), found, [type(item) for item in found.items], encode.encode(found)


def streamed(call: Call[Any], body: bytes, cuts: list[int], group: int) -> tuple[Any, int]:
    """Return the result of a body that arrives in chunks, and the number of groups."""
    begun = call.begin_list(200, JSON)
    assert begun is not None
    begun.group_bytes = group
    groups, at = 0, 0
    for end in [*sorted(cuts), len(body)]:
        begun.feed(body[at:end])
        at = max(at, end)
        while begun.decode_group():
            groups += 1
    return outcome(lambda: call.parse(200, JSON, begun)), groups


def whole(call: Call[Any], body: bytes) -> Any:
    return outcome(lambda: call.parse(200, JSON, body))


NAMES = st.sampled_from(["a", "web-1", 'q"},{"metadata":{', "é\\", "x" * 50, ""])
ODD: st.SearchStrategy[Any] = st.sampled_from(
    [None, "", 1, 1.5, True, [], {}, "2026-01-01T00:00:00.5+01:00", [None], {"metadata": {}}, "[{"]
)


def metadata() -> st.SearchStrategy[Any]:
    plain = st.fixed_dictionaries(
        {"name": NAMES},
        optional={
            "namespace": NAMES,
            "uid": NAMES,
            "labels": st.dictionaries(NAMES, NAMES, max_size=2),
            "managedFields": st.just([{"manager": "m", "fieldsV1": {"f:a": {}}}]),
            "creationTimestamp": st.sampled_from(["2026-01-01T00:00:00Z", None, "2026-01-01T00:00:00.5Z"]),
            "generation": st.sampled_from([1, 1.0, "1"]),
        },
    )
    return st.one_of(plain, plain, plain, ODD)


def specs() -> st.SearchStrategy[Any]:
    templates = st.lists(st.fixed_dictionaries({"metadata": metadata(), "spec": st.just({})}), max_size=3)
    spec = st.fixed_dictionaries(
        {},
        optional={
            "containers": st.one_of(st.just([{"name": "c", "resources": {"limits": {"cpu": 1}}}]), ODD),
            "volumeClaimTemplates": templates,
            "width": st.one_of(st.integers(-3, 3), ODD),
            "tags": st.one_of(st.lists(NAMES, max_size=2), ODD),
            "note": st.one_of(NAMES, ODD),
            "items": st.lists(st.fixed_dictionaries({"metadata": metadata()}), max_size=2),
        },
    )
    return st.one_of(spec, spec, spec, ODD)


def objects() -> st.SearchStrategy[Any]:
    item = st.fixed_dictionaries(
        {"metadata": metadata()},
        optional={"spec": specs(), "data": st.dictionaries(NAMES, NAMES, max_size=2), "other": ODD},
    )
    custom = item.map(lambda value: {"apiVersion": "example.com/v1", "kind": "Widget", **value})
    return st.one_of(item, item, custom, ODD)


@st.composite
def bodies(draw: st.DrawFn) -> bytes:
    """Draw a list, or something that looks like one."""
    items = draw(st.lists(objects(), max_size=8))
    if draw(st.booleans()):
        items = [item for item in items if isinstance(item, dict) and isinstance(item.get("metadata"), dict)]
    kind = draw(st.sampled_from(["PodList", "ConfigMapList", "StatefulSetList", "WidgetList", "Status", 3]))
    parts: list[tuple[str, Any]] = [
        ("kind", kind),
        ("apiVersion", draw(st.sampled_from(["v1", "apps/v1", "example.com/v1", None]))),
        (
            "metadata",
            draw(st.one_of(st.just({"resourceVersion": "7", "continue": ""}), st.just({"continue": "n"}), ODD)),
        ),
        ("items", items),
    ]
    parts = [part for part in parts if part[0] == "items" or draw(st.integers(0, 5))]
    if not draw(st.integers(0, 3)):
        parts = draw(st.permutations(parts))
    if not draw(st.integers(0, 7)):
        parts.insert(
            draw(st.integers(0, len(parts))),
            draw(st.sampled_from([("items", items[:1]), ("items", None), ("x", ']}"items":[{')])),
        )
    comma, colon = draw(st.sampled_from([(",", ":"), (",", ":"), (", ", ": "), (",\n", ":")]))
    text = (
        "{"
        + comma.join(f'"{name}"{colon}{json.dumps(value, separators=(comma, colon))}' for name, value in parts)
        + "}\n"
    )
    body = text.encode()
    damage = draw(st.integers(0, 9))
    if damage == 0:
        return body[: draw(st.integers(0, len(body)))]
    if damage == 1:
        at = draw(st.integers(0, len(body)))
        return body[:at] + draw(st.sampled_from([b"\xff", b"{", b"]", b'"', b"\\", b"\0", b"}]"])) + body[at:]
    return body


@pytest.mark.parametrize("kind", CALLS)
@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=150)
@given(body=bodies(), cuts=st.lists(st.integers(0, 2000), max_size=6), group=st.integers(1, 400))
def test_the_chunks_of_a_list_do_not_change_its_result(kind: str, body: bytes, cuts: list[int], group: int) -> None:
    expected = whole(CALLS[kind](), body)
    found, _ = streamed(CALLS[kind](), body, cuts, group)
    assert found == expected


def pods(count: int, **more: Any) -> list[dict[str, Any]]:
    return [{"metadata": {"name": f"p{number}", "uid": f"u{number}"}, **more} for number in range(count)]


def compact(items: list[Any], *, kind: str = "PodList", metadata: Any = None) -> bytes:
    body = {"kind": kind, "apiVersion": "v1", "metadata": metadata or {"resourceVersion": "7"}, "items": items}
    return json.dumps(body, separators=(",", ":")).encode()


@pytest.mark.parametrize("kind", CALLS)
def test_items_are_decoded_in_groups_before_the_end_of_the_body(kind: str) -> None:
    item = {"metadata": {"name": "a"}, "spec": {"width": 1}}
    if kind in ("widgets", "gadgets", "dictionaries", "page of dictionaries"):
        item = {"apiVersion": "example.com/v1", "kind": "Widget", **item}
    names = {
        "config maps": "ConfigMapList",
        "stateful sets": "StatefulSetList",
        "metadata": "PartialObjectMetadataList",
    }
    body = compact([item] * 100, kind=names.get(kind, "PodList"))
    if kind in ("widgets", "gadgets", "dictionaries", "metadata", "stateful sets"):
        body = body.replace(b'"apiVersion":"v1","metadata"', b'"metadata"', 1)
    found, groups = streamed(CALLS[kind](), body, list(range(0, len(body), 100)), 200)
    assert groups >= 20
    assert found == whole(CALLS[kind](), body)
    assert not issubclass(found[0], Exception) if isinstance(found[0], type) else len(found[0]) == 100


def test_only_undecoded_items_are_kept_in_memory() -> None:
    body = compact(pods(40_000, spec={"containers": [{"name": "c", "image": "i"}]}))
    begun = PODS.list("", ()).begin_list(200, JSON)
    assert begun is not None
    most = 0
    for at in range(0, len(body), 100_000):
        begun.feed(body[at : at + 100_000])
        while begun.decode_group():
            pass
        most = max(most, len(begun.rest))
    assert len(body) > 3 * GROUP_BYTES
    assert most <= GROUP_BYTES + 100_000


def test_a_group_does_not_end_inside_an_item_that_contains_the_same_text() -> None:
    claims = [{"metadata": {"name": "data"}}, {"metadata": {"name": "log"}}, {"metadata": {"name": "tmp"}}]
    body = compact(pods(30, spec={"serviceName": "", "volumeClaimTemplates": claims}), kind="StatefulSetList")
    body = body.replace(b'"v1"', b'"apps/v1"', 1)
    found, groups = streamed(STATEFUL_SETS.list("", ()), body, [], 300)
    assert groups > 5
    assert found == whole(STATEFUL_SETS.list("", ()), body)
    assert [item.metadata.name for item in found[1].items] == [f"p{number}" for number in range(30)]


def test_items_that_are_larger_than_a_group_are_decoded_one_by_one() -> None:
    body = compact(pods(20, data={"k": "x" * 1000}), kind="ConfigMapList")
    found, groups = streamed(CONFIG_MAPS.list("", ()), body, list(range(0, len(body), 64)), 100)
    assert groups == 19
    assert found == whole(CONFIG_MAPS.list("", ()), body)


def test_groups_are_small_after_items_that_do_not_match_the_schema() -> None:
    body = compact(pods(40_000, spec={"containers": None}))
    begun = PODS.list("", ()).begin_list(200, JSON)
    assert begun is not None
    begun.feed(body)
    assert begun.decode_group()
    assert begun.group_bytes < GROUP_BYTES / 10


def test_errors_count_items_and_bytes_from_the_beginning_of_the_body() -> None:
    items: list[Any] = pods(50)
    items[40]["spec"] = "text"
    found, groups = streamed(PODS.list("", ()), compact(items), [], 200)
    assert groups > 5
    assert "p40: expected an object for PodSpec, found text at $.items[40].spec" in found[1]
    body = compact(pods(50))[:-2] + b",?]}"
    found, groups = streamed(PODS.list("", ()), body, [], 200)
    assert groups > 5
    assert f"(byte {len(body) - 3})" in found[1]


def test_a_second_field_of_items_replaces_the_first_as_in_a_whole_body() -> None:
    body = compact(pods(20))[:-1] + b',"\\u0069tems":[{"metadata":{"name":"other","uid":"u"}}]}'
    for kind in ("pods", "page of pods"):
        found, groups = streamed(CALLS[kind](), body, [], 200)
        assert groups > 3
        assert found == whole(CALLS[kind](), body)


def test_fields_after_the_items_are_not_decoded_as_items() -> None:
    body = compact(pods(1))[:-1] + b',"more":[{"metadata":{"name":"a"}},{"metadata":{"name":"b"}}]}'
    found, _ = streamed(PODS.list("", ()), body, [], 1)
    assert [item.metadata.name for item in found[1].items] == ["p0"]


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (404, JSON),
        (200, {"content-type": "text/html"}),
        (200, {}),
        (200, {**JSON, "content-length": "2000"}),
    ],
)
def test_other_responses_are_read_as_a_whole(status: int, headers: dict[str, str]) -> None:
    assert PODS.list("", ()).begin_list(status, headers) is None


def test_other_calls_are_read_as_a_whole() -> None:
    calls: list[Call[Any]] = [PODS.get("n", "p", ()), PODS.table("", None, ()), PODS.delete_collection("n", None, ())]
    assert [call.begin_list(200, JSON) for call in calls] == [None, None, None]


@pytest.mark.parametrize("kind", ["page of a projection", "page of dictionaries"])
def test_an_object_without_an_identity_has_the_same_error_in_groups(kind: str) -> None:
    items: list[Any] = pods(20)
    items[15]["metadata"] = "text"
    body = compact(items, metadata={"continue": "next"})
    found, groups = streamed(CALLS[kind](), body, [], 200)
    assert groups > 3
    assert found == whole(CALLS[kind](), body)
    assert "$.items[15].metadata" in found[1]
