"""Options of a deletion: from the body of a request, its query, or an eviction, and their checks."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from kubecore.testing._schemas import checking
from kubecore.testing._schemas.json_values import items_at, map_at
from kubecore.testing._schemas.openapi import OpenApiType, OpenApiTypes
from kubecore.testing._server.bodies import unknown_kind
from kubecore.testing._server.body_text import UnreadableError, read_value
from kubecore.testing._server.exchange import Received
from kubecore.testing._server.failures import Cause, NotSimulatedError
from kubecore.testing._server.options import bad_request, dry_run_causes, not_supported, number_in, refuse, truth_in

__all__ = ["DeleteOptions"]

_POLICIES: Final = ("Foreground", "Background", "Orphan", "nil")
_KINDS: Final = (None, "", "DeleteOptions")
_UNSAFE: Final = "ignoreStoreReadErrorWithClusterBreakingPotential"
_PACKAGE: Final = "io.k8s.apimachinery.pkg.apis.meta.v1"
_TEXT: Final = {"type": "string"}
_SCHEMAS: Final[Mapping[str, Any]] = {
    f"{_PACKAGE}.DeleteOptions": {
        "type": "object",
        "properties": {
            "apiVersion": _TEXT,
            "kind": _TEXT,
            "dryRun": {"type": "array", "items": _TEXT},
            "gracePeriodSeconds": {"type": "integer", "format": "int64"},
            _UNSAFE: {"type": "boolean"},
            "orphanDependents": {"type": "boolean"},
            "preconditions": {"$ref": f"#/components/schemas/{_PACKAGE}.Preconditions"},
            "propagationPolicy": _TEXT,
        },
    },
    f"{_PACKAGE}.Preconditions": {"type": "object", "properties": {"resourceVersion": _TEXT, "uid": _TEXT}},
}
"""The types of options, which packages without evictions do not have."""


class DeleteOptions(NamedTuple):
    """Options of a deletion.

    Attributes:
        is_dry_run: Whether nothing is deleted.
        grace: Seconds that the object has to end, or None.
        policy: The propagation policy, or "".
        uid: The uid that the object must have, or None.
        version: The version that it must have, or None.
    """

    is_dry_run: bool = False
    grace: int | None = None
    policy: str = ""
    uid: str | None = None
    version: str | None = None

    @classmethod
    def of(cls, received: Received) -> DeleteOptions:
        """Read the options of a request, from its body if there is one, else from its query.

        Raises:
            RequestError: They can't be read, or are invalid.
        """
        return cls.read(_of_body(received) if received.content else _of_query(received))

    @classmethod
    def read(cls, options: dict[str, Any]) -> DeleteOptions:
        """Check options whose values have the right types.

        Raises:
            RequestError: 422, they are invalid.
            NotSimulatedError: They delete an object that the server can't read.
        """
        conditions, dry_runs = map_at(options, "preconditions"), items_at(options, "dryRun")
        policy: str | None = options.get("propagationPolicy")
        orphans: bool | None = options.get("orphanDependents")
        refuse("DeleteOptions", list(_causes(policy, dry_runs, has_orphans=orphans is not None)))
        if options.get(_UNSAFE):
            raise NotSimulatedError(f"a deletion with {_UNSAFE} is not simulated")
        if orphans is not None:
            policy = "Orphan" if orphans else "Background"
        return cls(
            is_dry_run=bool(dry_runs),
            grace=options.get("gracePeriodSeconds"),
            policy=policy or "",
            uid=conditions.get("uid"),
            version=conditions.get("resourceVersion"),
        )


@functools.cache
def _schema() -> OpenApiType:
    return OpenApiTypes(_SCHEMAS.get).named(f"{_PACKAGE}.DeleteOptions")


def _of_body(received: Received) -> dict[str, Any]:
    try:
        body = read_value(received) or {}
    except UnreadableError as error:
        raise bad_request(str(error)) from None
    if body.get("kind") not in _KINDS:
        raise bad_request(unknown_kind(body["kind"], body.get("apiVersion") or "v1"))
    try:
        return checking.read(body, _schema()).object
    except checking.WrongTypeError as error:
        raise bad_request(str(error)) from None


def _of_query(received: Received) -> dict[str, Any]:
    query = dict(received.query)
    return {
        "dryRun": [value for name, value in received.query if name == "dryRun"],
        "propagationPolicy": query.get("propagationPolicy"),
        "gracePeriodSeconds": number_in(query, "gracePeriodSeconds"),
        "orphanDependents": truth_in(query, "orphanDependents"),
        _UNSAFE: truth_in(query, _UNSAFE),
    }


def _causes(policy: str | None, dry_runs: list[str], *, has_orphans: bool) -> Iterator[Cause]:
    if has_orphans and policy is not None:
        text = f'Invalid value: "{policy}": orphanDependents and deletionPropagation cannot be both set'
        yield Cause("FieldValueInvalid", text, "propagationPolicy")
    if policy is not None and policy not in _POLICIES[:3]:
        yield not_supported("propagationPolicy", policy, _POLICIES)
    yield from dry_run_causes(dry_runs)
