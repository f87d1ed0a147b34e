"""`python -m tests.server.recording`: record one stored object of every kind from an older API server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.cluster import OLDER, Cluster
from tests.server.test_round_trip import BODIES, NAMESPACE, NOT_STORED

POD_GROUP = {"name": "g", "policy": {"basic": {}}}
"""Pod group of a Workload in the form that 1.35 requires; 1.37 has a different form."""

RECORDED = Path(__file__).parent / "recorded"


def main() -> None:
    """Write `recorded/1.NN.jsonl`, one object per line, and print the objects that the server rejects."""
    with Cluster(version=OLDER, all_apis=True, controllers=False) as cluster:
        cluster.raw("POST", "/api/v1/namespaces", {"metadata": {"name": NAMESPACE}})
        cluster.raw("POST", f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts", {"metadata": {"name": "default"}})
        BODIES["clustertrustbundles"] = {"spec": {"trustBundle": cluster.ca_file.read_text()}}
        lines = [json.dumps(made, separators=(",", ":"), sort_keys=True) for made in objects(cluster)]
    RECORDED.mkdir(exist_ok=True)
    (RECORDED / f"{OLDER.rpartition('.')[0]}.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    print(f"{len(lines)} objects of {OLDER}")


def objects(cluster: Cluster) -> Iterator[Any]:
    """Create an object of each kind and yield the server's response to a get."""
    for prefix in prefixes(cluster):
        group_version = prefix.removeprefix("/apis/").removeprefix("/api/")
        for resource in cluster.raw("GET", prefix)[1]["resources"]:
            plural = resource["name"]
            if "/" in plural or not {"create", "get"} <= set(resource["verbs"]) or plural in NOT_STORED:
                continue
            body = BODIES.get(f"{group_version}/{plural}", BODIES.get(plural, {}))
            name = f"recorded-{group_version.replace('/', '-').replace('.', '-')}"
            full = {
                "apiVersion": group_version,
                "kind": resource["kind"],
                **(body if plural != "workloads" else {"spec": {"podGroups": [POD_GROUP]}}),
                "metadata": {"name": name, **body.get("metadata", {})},
            }
            place = f"{prefix}/namespaces/{NAMESPACE}/{plural}" if resource["namespaced"] else f"{prefix}/{plural}"
            code, said = cluster.raw("POST", place, full)
            if code >= 300:
                print(f"{group_version}/{plural}: {said['message'][:200]}")
                continue
            yield cluster.raw("GET", f"{place}/{said['metadata']['name']}")[1]


def prefixes(cluster: Cluster) -> Iterator[str]:
    """Yield the path of every group version."""
    yield "/api/v1"
    for group in cluster.raw("GET", "/apis")[1]["groups"]:
        for version in group["versions"]:
            yield f"/apis/{version['groupVersion']}"


if __name__ == "__main__":
    main()
