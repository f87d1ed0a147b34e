from __future__ import annotations

import keyword

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgen import names, reserved_names
from kubecore.model.model import Model
from tests.kgen.hostile import PAYLOADS


@pytest.mark.parametrize(
    ("wire", "field"),
    [
        ("apiVersion", "api_version"),
        ("clusterIPs", "cluster_ips"),
        ("fieldsV1", "fields_v1"),
        ("fsGroup", "fs_group"),
        ("from", "from_"),
        ("hostIP", "host_ip"),
        ("hostIPC", "host_ipc"),
        ("nonResourceURLs", "non_resource_urls"),
        ("not", "not_"),
        ("podCIDRs", "pod_cidrs"),
        ("replace", "replace_"),
        ("sha256", "sha256"),
        ("storagePolicyID", "storage_policy_id"),
        ("targetWWNs", "target_wwns"),
        ("x-kubernetes-int-or-string", "x_kubernetes_int_or_string"),
        ("$ref", "ref"),
        ("1st", "field_1st"),
        ("", "field"),
        ("имя", "field"),
    ],
)
def test_fields_are_in_snake_case(wire: str, field: str) -> None:
    assert names.field_name(wire) == field


@pytest.mark.parametrize(
    ("kind", "plural", "class_name", "accessor"),
    [
        ("NetworkPolicy", "networkpolicies", "NetworkPolicies", "network_policies"),
        ("Endpoints", "endpoints", "Endpoints", "endpoints"),
        ("CSIStorageCapacity", "csistoragecapacities", "CSIStorageCapacities", "csi_storage_capacities"),
        ("APIService", "apiservices", "APIServices", "api_services"),
        ("IPAddress", "ipaddresses", "IPAddresses", "ip_addresses"),
        ("ConfigMap", "configmaps", "ConfigMaps", "config_maps"),
    ],
)
def test_a_client_class_is_capitalized_like_its_kind(kind: str, plural: str, class_name: str, accessor: str) -> None:
    made = names.resource_class(kind, plural)
    assert made == class_name
    assert names.accessor(made) == accessor


@pytest.mark.parametrize(
    ("kind", "plural", "constant"),
    [("ConfigMap", "configmaps", "CONFIG_MAPS"), ("DNS", "dns", "DNS_"), ("X1", "x1", "X1_"), ("VPC", "vpcs", "VPCS")],
)
def test_the_constant_of_a_resource_is_not_its_class(kind: str, plural: str, constant: str) -> None:
    made = names.resource_class(kind, plural)
    assert names.constant_name(made) == constant != made


@pytest.mark.parametrize(
    ("group", "version", "accessor"),
    [
        ("", "v1", "core_v1"),
        ("apps", "v1", "apps_v1"),
        ("networking.k8s.io", "v1", "networking_v1"),
        ("internal.apiserver.k8s.io", "v1alpha1", "internal_v1alpha1"),
        ("flowcontrol.apiserver.k8s.io", "v1beta3", "flowcontrol_v1beta3"),
        # Other groups get the short name, unless a group of Kubernetes has that name.
        ("cert-manager.io", "v1", "cert_manager_v1"),
        ("networking.istio.io", "v1", "networking_istio_io_v1"),
        ("meta.example.com", "v1", "meta_example_com_v1"),
    ],
)
def test_a_group_version_has_the_name_of_client_go(group: str, version: str, accessor: str) -> None:
    assert names.group_version_name(group, version) == accessor


@pytest.mark.parametrize("payload", PAYLOADS)
def test_hostile_names_become_identifiers(payload: str) -> None:
    check_identifiers(payload)


@given(st.text(st.characters()))
def test_any_name_becomes_an_identifier(payload: str) -> None:
    check_identifiers(payload)


def check_identifiers(payload: str) -> None:
    for rule in (names.field_name, names.class_name, names.module_name, names.member_name):
        made = rule(payload)
        assert made.isidentifier()
        assert made.isascii()
        assert not keyword.iskeyword(made)
        assert not made.startswith("_")
    assert names.group_version_name(payload, payload).isidentifier()
    assert names.resource_class(payload, payload.lower()).isidentifier()


def test_every_public_attribute_of_models_is_a_reserved_field_name() -> None:
    public = {name for name in dir(Model) if not name.startswith(("_", "model_"))}
    assert public <= reserved_names.RESERVED_FIELDS
