"""`python -m tests.conformance.discovery_facts`: record the discovery documents of the real server's built-in groups."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from tests.cluster import VERSION, Cluster
from tests.conformance.backends import RealServer

OUTPUT: Final = (
    Path(__file__).parents[2] / "core/kubecore/testing/_rules/facts" / f"discovery-{VERSION.rpartition('.')[0]}.json"
)
_CODE: Final = ("gitCommit", "buildDate")
"""Fields of `/version` that depend on the build."""


def learned(server: RealServer) -> dict[str, Any]:
    """Return the version of a server, its groups in order, and the resources of each group version in order."""

    def read(path: str) -> Any:
        return json.loads(server.send("GET", path, {"Accept": "application/json"}, b"").content)

    groups: dict[str, dict[str, Any]] = {"": {"v1": read("/api/v1")["resources"]}}
    for group in read("/apis")["groups"]:
        versions = [each["version"] for each in group["versions"]]
        groups[group["name"]] = {name: read(f"/apis/{group['name']}/{name}")["resources"] for name in versions}
    version = {name: value for name, value in read("/version").items() if name not in _CODE}
    return {"groups": groups, "version": version}


def written(found: dict[str, Any]) -> str:
    """Return the document with one line for each resource."""
    groups = ",\n".join(
        f" {json.dumps(name)}: {{\n"
        + ",\n".join(
            f"  {json.dumps(version)}: [\n" + ",\n".join(f"   {json.dumps(each)}" for each in entries) + "\n  ]"
            for version, entries in versions.items()
        )
        + "\n }"
        for name, versions in found["groups"].items()
    )
    return f'{{"version": {json.dumps(found["version"])},\n"groups": {{\n{groups}\n}}}}\n'


def main() -> None:
    """Write the documents of the newest version."""
    with Cluster(controllers=False) as cluster:
        server = RealServer(cluster)
        OUTPUT.write_text(written(learned(server)), "utf-8")
        server.close()


if __name__ == "__main__":
    main()
