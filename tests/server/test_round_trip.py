"""An update with the data of a get changes nothing, for one object of every kind that the server stores."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import kubeclient.typed
from kubeclient import Clientset
from kubecore import errors, kubeconfig
from kubecore.calls import path
from kubecore.calls.resource import Resource
from tests.cluster import Cluster

pytestmark = pytest.mark.thorough  # The result depends on the server, not on the version of Python.

NAMESPACE = "round-trip"
CONTAINERS = [{"name": "c", "image": "registry.invalid/c"}]
TEMPLATE = {"metadata": {"labels": {"app": "x"}}, "spec": {"containers": CONTAINERS}}
SELECTOR = {"matchLabels": {"app": "x"}}
JOB = {"template": {"spec": {"containers": CONTAINERS, "restartPolicy": "Never"}}}
ROLE = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"}
SUBJECTS = [{"kind": "User", "name": "u", "apiGroup": "rbac.authorization.k8s.io"}]
WEBHOOK = {
    "name": "w.example.com",
    "clientConfig": {"url": "https://example.com"},
    "sideEffects": "None",
    "admissionReviewVersions": ["v1"],
    "rules": [{"apiGroups": ["x.io"], "apiVersions": ["v1"], "resources": ["y"], "operations": ["CREATE"]}],
}
CONSTRAINTS = {
    "resourceRules": [{"apiGroups": ["x.io"], "apiVersions": ["v1"], "resources": ["y"], "operations": ["CREATE"]}]
}
VALIDATING = {"spec": {"matchConstraints": CONSTRAINTS, "validations": [{"expression": "true"}]}}
MUTATION = {"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": "Object{}"}}
MUTATING = {
    "spec": {
        "matchConstraints": CONSTRAINTS,
        "mutations": [MUTATION],
        "reinvocationPolicy": "Never",
        "failurePolicy": "Ignore",
    }
}
CRD = {
    "metadata": {"name": "things.example.com"},
    "spec": {
        "group": "example.com",
        "names": {"kind": "Thing", "plural": "things"},
        "scope": "Namespaced",
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "properties": {
                            "spec": {
                                "type": "object",
                                "properties": {"$ref": {"type": "string"}, "n": {"default": 1, "type": "integer"}},
                            }
                        },
                    }
                },
            }
        ],
    },
}
CLAIM = {"devices": {"requests": [{"name": "r", "exactly": {"deviceClassName": "d"}}]}}

OLD_CLAIM = {"devices": {"requests": [{"name": "r", "deviceClassName": "d"}]}}

# Required fields in addition to the name, by resource, or by `group version/resource` if versions differ.
BODIES: dict[str, dict[str, Any]] = {
    "apiservices": {
        "metadata": {"name": "v1.x.example.com"},
        "spec": {
            "group": "x.example.com",
            "version": "v1",
            "groupPriorityMinimum": 10,
            "versionPriority": 10,
            "service": {"name": "s", "namespace": "d"},
            "insecureSkipTLSVerify": True,
        },
    },
    "certificatesigningrequests": {},
    "clusterrolebindings": {"roleRef": ROLE, "subjects": SUBJECTS},
    "clusterroles": {"rules": None},
    "configmaps": {"data": {"k": "ü"}, "binaryData": {"b": "AAEC"}},
    "controllerrevisions": {"revision": 1, "data": {"any": ["thing", 1.5, None]}},
    "cronjobs": {"spec": {"schedule": "* * * * *", "suspend": True, "jobTemplate": {"spec": JOB}}},
    "csidrivers": {"spec": {"attachRequired": False}},
    "csinodes": {"spec": {"drivers": []}},
    "csistoragecapacities": {"storageClassName": "s", "capacity": "1.5Gi"},
    "customresourcedefinitions": CRD,
    "daemonsets": {"spec": {"selector": SELECTOR, "template": TEMPLATE}},
    "deployments": {"spec": {"selector": SELECTOR, "template": TEMPLATE, "replicas": 0}},
    "deviceclasses": {"spec": {"selectors": [{"cel": {"expression": "true"}}]}},
    "endpoints": {"subsets": [{"addresses": [{"ip": "10.1.2.3"}], "ports": [{"port": 80}]}]},
    "endpointslices": {"addressType": "IPv4", "endpoints": [{"addresses": ["10.1.2.3"]}], "ports": []},
    "v1/events": {"involvedObject": {"kind": "Pod", "namespace": NAMESPACE}, "reason": "R", "eventTime": None},
    "events.k8s.io/v1/events": {
        "regarding": {"kind": "Pod", "namespace": NAMESPACE},
        "reason": "R",
        "action": "A",
        "type": "Normal",
        "eventTime": "2026-11-24T10:00:00.100000Z",
        "reportingController": "x.io/y",
        "reportingInstance": "z",
    },
    "flowschemas": {"spec": {"priorityLevelConfiguration": {"name": "global-default"}, "matchingPrecedence": 9000}},
    "autoscaling/v1/horizontalpodautoscalers": {
        "spec": {"maxReplicas": 3, "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "d"}}
    },
    "autoscaling/v2/horizontalpodautoscalers": {
        "spec": {"maxReplicas": 3, "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "d"}}
    },
    "ingressclasses": {"spec": {"controller": "example.com/c"}},
    "ingresses": {"spec": {"defaultBackend": {"service": {"name": "s", "port": {"number": 80}}}}},
    "ipaddresses": {
        "metadata": {"name": "10.0.0.77"},
        "spec": {"parentRef": {"group": "", "resource": "services", "name": "s", "namespace": "d"}},
    },
    "jobs": {"spec": {**JOB, "suspend": True}},
    "leases": {
        "spec": {"holderIdentity": "me", "renewTime": "2026-11-24T10:00:00.123456Z", "leaseDurationSeconds": 15}
    },
    "limitranges": {"spec": {"limits": [{"type": "Container", "max": {"cpu": "1"}}]}},
    "mutatingadmissionpolicies": MUTATING,
    "mutatingadmissionpolicybindings": {"spec": {"policyName": "p"}},
    "mutatingwebhookconfigurations": {"webhooks": [WEBHOOK]},
    "networkpolicies": {"spec": {"podSelector": {}, "ingress": [{"ports": [{"port": "http"}, {"port": 80}]}]}},
    "nodes": {"spec": {"unschedulable": True}},
    "persistentvolumeclaims": {
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    },
    "persistentvolumes": {
        "spec": {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "hostPath": {"path": "/x"}}
    },
    "poddisruptionbudgets": {"spec": {"minAvailable": "50%", "selector": {}}},
    "pods": {"spec": {"containers": [{**CONTAINERS[0], "livenessProbe": {"httpGet": {"port": "web"}}}]}},
    "podtemplates": {"template": TEMPLATE},
    "priorityclasses": {"value": 5},
    "prioritylevelconfigurations": {
        "spec": {"type": "Limited", "limited": {"nominalConcurrencyShares": 0, "limitResponse": {"type": "Reject"}}}
    },
    "replicasets": {"spec": {"selector": SELECTOR, "template": TEMPLATE, "replicas": 0}},
    "replicationcontrollers": {"spec": {"selector": {"app": "x"}, "template": TEMPLATE, "replicas": 0}},
    "resourceclaims": {"spec": CLAIM},
    "resourceclaimtemplates": {"spec": {"spec": CLAIM}},
    "resourcequotas": {"spec": {"hard": {"pods": "10"}}},
    "resourceslices": {
        "spec": {
            "driver": "d.example.com",
            "nodeName": "n",
            "pool": {"name": "p", "generation": 1, "resourceSliceCount": 1},
            "devices": [{"name": "d"}],
        }
    },
    "rolebindings": {"roleRef": ROLE, "subjects": SUBJECTS},
    "roles": {"rules": [{"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}]},
    "runtimeclasses": {"handler": "h"},
    "secrets": {"data": {"k": "AAEC"}, "stringData": {"l": "m"}},
    "servicecidrs": {"spec": {"cidrs": ["10.9.0.0/24"]}},
    "services": {"spec": {"ports": [{"port": 80, "targetPort": "web"}]}},
    "statefulsets": {"spec": {"selector": SELECTOR, "template": TEMPLATE, "serviceName": "s", "replicas": 0}},
    "compositepodgroups": {
        "spec": {
            "workloadRef": {"workloadName": "w", "templateName": "t"},
            "schedulingPolicy": {"basic": {}},
        }
    },
    "devicetaintrules": {"spec": {"taint": {"key": "k.example.com/a", "value": "v", "effect": "NoSchedule"}}},
    "leasecandidates": {
        "spec": {
            "leaseName": "l",
            "binaryVersion": "1.37.0",
            "emulationVersion": "1.37.0",
            "strategy": "OldestEmulationVersion",
        }
    },
    "podgroups": {"spec": {"schedulingPolicy": {"basic": {}}}},
    "resourcepoolstatusrequests": {"spec": {"driver": "d.example.com"}},
    "storageversionmigrations": {"spec": {"resource": {"group": "apps", "resource": "deployments"}}},
    "storageversions": {"metadata": {"name": "example.things"}, "spec": {}},
    "workloads": {"spec": {"podGroupTemplates": [{"name": "t", "schedulingPolicy": {"basic": {}}}]}},
    "resource.k8s.io/v1beta1/resourceclaims": {"spec": OLD_CLAIM},
    "resource.k8s.io/v1beta1/resourceclaimtemplates": {"spec": {"spec": OLD_CLAIM}},
    "storageclasses": {"provisioner": "example.com/p", "parameters": {"a": "b"}},
    "validatingadmissionpolicies": VALIDATING,
    "validatingadmissionpolicybindings": {"spec": {"policyName": "p", "validationActions": ["Deny"]}},
    "validatingwebhookconfigurations": {"webhooks": [WEBHOOK]},
    "volumeattachments": {
        "spec": {"attacher": "a.example.com", "nodeName": "n", "source": {"persistentVolumeName": "v"}}
    },
    "volumeattributesclasses": {"driverName": "d.example.com", "parameters": {"a": "b"}},
}

# Resources that this server does not store, with the reason.
NOT_STORED = {
    "bindings": "answered, never stored",
    "componentstatuses": "read-only: made up when it is asked for",
    "localsubjectaccessreviews": "answered, never stored",
    "selfsubjectaccessreviews": "answered, never stored",
    "selfsubjectreviews": "answered, never stored",
    "selfsubjectrulesreviews": "answered, never stored",
    "subjectaccessreviews": "answered, never stored",
    "tokenreviews": "answered, never stored",
    "evictionrequests": "names a pod that must be there, by its UID; the server of the tests runs none",
    "evictions": "names a pod that must be there, by its UID; the server of the tests runs none",
    "podcertificaterequests": "the node of the pod must ask for it itself",
    "certificatesigningrequests": "needs a signed request; tests/server/test_verbs.py has one",
}


# Resources whose first update increases the resource version even without a change: the server then fills in fields
# that it omitted at creation.
SETTLES = {"jobs", "persistentvolumeclaims"}


def resources() -> Iterator[Any]:
    for found in pkgutil.walk_packages(kubeclient.typed.__path__, "kubeclient.typed."):
        if not found.ispkg and not found.name.endswith("._group"):
            module = importlib.import_module(found.name)
            yield next(
                getattr(module, name) for name in module.__all__ if not name.startswith("Async") and not name.isupper()
            )


def key(cls: Any) -> str:
    resource: Resource[Any, Any] = cls._resource
    group_version = f"{resource.group}/{resource.version}" if resource.group else resource.version
    return f"{group_version}/{resource.plural}"


def body_of(cls: Any) -> dict[str, Any] | None:
    plural = cls._resource.plural
    return BODIES.get(key(cls), BODIES.get(plural, {} if plural in ("namespaces", "serviceaccounts") else None))


def path_of(resource: Resource[Any, Any]) -> str:
    return path.collection_path(path.api_prefix(resource.group, resource.version), NAMESPACE, resource.plural)


STORED = [cls for cls in resources() if cls._resource.plural not in NOT_STORED]


@pytest.fixture(scope="module")
def clientset(all_apis_cluster: Cluster) -> Iterator[Clientset]:
    with Clientset(kubeconfig.load_config(all_apis_cluster.kubeconfig)) as made:
        made.core_v1.namespaces().create({"metadata": {"name": NAMESPACE}})
        made.core_v1.service_accounts(NAMESPACE).create({"metadata": {"name": "default"}})
        BODIES["clustertrustbundles"] = {"spec": {"trustBundle": all_apis_cluster.ca_file.read_text()}}
        yield made


def test_every_kind_is_tried_or_has_a_reason() -> None:
    plurals = {cls._resource.plural for cls in resources()}
    assert plurals >= NOT_STORED.keys()
    assert len(STORED) + len(NOT_STORED) >= 95


@pytest.mark.parametrize("cls", STORED, ids=key)
def test_an_update_with_the_read_object_changes_nothing(
    cls: Any, clientset: Clientset, all_apis_cluster: Cluster
) -> None:
    resource: Resource[Any, Any] = cls._resource
    client = cls(clientset.rest_client, NAMESPACE) if resource.namespaced else cls(clientset.rest_client)
    body = body_of(cls)
    if body is None:
        body = {}
    metadata = {"name": f"x-{resource.version}-{abs(hash(key(cls))) % 10_000}", **body.get("metadata", {})}
    try:
        made = client.create({**body, "metadata": metadata})
    except errors.StatusError as error:
        pytest.fail(f"{key(cls)} is not stored: {error}")
    if resource.plural in SETTLES:
        place = f"{path_of(resource)}/{made.metadata.name}"
        assert all_apis_cluster.raw("PUT", place, all_apis_cluster.raw("GET", place)[1])[0] == 200
    unchanged(client, made, lambda read: read)
    unchanged(client, made, lambda read: type(read).from_yaml(read.to_yaml()))
    assert made.metadata.name in {item.metadata.name for item in client.list().items}
    client.delete(made.metadata.name)


def unchanged(client: Any, made: Any, way: Callable[[Any], Any]) -> None:
    """Update with the data of a get, again after a conflict: controllers in the API server write at any time."""
    for _ in range(10):
        read = client.get(made.metadata.name)
        assert read.metadata.uid == made.metadata.uid
        try:
            updated = client.update(way(read))
        except errors.ConflictError:
            continue
        assert updated.metadata.resource_version == read.metadata.resource_version
        return
    pytest.fail("somebody writes to it all the time")
