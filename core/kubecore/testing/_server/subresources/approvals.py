"""Requests for certificates: their user, and the conditions of their approval."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from kubecore.testing._schemas.json_values import items_at, map_at
from kubecore.testing._server.failures import Cause, invalid
from kubecore.testing._server.resources import Resource

__all__ = ["REQUESTS", "approved", "with_user"]

REQUESTS: Final = ("certificates.k8s.io", "certificatesigningrequests")
_OF_USER: Final = ("username", "uid", "groups", "extra")
_DECISIONS: Final = ("Approved", "Denied")


def with_user(document: dict[str, Any], user: dict[str, Any]) -> dict[str, Any]:
    """Return a new request for a certificate with the user who sends it."""
    spec = {key: value for key, value in map_at(document, "spec").items() if key not in _OF_USER}
    return {**document, "spec": {**spec, **user}}


def approved(resource: Resource, part: str, live: dict[str, Any], document: dict[str, Any], now: str) -> dict[str, Any]:
    """Return a request for a certificate after a change of its approval or its status.

    Args:
        resource: The resource.
        part: The subresource.
        live: The stored object.
        document: The object as the request would make it.
        now: The time, as objects contain it.

    Raises:
        RequestError: 422, the change is not allowed.
    """
    before, after = (items_at(map_at(each, "status"), "conditions") for each in (live, document))
    causes = list(_causes(part, before, after))
    if causes:
        raise invalid(resource.group, resource.kind, live["metadata"]["name"], causes)
    status = map_at(document, "status") if part == "status" else map_at(live, "status")
    status = {key: value for key, value in status.items() if key != "conditions"}
    if after:
        status["conditions"] = [_timed(each, before, now) for each in after]
    metadata = {**document["metadata"]}
    return {**live, "metadata": metadata, "status": status}


def _timed(condition: dict[str, Any], before: list[Any], now: str) -> dict[str, Any]:
    of_type: list[dict[str, Any]] = [each for each in before if each.get("type") == condition.get("type")]
    old = of_type[0] if of_type else dict[str, Any]()
    is_same = bool(old) and old.get("status") == condition.get("status")
    changed_at = old.get("lastTransitionTime", now) if is_same else now
    given = {key: value for key, value in condition.items() if value is not None}
    return {"lastUpdateTime": now, "lastTransitionTime": changed_at} | given


def _causes(part: str, before: list[Any], after: list[Any]) -> Iterator[Cause]:
    place = "status.conditions"
    for at, each in enumerate(after):
        if each.get("type") in (*_DECISIONS, "Failed") and each.get("status") != "True":
            text = f'Unsupported value: "{each.get("status", "")}": supported values: "True"'
            yield Cause("FieldValueNotSupported", text, f"{place}[{at}].status")
    old, new = ({each.get("type") for each in found} for found in (before, after))
    decided = [kind for kind in _DECISIONS if kind in new]
    if len(decided) == len(_DECISIONS):
        shown = [f'conditions[{{"type": "{kind}"}}]' for kind in decided]
        names = ", ".join(shown).replace('"', '\\"')
        options = ", ".join(f"`{each}`" for each in shown)
        text = f'Invalid value: "{{{names}}}": must specify at most one of: {options}'
        yield Cause("FieldValueInvalid", text, place)
        return
    for kind in (*_DECISIONS, "Failed"):
        if kind in old and kind not in new:
            text = f'Forbidden: updates may not remove a condition of type "{kind}"'
            yield Cause("FieldValueForbidden", text, place)
        elif kind in _DECISIONS and kind in new and kind not in old and part != "approval":
            text = f'Forbidden: updates may not add a condition of type "{kind}"'
            yield Cause("FieldValueForbidden", text, place)
