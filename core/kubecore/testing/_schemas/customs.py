"""CustomResourceDefinitions: the resources that they define, and the status that makes them served."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from kubecore.testing._rules.facts import ResourceFacts
from kubecore.testing._schemas.json_values import map_at
from kubecore.testing._schemas.schema_type import SchemaType
from kubecore.testing._schemas.structural import StructuralType
from kubecore.testing._server.resources import Definition, Resource, ScalePaths, Subresource

__all__ = ["accepted_status", "resources_of", "version_rank"]

_VERBS: Final = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")
_PART_VERBS: Final = frozenset({"get", "patch", "update"})


def resources_of(definition: Mapping[str, Any], metadata: SchemaType | None = None) -> Iterator[Resource]:
    """Yield one resource for each served version of a definition.

    Args:
        definition: The CustomResourceDefinition.
        metadata: The type of the metadata of objects.
    """
    spec = definition["spec"]
    names, is_namespaced = spec["names"], spec["scope"] == "Namespaced"
    shared = Definition(
        stored_version=next((each["name"] for each in spec["versions"] if each.get("storage")), ""),
        schemas={each["name"]: each["schema"]["openAPIV3Schema"] for each in spec["versions"]},
        revision=int(map_at({**definition}, "metadata").get("resourceVersion") or 0),
        strategy=map_at(spec, "conversion").get("strategy", "None"),
        warnings=dict(_deprecations(spec)),
    )
    for version in spec["versions"]:
        if not version.get("served"):
            continue
        fields = tuple(each["jsonPath"].removeprefix(".") for each in version.get("selectableFields") or ())
        facts = ResourceFacts(
            kind=names["kind"],
            singular=names.get("singular") or names["kind"].lower(),
            verbs=_VERBS,
            namespaced=is_namespaced,
            short_names=tuple(names.get("shortNames") or ()),
            categories=tuple(names.get("categories") or ()),
            name_rule="subdomain",
            generation=1,
            field_selectors=("metadata.name", *(("metadata.namespace",) if is_namespaced else ()), *fields),
        )
        yield Resource(
            group=spec["group"],
            version=version["name"],
            resource=names["plural"],
            kind=names["kind"],
            is_namespaced=is_namespaced,
            verbs=frozenset(_VERBS),
            subresources=_subresources(spec["group"], version, names["kind"]),
            schema=StructuralType(version["schema"]["openAPIV3Schema"], metadata=metadata, is_root=True),
            facts=facts,
            is_custom=True,
            definition=shared,
            columns=version.get("additionalPrinterColumns") or (),
        )


def _deprecations(spec: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the deprecated versions, and the warnings about them."""
    group, kind = spec["group"], spec["names"]["kind"]
    current = [each["name"] for each in spec["versions"] if each.get("served") and not each.get("deprecated")]
    newest = min(current, key=version_rank, default=None)
    use = f"; use {group}/{newest} {kind}" if newest else ""
    for version in spec["versions"]:
        if version.get("deprecated"):
            text = version.get("deprecationWarning") or f"{group}/{version['name']} {kind} is deprecated{use}"
            yield version["name"], text


def version_rank(version: str) -> tuple[int, int, int, str]:
    """Return the sort key of a version: stable ones first, then beta, then alpha, the newest first."""
    for rank, stage in ((1, "beta"), (2, "alpha")):
        major, sign, minor = version.removeprefix("v").partition(stage)
        if sign and major.isdigit() and minor.isdigit():
            return rank, -int(major), -int(minor), ""
    major = version.removeprefix("v")
    return (0, -int(major), 0, "") if major.isdigit() else (3, 0, 0, version)


def _subresources(group: str, version: Mapping[str, Any], kind: str) -> dict[str, Subresource]:
    found: dict[str, Subresource] = {}
    declared: Mapping[str, Any] = version.get("subresources") or {}
    if declared.get("status") is not None:
        found["status"] = Subresource(group=group, version=version["name"], kind=kind, verbs=_PART_VERBS)
    if declared.get("scale") is not None:
        found["scale"] = Subresource(
            group="autoscaling",
            version="v1",
            kind="Scale",
            verbs=_PART_VERBS,
            scale_paths=ScalePaths(
                replicas=_path(declared["scale"]["specReplicasPath"]),
                status=_path(declared["scale"]["statusReplicasPath"]),
                selector=_path(declared["scale"].get("labelSelectorPath") or ""),
            ),
        )
    return found


def _path(text: str) -> tuple[str, ...]:
    return tuple(text.removeprefix(".").split(".")) if text else ()


def accepted_status(definition: Mapping[str, Any], now: str) -> dict[str, Any]:
    """Return the status of a definition whose names nobody else uses, as soon as its kinds are served.

    Args:
        definition: The CustomResourceDefinition.
        now: The time, as objects contain it.
    """
    spec = definition["spec"]
    names = {"singular": spec["names"]["kind"].lower(), "listKind": f"{spec['names']['kind']}List"} | spec["names"]
    conditions = [
        ("NamesAccepted", "NoConflicts", "no conflicts found"),
        ("Established", "InitialNamesAccepted", "the initial names have been accepted"),
    ]
    return {
        "acceptedNames": names,
        "conditions": [
            {"lastTransitionTime": now, "message": message, "reason": reason, "status": "True", "type": kind}
            for kind, reason, message in conditions
        ],
        "storedVersions": [each["name"] for each in spec["versions"] if each.get("storage")],
    }
