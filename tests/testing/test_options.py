"""Options that the recorded responses do not have: numbers of any length, and requests that are not simulated."""

from __future__ import annotations

from typing import Any

import pytest

from kubecore.testing._server import delete_options
from kubecore.testing._server.exchange import Received
from kubecore.testing._server.failures import NotSimulatedError
from tests.testing.direct import DirectClient

MAPS = "/api/v1/namespaces/default/configmaps"
LONG = "9" * 5000


@pytest.fixture
def client() -> DirectClient:
    made = DirectClient(controllers=False)
    made.send("POST", MAPS, {"metadata": {"name": "a"}})
    return made


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("GET", f"{MAPS}?limit={LONG}"),
        ("GET", f"{MAPS}?timeoutSeconds=-{LONG}"),
        ("GET", f"{MAPS}?resourceVersion={LONG}"),
        ("GET", f"{MAPS}/a?resourceVersion={LONG}"),
        ("GET", f"{MAPS}?watch=1&resourceVersion={LONG}"),
        ("DELETE", f"{MAPS}/a?gracePeriodSeconds={LONG}"),
    ],
)
def test_numbers_of_any_length_are_out_of_range(client: DirectClient, method: str, target: str) -> None:
    found = client.send(method, target)
    assert found["code"] in (400, 500)
    assert found["message"].endswith(f'parsing "{target.rpartition("=")[2]}": value out of range')


def test_a_version_of_any_length_is_out_of_range(client: DirectClient) -> None:
    found = client.send("PUT", f"{MAPS}/a", {"metadata": {"name": "a", "resourceVersion": LONG}})
    assert (found["code"], found["message"]) == (
        500,
        f'strconv.ParseUint: parsing "{LONG}": value out of range',
    )


@pytest.mark.parametrize("body", [None, {"ignoreStoreReadErrorWithClusterBreakingPotential": True}])
def test_the_deletion_of_an_unreadable_object_is_not_simulated(client: DirectClient, body: Any) -> None:
    query = "" if body else "?ignoreStoreReadErrorWithClusterBreakingPotential=true"
    with pytest.raises(NotSimulatedError, match="ignoreStoreReadErrorWithClusterBreakingPotential is not simulated"):
        client.send("DELETE", f"{MAPS}/a{query}", body)
    assert client.send("GET", f"{MAPS}/a")["metadata"]["name"] == "a"


def test_a_fault_of_yaml_with_an_unknown_message_is_not_simulated(client: DirectClient) -> None:
    text = b"metadata:\n  name: a\n  name: b\n"
    headers = {"content-type": "application/yaml"}
    with pytest.raises(NotSimulatedError, match="a body in YAML is not simulated"):
        client.server.respond(Received(method="POST", path=MAPS, headers=headers, content=text))


def test_options_of_deletions_have_the_types_of_kubernetes(client: DirectClient) -> None:
    schema = client.server.state.resources.schema("policy", "v1", "Eviction").fields["deleteOptions"]
    known = delete_options._schema()
    for name in ("", "preconditions"):
        left, right = (found.fields[name] if name else found for found in (schema, known))
        shape = {key: (each.kind, each.scalar, each.format) for key, each in left.fields.items()}
        assert shape == {key: (each.kind, each.scalar, each.format) for key, each in right.fields.items()}


def test_a_dry_run_of_a_second_deletion_is_not_simulated(client: DirectClient) -> None:
    client.send("DELETE", f"{MAPS}/a?propagationPolicy=Foreground")
    with pytest.raises(NotSimulatedError, match="the server responds with an empty object"):
        client.send("DELETE", f"{MAPS}/a?propagationPolicy=Background&dryRun=All")
    client.send("DELETE", f"{MAPS}/a?propagationPolicy=Background")
    assert client.send("GET", f"{MAPS}/a")["code"] == 404


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le"])
def test_bodies_are_read_as_utf_8(client: DirectClient, encoding: str) -> None:
    content = '{"metadata": {"name": "b"}}'.encode(encoding)
    received = Received(method="POST", path=MAPS, headers={"content-type": "application/json"}, content=content)
    assert client.server.respond(received).code == 400
