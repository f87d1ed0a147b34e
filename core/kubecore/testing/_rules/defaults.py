"""Set the defaults of built-in objects, as the API server does before it stores them."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any, Final

from kubecore.testing._rules.facts import Facts, ResourceFacts
from kubecore.testing._schemas.json_values import copied, is_list, is_map, joined
from kubecore.testing._schemas.schema_type import SchemaType

__all__ = ["with_defaults"]

_ROOT: Final = frozenset({"apiVersion", "kind", "metadata", "status"})
"""Fields of whole objects in which no defaults are set here."""


def with_defaults(
    document: dict[str, Any], schema: SchemaType, resource: ResourceFacts, facts: Facts
) -> dict[str, Any]:
    """Return a copy of an object with its defaults.

    Random values are not set: addresses and ports of services, selectors of jobs, and volumes with tokens.

    Args:
        document: The object; it is not changed.
        schema: The type of the object.
        resource: The facts about its resource.
        facts: The facts of the version.
    """
    made = copied(document)
    if resource.kind == "Job" and isinstance(made.get("spec"), dict):
        _job(made["spec"])
    _Filling(resource, facts).fill(made, schema, whole=True)
    return made


_LIKE: Final = {"io.k8s.api.core.v1.EphemeralContainer": "io.k8s.api.core.v1.Container"}
"""Types with the defaults of another one, which no create shows."""


class _Filling:
    def __init__(self, resource: ResourceFacts, facts: Facts) -> None:
        self._special = resource.defaults
        self._defaults = facts.defaults

    def fill(self, value: Any, schema: SchemaType, *, whole: bool = False) -> None:
        if schema.kind == "list" and is_list(value) and schema.items is not None:
            for item in value:
                self.fill(item, schema.items)
        if schema.kind != "map" or not is_map(value):
            return
        name: str = getattr(schema, "name", "")
        name = _LIKE.get(name, name)
        for disabled in _DISABLED.get(name, ()):
            value.pop(disabled, None)
        if name:
            self._set(value, name, whole=whole)
        for field, member in value.items():
            if not isinstance(member, (dict, list)):
                continue
            inner = schema.fields.get(field) or schema.values
            if inner is not None and not (whole and field in _ROOT):
                self.fill(member, inner)

    def _set(self, value: dict[str, Any], name: str, *, whole: bool) -> None:
        special = self._special.get(name, {})
        for source in (special, self._defaults.get(name, {})):
            for field, default in source.items():
                if value.get(field) is None and not (whole and field in _ROOT):
                    value[field] = copied(default)
        rule = _RULES.get(name)
        if rule is not None:
            rule(value)


def _container(value: dict[str, Any]) -> None:
    if not value.get("imagePullPolicy"):
        value["imagePullPolicy"] = "Always" if _is_latest(value.get("image", "")) else "IfNotPresent"
    resources: Any = value.get("resources")
    limits: Any = resources.get("limits") if is_map(resources) else None
    if is_map(limits):
        resources["requests"] = joined(limits, resources.get("requests") or {})


def _is_latest(image: str) -> bool:
    if "@" in image:
        return False
    _, colon, tag = image.rpartition("/")[2].partition(":")
    return not colon or tag == "latest"


def _deployment_strategy(value: dict[str, Any]) -> None:
    if value.get("type") == "RollingUpdate":
        rolling = _map(value, "rollingUpdate")
        rolling.setdefault("maxUnavailable", "25%")
        rolling.setdefault("maxSurge", "25%")


def _daemon_set_strategy(value: dict[str, Any]) -> None:
    value.setdefault("type", "RollingUpdate")
    if value["type"] == "RollingUpdate":
        rolling = _map(value, "rollingUpdate")
        rolling.setdefault("maxUnavailable", 1)
        rolling.setdefault("maxSurge", 0)


def _stateful_set_strategy(value: dict[str, Any]) -> None:
    value.setdefault("type", "RollingUpdate")
    if value["type"] == "RollingUpdate":
        rolling = _map(value, "rollingUpdate")
        rolling.setdefault("partition", 0)
        rolling.setdefault("maxUnavailable", 1)


def _job(value: dict[str, Any]) -> None:
    """Set the defaults of a job, but not of the template of a CronJob, before its parallelism has one."""
    if value.get("completions") is None and value.get("parallelism") is None:
        value["completions"] = 1
    if value.get("podReplacementPolicy") is None:
        value["podReplacementPolicy"] = "Failed" if value.get("podFailurePolicy") else "TerminatingOrFailed"


def _pod_spec(value: dict[str, Any]) -> None:
    """Set the two names of the service account: one is the old name of the other."""
    name = value.get("serviceAccountName") or value.get("serviceAccount")
    if name:
        value["serviceAccountName"] = value["serviceAccount"] = name


def _volume(value: dict[str, Any]) -> None:
    if all(member is None for name, member in value.items() if name != "name"):
        value["emptyDir"] = {}


def _claim_retention(value: dict[str, Any]) -> None:
    value.setdefault("whenDeleted", "Retain")
    value.setdefault("whenScaled", "Retain")


def _pod_condition(value: dict[str, Any]) -> None:
    value["status"] = value.get("status") or "True"


def _pod_template(value: dict[str, Any]) -> None:
    _map(value, "metadata")


def _secret(value: dict[str, Any]) -> None:
    texts: Any = value.pop("stringData", None)
    if is_map(texts) and texts:
        encoded = {key: base64.b64encode(str(text).encode()).decode() for key, text in texts.items()}
        value["data"] = joined(value.get("data") or {}, encoded)


def _service(value: dict[str, Any]) -> None:
    kind = value.get("type")
    if kind in ("NodePort", "LoadBalancer") or (kind == "ClusterIP" and value.get("externalIPs")):
        value.setdefault("externalTrafficPolicy", "Cluster")
    if kind == "LoadBalancer":
        value.setdefault("allocateLoadBalancerNodePorts", True)
    if kind != "ExternalName":
        value.setdefault("internalTrafficPolicy", "Cluster")
    if value.get("sessionAffinity") == "None":
        value.pop("sessionAffinityConfig", None)
    if value.get("sessionAffinity") == "ClientIP":
        _map(_map(value, "sessionAffinityConfig"), "clientIP").setdefault("timeoutSeconds", 10800)


def _service_port(value: dict[str, Any]) -> None:
    if value.get("targetPort") in (None, 0, ""):
        value["targetPort"] = value.get("port")


def _network_policy(value: dict[str, Any]) -> None:
    if not value.get("policyTypes"):
        value["policyTypes"] = ["Ingress", "Egress"] if value.get("egress") else ["Ingress"]


def _subject(value: dict[str, Any]) -> None:
    if value.get("kind") in ("User", "Group") and not value.get("apiGroup"):
        value["apiGroup"] = "rbac.authorization.k8s.io"


def _role_ref(value: dict[str, Any]) -> None:
    if not value.get("apiGroup"):
        value["apiGroup"] = "rbac.authorization.k8s.io"


def _class_parameters(value: dict[str, Any]) -> None:
    if value.get("scope") is None:
        value["scope"] = "Cluster"


def _limit_range(value: dict[str, Any]) -> None:
    if value.get("type") == "Container":
        default = {**value.get("max", {}), **value.get("default", {})}
        request = {**value.get("min", {}), **default, **value.get("defaultRequest", {})}
        if default:
            value["default"] = default
        if request:
            value["defaultRequest"] = request


def _behavior(value: dict[str, Any]) -> None:
    up = _map(value, "scaleUp")
    up.setdefault("stabilizationWindowSeconds", 0)
    pods = {"type": "Pods", "value": 4, "periodSeconds": 15}
    up.setdefault("policies", [pods, {"type": "Percent", "value": 100, "periodSeconds": 15}])
    down = _map(value, "scaleDown")
    down.setdefault("policies", [{"type": "Percent", "value": 100, "periodSeconds": 15}])


def _definition_names(value: dict[str, Any]) -> None:
    if not value.get("singular"):
        value["singular"] = str(value.get("kind", "")).lower()
    if not value.get("listKind") and value.get("kind"):
        value["listKind"] = f"{value['kind']}List"


def _node(value: dict[str, Any]) -> None:
    if value.get("podCIDR") and (value.get("podCIDRs") or [""])[0] != value["podCIDR"]:
        value["podCIDRs"] = [value["podCIDR"]]


def _conversion_service(value: dict[str, Any]) -> None:
    value.setdefault("port", 443)


def _map(value: dict[str, Any], field: str) -> dict[str, Any]:
    """Return a member that is a map; it is added if it is missing."""
    if not is_map(value.get(field)):
        value[field] = {}
    found: dict[str, Any] = value[field]
    return found


_API: Final = "io.k8s.api"
_DISABLED: Final[Mapping[str, tuple[str, ...]]] = {
    f"{_API}.core.v1.ConfigMapVolumeSource": ("defaultUser",),
    f"{_API}.core.v1.EmptyDirVolumeSource": ("mode",),
    f"{_API}.core.v1.HTTPGetAction": ("protocol",),
    f"{_API}.core.v1.KeyToPath": ("user",),
    f"{_API}.core.v1.Lifecycle": ("stopSignal",),
    f"{_API}.core.v1.PodSpec": ("evictionResponders", "schedulingGroup"),
    f"{_API}.core.v1.SecretVolumeSource": ("defaultUser",),
    f"{_API}.core.v1.VolumeMount": ("bindMountOptions",),
}
"""Fields by type that the server drops, because a feature is off by default."""

_RULES: Final[Mapping[str, Callable[[dict[str, Any]], None]]] = {
    f"{_API}.apps.v1.DaemonSetUpdateStrategy": _daemon_set_strategy,
    f"{_API}.apps.v1.DeploymentStrategy": _deployment_strategy,
    f"{_API}.apps.v1.StatefulSetUpdateStrategy": _stateful_set_strategy,
    f"{_API}.autoscaling.v2.HorizontalPodAutoscalerBehavior": _behavior,
    f"{_API}.batch.v1.PodFailurePolicyOnPodConditionsPattern": _pod_condition,
    f"{_API}.core.v1.Container": _container,
    f"{_API}.core.v1.LimitRangeItem": _limit_range,
    f"{_API}.core.v1.NodeSpec": _node,
    f"{_API}.apps.v1.StatefulSetPersistentVolumeClaimRetentionPolicy": _claim_retention,
    f"{_API}.core.v1.PodSpec": _pod_spec,
    f"{_API}.core.v1.PodTemplateSpec": _pod_template,
    f"{_API}.core.v1.Volume": _volume,
    f"{_API}.core.v1.Secret": _secret,
    f"{_API}.core.v1.ServicePort": _service_port,
    f"{_API}.core.v1.ServiceSpec": _service,
    f"{_API}.networking.v1.IngressClassParametersReference": _class_parameters,
    f"{_API}.networking.v1.NetworkPolicySpec": _network_policy,
    f"{_API}.rbac.v1.RoleRef": _role_ref,
    f"{_API}.rbac.v1.Subject": _subject,
    "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinitionNames": _definition_names,
    "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.ServiceReference": _conversion_service,
}
"""The conditional defaults by the type of the place, set after the others."""
