"""Discovery: the groups, versions and resources that are served, and the version and health of the server."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Sequence
from typing import Any, Final

from kubecore.testing._rules.facts import DiscoveryFacts, load_discovery
from kubecore.testing._schemas.customs import version_rank
from kubecore.testing._server.documents import document_reply
from kubecore.testing._server.exchange import Received, Reply
from kubecore.testing._server.failures import NotSimulatedError
from kubecore.testing._server.resources import Resource, Resources
from kubecore.testing._server.route import METHOD_NOT_ALLOWED, no_path
from kubecore.testing._server.statuses import json_reply

__all__ = ["discovered", "unknown_group"]

_HEALTH: Final = ("/readyz", "/livez", "/healthz")
_AGGREGATED: Final = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
_VERBS_OF_CUSTOM: Final = ("delete", "deletecollection", "get", "list", "patch", "create", "update", "watch")
"""In the order in which the server lists them."""


def discovered(resources: Resources, version: str, received: Received) -> Reply:
    """Return the reply to a request for no resource.

    Raises:
        RequestError: 404, the path is unknown; 405, it is only read.
        NotSimulatedError: The path exists on a real server, and is not simulated.
    """
    path = received.path.rstrip("/")
    documents = _Documents(resources, load_discovery(version))
    if path.startswith("/openapi"):
        return document_reply(resources, received)
    if path.startswith(("/metrics", "/swagger")):
        raise NotSimulatedError(f"GET {path} is not simulated; add a response with cluster.on(...)")
    reply = _read(documents, path, received.headers.get("accept", ""))
    if received.method != "GET":
        raise METHOD_NOT_ALLOWED
    return reply


def _read(documents: _Documents, path: str, accept: str) -> Reply:
    if path in _HEALTH:
        return Reply(code=200, headers=[("content-type", "text/plain; charset=utf-8")], content=b"ok")
    if path == "/version":
        return json_reply(documents.facts.version)
    if path in ("/api", "/apis") and _wants_aggregated(accept):
        return _aggregated(documents, is_core=path == "/api")
    if path == "/api":
        return json_reply({"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []})
    if path == "/apis":
        groups = [documents.group(name) for name in documents.groups if name]
        return json_reply({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})
    return _below(documents, path)


def _wants_aggregated(accept: str) -> bool:
    """Return whether the first form that the server has is the aggregated one of version 2."""
    for clause in accept.split(","):
        kind, *parameters = (part.strip() for part in clause.split(";"))
        if kind not in ("application/json", "application/*", "*/*"):
            continue
        split = [text.partition("=") for text in parameters]
        named = {name: value for name, _, value in split}
        if not named.get("as"):
            return False
        if (named["as"], named.get("v"), named.get("g")) == ("APIGroupDiscoveryList", "v2", "apidiscovery.k8s.io"):
            return True
    return False


def unknown_group(resources: Resources, received: Received) -> Reply | None:
    """Return the reply to a request of a group that the server does not have, None for other requests."""
    parts = received.path.split("/")
    if parts[1] != "apis" or len(parts) < 3 or any(resource.group == parts[2] for resource in resources):
        return None
    return Reply(code=404, headers=[("content-type", "text/plain; charset=utf-8")], content=b"404 page not found\n")


def _below(documents: _Documents, path: str) -> Reply:
    parts = path.strip("/").split("/")
    if parts[0] == "apis" and len(parts) == 2 and parts[1] in documents.groups:
        return json_reply({"kind": "APIGroup", "apiVersion": "v1", **documents.group(parts[1])})
    if parts[0] == "api" and len(parts) == 2:
        group, version = "", parts[1]
    elif parts[0] == "apis" and len(parts) in (2, 3):
        group, version = parts[1], "".join(parts[2:])
    else:
        raise no_path(documents.resources, "/")
    entries = documents.entries(group, version)
    if not entries:
        raise no_path(documents.resources, group)
    shown = f"{group}/{version}" if group else version
    body: dict[str, Any] = {"kind": "APIResourceList"}
    if group:
        body["apiVersion"] = "v1"
    return json_reply({**body, "groupVersion": shown, "resources": entries})


class _Documents:
    """The discovery documents of the resources that are served.

    Attributes:
        resources: The resources.
        facts: The documents of the server's own groups.
        groups: The names of the groups, in the order of the server.
    """

    def __init__(self, resources: Resources, facts: DiscoveryFacts) -> None:
        self.resources: Final = resources
        self.facts: Final = facts
        served = {resource.group for resource in resources}
        known = [name for name in facts.groups if name in served]
        self.groups: Final = [*known, *sorted(served.difference(known))]

    def versions(self, group: str) -> list[str]:
        """Return the versions of a group: stable ones first, then beta, then alpha, the newest first."""
        found = {resource.version for resource in self.resources if resource.group == group}
        known = [version for version in self.facts.groups.get(group, ()) if version in found]
        return known or sorted(found, key=version_rank)

    def group(self, name: str) -> dict[str, Any]:
        """Return the entry of a group in the list of groups."""
        versions = [{"groupVersion": f"{name}/{version}", "version": version} for version in self.versions(name)]
        return {"name": name, "versions": versions, "preferredVersion": versions[0]}

    def entries(self, group: str, version: str) -> list[dict[str, Any]]:
        """Return the entries of a group version in its list of resources."""
        found = self.resources.in_group_version(group, version)
        recorded = self.facts.groups.get(group, {}).get(version)
        if recorded is None:
            return [entry for resource in found for entry in _entries(resource)]
        plurals = {resource.resource for resource in found}
        return [entry for entry in recorded if entry["name"].partition("/")[0] in plurals]


def _entries(resource: Resource) -> Iterator[dict[str, Any]]:
    """Yield the entries of a custom resource and its subresources in a list of resources."""
    facts = resource.facts
    entry: dict[str, Any] = {
        "name": resource.resource,
        "singularName": facts.singular,
        "namespaced": resource.is_namespaced,
        "kind": resource.kind,
        "verbs": _VERBS_OF_CUSTOM,
    }
    if facts.short_names:
        entry["shortNames"] = facts.short_names
    if facts.categories:
        entry["categories"] = facts.categories
    yield {**entry, "storageVersionHash": _hash(resource)}
    for name, sub in resource.subresources.items():
        found: dict[str, Any] = {
            "name": f"{resource.resource}/{name}",
            "singularName": "",
            "namespaced": resource.is_namespaced,
        }
        if (sub.group, sub.version) != (resource.group, resource.version):
            found |= {"group": sub.group, "version": sub.version}
        yield {**found, "kind": sub.kind, "verbs": sorted(sub.verbs)}


def _hash(resource: Resource) -> str:
    """Return the hash of the stored version of a custom resource, which is the same on every server."""
    version = resource.version if resource.definition is None else resource.definition.stored_version
    text = f"{resource.group}/{version}/{resource.kind}"
    return base64.b64encode(hashlib.sha256(text.encode()).digest()[:8]).decode()


def _aggregated(documents: _Documents, *, is_core: bool) -> Reply:
    body: dict[str, Any] = {
        "kind": "APIGroupDiscoveryList",
        "apiVersion": "apidiscovery.k8s.io/v2",
        "metadata": {},
        "items": [
            {"metadata": {"name": name} if name else {}, "versions": list(_discovered_versions(documents, name))}
            for name in documents.groups
            if (name == "") is is_core
        ],
    }
    reply = json_reply(body)
    reply.headers[0] = ("content-type", _AGGREGATED)
    return reply


def _discovered_versions(documents: _Documents, group: str) -> Iterator[dict[str, Any]]:
    for version in documents.versions(group):
        place = ("", "") if group in documents.facts.groups else (group, version)
        resources = _grouped(documents.entries(group, version), place)
        yield {"version": version, "resources": resources, "freshness": "Current"}


def _grouped(entries: Sequence[dict[str, Any]], place: tuple[str, str]) -> list[dict[str, Any]]:
    """Return the entries of resources with those of their subresources in them.

    Args:
        entries: As a list of resources contains them.
        place: Group and version of kinds that name none.
    """
    found: dict[str, dict[str, Any]] = {}
    for entry in entries:
        name, _, part = entry["name"].partition("/")
        group, version = entry.get("group", place[0]), entry.get("version", place[1])
        kind = {"group": group, "version": version, "kind": entry["kind"]}
        if part:
            below = {"subresource": part, "responseKind": kind, "verbs": entry["verbs"]}
            found[name].setdefault("subresources", []).append(below)
            continue
        found[name] = {
            "resource": name,
            "responseKind": kind,
            "scope": "Namespaced" if entry["namespaced"] else "Cluster",
            "singularResource": entry["singularName"],
            "verbs": entry["verbs"],
            **{key: entry[key] for key in ("shortNames", "categories") if key in entry},
        }
    return list(found.values())
