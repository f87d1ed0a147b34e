"""The content of the documents, as a table or as JSON: `kgen list`."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from kgen.errors import printable
from kgen.ir import Api, GroupVersion, Resource

__all__ = ["as_json", "left_out", "table"]

_HEADINGS = ("GROUP VERSION", "RESOURCE", "KIND", "SCOPE", "VERBS", "SUBRESOURCES")


def table(api: Api) -> str:
    """Return the resources as lines of columns, verbs and subresources last."""
    rows = [_HEADINGS, *(_row(group, resource) for group in api.groups for resource in group.resources)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADINGS))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def as_json(api: Api) -> str:
    """Return everything as JSON: group versions with their resources, and the omitted operations."""
    groups = [
        {
            "group": group.group,
            "version": group.version,
            "accessor": str(group.accessor),
            "resources": [_described(resource) for resource in group.resources],
        }
        for group in api.groups
    ]
    skipped = [{"path": item.path, "method": item.method, "reason": item.reason} for item in api.left_out]
    return json.dumps({"groupVersions": groups, "leftOut": skipped}, indent=2)


def left_out(api: Api) -> str:
    """Return how many operations become no method, by reason."""
    counts = Counter(item.reason for item in api.left_out)
    return "\n".join(f"{count:5}  {printable(reason)}" for reason, count in sorted(counts.items()))


def _row(group: GroupVersion, resource: Resource) -> tuple[str, ...]:
    scope = "Namespaced" if resource.namespaced else "Cluster"
    cells = (
        group.api_version,
        resource.plural,
        resource.kind_name,
        scope,
        ",".join(sorted(resource.verbs)),
        ",".join(resource.subresources),
    )
    return tuple(printable(cell, 300) for cell in cells)


def _described(resource: Resource) -> dict[str, Any]:
    return {
        "plural": resource.plural,
        "kind": resource.kind_name,
        "namespaced": resource.namespaced,
        "accessor": str(resource.accessor),
        "class": str(resource.class_name),
        "path": resource.path,
        "verbs": sorted(resource.verbs),
        "subresources": list(resource.subresources),
        **_custom(resource),
    }


def _custom(resource: Resource) -> dict[str, Any]:
    """Return the data of a CRD that OpenAPI does not have."""
    custom = resource.custom
    if custom is None:
        return {}
    columns = [
        {"name": column.name, "type": column.type, "jsonPath": column.json_path, "description": column.description}
        for column in custom.columns
    ]
    return {
        "shortNames": list(custom.short_names),
        "categories": list(custom.categories),
        "printerColumns": columns,
        "deprecated": custom.deprecated,
        "scale": dict(custom.scale),
    }
