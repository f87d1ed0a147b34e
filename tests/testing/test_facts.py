"""The facts of the real API server are read, and name existing resources and types."""

from __future__ import annotations

import pytest

from kubecore.errors import ConfigError
from kubecore.testing._rules.facts import load_facts
from kubecore.testing._schemas.packages import load


def test_facts_differ_by_resource() -> None:
    resources = load_facts().resources
    assert resources["v1/configmaps"].unconditional_update
    assert not resources["coordination.k8s.io/v1/leases"].unconditional_update
    assert resources["coordination.k8s.io/v1/leases"].create_on_update
    assert resources["batch/v1/jobs"].deleted_finalizers == ("orphan",)
    assert resources["v1/services"].deleted == "object"
    assert resources["v1/services"].name_rule == "label"
    assert resources["apps/v1/deployments"].short_names == ("deploy",)
    assert "spec.nodeName" in resources["v1/pods"].field_selectors
    assert resources["v1/namespaces"].status == {"phase": "Active"}


def test_every_resource_of_the_facts_is_in_the_package_with_the_same_kind() -> None:
    package = {
        f"{found.group}/{found.version}/{found.plural}".lstrip("/"): found.kind
        for found in load("kubeclient").resources
    }
    facts = load_facts().resources
    assert {name: found.kind for name, found in facts.items() if name in package} == {
        name: package[name] for name in facts if name in package
    }
    assert len(facts.keys() & package.keys()) > 60


def test_defaults_belong_to_types_of_the_package() -> None:
    package = load("kubeclient")
    assert [name for name in load_facts().defaults if package.definition(name) is None] == []


def test_an_unknown_version_is_an_error() -> None:
    with pytest.raises(ConfigError, match=r"does not know Kubernetes '1\.2'"):
        load_facts("1.2")
