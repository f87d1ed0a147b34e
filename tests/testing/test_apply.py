"""Server-side apply merges configurations, removes fields that are no longer applied, and finds conflicts."""

from __future__ import annotations

from typing import Any

import pytest

from kubecore.testing._apply.managed import BEFORE_FIRST_APPLY, apply, track_update
from kubecore.testing._server.failures import RequestError
from tests.testing.document_types import builtin

DEPLOYMENT, SERVICE = builtin("apps/v1", "Deployment"), builtin("v1", "Service")
UNTYPED = "failed to create typed patch object (n/a; apps/v1, Kind=Deployment): "
NOW = "2026-01-01T00:00:00Z"


def deployment(**spec: Any) -> dict[str, Any]:
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a", "namespace": "n"}, "spec": spec}


def stored(document: dict[str, Any]) -> dict[str, Any]:
    return {**document, "metadata": {**document["metadata"], "uid": "u"}}


def applied(live: dict[str, Any] | None, configuration: dict[str, Any], manager: str, **options: Any) -> dict[str, Any]:
    return apply(live, configuration, DEPLOYMENT, manager=manager, api_version="apps/v1", now=NOW, **options)


def owners(document: dict[str, Any]) -> dict[str, Any]:
    return {entry["manager"]: entry["fieldsV1"] for entry in document["metadata"].get("managedFields", ())}


def test_an_apply_creates_the_object_and_owns_its_fields() -> None:
    made = applied(None, deployment(replicas=1), "m")
    assert made["spec"]["replicas"] == 1
    assert owners(made) == {"m": {"f:spec": {"f:replicas": {}}}}


def test_a_value_of_another_manager_is_a_conflict() -> None:
    live = applied(None, deployment(replicas=1), "m")
    with pytest.raises(RequestError) as refused:
        applied(live, deployment(replicas=2), "n")
    assert refused.value.code == 409
    assert refused.value.message == 'Apply failed with 1 conflict: conflict with "m": .spec.replicas'
    assert refused.value.details == {
        "causes": [
            {"reason": "FieldManagerConflict", "message": 'conflict with "m"', "field": ".spec.replicas"},
        ]
    }


def test_conflicts_with_updates_name_the_version_and_the_subresource() -> None:
    live = track_update(
        None,
        stored(deployment(replicas=1)),
        DEPLOYMENT,
        manager="m",
        api_version="apps/v1",
        subresource="scale",
        now=NOW,
    )
    with pytest.raises(RequestError) as refused:
        applied(live, deployment(replicas=2), "n")
    expected = 'conflict with "m" with subresource "scale" using apps/v1: .spec.replicas'
    assert refused.value.message == f"Apply failed with 1 conflict: {expected}"


def test_equal_values_are_owned_by_both() -> None:
    live = applied(None, deployment(replicas=1), "m")
    fields: dict[str, Any] = {"f:spec": {"f:replicas": {}}}
    assert owners(applied(live, deployment(replicas=1), "n")) == {"m": fields, "n": fields}


def test_force_moves_the_field_to_the_new_manager() -> None:
    live = applied(None, deployment(replicas=1), "m")
    made = applied(live, deployment(replicas=2), "n", force=True)
    assert (made["spec"]["replicas"], owners(made)) == (2, {"n": {"f:spec": {"f:replicas": {}}}})


def test_a_field_that_is_no_longer_applied_is_removed_unless_another_manager_owns_it() -> None:
    live = applied(None, deployment(replicas=1, paused=True), "m")
    live = applied(live, deployment(paused=True), "n")
    made = applied(live, deployment(), "m")
    assert "replicas" not in made["spec"]
    assert made["spec"]["paused"] is True
    assert owners(made) == {"m": {"f:spec": {}}, "n": {"f:spec": {"f:paused": {}}}}


def test_the_fields_of_an_object_without_managers_belong_to_before_first_apply() -> None:
    made = applied(stored(deployment(replicas=1)), deployment(paused=True), "m")
    assert owners(made)[BEFORE_FIRST_APPLY] == {"f:spec": {"f:replicas": {}}}


def test_applied_items_keep_their_order_and_others_their_place() -> None:
    def service(*ports: int) -> dict[str, Any]:
        items = [{"port": port} for port in ports]
        return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a"}, "spec": {"ports": items}}

    live = stored(service(1, 2, 3, 4))
    made = apply(live, service(4, 5, 2), SERVICE, manager="m", api_version="v1", now=NOW)
    assert [port["port"] for port in made["spec"]["ports"]] == [1, 3, 4, 5, 2]


@pytest.mark.parametrize(
    ("change", "code", "message"),
    [
        ({"apiVersion": "apps/v2"}, 400, "invalid object type: apps/v2, Kind=Deployment"),
        ({"metadata": {"name": "a", "managedFields": []}}, 400, "metadata.managedFields must be nil"),
        ({"spec": {"sizes": 1}}, 500, UNTYPED + ".spec.sizes: field not declared in schema"),
        (
            {"spec": {"template": {"spec": {"containers": [{"name": "a"}, {"name": "a"}]}}}},
            500,
            UNTYPED + '.spec.template.spec.containers: duplicate entries for key [name="a"]',
        ),
    ],
)
def test_invalid_configurations_are_refused(change: dict[str, Any], code: int, message: str) -> None:
    with pytest.raises(RequestError) as refused:
        applied(None, {**deployment(), **change}, "m")
    assert refused.value.code == code
    assert refused.value.message.startswith(message)


def test_arguments_are_never_changed() -> None:
    live = applied(None, deployment(replicas=1), "m")
    configuration = deployment(paused=True)
    before = repr((live, configuration))
    applied(live, configuration, "m")
    assert repr((live, configuration)) == before


def test_fields_that_the_request_cannot_write_are_not_owned() -> None:
    configuration = {**deployment(replicas=1), "status": {"replicas": 1}}
    assert owners(applied(None, configuration, "m", reset=[("status",)])) == {"m": {"f:spec": {"f:replicas": {}}}}
