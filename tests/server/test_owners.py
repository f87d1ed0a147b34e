"""Owner references on the real server: the garbage collector deletes owned objects."""

from __future__ import annotations

from typing import Any

import kubecore
from kubeclient import Clientset
from kubeclient.models import core_v1
from kubecore.model import meta, owners


def test_the_garbage_collector_deletes_the_object_after_its_controller(clientset: Clientset, namespace: str) -> None:
    maps = clientset.core_v1.config_maps(namespace)
    owner = maps.create({"metadata": {"name": "owner"}})
    typed = core_v1.ConfigMap(metadata=meta.ObjectMeta(name="typed", namespace=namespace))
    untyped: dict[str, Any] = {"metadata": {"name": "untyped", "namespace": namespace}}
    dynamic = clientset.dynamic.resource("configmaps", namespace)
    owners.set_controller_reference(typed, owner)
    owners.set_controller_reference(untyped, dynamic.get("owner"))
    created = maps.create(typed)
    assert created.metadata.owner_references == [owners.controller_reference(owner)]
    assert dynamic.create(untyped)["metadata"]["ownerReferences"] == [owners.controller_reference(owner).to_dict()]
    kept = maps.create({"metadata": {"name": "kept"}})
    maps.delete("owner", propagation_policy="Foreground")
    names = {"owner", "typed", "untyped"}
    kubecore.poll(lambda: names.isdisjoint(one.metadata.name for one in maps.list().items), timeout=60, interval=0.2)
    assert maps.get("kept").metadata.uid == kept.metadata.uid
