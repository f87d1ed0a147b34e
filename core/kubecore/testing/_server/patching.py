"""Patches of objects: JSON, merge and strategic merge patches, and apply."""

from __future__ import annotations

from typing import Any, Final

from kubecore.testing._apply import managed
from kubecore.testing._patching.json_patch import apply_json_patch
from kubecore.testing._patching.merge_patch import apply_merge_patch
from kubecore.testing._patching.strategic import apply_strategic_merge
from kubecore.testing._schemas import checking, decoding
from kubecore.testing._schemas.json_values import is_list, is_map, map_at
from kubecore.testing._server import bodies, event_forms, metadata, updating
from kubecore.testing._server.advising import warnings_about, without_repeated_owners
from kubecore.testing._server.body_text import check_size, kind_problem
from kubecore.testing._server.creating import new_object, not_updatable_fields, store_new, with_defaults
from kubecore.testing._server.exchange import Received
from kubecore.testing._server.failures import Cause, NotSimulatedError, RequestError, invalid, quoted, warned
from kubecore.testing._server.options import WriteOptions, bad_request
from kubecore.testing._server.patched_text import patched_text
from kubecore.testing._server.resources import Resource
from kubecore.testing._server.state import State, not_found

__all__ = ["APPLY", "decoded_patch", "patch", "patch_type", "patched", "without_versions"]

APPLY: Final = "application/apply-patch+yaml"
_JSON: Final = "application/json-patch+json"
_MERGE: Final = "application/merge-patch+json"
_STRATEGIC: Final = "application/strategic-merge-patch+json"


def patch(state: State, resource: Resource, received: Received) -> tuple[dict[str, Any], int, tuple[str, ...]]:
    """Patch an object.

    Returns:
        The object, the HTTP status code and warnings.

    Raises:
        RequestError: The server refuses it.
    """
    kind = patch_type(received, resource)
    options = WriteOptions.of(received, "PatchOptions", is_apply=kind == APPLY)
    if kind == APPLY:
        return _apply(state, resource, received, options)
    patch_body = decoded_patch(received.content)
    live = state.find(resource, received.namespace, received.name).document()
    body = patched(live, patch_body, kind, resource, options.validation)
    updating.check_names(resource, received, body.object["metadata"])
    body = without_repeated_owners(body, is_patch=True)
    with warned(body.warnings):
        found = updating.replace(state, resource, received, live, body.object, options, is_patch=True)
    return found, 200, body.warnings + warnings_about(resource, found, live, received.subresource)


def patch_type(received: Received, resource: Resource) -> str:
    """Return the type of a patch.

    Raises:
        RequestError: 415, the resource has no such patches.
    """
    kind = received.headers.get("content-type", "").partition(";")[0].strip()
    if kind not in (_JSON, _MERGE, APPLY, *(() if resource.is_custom else (_STRATEGIC,))):
        raise _unsupported(resource)
    return kind


def decoded_patch(content: bytes) -> Any:
    """Return the JSON value of a patch, whose objects remember repeated keys.

    Raises:
        RequestError: 400, it is not JSON; 413, it is too large.
    """
    check_size(content)
    try:
        return decoding.decode(content)
    except ValueError:
        raise bad_request("invalid JSON patch") from None


def patched(live: dict[str, Any], patch_body: Any, kind: str, resource: Resource, validation: str) -> bodies.Body:
    """Return an object after a patch, as the server understands it.

    Args:
        live: The object; it is not changed.
        patch_body: The decoded patch.
        kind: Its type.
        resource: The resource, or the subresource with its own kind.
        validation: How unknown fields are handled.

    Raises:
        RequestError: The patch does not fit, or its result can't be read.
        NotSimulatedError: It is a JSON patch with repeated keys, which the server keeps in the object, or its result
            is nested too deeply.
    """
    faults = [f'duplicate field "{path}"' for path in decoding.repeated_keys(patch_body)]
    if faults and kind == _JSON:
        raise NotSimulatedError(f"a JSON patch with repeated keys is not simulated: {', '.join(faults)}")
    patch_body = decoding.plain(patch_body)
    changed = _changed(live, patch_body, kind, resource)
    is_merged = kind == _STRATEGIC
    problem = checking.merged_kind_problem(changed, resource.open_api) if is_merged else kind_problem(changed)
    if problem:
        raise _unreadable(problem, resource, changed, patch_body, kind)
    if resource.is_custom and changed.get("apiVersion") != resource.api_version:
        raise _other_version(resource, live["metadata"]["name"], changed.get("apiVersion"))
    if is_merged:  # The server ignores a change of them.
        changed |= {"kind": resource.kind, "apiVersion": resource.api_version}
    try:
        return bodies.understood(changed, resource, validation, faults, is_merged=is_merged)
    except RequestError as error:
        raise _invalid_patch(error, resource, changed, patch_body, kind) from None


def _changed(live: dict[str, Any], patch_body: Any, kind: str, resource: Resource) -> dict[str, Any]:
    if kind == _JSON:
        found = apply_json_patch(live, patch_body)
    elif kind == _MERGE:
        found = apply_merge_patch(live, patch_body)
    else:
        found = apply_strategic_merge(live, patch_body, resource.schema)
    if not is_map(found):
        raise bad_request(f"the patch makes no object of {resource.kind}")
    return found


