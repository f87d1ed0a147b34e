"""Definitions of kinds that the tests install."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

SIZED: Final = {"type": "object", "properties": {"size": {"type": "integer"}}}


def definition(
    group: str,
    spec: Mapping[str, Any] = SIZED,
    *,
    versions: tuple[str, ...] = ("v1",),
    scope: str = "Namespaced",
    plural: str = "widgets",
    short: str = "wdg",
) -> dict[str, Any]:
    """Return a CustomResourceDefinition.

    Args:
        group: The API group.
        spec: The schema of `spec`, in all versions.
        versions: The served versions; the first one is stored.
        scope: `Namespaced` or `Cluster`.
        plural: The name of the resource; the name of the kind is derived from it.
        short: The short name, unique within the group.
    """
    kind = plural[:-1].capitalize()
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group,
            "scope": scope,
            "names": {"plural": plural, "singular": plural[:-1], "kind": kind, "shortNames": [short]},
            "versions": [
                {
                    "name": version,
                    "served": True,
                    "storage": version == versions[0],
                    "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}},
                    "subresources": {"status": {}},
                }
                for version in versions
            ],
        },
    }
