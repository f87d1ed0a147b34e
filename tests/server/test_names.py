"""Objects with every name that the server accepts can be read, changed and deleted.

The server validates the names of RBAC kinds only with `k8s.io/apimachinery/pkg/api/validation/path`.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from kubecore import errors
from tests.server.conftest import Scenario
from tests.server.test_apply_file import apply_file

pytestmark = pytest.mark.thorough  # The result depends on the server, not on the version of Python.

Drive = Callable[[Scenario], None]

RBAC = "rbac.authorization.k8s.io"
ROLE = {"apiGroup": RBAC, "kind": "ClusterRole", "name": "view"}
LABELED = {"metadata": {"labels": {"a": "1"}}}
NAMES = (
    *("leader election binding", "jane#EXT#@example.com", "DOMAIN\\group", "what?", "system:x", "a;b", "..;x", "..\\x"),
    *("a,b=c", "a+b&c", "Ünïcode", "...", " a ", "a\nb\t", "a\x00b", "\x7f\u202e\u2028\ufeff", "x" * 1505),
)


async def take_through_every_verb(client: Any, name: str, body: dict[str, Any]) -> None:
    def relabel(found: Any) -> None:
        metadata = found["metadata"] if isinstance(found, dict) else found.metadata
        labels = {"a": "2"}
        if isinstance(metadata, dict):
            metadata["labels"] = labels
        else:
            metadata.labels = labels

    def label_of(found: Any) -> Any:
        plain = found if isinstance(found, dict) else found.to_dict()
        assert plain["metadata"]["name"] == name
        return plain["metadata"].get("labels")

    await client.create({**body, "metadata": {"name": name}})
    assert label_of(await client.get(name)) is None
    assert label_of(await client.apply({**body, "metadata": {"name": name}}, field_manager="t", force=True)) is None
    assert label_of(await client.patch(name, LABELED, type="merge")) == {"a": "1"}
    assert label_of(await client.modify(name, relabel)) == {"a": "2"}
    assert label_of(await client.update(await client.get(name))) == {"a": "2"}
    await client.delete(name)
    await client.wait(name, for_="delete", timeout=30)
    with pytest.raises(errors.NotFoundError):
        await client.get(name)


@pytest.mark.parametrize("name", NAMES, ids=lambda name: ascii(name)[:20])
def test_names_that_rbac_allows_work_with_every_verb(drive: Drive, namespace: str, name: str) -> None:
    async def scenario(clientset: Any) -> None:
        await take_through_every_verb(clientset.rbac_v1.role_bindings(namespace), name, {"roleRef": ROLE})
        bindings = await clientset.dynamic.resource("RoleBinding", namespace)
        await take_through_every_verb(bindings, name, {"roleRef": ROLE})
        apart = f"{name} {uuid.uuid4().hex}"  # Names of cluster roles are global.
        await take_through_every_verb(clientset.rbac_v1.cluster_roles(), apart, {"rules": []})

    drive(scenario)


def test_files_with_names_that_rbac_allows_are_applied(drive: Drive, namespace: str, tmp_path: Path) -> None:
    file = tmp_path / "bindings.yaml"
    file.write_text(
        yaml.safe_dump_all(
            {
                "apiVersion": f"{RBAC}/v1",
                "kind": "RoleBinding",
                "metadata": {"name": name, "namespace": namespace},
                "roleRef": ROLE,
            }
            for name in NAMES
        ),
        "utf-8",
    )

    async def scenario(clientset: Any) -> None:
        await apply_file(clientset, file)
        found = await clientset.rbac_v1.role_bindings(namespace).list()
        assert {one.metadata.name for one in found.items} == set(NAMES)

    drive(scenario)


@pytest.mark.parametrize("name", [".", "..", "a/b", "a%2Fb"])
def test_names_that_are_refused_here_are_refused_by_the_server(drive: Drive, namespace: str, name: str) -> None:
    async def scenario(clientset: Any) -> None:
        bindings = clientset.rbac_v1.role_bindings(namespace)
        with pytest.raises(errors.InvalidError):
            await bindings.create({"metadata": {"name": name}, "roleRef": ROLE})
        for call in (bindings.get, bindings.delete):
            with pytest.raises(errors.InvalidRequestError):
                await call(name)

    drive(scenario)
