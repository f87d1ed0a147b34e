"""Valid objects with many optional parts, from which defaults are learned."""

from __future__ import annotations

from typing import Any, Final

_PORT: Final = {"port": 80}
_CONTAINER: Final[dict[str, Any]] = {
    "name": "main",
    "image": "example.com/app:1",
    "ports": [{"containerPort": 80}],
    "env": [
        {"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
        {"name": "B", "valueFrom": {"configMapKeyRef": {"name": "c", "key": "k"}}},
        {"name": "C", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu"}}},
    ],
    "livenessProbe": {"httpGet": _PORT},
    "readinessProbe": {"tcpSocket": _PORT},
    "startupProbe": {"grpc": _PORT},
    "lifecycle": {"preStop": {"httpGet": _PORT}, "postStart": {"exec": {"command": ["x"]}}},
    "securityContext": {"capabilities": {}},
    "volumeMounts": [{"name": "empty", "mountPath": "/e"}],
}
_SOURCES: Final[dict[str, Any]] = {
    "empty": {"emptyDir": {}},
    "config": {"configMap": {"name": "c", "items": [{"key": "k", "path": "p"}]}},
    "secret": {"secret": {"secretName": "s"}},
    "host": {"hostPath": {"path": "/x"}},
    "down": {"downwardAPI": {"items": [{"path": "p", "fieldRef": {"fieldPath": "metadata.name"}}]}},
    "projected": {
        "projected": {
            "sources": [
                {"serviceAccountToken": {"path": "t"}},
                {"downwardAPI": {"items": [{"path": "p", "fieldRef": {"fieldPath": "metadata.name"}}]}},
            ]
        }
    },
    "iscsi": {"iscsi": {"targetPortal": "1.2.3.4", "iqn": "iqn.2001-04.com.example:s", "lun": 0}},
    "rbd": {"rbd": {"monitors": ["m"], "image": "i"}},
    "azure": {"azureDisk": {"diskName": "d", "diskURI": "https://a.blob.core.windows.net/c/d.vhd"}},
    "scale": {"scaleIO": {"gateway": "g", "system": "s", "secretRef": {"name": "s"}, "volumeName": "v"}},
    "claim": {
        "ephemeral": {
            "volumeClaimTemplate": {
                "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
            }
        }
    },
    "nfs": {"nfs": {"server": "s", "path": "/x"}},
}
_POD: Final[dict[str, Any]] = {
    "containers": [_CONTAINER],
    "initContainers": [{"name": "init", "image": "example.com/app"}],
    "volumes": [{"name": name, **source} for name, source in _SOURCES.items()],
    "topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "k", "whenUnsatisfiable": "DoNotSchedule"}],
    "tolerations": [{"key": "k"}],
    "affinity": {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{"topologyKey": "k"}]}},
    "hostAliases": [{"ip": "1.2.3.4"}],
    "dnsConfig": {"options": [{"name": "x"}]},
}
_SELECTOR: Final = {"matchLabels": {"app": "x"}}
_TEMPLATE: Final[dict[str, Any]] = {"metadata": {"labels": {"app": "x"}}, "spec": _POD}
_PLAIN: Final[dict[str, Any]] = {
    "metadata": {"labels": {"app": "x"}},
    "spec": {"containers": [{"name": "m", "image": "i:latest"}]},
}
_ONCE: Final[dict[str, Any]] = {"spec": {**_PLAIN["spec"], "restartPolicy": "Never"}}
_CLAIM: Final[dict[str, Any]] = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
_TARGET: Final = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "d"}


def _volume(**source: Any) -> dict[str, Any]:
    return {"spec": {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], **source}}


