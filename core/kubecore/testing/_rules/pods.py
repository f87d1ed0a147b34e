"""The rules of pods and of their templates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from kubecore.testing._rules import checks
from kubecore.testing._rules.containers import containers
from kubecore.testing._rules.pod_resources import pod_resources
from kubecore.testing._rules.pod_volumes import volumes
from kubecore.testing._rules.scheduling import scheduling
from kubecore.testing._rules.security import HIGHEST_ID, security
from kubecore.testing._rules.validation import Document, Rules
from kubecore.testing._schemas.json_values import is_map, items_at, map_at
from kubecore.testing._server.failures import Cause

__all__ = ["RULES", "pod_template"]

_RESTART: Final = ("Always", "OnFailure", "Never")
_DNS: Final = ("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None")
_UPDATE_TEXT: Final = (
    "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,"
    "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"
    "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
)
_NAMES: Final = {
    "hostname": "label",
    "hostnameOverride": "subdomain",
    "nodeName": "subdomain",
    "priorityClassName": "subdomain",
    "runtimeClassName": "subdomain",
    "serviceAccountName": "subdomain",
    "subdomain": "label",
}
"""The rules of fields that are names."""

_POD_CONTEXT: Final = {
    "fsGroupChangePolicy": ("Always", "OnRootMismatch"),
    "seLinuxChangePolicy": ("MountOption", "Recursive"),
    "supplementalGroupsPolicy": ("Merge", "Strict"),
}


def pod_template(field: str, template: Document) -> Iterator[Cause]:
    """Yield the faults of a pod template."""
    found = map_at(template, "metadata")
    yield from checks.labels(f"{field}.labels", map_at(found, "labels"))
    for each in sorted(map_at(found, "annotations")):
        yield from checks.key(f"{field}.annotations", each.lower())
    yield from _pod_spec(f"{field}.spec", map_at(template, "spec"))
    ephemeral = items_at(map_at(template, "spec"), "ephemeralContainers")
    if ephemeral:
        yield checks.forbidden(f"{field}.spec.ephemeralContainers", "ephemeral containers not allowed in pod template")


def _pod_spec(field: str, spec: Document) -> Iterator[Cause]:
    causes, names = volumes(f"{field}.volumes", items_at(spec, "volumes"))
    yield from causes
    if not items_at(spec, "containers"):
        yield checks.required(f"{field}.containers")
    yield from containers(f"{field}.containers", spec, names)
    yield from containers(f"{field}.initContainers", spec, names, is_init=True)
    yield from checks.chosen(f"{field}.restartPolicy", spec.get("restartPolicy"), _RESTART, is_required=True)
    yield from checks.chosen(f"{field}.dnsPolicy", spec.get("dnsPolicy"), _DNS, is_required=True)
    yield from scheduling(field, spec)
    yield from _host_ports(field, spec)
    yield from _ephemeral(f"{field}.ephemeralContainers", items_at(spec, "ephemeralContainers"))
    yield from _context(f"{field}.securityContext", map_at(spec, "securityContext"))
    yield from _names(field, spec)
    yield from checks.between(f"{field}.activeDeadlineSeconds", spec.get("activeDeadlineSeconds"), 1, 2147483647)
    yield from _aliases(f"{field}.hostAliases", items_at(spec, "hostAliases"))
    yield from _other(field, spec)
    yield from pod_resources(f"{field}.resources", spec)


def _host_ports(field: str, spec: Document) -> Iterator[Cause]:
    """Yield the faults of ports of a pod in the network of its node."""
    for index, container in enumerate(items_at(spec, "containers") if spec.get("hostNetwork") else ()):
        for number, port in enumerate(items_at(container, "ports")):
            if port.get("hostPort", 0) != port.get("containerPort", 0):
                place, text = f"{field}.containers[{index}].ports[{number}].hostPort", "must match `containerPort`"
                yield checks.invalid(place, port.get("hostPort", 0), f"{text} when `hostNetwork` is true")


def _ephemeral(field: str, found: list[Any]) -> Iterator[Cause]:
    for index, container in enumerate(found):
        yield from checks.set_fields(f"{field}[{index}]", container, "name", "image")


def _context(field: str, context: Document) -> Iterator[Cause]:
    yield from security(field, context)
    for index, group in enumerate(items_at(context, "supplementalGroups")):
        yield from checks.between(f"{field}.supplementalGroups[{index}]", group, 0, HIGHEST_ID)
    for index, setting in enumerate(items_at(context, "sysctls")):
        yield from checks.set_fields(f"{field}.sysctls[{index}]", setting, "name")
    for name, known in _POD_CONTEXT.items():
        yield from checks.optional(f"{field}.{name}", context.get(name), known)


def _names(field: str, spec: Document) -> Iterator[Cause]:
    for name, rule in _NAMES.items():
        if spec.get(name):
            yield from checks.name(f"{field}.{name}", spec[name], rule)


def _aliases(field: str, aliases: list[Any]) -> Iterator[Cause]:
    for index, alias in enumerate(aliases):
        yield from checks.ip_address(f"{field}[{index}].ip", alias.get("ip", ""))
        for number, name in enumerate(items_at(alias, "hostnames")):
            yield from checks.name(f"{field}[{index}].hostnames[{number}]", name, "subdomain")


def _other(field: str, spec: Document) -> Iterator[Cause]:
    policies = ("Never", "PreemptLowerPriority")
    yield from checks.optional(f"{field}.preemptionPolicy", spec.get("preemptionPolicy"), policies)
    for index, claim in enumerate(items_at(spec, "resourceClaims")):
        yield from checks.set_fields(f"{field}.resourceClaims[{index}]", claim, "name")
        if not claim.get("resourceClaimName") and not claim.get("resourceClaimTemplateName"):
            text = "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`"
            yield checks.invalid(f"{field}.resourceClaims[{index}]", claim, text)
    for index, gate in enumerate(items_at(spec, "schedulingGates")):
        yield from checks.key(f"{field}.schedulingGates[{index}]", gate.get("name", ""))
    for index, gate in enumerate(items_at(spec, "readinessGates")):
        yield from checks.key(f"{field}.readinessGates[{index}].conditionType", gate.get("conditionType", ""))
    if spec.get("dnsPolicy") == "None" and not items_at(map_at(spec, "dnsConfig"), "nameservers"):
        text = "must provide at least one DNS nameserver when `dnsPolicy` is None"
        yield checks.required(f"{field}.dnsConfig.nameservers", text)
    system = spec.get("os")
    if is_map(system):
        yield from checks.chosen(f"{field}.os.name", system.get("name"), ("linux", "windows"), is_required=True)


def _pod(new: Document) -> Iterator[Cause]:
    yield from _pod_spec("spec", map_at(new, "spec"))
    spec = map_at(new, "spec")
    if items_at(spec, "ephemeralContainers"):
        yield checks.forbidden("spec.ephemeralContainers", "cannot be set on create")


def _changed_pod(old: Document, new: Document) -> Iterator[Cause]:
    before, after = map_at(old, "spec"), map_at(new, "spec")
    yield from _pod_spec("spec", after)
    for name in ("containers", "initContainers"):
        if len(items_at(before, name)) != len(items_at(after, name)):
            yield checks.forbidden(f"spec.{name}", "pod updates may not add or remove containers")
            return
    yield from _changed_deadline(before.get("activeDeadlineSeconds"), after.get("activeDeadlineSeconds"))
    yield from _changed_tolerations(items_at(before, "tolerations"), items_at(after, "tolerations"))
    if _fixed(before) != _fixed(after):
        yield checks.forbidden("spec", f"{_UPDATE_TEXT}\n")


def _changed_deadline(old: Any, new: Any) -> Iterator[Cause]:
    if old is not None and new is None:
        yield checks.invalid("spec.activeDeadlineSeconds", new, "must not update from a positive integer to nil value")
    elif old is not None and new > old:
        yield checks.invalid("spec.activeDeadlineSeconds", new, "must be less than or equal to previous value")


def _changed_tolerations(old: list[Any], new: list[Any]) -> Iterator[Cause]:
    def plain(found: Document) -> Document:
        return {key: value for key, value in found.items() if key != "tolerationSeconds"}

    if any(plain(each) not in [plain(other) for other in new] for each in old):
        text = "existing toleration can not be modified except its tolerationSeconds"
        yield checks.forbidden("spec.tolerations", text)


def _fixed(spec: Document) -> Document:
    """Return the fields of a pod that never change."""
    made = {name: value for name, value in spec.items() if name not in ("activeDeadlineSeconds", "tolerations")}
    for name in ("containers", "initContainers"):
        if name in made:
            made[name] = [{**each, "image": ""} for each in items_at(made, name)]
    return {name: value for name, value in made.items() if value not in (None, [], "")}


RULES: Final[Mapping[str, Rules]] = {"Pod": Rules(_pod, _changed_pod)}