def _other_version(resource: Resource, name: str, found: Any) -> RequestError:
    """Return the error of a patch that changes the version of a custom object."""
    group = str(found or "").rpartition("/")[0]
    text = f"Invalid value: {quoted(found or '')}: must be {resource.api_version}"
    return invalid(group, resource.kind, name, [Cause("FieldValueInvalid", text, "apiVersion")])


def _invalid_patch(
    error: RequestError, resource: Resource, changed: dict[str, Any], patch_body: Any, kind: str
) -> RequestError:
    """Return the error of a patch whose result can't be read: the server shows the patched object in it."""
    problem = error.message.partition("cannot be handled as a ")[2].partition(": ")[2]
    return _unreadable(problem, resource, changed, patch_body, kind) if problem else error


def _unreadable(problem: str, resource: Resource, changed: dict[str, Any], patch_body: Any, kind: str) -> RequestError:
    shown = _go_map(patch_body) if kind == _STRATEGIC else patched_text(changed, patch_body, resource)
    cause = Cause("FieldValueInvalid", f"Invalid value: {quoted(shown)}: {problem}", "patch")
    refused = invalid("", "", "", [cause])
    details = {"causes": [cause._asdict()]}
    return RequestError(422, "Invalid", refused.message, details=details)


def _go_map(value: Any) -> str:
    """Return a value as Go prints a map."""
    if is_map(value):
        return "map[" + " ".join(f"{key}:{_go_map(each)}" for key, each in sorted(value.items())) + "]"
    if is_list(value):
        return "[" + " ".join(_go_map(each) for each in value) + "]"
    if value is None:
        return "<nil>"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _unsupported(resource: Resource) -> RequestError:
    if not resource.is_custom:
        return RequestError(415, "UnsupportedMediaType", "415: Unsupported Media Type", details={})
    types = f"{_JSON}, {_MERGE}, {APPLY}"
    text = f"the body of the request was in an unknown format - accepted media types include: {types}"
    return RequestError(415, "UnsupportedMediaType", text)


def _apply(
    state: State, resource: Resource, received: Received, options: WriteOptions
) -> tuple[dict[str, Any], int, tuple[str, ...]]:
    configuration = bodies.configuration(received.content, resource)
    wanted = map_at(configuration, "metadata")
    record = state.get(resource, received.namespace, received.name)
    live = None if record is None else record.document()
    if live is None and received.subresource:
        raise not_found(resource, received.name)
    if live is not None and event_forms.has_other_managers(resource, live):
        raise NotSimulatedError("an apply of an event of the other API group is not simulated; run with --kube=real")
    if live is None and wanted.get("uid"):
        text = f"uid mismatch: the provided object specified uid {wanted['uid']}, and no existing object was found"
        raise metadata.conflict(resource, received.name, text)
    found = managed.apply(
        live,
        without_versions(configuration),
        resource.schema,
        manager=options.manager,
        api_version=resource.api_version,
        subresource=received.subresource,
        force=options.is_forced,
        now=state.timestamp(),
        reset=not_updatable_fields(resource, received.subresource),
    )
    updating.check_names(resource, received, map_at(found, "metadata"))
    if live is None:
        return _created(state, resource, received, found, options)
    updating.check_versions(resource, live, wanted, may_omit=True)
    managers = found["metadata"].get("managedFields")
    body = without_repeated_owners(bodies.understood(found, resource, options.validation), is_patch=True)
    document = updating.merged(resource, received.subresource, live, body.object)
    document = with_defaults(resource, document, state.facts)
    document["metadata"] = {
        **_with_managers(document["metadata"], managers),
        "uid": wanted.get("uid") or live["metadata"]["uid"],
    }
    with warned(body.warnings):
        made = updating.finish(state, resource, received, live, document, options)
    return made, 200, body.warnings + warnings_about(resource, made, live, received.subresource)


def _created(
    state: State, resource: Resource, received: Received, found: dict[str, Any], options: WriteOptions
) -> tuple[dict[str, Any], int, tuple[str, ...]]:
    managers = found["metadata"].get("managedFields")
    body = without_repeated_owners(bodies.understood(found, resource, options.validation), is_patch=True)

    def managed(document: dict[str, Any]) -> dict[str, Any]:
        return {**document, "metadata": _with_managers(document["metadata"], managers)}

    with warned(body.warnings):
        document = new_object(state, resource, received, body.object, managed)
    made = store_new(state, resource, document, options)
    return made, 201, body.warnings + warnings_about(resource, made, None)


def without_versions(configuration: dict[str, Any]) -> dict[str, Any]:
    """Return an applied configuration without the version and the uid, which are conditions."""
    found = configuration.get("metadata")
    if not is_map(found):
        return configuration
    return {
        **configuration,
        "metadata": {key: value for key, value in found.items() if key not in ("resourceVersion", "uid")},
    }


def _with_managers(found: dict[str, Any], managers: Any) -> dict[str, Any]:
    plain = {key: value for key, value in found.items() if key != "managedFields"}
    return {**plain, "managedFields": managers} if managers else plain
