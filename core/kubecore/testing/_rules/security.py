"""The rules of the security contexts of pods and containers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kubecore.testing._rules import checks
from kubecore.testing._rules.validation import Document
from kubecore.testing._schemas.json_values import is_map
from kubecore.testing._server.failures import Cause

__all__ = ["HIGHEST_ID", "security"]

HIGHEST_ID: Final = 2147483647


def security(field: str, context: Document) -> Iterator[Cause]:
    """Yield the faults of the security context of a container or of a pod."""
    for name in ("runAsUser", "runAsGroup", "fsGroup"):
        yield from checks.between(f"{field}.{name}", context.get(name), 0, HIGHEST_ID)
    for name in ("seccompProfile", "appArmorProfile"):
        if is_map(context.get(name)):
            yield from _profile(f"{field}.{name}", context[name], name)
    yield from checks.optional(f"{field}.procMount", context.get("procMount"), ("Default", "Unmasked"))
    if context.get("allowPrivilegeEscalation") is False and context.get("privileged"):
        text = "cannot set `allowPrivilegeEscalation` to false and `privileged` to true"
        yield checks.invalid(field, context, text)


def _profile(field: str, profile: Document, name: str) -> Iterator[Cause]:
    kind = profile.get("type", "")
    if not kind:
        text = f"type is required when {name} is set"
        yield checks.required(f"{field}.type", text)
    elif kind not in ("Localhost", "RuntimeDefault", "Unconfined"):
        yield checks.unsupported(f"{field}.type", kind, ("Localhost", "RuntimeDefault", "Unconfined"))
