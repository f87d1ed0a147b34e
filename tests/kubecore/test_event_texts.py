"""Events within the limits of the API server: notes, reasons, names, and the objects that they are about."""

from __future__ import annotations

import random
import re
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kubeclient.models import core_v1, meta_v1, rbac_v1
from kubecore.clocks import FakeClock
from kubecore.errors import InvalidRequestError
from kubecore.recorder.reference import Reference, reference_to
from kubecore.recorder.texts import check_controller, cut, event_name
from tests.kubecore.event_runs import POD, Run

SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
WALL = FakeClock().time()


@given(st.text(max_size=3000), st.integers(1, 2000))
@example("é" * 600, 1024)
@example("\U0001f600" * 300, 1023)
@example("a\ud800b", 10)
def test_a_text_is_cut_between_characters(text: str, limit: int) -> None:
    result = cut(text, limit)
    data = result.encode("utf-8")
    assert len(data) <= limit
    whole = text.encode("utf-8", "replace").decode("utf-8")
    assert whole.startswith(result)
    assert result == whole or len(data) > limit - 4


@given(st.text(alphabet="abz09-.", min_size=1, max_size=253), st.floats(0, 0.999999))
@example("a" * 253, 0.5)
@example("a" * 199 + "-b", 0.5)
@example("a" * 199 + ".b", 0.5)
def test_names_of_events_are_valid_and_begin_with_the_name_of_the_object(name: str, chance: float) -> None:
    result = event_name(name, WALL, lambda: chance)
    assert SUBDOMAIN.fullmatch(result)
    assert len(result) <= 253
    assert re.fullmatch(r"[0-9a-f]{16}", result.rpartition(".")[2])
    if SUBDOMAIN.fullmatch(name):
        assert name.startswith(result.rpartition(".")[0])


@pytest.mark.parametrize("name", ["system:node", "UPPER", "", "-", "a..b", "ä"])
def test_an_object_whose_name_is_not_a_subdomain_has_events_with_a_valid_name(name: str) -> None:
    assert SUBDOMAIN.fullmatch(event_name(name, WALL, lambda: 0.5))


def test_names_of_the_same_moment_differ() -> None:
    chance = random.Random(1).random
    assert len({event_name("web-0", WALL, chance) for _ in range(100)}) == 100


@pytest.mark.parametrize("name", ["a", "widget-operator", "shop.example.com/Widget_operator.v1", "x" * 63])
def test_valid_names_of_controllers(name: str) -> None:
    assert check_controller(name) == name


@pytest.mark.parametrize("name", ["", "-a", "a-", "a b", "a/b/c", "/a", "A.com/a", "shop..com/a", "x" * 64, "ä"])
def test_invalid_names_of_controllers_are_refused(name: str) -> None:
    with pytest.raises(InvalidRequestError, match="invalid name of a controller"):
        check_controller(name)


META = {"name": "web-0", "namespace": "shop", "uid": "uid-1", "resourceVersion": "7"}


@pytest.mark.parametrize(
    "about",
    [
        core_v1.Pod(metadata=meta_v1.ObjectMeta(name="web-0", namespace="shop", uid="uid-1", resource_version="7")),
        {"apiVersion": "v1", "kind": "Pod", "metadata": META, "spec": {}},
        core_v1.ObjectReference(
            api_version="v1", kind="Pod", namespace="shop", name="web-0", uid="uid-1", resource_version="7"
        ),
        {"apiVersion": "v1", "kind": "Pod", **META},
    ],
    ids=["model", "mapping", "reference", "mapping of a reference"],
)
def test_the_reference_to_an_object_has_no_resource_version(about: Any) -> None:
    assert reference_to(about) == POD
    assert reference_to(about).document() == {
        "apiVersion": "v1",
        "kind": "Pod",
        "namespace": "shop",
        "name": "web-0",
        "uid": "uid-1",
    }


def test_a_reference_may_name_a_field() -> None:
    about = core_v1.ObjectReference(api_version="v1", kind="Pod", name="web-0", field_path="spec.containers{web}")
    assert reference_to(about).document()["fieldPath"] == "spec.containers{web}"


def test_a_reference_to_a_cluster_scoped_object_has_no_namespace() -> None:
    about = rbac_v1.ClusterRole(metadata=meta_v1.ObjectMeta(name="system:node"))
    assert reference_to(about) == Reference("rbac.authorization.k8s.io/v1", "ClusterRole", "", "system:node")


@pytest.mark.parametrize(
    ("about", "message"),
    [
        (None, "not NoneType"),
        ("web-0", "not str"),
        ({}, "no apiVersion and kind"),
        ({"apiVersion": "v1", "kind": "Pod"}, "has no name"),
        ({"apiVersion": "v1", "kind": "Pod", "metadata": "x"}, "has no name"),
        ({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": 7}}, "has no name"),
        (core_v1.Pod(), "has no name"),
        (core_v1.Container(name="a"), "no apiVersion and kind"),
        ({"apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadata", "metadata": META}, "does not contain"),
    ],
)
def test_other_values_than_objects_are_refused(about: Any, message: str) -> None:
    with pytest.raises(InvalidRequestError, match=message):
        reference_to(about)


def test_an_event_as_it_is_sent() -> None:
    run = Run()
    run.report(related=POD._replace(name="web-1", uid="uid-2"))
    run.work()
    ((_, name, body),) = run.sent
    assert body == {
        "apiVersion": "events.k8s.io/v1",
        "kind": "Event",
        "metadata": {"name": name, "namespace": "shop"},
        "eventTime": "2026-01-01T00:00:00.000000Z",
        "reportingController": "shop.example.com/op",
        "reportingInstance": "op-1",
        "type": "Normal",
        "reason": "Scaled",
        "action": "Scale",
        "regarding": POD.document(),
        "related": {"apiVersion": "v1", "kind": "Pod", "namespace": "shop", "name": "web-1", "uid": "uid-2"},
        "note": "to 3",
    }


def test_events_about_cluster_scoped_objects_are_in_the_namespace_default() -> None:
    run = Run()
    run.report(about=Reference("v1", "Node", "", "node-1"))
    run.work()
    run.report(about=Reference("v1", "Node", "", "node-1"))
    run.work()
    assert run.sent[0][2]["metadata"]["namespace"] == "default"
    assert "namespace" not in run.sent[0][2]["regarding"]
    assert run.verbs == ["create", "patch"]
