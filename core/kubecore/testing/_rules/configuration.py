"""Rules of ConfigMaps, Secrets, ServiceAccounts, Namespaces and Leases. No I/O."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from typing import Final

from kubecore.testing._rules import checks
from kubecore.testing._rules.validation import Document, Rules, always
from kubecore.testing._schemas.json_values import is_map, items_at, map_at
from kubecore.testing._server.failures import Cause
from kubecore.testing._server.metadata_rules import has_domain

__all__ = ["RULES"]

_MOST_BYTES: Final = 1024 * 1024
_SEALED: Final = "field is immutable when `immutable` is set"
_REDACTED: Final = "<secret contents redacted>"
_ACCOUNT: Final = "kubernetes.io/service-account.name"
_KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
    "kubernetes.io/ssh-auth": ("ssh-privatekey",),
    "kubernetes.io/dockercfg": (".dockercfg",),
    "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
}
"""The keys that Secrets of a type must have."""


def _config_map(new: Document) -> Iterator[Cause]:
    data, binary = map_at(new, "data"), map_at(new, "binaryData")
    for key in sorted(data):
        yield from checks.config_keys("data", [key])
        if key in binary:
            yield checks.invalid(f"data[{key}]", key, "duplicate of key present in binaryData")
    yield from checks.config_keys("binaryData", binary)
    size = sum(len(text.encode()) for text in data.values()) + sum(_size(text) for text in binary.values())
    if size > _MOST_BYTES:
        yield checks.too_long("[]", _MOST_BYTES)


def _size(encoded: str) -> int:
    return len(base64.b64decode(encoded))


def _changed_config_map(old: Document, new: Document) -> Iterator[Cause]:
    yield from _sealed(old, new, ("data", "binaryData"))
    yield from _config_map(new)


def _sealed(old: Document, new: Document, names: tuple[str, ...]) -> Iterator[Cause]:
    if not old.get("immutable"):
        return
    if not new.get("immutable"):
        yield checks.forbidden("immutable", _SEALED)
    for name in names:
        if map_at(old, name) != map_at(new, name):
            yield checks.forbidden(name, _SEALED)


def _secret(new: Document) -> Iterator[Cause]:
    data, kind = map_at(new, "data"), new.get("type", "")
    yield from checks.config_keys("data", data)
    if sum(_size(value) for value in data.values()) > _MOST_BYTES:
        yield checks.too_long("data", _MOST_BYTES)
    if kind == "kubernetes.io/service-account-token":
        if not map_at(map_at(new, "metadata"), "annotations").get(_ACCOUNT):
            yield checks.required(f"metadata.annotations[{_ACCOUNT}]")
    elif kind == "kubernetes.io/basic-auth" and not any(name in data for name in ("username", "password")):
        yield checks.required("data[username]")
        yield checks.required("data[password]")
    for key in _KEYS.get(kind, ()):
        yield from _key(data, kind, key)


def _key(data: Document, kind: str, key: str) -> Iterator[Cause]:
    if key not in data or (kind == "kubernetes.io/ssh-auth" and not data[key]):
        yield checks.required(f"data[{key}]")
    elif "docker" in kind:
        fault = _json_fault(base64.b64decode(data[key]))
        if fault:
            yield checks.invalid(f"data[{key}]", _REDACTED, fault)


def _json_fault(content: bytes) -> str:
    """Return why a text is not a JSON object, in the words of Go."""
    text = content.decode("utf-8", "replace")
    try:
        value: object = json.loads(text)
    except json.JSONDecodeError as error:
        if error.pos >= len(text):
            return "unexpected end of JSON input"
        return f"invalid character '{text[error.pos]}' looking for beginning of value"
    if is_map(value) or value is None:
        return ""
    name = "string" if isinstance(value, str) else "array" if isinstance(value, list) else "number"
    name = "bool" if isinstance(value, bool) else name
    return f"json: cannot unmarshal {name} into Go value of type map[string]interface {{}}"


def _changed_secret(old: Document, new: Document) -> Iterator[Cause]:
    yield from checks.immutable("type", old.get("type"), new.get("type"))
    yield from _sealed(old, new, ("data",))
    yield from _secret(new)


def _namespace(new: Document) -> Iterator[Cause]:
    for name in items_at(map_at(new, "spec"), "finalizers"):
        yield from checks.key("spec.finalizers", name)
        if not has_domain(name):
            text = "name is neither a standard finalizer name nor is it fully qualified"
            yield checks.invalid("spec.finalizers", name, text)


def _phase(_old: Document, new: Document) -> Iterator[Cause]:
    phase = map_at(new, "status").get("phase", "")
    if "deletionTimestamp" not in map_at(new, "metadata") and phase != "Active":
        yield checks.invalid("status.Phase", phase, "may only be 'Active' if `deletionTimestamp` is empty")


def _lease(new: Document) -> Iterator[Cause]:
    spec = map_at(new, "spec")
    seconds = spec.get("leaseDurationSeconds")
    yield from checks.at_least("spec.leaseDurationSeconds", seconds, 1, "must be greater than 0")
    yield from checks.at_least("spec.leaseTransitions", spec.get("leaseTransitions"), 0)


RULES: Final[Mapping[str, Rules]] = {
    "ConfigMap": Rules(create=_config_map, update=_changed_config_map),
    "Lease": always(_lease),
    "Namespace": Rules(create=_namespace, update_status=_phase),
    "Secret": Rules(create=_secret, update=_changed_secret),
    "ServiceAccount": Rules(),
}
