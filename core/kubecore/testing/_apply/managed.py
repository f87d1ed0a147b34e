"""Server-side apply, and the owners of fields after every write: the changes of the API server to `managedFields`.

Source: https://kubernetes.io/docs/reference/using-api/server-side-apply/.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from kubecore.testing._apply.applying import apply_fields
from kubecore.testing._apply.checking import check
from kubecore.testing._apply.compare import compare
from kubecore.testing._apply.empty import empty_object, is_go_type
from kubecore.testing._apply.entries import UNOWNED, Entry, Identity, Managers, capped, decode, encode
from kubecore.testing._apply.owned import under_atomic
from kubecore.testing._apply.sets import MEMBER, FieldSet, difference, union, without
from kubecore.testing._apply.shapes import Shape, UntypedError, shape_of
from kubecore.testing._apply.values import same
from kubecore.testing._schemas.json_values import is_map
from kubecore.testing._schemas.schema_type import SchemaType
from kubecore.testing._server.failures import RequestError

__all__ = ["BEFORE_FIRST_APPLY", "apply", "keep_times", "track_update"]

Path = Sequence[str]

BEFORE_FIRST_APPLY = "before-first-apply"
"""The manager of all fields of an object that had no managers before its first apply."""


def track_update(
    live: dict[str, Any] | None,
    new: dict[str, Any],
    schema: SchemaType,
    *,
    manager: str,
    api_version: str,
    subresource: str = "",
    now: str,
    reset: Collection[Path] = (),
) -> dict[str, Any]:
    """Return an object of a create, an update or a patch with its managed fields.

    The fields that differ from the live object become the manager's; all others lose them.

    Args:
        live: The stored object, None for a create. A live object without managed fields gets none before an apply.
        new: The new object; it is not changed. Managed fields in it replace those of the live object.
        schema: The type of the objects.
        manager: The name of the manager.
        api_version: The API version of the objects.
        subresource: The subresource of the request, or "".
        now: The time in whole seconds, such as `2026-01-01T00:00:00Z`.
        reset: Paths of fields that the request can't write; they are never owned.
    """
    plain = stripped(new)
    managers = _managers_of_request(live, new, subresource)
    if live is not None and not managers and _is_stored(live):
        return plain
    before = empty_object(schema) if live is None else stripped(live)
    identity = Identity(manager, "Update", api_version, subresource)
    try:
        managers = updated(managers, before, plain, shape_of(schema), identity, now, reset)
    except UntypedError:
        # The server accepts such objects here, and keeps the managers of the live object.
        return with_managers(plain, stored_managers(live), schema)
    return with_managers(plain, capped(managers), schema)


def _is_stored(live: dict[str, Any]) -> bool:
    metadata = live.get("metadata")
    return is_map(metadata) and bool(metadata.get("uid"))


def apply(
    live: dict[str, Any] | None,
    configuration: dict[str, Any],
    schema: SchemaType,
    *,
    manager: str,
    api_version: str,
    subresource: str = "",
    force: bool = False,
    now: str,
    reset: Collection[Path] = (),
) -> dict[str, Any]:
    """Return the object after an apply, with its managed fields.

    Args:
        live: The stored object, None if the apply creates it.
        configuration: The applied configuration; neither it nor the live object is changed.
        schema: The type of the objects.
        manager: The name of the manager.
        api_version: The API version of the request.
        subresource: The subresource of the request, or "".
        force: Whether to take fields from other managers.
        now: The time in whole seconds, such as `2026-01-01T00:00:00Z`.
        reset: Paths of fields that the request can't write; they are never owned.

    Raises:
        RequestError: 409 if other managers own fields that the apply would change; 400 or 500 if the configuration is
            invalid.
    """
    version = configuration.get("apiVersion", "")
    if version != api_version:
        kind = configuration.get("kind", "")
        raise RequestError(400, "BadRequest", f"invalid object type: {_shown_version(version)}, Kind={kind}")
    shape = shape_of(schema)
    empty = empty_object(schema)
    before = empty if live is None else stripped(live)
    managers = stored_managers(live)
    if live is not None and not managers:
        prefix = "failed to create manager for existing fields: failed to convert new object"
        _check_live(shape, before, api_version, prefix, " to smd typed")
        first = Identity(BEFORE_FIRST_APPLY, "Update", api_version, subresource)
        managers = updated({}, empty, before, shape, first, now, reset)
    _check_configuration(shape, configuration, api_version)
    _check_live(shape, before, api_version, "failed to create typed live object")
    identity = Identity(manager, "Apply", "", subresource)
    merged, managers = apply_fields(
        managers, before, configuration, shape, identity, api_version, now, force=force, reset=path_set(reset)
    )
    left: Managers = {}
    for other, entry in managers.items():
        fields = difference(entry.fields, UNOWNED)
        if fields:
            left[other] = entry.having(fields)
    return with_managers(before if merged is None else merged, left, schema)


def _check_configuration(shape: Shape, configuration: dict[str, Any], api_version: str) -> None:
    if written_managers(configuration) is not None:
        raise RequestError(400, "BadRequest", "metadata.managedFields must be nil")
    try:
        check(shape, configuration, allow_duplicates=False)
    except UntypedError as error:
        message = f"failed to create typed patch object ({_named(configuration, api_version)}): {error}"
        raise RequestError(500, "", message) from error


def _check_live(shape: Shape, live: dict[str, Any], api_version: str, prefix: str, suffix: str = "") -> None:
    try:
        check(shape, live, allow_duplicates=True)
    except UntypedError as error:
        message = f"{prefix} ({_named(live, api_version)}){suffix}: {error}"
        raise RequestError(500, "", message) from error


def _shown_version(api_version: str) -> str:
    return api_version if "/" in api_version else "/" + api_version


def _named(document: dict[str, Any], api_version: str) -> str:
    metadata = document.get("metadata")
    found = metadata if is_map(metadata) else {}
    kind = document.get("kind", "")
    return f"{found.get('namespace', '')}/{found.get('name', '')}; {_shown_version(api_version)}, Kind={kind}"


def updated(
    managers: Managers,
    before: dict[str, Any],
    after: dict[str, Any],
    shape: Shape,
    identity: Identity,
    now: str,
    reset: Collection[Path],
) -> Managers:
    """Return the managers after an update by one of them.

    Raises:
        UntypedError: One of the objects does not have the type.
    """
    changed, removed = compare(shape, before, after)
    if reset:
        kept = path_set(reset)
        changed, removed = without(changed, kept), without(removed, kept)
    own = difference(changed, UNOWNED)
    taken = union(changed, removed)
    left: Managers = {}
    for other, entry in managers.items():
        fields = difference(difference(under_atomic(shape, entry.fields), taken), UNOWNED)
        if fields:
            left[other] = entry.having(fields)
    if own:
        previous = left.get(identity)
        fields = own if previous is None else union(own, previous.fields)
        left[identity] = Entry(identity.api_version, fields, now)
    return left


def path_set(paths: Collection[Path]) -> FieldSet:
    """Return the set of some properties.

    Args:
        paths: Names of properties, from the root.
    """
    made: FieldSet = {}
    for path in paths:
        one: FieldSet = MEMBER
        for name in reversed(path):
            one = {"f:" + name: one}
        made = union(made, one)
    return made


def stripped(document: dict[str, Any]) -> dict[str, Any]:
    """Return the object without managed fields."""
    metadata = document.get("metadata")
    if not is_map(metadata) or "managedFields" not in metadata:
        return document
    left = dict(metadata)
    del left["managedFields"]
    return {**document, "metadata": left}


def with_managers(document: dict[str, Any], managers: Managers, schema: SchemaType) -> dict[str, Any]:
    """Return an object that has no managed fields with those of the managers."""
    if not managers:
        return document
    metadata = document.get("metadata")
    return {
        **document,
        "metadata": {**(metadata or {}), "managedFields": encode(managers, is_custom=not is_go_type(schema))},
    }


def written_managers(document: dict[str, Any] | None) -> Any:
    """Return `metadata.managedFields` of an object, or None."""
    metadata = None if document is None else document.get("metadata")
    return metadata.get("managedFields") if is_map(metadata) else None


def stored_managers(live: dict[str, Any] | None) -> Managers:
    """Return the managers of a stored object; none if the server can't read them."""
    try:
        return decode(written_managers(live), is_stored=True)
    except ValueError:
        return {}


def _managers_of_request(live: dict[str, Any] | None, new: dict[str, Any], subresource: str) -> Managers:
    sent, stored = written_managers(new), written_managers(live)
    if subresource or sent is None or (sent and sent == stored):
        return stored_managers(live)
    if sent in ([], [{}]):
        return {}
    try:
        return decode(sent, is_stored=False) or stored_managers(live)
    except ValueError:
        return stored_managers(live)


def keep_times(live: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """Return the live object if the new one differs from it only by times of managed fields, else the new one."""
    before, after = written_managers(live), written_managers(new)
    if not before or not after or len(before) != len(after):
        return new
    for old, made in zip(before, after, strict=True):
        if old != made and {**old, "time": None} != {**made, "time": None}:
            return new
    return live if same(stripped(live), stripped(new)) else new
