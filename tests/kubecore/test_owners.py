"""Owner references of controllers, by the rules of client-go and controller-runtime."""

from __future__ import annotations

from typing import Any

import pytest

from kubeclient.models import apps_v1, core_v1
from kubecore import errors
from kubecore.model import meta, owners

OWNER: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web", "namespace": "default", "uid": "u1"},
    "spec": {"selector": {}, "template": {"spec": {"containers": []}}},
}
REFERENCE = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "name": "web",
    "uid": "u1",
    "blockOwnerDeletion": True,
    "controller": True,
}


def owner(**changes: str) -> dict[str, Any]:
    metadata = {**OWNER["metadata"], **changes}
    return {**OWNER, "metadata": {key: value for key, value in metadata.items() if value}}


MODELS: dict[str, Any] = {"Deployment": apps_v1.Deployment, "ConfigMap": core_v1.ConfigMap, "Node": core_v1.Node}


def as_model(found: dict[str, Any]) -> Any:
    return MODELS[found["kind"]].from_dict(found)


def config_map(*references: dict[str, Any], namespace: str = "default") -> dict[str, Any]:
    metadata = {"name": "c", "namespace": namespace, "ownerReferences": [dict(one) for one in references]}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}


both = pytest.mark.parametrize("form", [dict, as_model], ids=["mapping", "model"])


def references(found: Any) -> list[dict[str, Any]]:
    data = found if isinstance(found, dict) else found.to_dict()
    made: list[dict[str, Any]] = data["metadata"].get("ownerReferences", [])
    return made


@both
def test_a_reference_names_the_owner_as_its_controller(form: Any) -> None:
    assert owners.controller_reference(form(OWNER)).to_dict() == REFERENCE
    made = owners.controller_reference(form(OWNER), block_owner_deletion=False)
    assert (made.block_owner_deletion, made.controller) == (False, True)


@both
def test_a_controller_reference_is_added_to_other_owner_references(form: Any) -> None:
    other = {"apiVersion": "v1", "kind": "ConfigMap", "name": "o", "uid": "u9"}
    found = form(config_map(other))
    owners.set_controller_reference(found, form(OWNER))
    assert references(found) == [other, REFERENCE]
    owners.set_controller_reference(found, form(OWNER))
    assert references(found) == [other, REFERENCE]


def test_a_controller_reference_is_set_on_an_object_without_metadata() -> None:
    node = {**OWNER, "kind": "Node", "apiVersion": "v1", "metadata": {"name": "n", "uid": "u"}}
    found: dict[str, Any] = {"apiVersion": "v1", "kind": "ConfigMap"}
    owners.set_controller_reference(found, node)
    assert [one["kind"] for one in references(found)] == ["Node"]


@both
def test_an_entry_of_the_same_owner_is_replaced_in_its_place(form: Any) -> None:
    """Group, kind and name identify the owner. The old entry may differ in version, UID and controller flag."""
    before = {"apiVersion": "apps/v1beta1", "kind": "Deployment", "name": "web", "uid": "old"}
    other = {"apiVersion": "v1", "kind": "ConfigMap", "name": "o", "uid": "u9"}
    for old in (before, {**before, "controller": True}):
        found = form(config_map(old, other))
        owners.set_controller_reference(found, form(OWNER))
        assert references(found) == [REFERENCE, other]


@both
@pytest.mark.parametrize(
    "change", [{"name": "other"}, {"kind": "ReplicaSet"}, {"apiVersion": "v1"}, {"apiVersion": "example.com/v1"}]
)
def test_another_controller_is_an_error_and_changes_nothing(form: Any, change: dict[str, str]) -> None:
    before = {**REFERENCE, **change}
    found = form(config_map(before))
    with pytest.raises(errors.AlreadyOwnedError, match=f"controlled by {before['kind']} '{before['name']}' already"):
        owners.set_controller_reference(found, form(OWNER))
    assert references(found) == [before]
    found = form(config_map({**before, "controller": False}))
    owners.set_controller_reference(found, form(OWNER))
    assert len(references(found)) == 2


@both
def test_namespaces_must_fit(form: Any) -> None:
    with pytest.raises(errors.InvalidRequestError, match="must be cluster-scoped or in the namespace"):
        owners.set_controller_reference(form(config_map(namespace="other")), form(OWNER))
    with pytest.raises(errors.InvalidRequestError, match="the object in none"):
        owners.set_controller_reference(form(config_map(namespace="")), form(OWNER))
    node = form({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n", "uid": "u"}})
    for namespace in ("default", ""):
        found = form(config_map(namespace=namespace))
        owners.set_controller_reference(found, node)
        assert references(found)[0]["apiVersion"] == "v1"


@both
@pytest.mark.parametrize(("missing", "message"), [("uid", "has no uid"), ("name", "has no name")])
def test_an_owner_that_the_server_does_not_know_is_refused(form: Any, missing: str, message: str) -> None:
    with pytest.raises(errors.InvalidRequestError, match=message):
        owners.controller_reference(form(owner(**{missing: ""})))


@pytest.mark.parametrize(
    "given",
    [
        {"metadata": {"name": "a", "uid": "b"}},
        {**OWNER, "kind": ""},
        meta.PartialObjectMetadata(metadata=meta.ObjectMeta(name="a", uid="b")),
        meta.ObjectMeta(name="a", uid="b"),
        {},
    ],
)
def test_an_owner_without_a_kind_is_refused(given: Any) -> None:
    with pytest.raises(errors.InvalidRequestError, match="kind"):
        owners.controller_reference(given)
