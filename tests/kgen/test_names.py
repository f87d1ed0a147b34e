from __future__ import annotations

import keyword

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgen import names, reserved_names
from kgen.singulars import singular
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


SINGULARS = {
    # Properties of CRDs that hold lists or maps, each with its singular.
    "Istio": "hosts host gateways gateway tls tls portLevelMtls portLevelMtls exportTo exportTo endpoints endpoint "
    "addresses address subjectAltNames subjectAltName principals principal notIpBlocks notIpBlock jwtRules jwtRule "
    "accessLogging accessLogging matchClasses matchClass mirrors mirror workloadSelectors workloadSelector",
    "Prometheus Operator": "alertmanagers alertmanager relabelings relabeling metricRelabelings metricRelabeling "
    "hostAliases hostAlias podMetricsEndpoints podMetricsEndpoint statuses status namespaceSelector namespaceSelector "
    "kubernetesSDConfigs kubernetesSDConfig dnsSDConfigs dnsSDConfig receivers receiver matchers matcher "
    "muteTimeIntervals muteTimeInterval opsgenieConfigs opsgenieConfig snsConfigs snsConfig aliases alias "
    "scrapeClasses scrapeClass topologySpreadConstraints topologySpreadConstraint",
    "cert-manager": "dnsNames dnsName dnsZones dnsZone ipAddresses ipAddress emailAddresses emailAddress uris uri "
    "usages usage solvers solver authorizations authorization challenges challenge keystores keystore dns dns "
    "additionalOutputFormats additionalOutputFormat",
    "Cluster API": "releaseSeries releaseSeries failureDomains failureDomain taints taint clusterIPs clusterIP "
    "podCIDRs podCIDR cidrBlocks cidrBlock machinePools machinePool infrastructureRefs infrastructureRef "
    "patches patch extraVolumes extraVolume unhealthyConditions unhealthyCondition",
    "OpenShift": "aws aws kubernetes kubernetes status status apiVIPs apiVIP ingressIPs ingressIP vcenters vcenter "
    "identityProviders identityProvider searchDomains searchDomain proxies proxy registries registry "
    "hostPrefixes hostPrefix indexes index vips vip featureGates featureGate nodeStatuses nodeStatus",
    "CloudNativePG, Zalando": "pg_hba pg_hba databases database tablespaces tablespace replicas replica "
    "synchronous_replicas synchronous_replica postgres postgres backups backup schemas schema roles role "
    "preparedDatabases preparedDatabase users user users_ users_ additionalVolumes additionalVolume "
    "subscriptions subscription publications publication major_version_upgrade major_version_upgrade",
    "Argo": "dag dag steps step tasks task artifacts artifact templates template sidecars sidecar metrics metric "
    "analyses analysis syncWindows syncWindow helmParameters helmParameter generators generator matrix matrix "
    "matrices matrix prometheus prometheus hooks hook mutexes mutex semaphores semaphore retries retry "
    "canaries canary sources source syncPolicies syncPolicy destinations destination",
    "Elastic, OpenSearch, Kafka": "indices index nodeSets nodeSet secureSettings secureSetting shards shard "
    "aliases alias listeners listener superUsers superUser acls acl quotas quota topics topic "
    "lifecyclePolicies lifecyclePolicy dictionaries dictionary",
    "Crossplane, Karpenter, ACK": "efs efs nfs nfs ebs ebs eks eks sqs sqs kms kms sns sns iops iops "
    "ebsVolumes ebsVolume subnets subnet securityGroups securityGroup amis ami tags tag "
    "blockDeviceMappings blockDeviceMapping requirements requirement licenses license vpcs vpc caches cache "
    "batches batch accesses access services service devices device slices slice prices price "
    "choices choice vertices vertex leases lease purposes purpose",
    "KubeVirt, GPUs, networks": "gpus gpu cpus cpu vCPUs vCPU GPUs GPU disks disk interfaces interface "
    "networks network hostDevices hostDevice macAddresses macAddress numa numa buses bus bus bus "
    "sysctls sysctl hugepages hugepage vfs vf mtus mtu bridges bridge routes route nexthops nexthop chassis chassis "
    "switches switch hashes hash prefixes prefix boxes box axes axis cephfs cephfs refs ref specRefs specRef "
    "cors cors https https class class classes class progress progress ingress ingress egress egress",
    "Gateways, policies, backups": "policies policy policy policy apis api APIs API URLs URL entries entry "
    "queries query properties property priorities priority capabilities capability identities identity "
    "dependencies dependency repositories repository directories directory series series species species "
    "metadata metadata data data credentials credential params param args arg envs env options option settings setting "
    "headers header cookies cookie keys key days day gateways gateway values value types type names name "
    "basis basis analysis analysis canvas canvas canvases canvas lens lens bias bias atlas atlas has has "
    "children child people person criteria criterion causes cause clauses clause warehouses warehouse uses use "
    "responses response releases release phases phase sizes size edges edge always always",
}
"""Plurals and singulars in turn."""


@pytest.mark.parametrize("project", SINGULARS)
def test_items_of_a_list_have_the_singular_and_other_words_stay(project: str) -> None:
    words = SINGULARS[project].split()
    expected = dict(zip(words[::2], words[1::2], strict=True))
    assert {word: singular(word) for word in expected} == expected
    # A capital, and words before it, change nothing.
    capital = {f"my{word[:1].upper()}{word[1:]}": f"my{one[:1].upper()}{one[1:]}" for word, one in expected.items()}
    assert {word: singular(word) for word in capital} == capital


@given(st.text(st.characters()))
def test_a_singular_is_its_own_singular_at_some_point(word: str) -> None:
    seen = [word]
    while (one := singular(seen[-1])) != seen[-1]:
        assert one not in seen
        seen.append(one)


@pytest.mark.parametrize(
    ("value", "constant", "of_kubernetes"),
    [
        ("IPv4", "IPV4", "I_PV4"),
        ("IPv6DualStack", "IPV6_DUAL_STACK", "I_PV6_DUAL_STACK"),
        ("TLSv1.2", "TLSV1_2", "TL_SV1_2"),
        ("HTTPv2", "HTTPV2", "HTT_PV2"),
        ("OpenV4", "OPEN_V4", "OPEN_V4"),
        ("v4", "V4", "V4"),
        ("ClusterIP", "CLUSTER_IP", "CLUSTER_IP"),
    ],
)
def test_an_acronym_with_a_version_is_one_word_in_constants_of_crds(
    value: str, constant: str, of_kubernetes: str
) -> None:
    assert names.member_name(value, is_custom=True) == constant
    assert names.member_name(value) == of_kubernetes


@pytest.mark.parametrize(
    ("wire", "words"),
    [
        ("disk_pool", "DiskPool"),
        ("disk-tray", "DiskTray"),
        ("pg_basebackup", "PgBasebackup"),
        ("machines_v1beta1_machine_openshift_io", "MachinesV1beta1MachineOpenshiftIo"),
        ("podIP", "PodIP"),
        ("_x.y/z", "XYZ"),
        ("имя", ""),
    ],
)
def test_words_of_a_property_have_no_seams(wire: str, words: str) -> None:
    assert names.words_of(wire) == words


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
