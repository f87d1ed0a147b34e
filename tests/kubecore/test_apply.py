"""Apply without a server: the order of the objects, the waits and the repeated requests."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest

from kubecore import errors
from kubecore.apply import engine, order
from kubecore.apply.engine import Options
from kubecore.calls.call import Call
from kubecore.calls.steps import Pause, Steps
from kubecore.discovery import ApiGroup, ApiResource, Catalog
from kubecore.discovery.cache import DiscoveryCache
from kubecore.errors.apply import Applied, ObjectRef, Report
from kubecore.model.kinds import KindInfo, kinds_of

CRD: dict[str, Any] = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "widgets.example.com", "resourceVersion": "1"},
    "spec": {
        "group": "example.com",
        "names": {"kind": "Widget", "plural": "widgets"},
        "versions": [{"name": "v1", "served": True}, {"name": "v0", "served": False}],
    },
}
ESTABLISHED = {**CRD, "status": {"conditions": [{"type": "Established", "status": "True"}]}}
NAMES = {**CRD, "status": {"conditions": [{"type": "NamesAccepted", "status": "False", "message": "taken"}]}}
WIDGET: dict[str, Any] = {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w"}}
PLACE = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.example.com"
SAID = Options(
    field_manager="me",
    force=False,
    namespace="default",
    dry_run=None,
    field_validation=None,
    crd_timeout_seconds=5.0,
)
OLD = Catalog(
    (ApiGroup("example.com", ("v1",), "v1"),),
    (ApiResource("example.com", "v1", "widgets", "widget", "Widget", namespaced=False),),
)


def discovered(scope: str) -> dict[str, Any]:
    resource = {"resource": "widgets", "responseKind": {"kind": "Widget"}, "scope": scope}
    versions = [{"version": "v1", "freshness": "Current", "resources": [resource]}]
    return {"kind": "APIGroupDiscoveryList", "items": [{"metadata": {"name": "example.com"}, "versions": versions}]}


class Server:
    """Responds to calls by method and path. It uses the responses of a list in order and repeats the last one."""

    def __init__(self, **answers: list[tuple[int, Any]]) -> None:
        self.answers = {name.replace("_", " ", 1): found for name, found in answers.items()}
        self.asked: list[str] = []
        self.pauses: list[float] = []

    def run(self, steps: Steps[Report]) -> Report:
        answer: Any = None
        failed: errors.KubeError | None = None
        while True:
            try:
                step = steps.throw(failed) if failed else steps.send(answer)
            except StopIteration as end:
                return end.value  # type: ignore[no-any-return]
            answer = failed = None
            if isinstance(step, Pause):
                self.pauses.append(step.seconds)
                continue
            try:
                answer = self.answer(step)
            except errors.KubeError as error:
                failed = error

    def answer(self, call: Call[Any]) -> Any:
        asked = f"{call.method} {call.path}"
        self.asked.append(asked)
        several = self.answers.get(asked, [(404, {})])
        status, body = several.pop(0) if len(several) > 1 else several[0]
        return call.parse(status, {"content-type": "application/json"}, json.dumps(body).encode())


def apply(server: Server, objects: list[Any], cache: DiscoveryCache | None = None, said: Options = SAID) -> Report:
    return server.run(engine.apply(objects, kinds_of("kubeclient"), cache or DiscoveryCache(), said))


def test_objects_of_another_namespace_than_the_given_one_fail() -> None:
    cache = DiscoveryCache()
    enforced = dataclasses.replace(SAID, is_enforced=True)
    other = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "namespace": "other"}}
    node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n", "namespace": "other"}}
    own = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "namespace": "default"}}
    answers = {
        "PATCH /api/v1/namespaces/default/configmaps/c": [(200, own)],
        "PATCH /api/v1/namespaces/other/configmaps/c": [(200, other)],
        "PATCH /api/v1/nodes/n": [(200, node)],
    }
    with pytest.raises(errors.ApplyFileError, match="'other' does not match namespace='default'") as caught:
        apply(server(**answers), [other, own, node], cache, enforced)
    assert [failure.ref.namespace for failure in caught.value.failures] == ["other"]
    assert len(caught.value.report.applied) == 2
    assert len(apply(server(**answers), [other, own, node], cache).applied) == 3


def server(**answers: list[tuple[int, Any]]) -> Server:
    made = Server()
    made.answers = {
        f"GET {PLACE}": [(404, {}), (200, CRD), (200, ESTABLISHED)],
        f"PATCH {PLACE}": [(201, CRD)],
        "GET /apis": [(200, discovered("Namespaced"))],
        "PATCH /apis/example.com/v1/namespaces/default/widgets/w": [(201, WIDGET)],
        **answers,
    }
    return made


def test_apply_waits_for_a_new_kind_and_refreshes_the_cached_discovery() -> None:
    """The cached discovery has a cluster-scoped kind. The new CRD makes the kind namespaced."""
    cache, made = DiscoveryCache(), server()
    cache._catalog = OLD
    report = apply(made, [WIDGET, CRD], cache)
    assert str(report) == "CustomResourceDefinition widgets.example.com created\nWidget default/w created"
    assert made.asked == [
        f"GET {PLACE}",
        f"PATCH {PLACE}",
        f"GET {PLACE}",
        f"GET {PLACE}",
        "GET /api",
        "GET /apis",
        "GET /apis/example.com/v1/namespaces/default/widgets/w",
        "PATCH /apis/example.com/v1/namespaces/default/widgets/w",
    ]
    assert made.pauses == [0.05, 0.1]


def test_discovery_is_repeated_until_it_has_the_kind() -> None:
    nothing = {"kind": "APIGroupDiscoveryList", "items": []}
    made = server(
        **{f"PATCH {PLACE}": [(201, ESTABLISHED)], "GET /apis": [(200, nothing), (200, discovered("Cluster"))]}
    )
    made.answers[f"GET {PLACE}"] = [(404, {}), (200, ESTABLISHED)]
    assert len(apply(made, [CRD]).created) == 1
    assert made.asked.count("GET /apis") == 2


def test_the_error_for_a_kind_that_is_not_served_contains_the_reason() -> None:
    made = server(**{f"GET {PLACE}": [(404, {}), (200, NAMES)]})
    with pytest.raises(errors.ApplyFileError, match="not served within 0 s: discovery does not have it yet"):
        apply(made, [CRD], said=Options(**{**options(), "crd_timeout_seconds": 0.0}))
    made = server(**{f"PATCH {PLACE}": [(200, NAMES)]})
    with pytest.raises(errors.ApplyFileError, match="not served within 0 s: taken") as caught:
        apply(made, [CRD], said=Options(**{**options(), "crd_timeout_seconds": 0.0}))
    assert caught.value.report.applied == ()
    assert isinstance(caught.value.failures[0].error, TimeoutError)


def test_a_dry_run_does_not_wait_for_new_kinds() -> None:
    made = server()
    assert len(apply(made, [CRD], said=Options(**{**options(), "dry_run": "All"})).created) == 1
    assert made.pauses == []


def options() -> dict[str, Any]:
    return {name: getattr(SAID, name) for name in SAID.__dataclass_fields__}


def test_who_may_not_read_may_apply() -> None:
    place = "/api/v1/namespaces/default/configmaps/a"
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}
    made = Server()
    made.answers = {f"GET {place}": [(403, {})], f"PATCH {place}": [(200, body)]}
    assert [str(ref) for ref in apply(made, [body]).changed] == ["ConfigMap default/a"]


@pytest.mark.parametrize("bad", [5, "x", None, ["a"]])
def test_an_invalid_object_is_refused_before_a_request_is_sent(bad: Any) -> None:
    made = Server()
    with pytest.raises(errors.InvalidRequestError, match="expected an object to apply"):
        apply(made, [CRD, bad])
    assert made.asked == []


def test_a_manager_is_needed() -> None:
    with pytest.raises(errors.InvalidRequestError, match="field_manager is empty"):
        apply(Server(), [], said=Options(**{**options(), "field_manager": ""}))


def test_objects_are_ordered_by_dependency() -> None:
    wrong = [
        ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"),
        ("example.com", "Widget"),
        ("apps", "Deployment"),
        ("", "Service"),
        ("", "PersistentVolumeClaim"),
        ("", "ConfigMap"),
        ("rbac.authorization.k8s.io", "RoleBinding"),
        ("rbac.authorization.k8s.io", "Role"),
        ("", "ServiceAccount"),
        ("", "ResourceQuota"),
        ("scheduling.k8s.io", "PriorityClass"),
        ("apiextensions.k8s.io", "CustomResourceDefinition"),
        ("", "Namespace"),
    ]
    placed = sorted(wrong, key=lambda one: order.place(*one, is_known=one[0] != "example.com"))
    assert placed == wrong[::-1]


def test_every_kind_of_the_order_exists() -> None:
    known = {(info.group, info.kind) for info in kinds_of("kubeclient").values()}
    assert set(order._PLACES) <= known


def test_a_report_does_not_show_the_content_of_objects() -> None:
    secret = Applied(ObjectRef("v1", "Secret", "x", "s\n"), "created", {"data": {"password": "canary"}})
    for shown in (repr(secret), str(Report((secret,))), repr(Report((secret,)))):
        assert "canary" not in shown
    assert str(Report((secret,))) == "Secret x/s\\n created"
    assert KindInfo("v1", "Secret", "secrets", namespaced=True).group == ""
