"""Namespaces and garbage on the fake API server. Real servers: `test_controllers.py`."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, Literal

from kubecore.testing._server.exchange import Received
from kubecore.testing._server.server import Server

CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"


class Wire:
    """Sends requests to a new server."""

    def __init__(self, background: Literal["at once", "on settle"] = "at once") -> None:
        self.server = Server(clock=lambda: datetime(2026, 1, 1, tzinfo=UTC), background=background)

    def send(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        content = b"" if body is None else json.dumps(body).encode()
        reply = self.server.respond(
            Received(method=method, path=path, content=content, headers={"user-agent": "test/1"})
        )
        return reply.code, json.loads(reply.content)

    def create(self, name: str, owner: Any = None, **fields: Any) -> Any:
        metadata: dict[str, Any] = {"name": name, **fields}
        if owner is not None:
            found = {"apiVersion": "v1", "kind": "ConfigMap", "name": owner["metadata"]["name"]}
            metadata["ownerReferences"] = [{**found, "uid": owner["metadata"]["uid"], "blockOwnerDeletion": True}]
        code, made = self.send("POST", CONFIG_MAPS, {"metadata": metadata})
        assert code == 201, made
        return made

    def has(self, name: str) -> bool:
        return self.send("GET", f"{CONFIG_MAPS}/{name}")[0] == 200


def test_a_namespace_has_its_service_account_and_the_root_certificates() -> None:
    wire = Wire()
    wire.send("POST", "/api/v1/namespaces", {"metadata": {"name": "blue"}})
    for namespace in ("default", "kube-system", "blue"):
        base = f"/api/v1/namespaces/{namespace}"
        assert wire.send("GET", f"{base}/serviceaccounts/default")[0] == 200
        assert wire.send("GET", f"{base}/configmaps/kube-root-ca.crt")[0] == 200


def test_a_deleted_namespace_goes_with_its_content() -> None:
    wire = Wire()
    wire.send("POST", "/api/v1/namespaces", {"metadata": {"name": "blue"}})
    wire.send("POST", "/api/v1/namespaces/blue/configmaps", {"metadata": {"name": "a"}})
    wire.send("POST", "/api/v1/namespaces/blue/secrets", {"metadata": {"name": "a"}})
    code, found = wire.send("DELETE", "/api/v1/namespaces/blue")
    assert (code, found["status"]["phase"]) == (200, "Terminating")
    assert wire.send("GET", "/api/v1/namespaces/blue")[0] == 404
    assert wire.send("GET", "/api/v1/secrets")[1]["items"] == []


def test_a_finalizer_in_a_namespace_holds_it() -> None:
    wire = Wire()
    wire.send("POST", "/api/v1/namespaces", {"metadata": {"name": "blue"}})
    held = {"metadata": {"name": "a", "finalizers": ["example.com/held"]}}
    wire.send("POST", "/api/v1/namespaces/blue/configmaps", held)
    wire.send("DELETE", "/api/v1/namespaces/blue")
    found = wire.send("GET", "/api/v1/namespaces/blue")[1]
    remaining = {each["type"]: each["status"] for each in found["status"]["conditions"]}
    assert remaining["NamespaceFinalizersRemaining"] == "True"
    code, config_map = wire.send("GET", "/api/v1/namespaces/blue/configmaps/a")
    del config_map["metadata"]["finalizers"]
    assert wire.send("PUT", "/api/v1/namespaces/blue/configmaps/a", config_map)[0] == code == 200
    assert wire.send("GET", "/api/v1/namespaces/blue")[0] == 404


def test_dependents_are_deleted_after_their_owner() -> None:
    wire = Wire()
    owner = wire.create("owner")
    wire.create("inner", wire.create("dependent", owner))
    wire.create("other")
    wire.send("DELETE", f"{CONFIG_MAPS}/owner")
    assert [name for name in ("owner", "dependent", "inner", "other") if wire.has(name)] == ["other"]


def test_orphans_stay_without_their_owner() -> None:
    wire = Wire()
    wire.create("dependent", wire.create("owner"))
    wire.send("DELETE", f"{CONFIG_MAPS}/owner", {"propagationPolicy": "Orphan"})
    assert not wire.has("owner")
    assert "ownerReferences" not in wire.send("GET", f"{CONFIG_MAPS}/dependent")[1]["metadata"]


def test_an_owner_in_the_foreground_waits_for_dependents_that_are_held() -> None:
    wire = Wire()
    wire.create("dependent", wire.create("owner"), finalizers=["example.com/held"])
    wire.send("DELETE", f"{CONFIG_MAPS}/owner", {"propagationPolicy": "Foreground"})
    assert wire.has("owner")
    dependent = wire.send("GET", f"{CONFIG_MAPS}/dependent")[1]
    assert "deletionTimestamp" in dependent["metadata"]
    del dependent["metadata"]["finalizers"]
    wire.send("PUT", f"{CONFIG_MAPS}/dependent", dependent)
    assert not wire.has("dependent")
    assert not wire.has("owner")


def test_controllers_on_settle_wait_for_it() -> None:
    wire = Wire("on settle")
    wire.create("dependent", wire.create("owner"))
    wire.send("DELETE", f"{CONFIG_MAPS}/owner")
    assert wire.has("dependent")
    wire.server.settle()
    assert not wire.has("dependent")
