"""Bodies of creates, and the responses of a real API server to them: `recorded/bodies.jsonl`.

`python -m tests.testing.body_cases` writes the table again; it needs Go, because it starts a server.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from tests.cluster import Cluster
    from tests.conformance.backends import Backend

__all__ = ["CASES", "TABLE", "recorded"]

TABLE: Final = Path(__file__).parent / "recorded" / "bodies.jsonl"

Row = dict[str, Any]


def _deployment(**container: Any) -> Row:
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i", **container}]}}
    return {"metadata": {"name": "x"}, "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": template}}


def _pod(*volumes: Any) -> Row:
    return {"metadata": {"name": "x"}, "spec": {"volumes": list(volumes), "containers": [{"name": "c", "image": "i"}]}}


def _template(**spec: Any) -> Row:
    return {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}], **spec}}


_CONTAINERS: Final[list[Row]] = [
    {"ports": [{"containerPort": 1}, "x"]},
    {"image": 1},
    {"ports": "x"},
    {"ports": {}},
    {"ports": ["x"]},
    {"ports": [{"containerPort": "80"}]},
    {"ports": [{"containerPort": 80.5}]},
    {"ports": [{"containerPort": 3000000000}]},
    {"tty": "true"},
    {"tty": 1},
    {"command": "x"},
    {"command": [1]},
    {"resources": []},
    {"resources": {"limits": {"cpu": "abc"}}},
    {"resources": {"limits": {"cpu": True}}},
    {"resources": {"limits": {"cpu": 1.5}}},
    {"resources": {"limits": "x"}},
    {"resources": {"limits": ["x"]}},
    {"livenessProbe": {"httpGet": {"port": True}}},
    {"livenessProbe": {"httpGet": 3}},
    {"livenessProbe": {"httpGet": {"port": "a"}}},
    {"livenessProbe": {"httpGet": {"port": 1.5}}},
    {"livenessProbe": 3},
    {"image": []},
    {"image": {}},
    {"image": True},
    {"ports": [{"containerPort": 100.0}]},
    {"imagePullPolicy": 1},
    {"env": [{"name": 1}]},
    {"env": {"a": 1}},
    {"env": [{"name": "a", "valueFrom": {"configMapKeyRef": {"name": 1}}}]},
    {"envFrom": [{"configMapRef": {"name": 1}}]},
    {"securityContext": {"runAsUser": "a"}},
    {"securityContext": {"capabilities": {"add": [1]}}},
    {"securityContext": {"capabilities": {"add": 1}}},
    {"lifecycle": {"preStop": {"exec": {"command": 1}}}},
    {"foo": 1, "image": 1},
    {"foo": 1, "bar": [1]},
    {"name": 1, "image": 2},
    {"resources": {"limits": {"cpu": "abc"}}, "image": 1},
    {"ports": [{"protocol": 1}]},
    {"ports": [{"protocol": {}}]},
    {"volumeMounts": [{"mountPropagation": 1}]},
    {"resources": {"claims": [{"name": 1}]}},
]
_VOLUMES: Final[list[Any]] = [
    {"name": "a", "secret": 1},
    {"name": "a", "secret": {"defaultMode": "x"}},
    {"name": "a", "emptyDir": {"sizeLimit": "q"}},
    {"name": "a", "emptyDir": {"medium": 1}},
    {"name": 1},
    {"name": "a", "projected": {"sources": [{"configMap": {"name": 1}}]}},
    1,
    {"name": "a", "configMap": {"name": 1}},
    {"name": "a", "configMap": {"items": [{"mode": "x"}]}},
    {"name": "a", "ephemeral": {"volumeClaimTemplate": {"spec": {"accessModes": [1]}}}},
    {"name": "a", "csi": {"volumeAttributes": {"a": 1}}},
]
_CONFIG_MAPS: Final = r"""
{"metadata":"x"}
{"metadata":[]}
{"metadata":{"name":"x","labels":{"a":1}}}
{"metadata":{"name":"x","labels":["a"]}}
{"metadata":{"name":"x","creationTimestamp":"abc"}}
{"metadata":{"name":"x","creationTimestamp":1}}
{"metadata":{"name":1}}
{"metadata":{"name":"x"},"binaryData":{"a":"%%"}}
{"metadata":{"name":"x"},"binaryData":{"a":"YQ"}}
{"metadata":{"name":"x"},"binaryData":{"a":"YQ=="}}
{"metadata":{"name":"x"},"binaryData":{"a":"YQ=a"}}
{"metadata":{"name":"x"},"binaryData":{"a":"YWJj\nYQ=="}}
{"metadata":{"name":"x"},"binaryData":{"a":"YWJjY"}}
{"metadata":{"name":"x"},"binaryData":{"a":1}}
{"metadata":{"name":"x"},"immutable":"x"}
{"metadata":{"name":"x","managedFields":{}}}
{"metadata":{"name":"x","deletionGracePeriodSeconds":"x"}}
{"metadata":{"name":"x","uid":1}}
{"metadata":{"name":"x","ownerReferences":[{"uid":1}]}}
{"metadata":{"name":"x","ownerReferences":[{"controller":1}]}}
{"metadata":{"name":"x","finalizers":[1]}}
{"metadata":{"name":"x","name":"y"},"data":{"a":"1","a":"2"},"x":1,"x":2}
{"x":{"y":1},"metadata":{"name":"x","foo":{"b":1}},"Data":{"a":"b"}}
{"metadata":{"name":"x","creationTimestamp":"2020-13-01T00:00:00Z"}}
{"metadata":{"name":"x","creationTimestamp":"2020-02-30T00:00:00Z"}}
{"metadata":{"name":"x","creationTimestamp":"2020-02-20T00:00:00"}}
{"metadata":{"name":"x","creationTimestamp":"2020-02-20T00:00:00Zx"}}
{"metadata":{"name":"x","creationTimestamp":"2020-02-20"}}
{"metadata":{"name":"x","creationTimestamp":"2020-02-20 00:00:00Z"}}
{"metadata":{"name":"x","creationTimestamp":""}}
{"metadata":{"name":"x","creationTimestamp":"2020-02-20T25:00:00Z"}}
{"metadata":{"name":"x","creationTimestamp":"2020-02-20T5:00:00Z"}}
{"metadata":{"name":"x","annotations":{"a/b.c":"1","a/b.c":"2","x.y":"1"}}}
{"metadata":{"name":"x","generation":1.0}}
{"metadata":{"name":"x","ownerReferences":[{"uid":"a","x":1,"x":2},{"y":1}]}}
{"data":{"a":null},"metadata":{"name":"x"},"immutable":null}
"""
_OBJECTS: Final[list[tuple[str, str, str, Row]]] = [
    ("coordination.k8s.io/v1", "Lease", "leases", {"spec": {"renewTime": "2020-01-01T23:00:00.123456-02:30"}}),
    ("rbac.authorization.k8s.io/v1", "Role", "roles", {"rules": []}),
    (
        "rbac.authorization.k8s.io/v1",
        "Role",
        "roles",
        {"metadata": {"name": "x", "labels": {}, "annotations": {}, "finalizers": [], "ownerReferences": []}},
    ),
    (
        "rbac.authorization.k8s.io/v1",
        "Role",
        "roles",
        {"rules": [{"verbs": ["get"], "apiGroups": [""], "resources": ["x"], "resourceNames": []}]},
    ),
    (
        "rbac.authorization.k8s.io/v1",
        "RoleBinding",
        "rolebindings",
        {"roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "x"}, "subjects": []},
    ),
    ("v1", "Secret", "secrets", {"data": {"a": "", "b": None, "c": "YQ=="}, "stringData": {}}),
    ("v1", "ConfigMap", "configmaps", {"data": {"a": None, "b": ""}, "binaryData": {"z": ""}, "immutable": False}),
    (
        "v1",
        "ConfigMap",
        "configmaps",
        {
            "metadata": {"name": "x", "creationTimestamp": None, "generation": 0, "selfLink": ""},
            "data": {},
            "immutable": None,
            "binaryData": {"q": None},
        },
    ),
    (
        "v1",
        "Pod",
        "pods",
        {
            "spec": {
                "containers": [
                    {
                        "name": "c",
                        "image": "i",
                        "command": [],
                        "args": None,
                        "env": [{"name": "A", "value": ""}, {"name": "B"}, {"name": "C", "valueFrom": None}],
                        "ports": [{"containerPort": 80, "hostPort": 0, "protocol": ""}],
                        "resources": {"limits": {}, "requests": None},
                        "securityContext": {},
                        "tty": False,
                        "volumeMounts": [],
                        "lifecycle": {},
                    }
                ],
                "volumes": [
                    {"name": "v"},
                    {"name": "w", "emptyDir": {}},
                    {"name": "p", "projected": {"sources": []}},
                    {"name": "q", "projected": {}},
                    {"name": "s", "secret": {"secretName": "s", "items": []}},
                ],
                "nodeSelector": {},
                "tolerations": [],
                "affinity": {},
                "initContainers": [],
                "hostNetwork": False,
                "nodeName": "",
                "securityContext": {"sysctls": [], "runAsUser": 0},
                "terminationGracePeriodSeconds": 0,
                "activeDeadlineSeconds": None,
                "automountServiceAccountToken": False,
            }
        },
    ),
    (
        "apps/v1",
        "Deployment",
        "deployments",
        {
            "spec": {
                "replicas": 0,
                "paused": False,
                "minReadySeconds": 0,
                "strategy": {},
                "selector": {"matchLabels": {"a": "b"}, "matchExpressions": []},
                "template": {
                    "metadata": {"labels": {"a": "b"}, "creationTimestamp": None},
                    "spec": {
                        "containers": [
                            {
                                "name": "c",
                                "image": "i",
                                "resources": {"limits": {"cpu": "1000m", "memory": "1024Mi"}, "requests": {"cpu": 0.5}},
                            }
                        ]
                    },
                },
            },
            "status": {"replicas": 0},
        },
    ),
    (
        "apps/v1",
        "StatefulSet",
        "statefulsets",
        {
            "spec": {
                "serviceName": "",
                "selector": {"matchLabels": {"a": "b"}},
                "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}},
                "volumeClaimTemplates": [
                    {
                        "metadata": {"name": "v"},
                        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1024Mi"}}},
                    }
                ],
                "updateStrategy": {},
            }
        },
    ),
    (
        "apps/v1",
        "DaemonSet",
        "daemonsets",
        {
            "spec": {
                "selector": {"matchLabels": {"a": "b"}},
                "template": {
                    "metadata": {"labels": {"a": "b"}},
                    "spec": {
                        "containers": [{"name": "c", "image": "i"}],
                        "hostAliases": [{"ip": "1.2.3.4"}],
                        "topologySpreadConstraints": [
                            {"maxSkew": 1, "topologyKey": "a", "whenUnsatisfiable": "DoNotSchedule"}
                        ],
                        "imagePullSecrets": [{}],
                        "readinessGates": [],
                        "overhead": {},
                    },
                },
            }
        },
    ),
    (
        "apps/v1",
        "ReplicaSet",
        "replicasets",
        {
            "spec": {
                "selector": {"matchLabels": {"a": "b"}},
                "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}},
            }
        },
    ),
    (
        "v1",
        "Service",
        "services",
        {"spec": {"ports": [{"port": 80, "name": ""}], "selector": {}, "externalIPs": []}, "status": {}},
    ),
    ("v1", "Namespace", "/namespaces", {}),
    (
        "batch/v1",
        "CronJob",
        "cronjobs",
        {
            "spec": {
                "schedule": "* * * * *",
                "jobTemplate": {
                    "spec": {
                        "template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "i"}]}}
                    }
                },
            }
        },
    ),
    (
        "batch/v1",
        "Job",
        "jobs",
        {
            "spec": {
                "parallelism": 0,
                "template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "i"}]}},
            }
        },
    ),
    (
        "networking.k8s.io/v1",
        "NetworkPolicy",
        "networkpolicies",
        {"spec": {"podSelector": {}, "ingress": [], "egress": [{}]}},
    ),
    (
        "networking.k8s.io/v1",
        "NetworkPolicy",
        "networkpolicies",
        {"spec": {"ingress": [{"from": [{"podSelector": {}}]}]}},
    ),
    (
        "networking.k8s.io/v1",
        "Ingress",
        "ingresses",
        {"spec": {"defaultBackend": {"service": {"name": "s", "port": {"number": 1}}}, "rules": [], "tls": [{}]}},
    ),
    (
        "networking.k8s.io/v1",
        "Ingress",
        "ingresses",
        {
            "spec": {
                "rules": [
                    {
                        "host": "",
                        "http": {
                            "paths": [
                                {
                                    "pathType": "Prefix",
                                    "path": "/",
                                    "backend": {"service": {"name": "s", "port": {"number": 1}}},
                                }
                            ]
                        },
                    }
                ]
            }
        },
    ),
    ("policy/v1", "PodDisruptionBudget", "poddisruptionbudgets", {"spec": {"minAvailable": 0, "selector": {}}}),
    ("policy/v1", "PodDisruptionBudget", "poddisruptionbudgets", {}),
    (
        "coordination.k8s.io/v1",
        "Lease",
        "leases",
        {"spec": {"renewTime": "2020-01-01T00:00:00.000000+02:00", "leaseDurationSeconds": 1}},
    ),
    ("coordination.k8s.io/v1", "Lease", "leases", {}),
    ("coordination.k8s.io/v1", "Lease", "leases", {"spec": {"renewTime": "2020-01-01T00:00:00.12Z"}}),
    (
        "v1",
        "ServiceAccount",
        "serviceaccounts",
        {"secrets": [], "imagePullSecrets": [{}], "automountServiceAccountToken": False},
    ),
    (
        "v1",
        "PersistentVolumeClaim",
        "persistentvolumeclaims",
        {
            "spec": {
                "accessModes": ["ReadWriteOnce"],
                "resources": {"requests": {"storage": "1024Mi"}},
                "volumeName": "",
                "storageClassName": "",
            }
        },
    ),
    ("apps/v1", "ControllerRevision", "controllerrevisions", {"data": {"z": 1, "a": None, "b": {}}, "revision": 0}),
    (
        "autoscaling/v2",
        "HorizontalPodAutoscaler",
        "horizontalpodautoscalers",
        {
            "spec": {
                "maxReplicas": 1,
                "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "D", "name": "x"},
                "metrics": [],
            }
        },
    ),
    (
        "autoscaling/v1",
        "HorizontalPodAutoscaler",
        "horizontalpodautoscalers",
        {"spec": {"maxReplicas": 1, "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "D", "name": "x"}}},
    ),
    (
        "v1",
        "Event",
        "events",
        {
            "metadata": {"name": "x", "namespace": "default"},
            "involvedObject": {"namespace": "default"},
            "firstTimestamp": "2020-01-01T02:00:00+02:00",
            "count": 0,
        },
    ),
    ("v1", "Endpoints", "endpoints", {"subsets": [{"addresses": [{"ip": "1.2.3.4"}], "ports": [{"port": 1}]}]}),
    (
        "discovery.k8s.io/v1",
        "EndpointSlice",
        "endpointslices",
        {"addressType": "IPv4", "endpoints": [{"addresses": ["1.2.3.4"], "conditions": {}}], "ports": []},
    ),
    ("v1", "ResourceQuota", "resourcequotas", {"spec": {"hard": {"cpu": "1000m"}}}),
    ("v1", "LimitRange", "limitranges", {"spec": {"limits": [{"type": "Container", "default": {"cpu": "0.1"}}]}}),
    ("v1", "LimitRange", "limitranges", {"spec": {}}),
    (
        "v1",
        "ReplicationController",
        "replicationcontrollers",
        {
            "spec": {
                "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
            }
        },
    ),
    ("rbac.authorization.k8s.io/v1", "ClusterRole", "/clusterroles", {}),
    (
        "rbac.authorization.k8s.io/v1",
        "ClusterRoleBinding",
        "/clusterrolebindings",
        {"roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "x"}},
    ),
    ("v1", "Node", "/nodes", {"status": {"capacity": {"cpu": "1000m"}}}),
    (
        "v1",
        "PersistentVolume",
        "/persistentvolumes",
        {"spec": {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "hostPath": {"path": "/x"}}},
    ),
    ("storage.k8s.io/v1", "StorageClass", "/storageclasses", {"provisioner": "x"}),
    ("scheduling.k8s.io/v1", "PriorityClass", "/priorityclasses", {"value": 0}),
    (
        "apiextensions.k8s.io/v1",
        "CustomResourceDefinition",
        "/customresourcedefinitions",
        {
            "metadata": {"name": "xs.a.b"},
            "spec": {
                "group": "a.b",
                "scope": "Namespaced",
                "names": {"plural": "xs", "kind": "X"},
                "versions": [
                    {
                        "name": "v1",
                        "served": True,
                        "storage": True,
                        "schema": {
                            "openAPIV3Schema": {
                                "type": "object",
                                "properties": {"a": {"type": "integer", "default": 0, "minimum": 0}},
                            }
                        },
                    }
                ],
            },
        },
    ),
    (
        "admissionregistration.k8s.io/v1",
        "ValidatingWebhookConfiguration",
        "/validatingwebhookconfigurations",
        {"webhooks": []},
    ),
    (
        "apiregistration.k8s.io/v1",
        "APIService",
        "/apiservices",
        {
            "metadata": {"name": "v1.x.y"},
            "spec": {
                "group": "x.y",
                "version": "v1",
                "groupPriorityMinimum": 1,
                "versionPriority": 1,
                "service": {"name": "a", "namespace": "b"},
                "insecureSkipTLSVerify": True,
            },
        },
    ),
    ("certificates.k8s.io/v1", "CertificateSigningRequest", "/certificatesigningrequests", {"spec": {}}),
    ("policy/v1", "PodDisruptionBudget", "poddisruptionbudgets", {"spec": {"maxUnavailable": 0}}),
]

CASES: Final[list[tuple[str, str, str, str]]] = [
    *(("apps/v1", "Deployment", "deployments", json.dumps(_deployment(**each))) for each in _CONTAINERS),
    *(("v1", "Pod", "pods", json.dumps(_pod(each))) for each in _VOLUMES),
    *(("v1", "ConfigMap", "configmaps", line) for line in _CONFIG_MAPS.strip().splitlines()),
    *(
        (version, kind, plural, json.dumps({"metadata": {"name": "x"}, **body}))
        for version, kind, plural, body in _OBJECTS
    ),
]
"""API version, kind, plural and body. Plurals of the cluster have a leading slash."""


def recorded(cluster: Cluster) -> Iterator[Row]:
    """Yield the response of a real API server to each case.

    Args:
        cluster: The cluster.
    """
    from tests.conformance.backends import RealServer

    server = RealServer(cluster)
    try:
        for case in CASES:
            yield _response(server, *case)
    finally:
        server.close()


def _response(server: Backend, version: str, kind: str, plural: str, body: str) -> Row:
    root = f"/apis/{version}" if "/" in version else f"/api/{version}"
    path = f"{root}{plural}" if plural.startswith("/") else f"{root}/namespaces/default/{plural}"
    raw = server.send("POST", f"{path}?dryRun=All", {"content-type": "application/json"}, body.encode())
    found = json.loads(raw.content)
    warnings = [value[7:-1].replace('\\"', '"') for name, value in raw.headers if name.lower() == "warning"]
    row: Row = {"version": version, "kind": kind, "body": body, "code": raw.code}
    row["faults"] = [each for each in warnings if each.startswith(("unknown field", "duplicate field"))]
    if raw.code < 300:
        row["object"] = {key: value for key, value in found.items() if key not in ("apiVersion", "kind")}
        for key in ("managedFields", "uid", "creationTimestamp"):
            row["object"]["metadata"].pop(key, None)
    else:
        row["message"] = found["message"]
    return row


def main() -> None:
    """Write the table."""
    from tests.cluster import Cluster

    TABLE.parent.mkdir(exist_ok=True)
    with Cluster() as cluster:
        rows = [json.dumps(row, sort_keys=True) for row in recorded(cluster)]
    TABLE.write_text("\n".join(rows) + "\n", "utf-8")
    print(f"{len(rows)} bodies")


if __name__ == "__main__":
    main()
