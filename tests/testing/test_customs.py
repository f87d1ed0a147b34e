"""A CustomResourceDefinition defines resources with the names, verbs and subresources that the server serves."""

from __future__ import annotations

from typing import Any

from kubecore.testing._schemas.customs import accepted_status, resources_of

_NAMES = {"plural": "widgets", "kind": "Widget", "shortNames": ["wd"], "categories": ["all"]}


def _version(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "served": True, "storage": False, "schema": {"openAPIV3Schema": {"type": "object"}}, **more}


def _definition(*versions: dict[str, Any]) -> dict[str, Any]:
    return {"spec": {"group": "example.com", "scope": "Namespaced", "names": _NAMES, "versions": list(versions)}}


def test_each_served_version_is_a_resource() -> None:
    scale = {"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas"}
    first = _version("v1", subresources={"status": {}, "scale": scale}, selectableFields=[{"jsonPath": ".spec.color"}])
    made = list(resources_of(_definition(first, _version("v2"), _version("v0", served=False))))
    assert [each.api_version for each in made] == ["example.com/v1", "example.com/v2"]
    assert sorted(made[0].subresources) == ["scale", "status"]
    assert made[0].subresources["scale"].group == "autoscaling"
    assert made[0].facts.field_selectors == ("metadata.name", "metadata.namespace", "spec.color")
    assert made[0].facts.short_names == ("wd",)
    assert made[0].facts.singular == "widget"
    assert made[0].is_custom
    assert not made[1].subresources


def test_accepted_definitions_are_established() -> None:
    status = accepted_status(_definition(_version("v1", storage=True), _version("v2")), "2026-01-02T03:04:05Z")
    assert status["acceptedNames"] == {**_NAMES, "singular": "widget", "listKind": "WidgetList"}
    assert [(each["type"], each["status"]) for each in status["conditions"]] == [
        ("NamesAccepted", "True"),
        ("Established", "True"),
    ]
    assert status["storedVersions"] == ["v1"]
