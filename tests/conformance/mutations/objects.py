"""The valid objects that are changed."""

from __future__ import annotations

from typing import Any, Final

__all__ = ["VALID"]

Body = dict[str, Any]

_PROBE: Final[Body] = {"httpGet": {"port": 80, "path": "/", "scheme": "HTTP"}, "periodSeconds": 5, "timeoutSeconds": 2}
_MAIN: Final[Body] = {"name": "main", "image": "example.com/app:1"}
_RICH: Final[Body] = {
    **_MAIN,
    "imagePullPolicy": "Always",
    "ports": [{"containerPort": 80, "name": "http", "protocol": "TCP", "hostPort": 8080}],
    "env": [
        {"name": "A", "value": "1"},
        {"name": "B", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
        {"name": "C", "valueFrom": {"configMapKeyRef": {"name": "c", "key": "k"}}},
        {"name": "D", "valueFrom": {"secretKeyRef": {"name": "c", "key": "k"}}},
        {"name": "E", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu"}}},
    ],
    "envFrom": [{"configMapRef": {"name": "c"}, "prefix": "P_"}],
    "resources": {"requests": {"cpu": "100m", "memory": "1Gi"}, "limits": {"cpu": "1"}},
    "livenessProbe": {**_PROBE, "successThreshold": 1},
    "readinessProbe": {"tcpSocket": {"port": "http"}},
    "startupProbe": {"exec": {"command": ["x"]}},
    "lifecycle": {"preStop": {"exec": {"command": ["x"]}}},
    "volumeMounts": [{"name": "empty", "mountPath": "/e", "subPath": "s"}],
    "securityContext": {"runAsUser": 1, "privileged": False},
    "terminationMessagePolicy": "File",
    "workingDir": "/x",
}
_POD: Final[Body] = {
    "containers": [_RICH],
    "initContainers": [{"name": "init", "image": "i"}],
    "automountServiceAccountToken": False,
    "restartPolicy": "Always",
    "dnsPolicy": "ClusterFirst",
    "terminationGracePeriodSeconds": 30,
    "nodeSelector": {"a": "b"},
    "tolerations": [{"key": "k", "operator": "Equal", "value": "v", "effect": "NoExecute", "tolerationSeconds": 5}],
    "hostAliases": [{"ip": "1.2.3.4", "hostnames": ["a.b"]}],
    "imagePullSecrets": [{"name": "s"}],
    "topologySpreadConstraints": [
        {
            "maxSkew": 1,
            "topologyKey": "k",
            "whenUnsatisfiable": "DoNotSchedule",
            "labelSelector": {"matchLabels": {"a": "b"}},
        }
    ],
    "affinity": {
        "podAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": [
                {"topologyKey": "k", "labelSelector": {"matchLabels": {"a": "b"}}}
            ]
        },
        "nodeAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": {
                "nodeSelectorTerms": [{"matchExpressions": [{"key": "k", "operator": "In", "values": ["v"]}]}]
            }
        },
    },
    "securityContext": {"fsGroup": 1, "runAsNonRoot": True},
    "volumes": [
        {"name": "empty", "emptyDir": {"sizeLimit": "1Gi"}},
        {"name": "config", "configMap": {"name": "c", "items": [{"key": "k", "path": "p"}], "defaultMode": 420}},
        {"name": "secret", "secret": {"secretName": "s"}},
        {"name": "host", "hostPath": {"path": "/x", "type": "Directory"}},
        {"name": "claim", "persistentVolumeClaim": {"claimName": "c"}},
    ],
}
_PLAIN: Final[Body] = {"containers": [_MAIN], "automountServiceAccountToken": False}
_LABELS: Final[Body] = {"app": "a"}
_SELECTOR: Final[Body] = {"matchLabels": _LABELS}
_TEMPLATE: Final[Body] = {"metadata": {"labels": _LABELS}, "spec": {"containers": [_MAIN]}}
_ONCE: Final[Body] = {"spec": {"containers": [_MAIN], "restartPolicy": "Never"}}
_CLAIM: Final[Body] = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
_JOB: Final[Body] = {"template": _ONCE, "backoffLimit": 3, "completions": 2, "parallelism": 1}
_RULE: Final[Body] = {"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}
_RBAC: Final = "rbac.authorization.k8s.io"

VALID: Final[dict[str, tuple[Body, ...]]] = {
    "v1/pods": (
        {"metadata": {"labels": _LABELS}, "spec": _POD},
        {"spec": {**_PLAIN, "activeDeadlineSeconds": 5, "hostname": "h", "subdomain": "s"}},
    ),
    "apps/v1/deployments": (
        {
            "spec": {
                "selector": _SELECTOR,
                "template": _TEMPLATE,
                "replicas": 2,
                "minReadySeconds": 1,
                "revisionHistoryLimit": 5,
                "progressDeadlineSeconds": 60,
                "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": "25%"}},
            }
        },
        {
            "spec": {
                "selector": {"matchExpressions": [{"key": "app", "operator": "In", "values": ["a"]}]},
                "template": _TEMPLATE,
                "strategy": {"type": "Recreate"},
            }
        },
    ),
    "apps/v1/replicasets": (
        {"spec": {"selector": _SELECTOR, "template": _TEMPLATE, "replicas": 2, "minReadySeconds": 1}},
    ),
    "apps/v1/statefulsets": (
        {
            "spec": {
                "selector": _SELECTOR,
                "template": _TEMPLATE,
                "serviceName": "s",
                "replicas": 2,
                "podManagementPolicy": "Parallel",
                "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 1}},
                "volumeClaimTemplates": [{"metadata": {"name": "v"}, "spec": _CLAIM}],
                "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Delete", "whenScaled": "Retain"},
                "ordinals": {"start": 1},
            }
        },
    ),
    "apps/v1/daemonsets": (
        {
            "spec": {
                "selector": _SELECTOR,
                "template": _TEMPLATE,
                "minReadySeconds": 1,
                "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1}},
            }
        },
    ),
    "batch/v1/jobs": (
        {"spec": {**_JOB, "activeDeadlineSeconds": 5, "ttlSecondsAfterFinished": 5, "suspend": False}},
        {"spec": {**_JOB, "completionMode": "Indexed", "backoffLimitPerIndex": 1, "maxFailedIndexes": 1}},
        {
            "spec": {
                **_JOB,
                "podFailurePolicy": {
                    "rules": [{"action": "FailJob", "onExitCodes": {"operator": "In", "values": [1]}}]
                },
            }
        },
    ),
    "batch/v1/cronjobs": (
        {
            "spec": {
                "schedule": "*/5 * * * *",
                "timeZone": "Etc/UTC",
                "concurrencyPolicy": "Forbid",
                "startingDeadlineSeconds": 5,
                "successfulJobsHistoryLimit": 1,
                "failedJobsHistoryLimit": 1,
                "jobTemplate": {"spec": {"template": _ONCE, "backoffLimit": 3}},
            }
        },
    ),
    "v1/services": (
        {
            "spec": {
                "selector": _LABELS,
                "ports": [
                    {"port": 80, "name": "http", "protocol": "TCP", "targetPort": "web"},
                    {"port": 81, "name": "b"},
                ],
                "sessionAffinity": "ClientIP",
                "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 5}},
            }
        },
        {"spec": {"type": "ExternalName", "externalName": "example.com"}},
        {"spec": {"type": "LoadBalancer", "selector": _LABELS, "ports": [{"port": 80}]}},
        {"spec": {"clusterIP": "None", "selector": _LABELS, "ports": [{"port": 80}]}},
    ),
    "v1/configmaps": ({"data": {"k": "v"}, "binaryData": {"b": "AAAA"}}, {"data": {"k": "v"}, "immutable": True}),
    "v1/secrets": (
        {"data": {"k": "AAAA"}, "type": "Opaque"},
        {"data": {"username": "AAAA", "password": "AAAA"}, "type": "kubernetes.io/basic-auth", "immutable": True},
        {"data": {"tls.crt": "AAAA", "tls.key": "AAAA"}, "type": "kubernetes.io/tls"},
        {"data": {".dockerconfigjson": "e30="}, "type": "kubernetes.io/dockerconfigjson"},
    ),
    "v1/serviceaccounts": (
        {"secrets": [{"name": "a"}], "imagePullSecrets": [{"name": "b"}], "automountServiceAccountToken": True},
    ),
    "v1/namespaces": ({},),
    "v1/persistentvolumeclaims": (
        {"spec": {**_CLAIM, "storageClassName": "x", "volumeMode": "Filesystem", "selector": _SELECTOR}},
        {"spec": {**_CLAIM, "dataSource": {"kind": "PersistentVolumeClaim", "name": "c"}}},
    ),
    f"{_RBAC}/v1/roles": ({"rules": [{**_RULE, "resourceNames": ["a"]}]},),
    f"{_RBAC}/v1/clusterroles": (
        {"rules": [_RULE, {"nonResourceURLs": ["/healthz"], "verbs": ["get"]}]},
        {"rules": [], "aggregationRule": {"clusterRoleSelectors": [_SELECTOR]}},
    ),
    f"{_RBAC}/v1/rolebindings": (
        {
            "roleRef": {"apiGroup": _RBAC, "kind": "Role", "name": "r"},
            "subjects": [
                {"kind": "ServiceAccount", "name": "s", "namespace": "x"},
                {"kind": "User", "name": "u", "apiGroup": _RBAC},
                {"kind": "Group", "name": "g", "apiGroup": _RBAC},
            ],
        },
    ),
    f"{_RBAC}/v1/clusterrolebindings": (
        {
            "roleRef": {"apiGroup": _RBAC, "kind": "ClusterRole", "name": "r"},
            "subjects": [
                {"kind": "ServiceAccount", "name": "s", "namespace": "x"},
                {"kind": "User", "name": "u", "apiGroup": _RBAC},
            ],
        },
    ),
    "networking.k8s.io/v1/ingresses": (
        {
            "spec": {
                "ingressClassName": "c",
                "tls": [{"hosts": ["a.example.com"], "secretName": "s"}],
                "defaultBackend": {"service": {"name": "s", "port": {"number": 80}}},
                "rules": [
                    {
                        "host": "a.example.com",
                        "http": {
                            "paths": [
                                {
                                    "path": "/x",
                                    "pathType": "Prefix",
                                    "backend": {"service": {"name": "s", "port": {"name": "http"}}},
                                }
                            ]
                        },
                    }
                ],
            }
        },
    ),
    "networking.k8s.io/v1/networkpolicies": (
        {
            "spec": {
                "podSelector": _SELECTOR,
                "policyTypes": ["Ingress", "Egress"],
                "ingress": [
                    {
                        "from": [{"podSelector": _SELECTOR, "namespaceSelector": {}}],
                        "ports": [{"port": 80, "endPort": 90, "protocol": "TCP"}],
                    }
                ],
                "egress": [{"to": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]}}]}],
            }
        },
    ),
    "autoscaling/v2/horizontalpodautoscalers": (
        {
            "spec": {
                "minReplicas": 1,
                "maxReplicas": 3,
                "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "d"},
                "metrics": [
                    {
                        "type": "Resource",
                        "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 5}},
                    },
                    {
                        "type": "Pods",
                        "pods": {"metric": {"name": "m"}, "target": {"type": "AverageValue", "averageValue": "1"}},
                    },
                ],
                "behavior": {
                    "scaleUp": {
                        "stabilizationWindowSeconds": 5,
                        "selectPolicy": "Max",
                        "policies": [{"type": "Pods", "value": 4, "periodSeconds": 15}],
                    }
                },
            }
        },
    ),
    "policy/v1/poddisruptionbudgets": (
        {"spec": {"minAvailable": 1, "selector": _SELECTOR, "unhealthyPodEvictionPolicy": "AlwaysAllow"}},
        {"spec": {"maxUnavailable": "50%", "selector": _SELECTOR}},
    ),
    "coordination.k8s.io/v1/leases": (
        {
            "spec": {
                "holderIdentity": "a",
                "leaseDurationSeconds": 15,
                "leaseTransitions": 1,
                "acquireTime": "2026-01-01T00:00:00.000000Z",
                "renewTime": "2026-01-01T00:00:00.000000Z",
            }
        },
    ),
}
