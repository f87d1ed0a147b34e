"""The arguments of electors: names, namespaces, identities and times."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import anyio
import pytest

from kubeclient import AsyncClientset, Clientset
from kubecore import election, errors, rest
from kubecore._config import incluster
from kubecore.election import AsyncElector, Elector


def test_a_synchronous_elector_imports_no_event_loop() -> None:
    code = "import sys; from kubecore.election import Elector, Term; print({'anyio', 'asyncio'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_an_elector_imports_neither_discovery_nor_the_dynamic_client() -> None:
    code = (
        "import sys; from kubecore.election import AsyncElector, Elector; "
        "print({'kubecore.dynamic', 'kubecore.discovery'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_a_name_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Voter'"):
        _ = election.Voter  # type: ignore[attr-defined]


def test_the_namespace_is_given_or_that_of_the_configuration(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("POD_NAMESPACE", raising=False)
    monkeypatch.setattr(incluster, "SERVICE_ACCOUNT", tmp_path)
    with Clientset(rest.Config(host="http://h", namespace="shop")) as clientset:
        assert repr(Elector(clientset, "lock", identity="a")) == "Elector('lock', 'shop', identity='a')"
        assert "'lock', 'other'" in repr(Elector(clientset, "lock", "other"))
    with Clientset(rest.Config(host="http://h")) as clientset:
        with pytest.raises(errors.ConfigError, match=r"the namespace of the Lease is not known.*pass namespace="):
            Elector(clientset, "lock")
        with pytest.raises(errors.ConfigError, match='namespace is ""'):
            Elector(clientset, "lock", "")
        (tmp_path / "namespace").write_text("of-the-pod")
        assert "'of-the-pod'" in repr(Elector(clientset, "lock"))
        monkeypatch.setenv("POD_NAMESPACE", "of-the-environment")
        assert "'of-the-environment'" in repr(Elector(clientset, "lock"))


def test_identities_are_the_hosts_name_and_a_uuid(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "node-1")
    with Clientset(rest.Config(host="http://h")) as clientset:
        first, second = Elector(clientset, "lock", "ns"), Elector(clientset, "lock", "ns")
    assert first.identity.startswith("node-1_")
    assert len(first.identity) == len("node-1_") + 36
    assert first.identity != second.identity


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": "a/b"}, "a/b"),
        ({"name": ""}, "name"),
        ({"renew_deadline": 20.0}, "must be longer than renew_deadline"),
        ({"identity": ""}, "identity must be a name"),
    ],
)
def test_invalid_arguments_are_refused_at_construction(arguments: dict[str, Any], message: str) -> None:
    with Clientset(rest.Config(host="http://h")) as clientset:
        with pytest.raises((errors.ConfigError, errors.InvalidRequestError), match=message):
            Elector(clientset, **{"name": "lock", "namespace": "ns", **arguments})


def test_the_other_kind_of_clientset_is_refused() -> None:
    async def main() -> None:
        async with AsyncClientset(rest.Config(host="http://h")) as made:
            wrong: Any = made
            with pytest.raises(TypeError, match=r"^Elector works with Clientset, not with AsyncClientset"):
                Elector(wrong, "lock", "ns")

    with Clientset(rest.Config(host="http://h")) as made:
        wrong: Any = made
        with pytest.raises(TypeError, match=r"^AsyncElector works with AsyncClientset, not with Clientset"):
            AsyncElector(wrong, "lock", "ns")
    anyio.run(main)
