"""A custom resource whose definition comes and goes."""

from __future__ import annotations

from typing import Any, Literal

from kubeclient.models import meta_v1
from kubecore import async_verbs, sync_verbs
from kubecore.calls.resource import Resource
from kubecore.model.model import Model, always

__all__ = ["AsyncThings", "Things", "crd"]


class Thing(Model, kw_only=True):
    api_version: Literal["informer.example.com/v1"] = always("informer.example.com/v1")
    kind: Literal["Thing"] = always("Thing")
    metadata: meta_v1.ObjectMeta


class ThingList(Model, kw_only=True):
    api_version: Literal["informer.example.com/v1"] = always("informer.example.com/v1")
    kind: Literal["ThingList"] = always("ThingList")
    metadata: meta_v1.ListMeta
    items: list[Thing]


class Things(sync_verbs.Standard[Thing, ThingList]):
    _resource = Resource(
        group="informer.example.com", version="v1", plural="things", namespaced=True, kind=Thing, list_kind=ThingList
    )


class AsyncThings(async_verbs.Standard[Thing, ThingList]):
    _resource = Things._resource


def crd(*versions: str) -> dict[str, Any]:
    """Return the definition. The last version is stored; none checks anything."""
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "things.informer.example.com"},
        "spec": {
            "group": "informer.example.com",
            "scope": "Namespaced",
            "names": {"plural": "things", "singular": "thing", "kind": "Thing", "listKind": "ThingList"},
            "versions": [
                {"name": version, "served": True, "storage": version == versions[-1], "schema": schema}
                for version in versions
            ],
        },
    }
