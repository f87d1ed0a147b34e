"""Warnings about written objects: repeated owners, finalizers without a domain, fields of Services without effect."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kubecore.testing._rules import advice
from kubecore.testing._schemas.json_values import items_at, map_at
from kubecore.testing._server.bodies import Body
from kubecore.testing._server.metadata_rules import has_domain
from kubecore.testing._server.resources import Resource

__all__ = ["warnings_about", "without_repeated_owners"]


def without_repeated_owners(body: Body, *, is_patch: bool = False) -> Body:
    """Return a body without repeated owners, with a warning if there were some.

    Args:
        body: The new object as the server understands it.
        is_patch: Whether the object is the result of a patch.
    """
    found = map_at(body.object, "metadata")
    owners, repeated = _without_repeated(items_at(found, "ownerReferences"))
    if not repeated:
        return body
    return Body(
        {**body.object, "metadata": {**found, "ownerReferences": owners}},
        (*body.warnings, _of_owners(repeated, is_patch=is_patch)),
    )


def warnings_about(
    resource: Resource, made: dict[str, Any], live: dict[str, Any] | None, subresource: str = ""
) -> tuple[str, ...]:
    """Return the warnings about new finalizers of a custom object, and about fields of a Service without effect.

    Args:
        resource: The resource.
        made: The object after the write.
        live: The object before, None for a create.
        subresource: The subresource of the request, or "".
    """
    if resource.storage == ("", "services") and not subresource:
        return tuple(advice.of_service(map_at(made, "spec")))
    if not resource.is_custom:
        return ()
    known = items_at(map_at(live or {}, "metadata"), "finalizers")
    found = items_at(map_at(made, "metadata"), "finalizers")
    return tuple(_of_finalizer(name) for name in found if name not in known and not has_domain(name))


def _without_repeated(owners: Sequence[Any]) -> tuple[list[Any], list[str]]:
    """Return the different owners, and the uids of the repeated ones."""
    found: list[Any] = []
    repeated: list[str] = []
    for owner in owners:
        if owner not in found:
            found.append(owner)
        elif owner.get("uid", "") not in repeated:
            repeated.append(owner.get("uid", ""))
    return found, repeated


def _of_owners(uids: Sequence[str], *, is_patch: bool) -> str:
    moment = " after mutating admission happens" if is_patch else ""
    return (
        f".metadata.ownerReferences contains duplicate entries{moment}; API server dedups owner references in 1.20+, "
        "and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: "
        f"{', '.join(uids)}"
    )


def _of_finalizer(name: str) -> str:
    return (
        f'metadata.finalizers: "{name}": prefer a domain-qualified finalizer name to avoid accidental conflicts with '
        "other finalizer writers"
    )