RICH: Final[dict[str, tuple[dict[str, Any], ...]]] = {
    "v1/pods": ({"spec": _POD}, {"spec": _PLAIN["spec"]}, {"spec": {**_PLAIN["spec"], "nodeName": "n"}}),
    "v1/podtemplates": ({"template": _PLAIN},),
    "apps/v1/deployments": (
        {"spec": {"selector": _SELECTOR, "template": _TEMPLATE}},
        {"spec": {"selector": _SELECTOR, "template": _PLAIN, "strategy": {"type": "Recreate"}}},
        {"spec": {"selector": _SELECTOR, "template": _PLAIN, "strategy": {"rollingUpdate": {"maxSurge": 1}}}},
    ),
    "apps/v1/daemonsets": (
        {"spec": {"selector": _SELECTOR, "template": _TEMPLATE}},
        {"spec": {"selector": _SELECTOR, "template": _PLAIN, "updateStrategy": {"type": "OnDelete"}}},
    ),
    "apps/v1/replicasets": ({"spec": {"selector": _SELECTOR, "template": _PLAIN}},),
    "apps/v1/statefulsets": (
        {"spec": {"selector": _SELECTOR, "template": _PLAIN, "serviceName": "s"}},
        {
            "spec": {
                "selector": _SELECTOR,
                "template": _PLAIN,
                "updateStrategy": {"type": "OnDelete"},
                "volumeClaimTemplates": [{"metadata": {"name": "v"}, "spec": _CLAIM}],
            }
        },
    ),
    "batch/v1/jobs": (
        {"spec": {"template": _ONCE}},
        {"spec": {"template": _ONCE, "parallelism": 2}},
        {"spec": {"template": _ONCE, "completions": 2, "completionMode": "Indexed"}},
    ),
    "batch/v1/cronjobs": ({"spec": {"schedule": "* * * * *", "jobTemplate": {"spec": {"template": _ONCE}}}},),
    "v1/services": (
        {"spec": {"ports": [{"port": 80}]}},
        {"spec": {"ports": [{"port": 80}], "type": "NodePort", "sessionAffinity": "ClientIP"}},
        {"spec": {"ports": [{"port": 80}], "type": "LoadBalancer"}},
        {"spec": {"type": "ExternalName", "externalName": "example.com"}},
        {"spec": {"ports": [{"port": 80}], "clusterIP": "None"}},
    ),
    "networking.k8s.io/v1/networkpolicies": (
        {"spec": {"podSelector": {}, "egress": [{"ports": [{"port": 80}]}]}},
        {"spec": {"podSelector": {}}},
    ),
    "networking.k8s.io/v1/ingresses": (
        {
            "spec": {
                "rules": [
                    {
                        "http": {
                            "paths": [
                                {
                                    "pathType": "Prefix",
                                    "path": "/",
                                    "backend": {"service": {"name": "s", "port": {"number": 80}}},
                                }
                            ]
                        }
                    }
                ]
            }
        },
    ),
    "autoscaling/v2/horizontalpodautoscalers": (
        {
            "spec": {
                "maxReplicas": 3,
                "scaleTargetRef": _TARGET,
                "metrics": [
                    {
                        "type": "Resource",
                        "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 5}},
                    }
                ],
                "behavior": {"scaleUp": {}, "scaleDown": {}},
            }
        },
    ),
    "v1/persistentvolumeclaims": (
        {"spec": {**_CLAIM, "storageClassName": "x"}},
        {"spec": {**_CLAIM, "dataSource": {"kind": "PersistentVolumeClaim", "name": "c"}}},
    ),
    "v1/persistentvolumes": (
        _volume(nfs={"server": "s", "path": "/x"}),
        _volume(csi={"driver": "d.example.com", "volumeHandle": "h"}),
        _volume(iscsi={"targetPortal": "1.2.3.4", "iqn": "iqn.2001-04.com.example:s", "lun": 0}),
        _volume(rbd={"monitors": ["m"], "image": "i"}),
        _volume(azureDisk={"diskName": "d", "diskURI": "https://a.blob.core.windows.net/c/d.vhd"}),
        _volume(scaleIO={"gateway": "g", "system": "s", "secretRef": {"name": "s"}, "volumeName": "v"}),
    ),
    "v1/secrets": ({"data": {}},),
    "v1/namespaces": ({},),
    "storage.k8s.io/v1/storageclasses": ({"provisioner": "p"},),
    "rbac.authorization.k8s.io/v1/rolebindings": (
        {
            "roleRef": {"kind": "Role", "name": "r"},
            "subjects": [
                {"kind": "ServiceAccount", "name": "s", "namespace": "x"},
                {"kind": "User", "name": "u"},
                {"kind": "Group", "name": "g"},
            ],
        },
    ),
    "rbac.authorization.k8s.io/v1/clusterrolebindings": (
        {"roleRef": {"kind": "ClusterRole", "name": "r"}, "subjects": [{"kind": "User", "name": "u"}]},
    ),
    "v1/limitranges": ({"spec": {"limits": [{"type": "Container", "max": {"cpu": "1"}}]}},),
    "discovery.k8s.io/v1/endpointslices": (
        {"addressType": "IPv4", "endpoints": [{"addresses": ["1.2.3.4"]}], "ports": [{"port": 80}, {"name": "b"}]},
    ),
}
