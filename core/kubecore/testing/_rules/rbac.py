"""Rules of roles and of their bindings. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from kubecore.testing._rules import checks
from kubecore.testing._rules.validation import Document, Rules, always
from kubecore.testing._schemas.json_values import is_map, items_at, map_at
from kubecore.testing._server.failures import Cause

__all__ = ["RULES"]

_GROUP: Final = "rbac.authorization.k8s.io"
_SUBJECTS: Final = ("ServiceAccount", "User", "Group")


def _role(new: Document) -> Iterator[Cause]:
    for index, rule in enumerate(items_at(new, "rules")):
        yield from _policy(f"rules[{index}]", rule, may_be_no_resource=new.get("kind") == "ClusterRole")
    for index, rule in enumerate(items_at(new, "rules")):
        if not items_at(rule, "verbs"):
            yield checks.required(f"rules[{index}].verbs")


def _cluster_role(new: Document) -> Iterator[Cause]:
    aggregation = new.get("aggregationRule")
    if is_map(aggregation):
        field = "aggregationRule.clusterRoleSelectors"
        selectors = items_at(aggregation, "clusterRoleSelectors")
        if not selectors:
            yield checks.required(field, "at least one clusterRoleSelector required if aggregationRule is non-nil")
        for index, selector in enumerate(selectors):
            faults = list(checks.label_selector(f"{field}[{index}]", selector))
            yield from faults
            if faults:
                yield checks.invalid(f"{field}[{index}]", None, "invalid label selector.")
    yield from _role(new)


def _policy(field: str, rule: Document, *, may_be_no_resource: bool) -> Iterator[Cause]:
    if items_at(rule, "nonResourceURLs"):
        if not may_be_no_resource:
            text = "namespaced rules cannot apply to non-resource URLs"
            yield checks.invalid(f"{field}.nonResourceURLs", rule["nonResourceURLs"], text)
        if any(items_at(rule, name) for name in ("apiGroups", "resources", "resourceNames")):
            text = "rules cannot apply to both regular resources and non-resource URLs"
            yield checks.invalid(f"{field}.nonResourceURLs", rule["nonResourceURLs"], text)
    else:
        if not items_at(rule, "apiGroups"):
            yield checks.required(f"{field}.apiGroups", "resource rules must supply at least one api group")
        if not items_at(rule, "resources"):
            yield checks.required(f"{field}.resources", "resource rules must supply at least one resource")


def _binding(*kinds: str) -> Callable[[Document], Iterator[Cause]]:
    def check(new: Document) -> Iterator[Cause]:
        ref = map_at(new, "roleRef")
        yield from checks.chosen("roleRef.apiGroup", ref.get("apiGroup") or _GROUP, (_GROUP,))
        yield from checks.chosen("roleRef.kind", ref.get("kind"), kinds)
        yield from checks.required_name("roleRef.name", ref.get("name", ""), "path")
        for index, subject in enumerate(items_at(new, "subjects")):
            yield from _subject(f"subjects[{index}]", subject, has_namespace="Role" in kinds)

    return check


def _subject(field: str, subject: Document, *, has_namespace: bool) -> Iterator[Cause]:
    name, kind, group = subject.get("name", ""), subject.get("kind", ""), subject.get("apiGroup", "")
    if kind == "ServiceAccount":
        if name:
            yield from checks.name(f"{field}.name", name, "subdomain")
        yield from checks.chosen(f"{field}.apiGroup", group, ("",))
        if not has_namespace and not subject.get("namespace"):
            yield checks.required(f"{field}.namespace")
    elif kind in _SUBJECTS:
        yield from checks.chosen(f"{field}.apiGroup", group, (_GROUP,))
    else:
        yield checks.unsupported(f"{field}.kind", kind, _SUBJECTS)
    if not name:
        yield checks.required(f"{field}.name")


def _changed(check: Callable[[Document], Iterator[Cause]]) -> Callable[[Document, Document], Iterator[Cause]]:
    def checked(old: Document, new: Document) -> Iterator[Cause]:
        yield from check(new)
        if old.get("roleRef") != new.get("roleRef"):
            yield checks.changed("roleRef", _internal(map_at(new, "roleRef")))

    return checked


def _internal(ref: Document) -> Document:
    return {"APIGroup": ref.get("apiGroup", ""), "Kind": ref.get("kind", ""), "Name": ref.get("name", "")}


def _both(check: Callable[[Document], Iterator[Cause]]) -> Rules:
    return Rules(create=check, update=_changed(check))


RULES: Final[Mapping[str, Rules]] = {
    "ClusterRole": always(_cluster_role),
    "ClusterRoleBinding": _both(_binding("ClusterRole")),
    "Role": always(_role),
    "RoleBinding": _both(_binding("Role", "ClusterRole")),
}
