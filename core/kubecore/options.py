"""The values that options take, and how options become query parameters.

Source: `k8s.io/apimachinery/pkg/apis/meta/v1`, `ListOptions`, `CreateOptions`, `PatchOptions`, `DeleteOptions`, ...
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal, TypeAlias, get_args

from kubecore.errors import InvalidRequestError
from kubecore.model.meta import Preconditions

__all__ = [
    "BACKGROUND",
    "CONTENT_TYPES",
    "FOREGROUND",
    "ORPHAN",
    "DryRun",
    "FieldValidation",
    "PatchType",
    "Preconditions",
    "PropagationPolicy",
    "Query",
    "ResourceVersionMatch",
    "apply_query",
    "delete_options",
    "query",
    "query_value",
]

DryRun: TypeAlias = Literal["All"]
"""`All`: the server handles the request completely, but stores nothing."""

FieldValidation: TypeAlias = Literal["Ignore", "Warn", "Strict"]
"""How the server handles unknown fields: drop them, warn (its default), or refuse the object."""

PropagationPolicy: TypeAlias = Literal["Orphan", "Background", "Foreground"]
"""The handling of objects that the deleted one owns. By default, the resource decides: `Background` nearly everywhere,
`Orphan` for jobs of batch/v1 and for replication controllers; a finalizer `orphan` or `foregroundDeletion` that the
object carries has priority.
"""

ORPHAN: Final = "Orphan"
"""Keep the dependents of the deleted object, without a reference to it."""

BACKGROUND: Final = "Background"
"""Delete the object at once, and its dependents afterwards."""

FOREGROUND: Final = "Foreground"
"""Delete the dependents that block the deletion first. Until then the object exists, with a deletion timestamp."""

ResourceVersionMatch: TypeAlias = Literal["Exact", "NotOlderThan"]
"""Which state a list may have: exactly that of `resource_version`, or one that is not older."""

PatchType: TypeAlias = Literal["json", "merge", "strategic", "apply"]
"""JSON patch (RFC 6902), JSON merge patch (RFC 7386), Kubernetes' strategic merge patch, server-side apply."""

CONTENT_TYPES: Final[Mapping[str, str]] = {
    "apply": "application/apply-patch+yaml",
    "json": "application/json-patch+json",
    "merge": "application/merge-patch+json",
    "strategic": "application/strategic-merge-patch+json",
}
"""The header `Content-Type` of each type of patch."""

Query: TypeAlias = tuple[tuple[str, str], ...]
"""Query parameters, sorted by name."""

_NAMES: Final[Mapping[str, str]] = {
    "allow_watch_bookmarks": "allowWatchBookmarks",
    "container": "container",
    "continue_token": "continue",
    "dry_run": "dryRun",
    "field_manager": "fieldManager",
    "field_selector": "fieldSelector",
    "field_validation": "fieldValidation",
    "follow": "follow",
    "force": "force",
    "insecure_skip_tls_verify_backend": "insecureSkipTLSVerifyBackend",
    "label_selector": "labelSelector",
    "limit": "limit",
    "limit_bytes": "limitBytes",
    "previous": "previous",
    "resource_version": "resourceVersion",
    "resource_version_match": "resourceVersionMatch",
    "send_initial_events": "sendInitialEvents",
    "shard_selector": "shardSelector",
    "since_seconds": "sinceSeconds",
    "since_time": "sinceTime",
    "stream": "stream",
    "tail_lines": "tailLines",
    "timeout_seconds": "timeoutSeconds",
    "timestamps": "timestamps",
    "watch": "watch",
}


_WORDS: Final[Mapping[str, Any]] = {
    "dry_run": DryRun,
    "field_validation": FieldValidation,
    "propagation_policy": PropagationPolicy,
    "resource_version_match": ResourceVersionMatch,
}
"""Options that are one of a few words."""


def query(**options: Any) -> Query:
    """Convert options to query parameters.

    Args:
        **options: The options by their names in Python; None means "not set" and is omitted; 0 and False are sent.

    Returns:
        The parameters with the API's names, sorted.

    Raises:
        InvalidRequestError: A value is not text, a number, a boolean or, for a selector option, a selector.
    """
    return tuple(sorted((_NAMES[name], _text(name, value)) for name, value in options.items() if value is not None))


def _text(name: str, value: Any) -> str:
    if name in ("label_selector", "field_selector") and not isinstance(value, (str, int)):
        from kubecore import selectors

        return selectors.to_query(name, value)
    _check_word(name, value)
    return query_value(name, value)


def _check_word(name: str, value: Any) -> None:
    """Refuse a value of another type, such as `dry_run=True`; only the server knows all words."""
    if name in _WORDS and value is not None and not isinstance(value, str):
        words = " or ".join(map(repr, get_args(_WORDS[name])))
        raise InvalidRequestError(f"{name} must be {words}, not {value!r}")


def query_value(name: str, value: Any) -> str:
    """Return the text of the value of a query parameter.

    Args:
        name: The name of the parameter or the option, for the error.
        value: The value.

    Raises:
        InvalidRequestError: The value is not text, a number or a boolean.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (str, int)):
        return str(value)
    raise InvalidRequestError(f"{name} must be text, a number or a boolean, not {type(value).__name__}")


def apply_query(
    *, dry_run: DryRun | None, field_manager: str, field_validation: FieldValidation | None, force: bool | None
) -> Query:
    """Return the query of server-side apply; `force` is always sent, as in client-go.

    Returns:
        The parameters.

    Raises:
        InvalidRequestError: The field manager is missing.
    """
    if not field_manager:
        raise InvalidRequestError("field_manager is empty: apply needs the name of the manager that owns the fields")
    return query(dry_run=dry_run, field_manager=field_manager, field_validation=field_validation, force=bool(force))


def delete_options(
    *,
    dry_run: DryRun | None,
    grace_period_seconds: int | None,
    ignore_store_read_error: bool | None,
    orphan_dependents: bool | None,
    preconditions: Preconditions | None,
    propagation_policy: PropagationPolicy | None,
) -> dict[str, Any] | None:
    """Return the body of a delete, `meta/v1 DeleteOptions`.

    Returns:
        The body; None if no option is set.

    Raises:
        InvalidRequestError: `dry_run` or `propagation_policy` is not text.
    """
    _check_word("dry_run", dry_run)
    _check_word("propagation_policy", propagation_policy)
    values = {
        "dryRun": None if dry_run is None else [dry_run],
        "gracePeriodSeconds": grace_period_seconds,
        "ignoreStoreReadErrorWithClusterBreakingPotential": ignore_store_read_error,
        "orphanDependents": orphan_dependents,
        "preconditions": preconditions,
        "propagationPolicy": propagation_policy,
    }
    found = {name: value for name, value in values.items() if value is not None}
    return {"apiVersion": "v1", "kind": "DeleteOptions", **found} if found else None
