"""Discovery: the groups, versions and resources that are served, and the version and health of the server."""

from __future__ import annotations

from typing import Any, Final

from kubecore.testing._server.exchange import Received, Reply
from kubecore.testing._server.failures import NotSimulatedError
from kubecore.testing._server.resources import Resource, Resources
from kubecore.testing._server.route import NOT_FOUND
from kubecore.testing._server.statuses import json_reply

__all__ = ["discovered"]

_HEALTH: Final = ("/readyz", "/livez", "/healthz")


def discovered(resources: Resources, version: str, received: Received) -> Reply:
    """Return the reply to a request for no resource.

    Raises:
        RequestError: 404, the path is unknown.
        NotSimulatedError: The path exists on a real server, and is not simulated.
    """
    path = received.path.rstrip("/")
    if received.method != "GET":
        raise NOT_FOUND
    if path in _HEALTH:
        return Reply(code=200, headers=[("content-type", "text/plain; charset=utf-8")], content=b"ok")
    if path == "/version":
        return json_reply(_version(version))
    if path.startswith(("/openapi", "/metrics", "/swagger")):
        raise NotSimulatedError(f"GET {path} is not simulated; add a response with cluster.on(...)")
    if path in ("/api", "/apis") and "as=APIGroupDiscoveryList" in received.headers.get("accept", ""):
        return _aggregated(resources, is_core=path == "/api")
    if path == "/api":
        return json_reply({"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []})
    if path == "/apis":
        groups = [_group(resources, name) for name in _groups(resources) if name]
        return json_reply({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})
    return _below(resources, path)


def _version(version: str) -> dict[str, str]:
    major, _, minor = version.partition(".")
    git = f"v{version}.0"
    return {"major": major, "minor": minor, "gitVersion": git, "platform": "linux/amd64", "compiler": "gc"}


def _below(resources: Resources, path: str) -> Reply:
    parts = path.strip("/").split("/")
    if parts[0] == "apis" and len(parts) == 2 and parts[1] in _groups(resources):
        return json_reply({"kind": "APIGroup", "apiVersion": "v1", **_group(resources, parts[1])})
    if parts[0] == "api" and len(parts) == 2:
        group, version = "", parts[1]
    elif parts[0] == "apis" and len(parts) == 3:
        group, version = parts[1], parts[2]
    else:
        raise NOT_FOUND
    found = resources.in_group_version(group, version)
    if not found:
        raise NOT_FOUND
    names = [entry for resource in found for entry in _entries(resource)]
    shown = f"{group}/{version}" if group else version
    return json_reply({"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": shown, "resources": names})


def _groups(resources: Resources) -> list[str]:
    return sorted({resource.group for resource in resources})


def _versions(resources: Resources, group: str) -> list[str]:
    """Return the versions of a group: stable ones first, then beta, then alpha, the newest first."""
    found = {resource.version for resource in resources if resource.group == group}
    return sorted(found, key=_rank, reverse=True)


def _rank(version: str) -> tuple[int, int, int, str]:
    for stage, rank in (("alpha", 0), ("beta", 1)):
        major, sign, minor = version.removeprefix("v").partition(stage)
        if sign and major.isdigit() and minor.isdigit():
            return rank, int(major), int(minor), ""
    major = version.removeprefix("v")
    return (2, int(major), 0, "") if major.isdigit() else (-1, 0, 0, version)


def _group(resources: Resources, name: str) -> dict[str, Any]:
    versions = [{"groupVersion": f"{name}/{version}", "version": version} for version in _versions(resources, name)]
    return {"name": name, "versions": versions, "preferredVersion": versions[0]}


def _entries(resource: Resource) -> list[dict[str, Any]]:
    """Return the entries of a resource and its subresources in a list of resources."""
    facts = resource.facts
    entry: dict[str, Any] = {
        "name": resource.resource,
        "singularName": facts.singular,
        "namespaced": resource.is_namespaced,
        "kind": resource.kind,
        "verbs": sorted(resource.verbs),
    }
    if facts.short_names:
        entry["shortNames"] = list(facts.short_names)
    if facts.categories:
        entry["categories"] = list(facts.categories)
    below = [_sub_entry(resource, name) for name in sorted(resource.subresources)]
    return [entry, *below]


def _sub_entry(resource: Resource, name: str) -> dict[str, Any]:
    sub = resource.subresources[name]
    found: dict[str, Any] = {
        "name": f"{resource.resource}/{name}",
        "singularName": "",
        "namespaced": resource.is_namespaced,
    }
    if (sub.group, sub.version) != (resource.group, resource.version):
        found |= {"group": sub.group, "version": sub.version}
    return {**found, "kind": sub.kind, "verbs": sorted(sub.verbs)}


def _aggregated(resources: Resources, *, is_core: bool) -> Reply:
    names = [name for name in _groups(resources) if (name == "") is is_core]
    body: dict[str, Any] = {
        "kind": "APIGroupDiscoveryList",
        "apiVersion": "apidiscovery.k8s.io/v2",
        "metadata": {},
        "items": [_discovered_group(resources, name) for name in names],
    }
    reply = json_reply(body)
    kind = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
    reply.headers[0] = ("content-type", kind)
    return reply


def _discovered_group(resources: Resources, name: str) -> dict[str, Any]:
    versions = [
        {
            "version": version,
            "resources": [_discovered(resource) for resource in resources.in_group_version(name, version)],
            "freshness": "Current",
        }
        for version in _versions(resources, name)
    ]
    metadata = {"name": name, "creationTimestamp": None} if name else {"creationTimestamp": None}
    return {"metadata": metadata, "versions": versions}


def _discovered(resource: Resource) -> dict[str, Any]:
    facts = resource.facts
    found: dict[str, Any] = {
        "resource": resource.resource,
        "responseKind": {"group": resource.group, "version": resource.version, "kind": resource.kind},
        "scope": "Namespaced" if resource.is_namespaced else "Cluster",
        "singularResource": facts.singular,
        "verbs": sorted(resource.verbs),
    }
    if facts.short_names:
        found["shortNames"] = list(facts.short_names)
    if facts.categories:
        found["categories"] = list(facts.categories)
    subresources = [
        {
            "subresource": name,
            "responseKind": {"group": sub.group, "version": sub.version, "kind": sub.kind},
            "verbs": sorted(sub.verbs),
        }
        for name, sub in sorted(resource.subresources.items())
    ]
    return {**found, "subresources": subresources} if subresources else found
