"""Objects get the defaults that the real server sets."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

import pytest

from kubecore.testing._rules.admission import admit_create
from kubecore.testing._rules.defaults import with_defaults
from kubecore.testing._rules.facts import load_facts
from kubecore.testing._schemas.packages import load
from tests.conformance.backends import RealServer
from tests.conformance.facts import Probe, bodies_of
from tests.server.test_round_trip import NAMESPACE

ALLOCATED: Final = {
    "v1/nodes": {"spec.taints"},
    "v1/pods": {"spec.volumes", "spec.containers.0.volumeMounts", "spec.initContainers.0.volumeMounts"},
    "v1/services": {
        "spec.clusterIP",
        "spec.clusterIPs",
        "spec.ipFamilies",
        "spec.ipFamilyPolicy",
        "spec.ports.0.nodePort",
    },
    "batch/v1/jobs": {"spec.selector", "spec.template.metadata.labels"},
    "resource.k8s.io/v1/devicetaintrules": {"spec.taint.timeAdded"},
}
"""Places that the server fills after the defaults when it creates an object: random values, times, addresses, tokens."""

ENCODED: Final = {
    "v1/secrets": {"data"},
    "networking.k8s.io/v1/ipaddresses": {"spec.parentRef.group"},
    "storage.k8s.io/v1/csinodes": {"spec.drivers"},
    "storage.k8s.io/v1/csistoragecapacities": {"capacity"},
    "discovery.k8s.io/v1/endpointslices": {"ports"},
}
"""Places whose zero values and quantities the server writes in another form."""

RESOURCES: Final = sorted(name for name, facts in load_facts().resources.items() if facts.field_selectors)


@pytest.mark.parametrize("resource", RESOURCES)
def test_an_object_gets_the_defaults_of_the_real_server(resource: str, bare_cluster: RealServer) -> None:
    facts = load_facts()
    found = facts.resources[resource]
    group_version, _, plural = resource.rpartition("/")
    group, _, version = group_version.rpartition("/")
    probe = Probe(bare_cluster)
    probe.send("POST", "/api/v1/namespaces", {"metadata": {"name": NAMESPACE}})
    probe.send("POST", f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts", {"metadata": {"name": "default"}})
    prefix = f"/apis/{group_version}" if group else f"/api/{version}"
    place = f"{prefix}/namespaces/{NAMESPACE}/{plural}" if found.namespaced else f"{prefix}/{plural}"
    schema = load("kubeclient").schema(group, version, found.kind)
    for body in bodies_of(group_version, plural, found.kind):
        code, made = probe.send("POST", f"{place}?dryRun=All", body)
        if code != 201:
            continue  # The object belongs to another version.
        sent = json.loads(json.dumps(body))
        ours = with_defaults(sent, schema, found, facts)
        assert sent == body
        ours["metadata"] = {**ours.get("metadata", {}), "uid": made["metadata"]["uid"]}
        ours = admit_create(group, found.kind, ours)
        known = ALLOCATED.get(resource, set()) | ENCODED.get(resource, set())
        assert {where for where in _differences(made, ours) if where not in known} == set()


def _differences(left: Any, right: Any, place: str = "") -> Iterator[str]:
    """Yield the places in which two objects differ, apart from metadata and status."""
    if isinstance(left, dict) and isinstance(right, dict):
        for name in left.keys() | right.keys():
            if place or name not in ("metadata", "status"):
                at = f"{place}.{name}" if place else name
                yield from _differences(left.get(name, ...), right.get(name, ...), at)
    elif isinstance(left, list) and isinstance(right, list) and len(left) == len(right):
        for number, (one, other) in enumerate(zip(left, right, strict=True)):
            yield from _differences(one, other, f"{place}.{number}")
    elif left != right:
        yield place


def _made(kind: str, group_version: str, plural: str, spec: dict[str, Any]) -> dict[str, Any]:
    group, _, version = group_version.rpartition("/")
    facts = load_facts()
    document = {"apiVersion": group_version, "kind": kind, "metadata": {"name": "a"}, "spec": spec}
    schema = load("kubeclient").schema(group, version, kind)
    made: dict[str, Any] = with_defaults(document, schema, facts.resources[f"{group_version}/{plural}"], facts)["spec"]
    return made


@pytest.mark.parametrize(
    ("image", "policy"),
    [
        ("a", "Always"),
        ("a:latest", "Always"),
        ("a:1", "IfNotPresent"),
        ("host:5000/a", "Always"),
        ("host:5000/a:1", "IfNotPresent"),
        ("a@sha256:00", "IfNotPresent"),
    ],
)
def test_the_tag_of_an_image_decides_when_it_is_pulled(image: str, policy: str) -> None:
    made = _made("Pod", "v1", "pods", {"containers": [{"name": "a", "image": image}]})
    assert made["containers"][0]["imagePullPolicy"] == policy


def test_requests_are_completed_from_limits() -> None:
    resources = {"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "500m"}}
    made = _made("Pod", "v1", "pods", {"containers": [{"name": "a", "image": "b", "resources": resources}]})
    assert made["containers"][0]["resources"]["requests"] == {"cpu": "500m", "memory": "1Gi"}


def test_a_job_with_parallelism_alone_has_no_completions() -> None:
    assert "completions" not in _made("Job", "batch/v1", "jobs", {"parallelism": 2, "template": {"spec": {}}})
    assert _made("Job", "batch/v1", "jobs", {"template": {"spec": {}}})["completions"] == 1


def test_a_set_value_is_kept() -> None:
    made = _made("Deployment", "apps/v1", "deployments", {"replicas": 0, "strategy": {"type": "Recreate"}})
    assert made["replicas"] == 0
    assert made["strategy"] == {"type": "Recreate"}
