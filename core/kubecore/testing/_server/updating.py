"""Updates: the allowed changes of an object, and their effects."""

from __future__ import annotations

from typing import Any, Final

from kubecore.testing._apply.managed import keep_times, stripped, track_update
from kubecore.testing._rules import admission, checks, validation
from kubecore.testing._schemas.json_values import items_at, map_at
from kubecore.testing._server import bodies, converting, event_forms, metadata, metadata_rules
from kubecore.testing._server.allocating import allocated
from kubecore.testing._server.creating import not_updatable_fields, require_simulated, with_defaults
from kubecore.testing._server.definitions import prepare_definition, require_free_names, with_definition_causes
from kubecore.testing._server.exchange import Received
from kubecore.testing._server.failures import Cause, RequestError, invalid
from kubecore.testing._server.options import WriteOptions, bad_request, revision_of
from kubecore.testing._server.resources import Resource
from kubecore.testing._server.state import NAMESPACES, State
from kubecore.testing._server.subresources import containers
from kubecore.testing._server.subresources.approvals import REQUESTS, approved

__all__ = ["check_names", "check_versions", "finalize", "finish", "merged", "replace"]

_MODIFIED: Final = "the object has been modified; please apply your changes to the latest version and try again"

_COUNTS_ANNOTATIONS: Final = ("apps", "deployments")
"""The kind whose generation a change of the annotations raises."""
_PODS: Final = ("", "pods")
_KEPT_BY_STATUS: Final = {("apps", "deployments"): "labels", ("", "pods"): "ownerReferences"}
"""Fields of metadata that requests to the status do not change."""


def check_names(resource: Resource, received: Received, wanted: dict[str, Any]) -> None:
    """Refuse a body of another object than the path names.

    Raises:
        RequestError: 400.
    """
    name = wanted.get("name", "")
    if not name:
        text = f"the name of the object ({received.name} based on URL) was undeterminable: name must be provided"
        raise bad_request(text)
    if name != received.name:
        raise bad_request(f"the name of the object ({name}) does not match the name on the URL ({received.name})")
    if resource.is_namespaced and wanted.get("namespace", received.namespace) not in ("", received.namespace):
        raise bad_request("the namespace of the provided object does not match the namespace sent on the request")


def check_versions(resource: Resource, live: dict[str, Any], wanted: dict[str, Any], *, may_omit: bool = False) -> None:
    """Refuse an update of an older state of the object.

    Args:
        resource: The resource.
        live: The stored object.
        wanted: The metadata of the request.
        may_omit: Whether the version may be missing, and the uid is checked later, as in a patch.

    Raises:
        RequestError: 409, or 422 if the version is missing.
    """
    name, version = live["metadata"]["name"], wanted.get("resourceVersion") or ""
    revision = _revision(version)
    if not revision:
        if (not may_omit or "resourceVersion" in wanted) and not resource.facts.unconditional_update:
            text = "Invalid value: 0: must be specified for an update"
            raise _invalid_resource(resource, name, [Cause("FieldValueInvalid", text, "metadata.resourceVersion")])
    elif version != live["metadata"]["resourceVersion"]:
        raise metadata.conflict(resource, name, _MODIFIED)
    uid = wanted.get("uid") or ""
    if uid and uid != live["metadata"]["uid"] and not may_omit:
        raise metadata.precondition_failed(resource, live, uid)


def _revision(version: str) -> int:
    try:
        return revision_of(version or "0")
    except ValueError as error:
        raise RequestError(500, "", str(error)) from None


def _invalid_resource(resource: Resource, name: str, causes: list[Cause]) -> RequestError:
    """Return the error of an object that is invalid, which names the resource instead of the kind."""
    return invalid(resource.group, resource.resource, name, causes)


def replace(
    state: State,
    resource: Resource,
    received: Received,
    live: dict[str, Any],
    body: dict[str, Any],
    options: WriteOptions,
    *,
    is_patch: bool = False,
) -> dict[str, Any]:
    """Replace the state of an object, or of its status, and return the object.

    Args:
        state: The state.
        resource: The resource.
        received: The request.
        live: The stored object.
        body: The new state, as `bodies.understood` returns it.
        options: The options of the request.
        is_patch: Whether the new state is the result of a patch: the version may be missing.

    Raises:
        RequestError: The server refuses it.
    """
    wanted = metadata.wanted_metadata(body)
    # The stored version is in the result of a patch, unless the patch removes it.
    named = {"resourceVersion": "", **wanted} if is_patch else wanted
    check_versions(resource, live, named, may_omit=is_patch)
    document = merged(resource, received.subresource, live, {**body, "metadata": wanted})
    document = with_defaults(resource, document, state.facts)
    if event_forms.has_other_managers(resource, live):  # The real server can't convert them, and forgets them all.
        return finish(state, resource, received, live, stripped(document), options)
    document = track_update(
        live,
        document,
        resource.schema,
        manager=options.manager,
        api_version=resource.api_version,
        subresource=received.subresource,
        now=state.timestamp(),
        reset=not_updatable_fields(resource, received.subresource),
    )
    return finish(state, resource, received, live, document, options)


def finalize(
    state: State,
    resource: Resource,
    received: Received,
    live: dict[str, Any],
    body: dict[str, Any],
    options: WriteOptions,
) -> dict[str, Any]:
    """Replace the finalizers of a namespace, and return the namespace.

    Raises:
        RequestError: The server refuses it.
    """
    check_versions(resource, live, metadata.wanted_metadata(body))
    finalizers = items_at(map_at(body, "spec"), "finalizers")
    spec = _without(map_at(live, "spec"), "finalizers")
    document = {**live, "spec": {**spec, "finalizers": finalizers} if finalizers else spec}
    document["metadata"] = dict(live["metadata"])
    document = track_update(
        live,
        document,
        resource.schema,
        manager=options.manager,
        api_version=resource.api_version,
        subresource="finalize",
        now=state.timestamp(),
    )
    return finish(state, resource, received, live, document, options)


def merged(resource: Resource, subresource: str, live: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    """Return the new object: fields that the request can't write keep their stored values."""
    found = {**body, "metadata": metadata.kept(live["metadata"], body["metadata"])}
    if resource.is_namespaced:
        found["metadata"]["namespace"] = live["metadata"]["namespace"]
    found["metadata"]["name"] = live["metadata"]["name"]
    found["metadata"]["resourceVersion"] = live["metadata"]["resourceVersion"]
    if subresource == "status":
        result = {**live, "status": body["status"]} if "status" in body else _without(live, "status")
        if resource.is_custom:  # Of its metadata, only the managed fields are taken.
            taken = {key: value for key, value in found["metadata"].items() if key == "managedFields"}
            return {**result, "metadata": {**_without(live["metadata"], "managedFields"), **taken}}
        if (resource.group, resource.resource) == _PODS and not map_at(result, "status").get("qosClass"):
            result["status"] = {**map_at(result, "status"), **_only(map_at(live, "status"), "qosClass")}
        return {**result, "metadata": _of_status(resource, live["metadata"], found["metadata"])}
    if subresource:  # `finish` selects the fields that it may change.
        return found
    if resource.storage == REQUESTS:
        found["spec"] = live["spec"]
    if "status" in resource.subresources:
        found = _without(found, "status")
        if "status" in live:
            found["status"] = live["status"]
    return found


def _of_status(resource: Resource, live: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """Return the metadata that a request to the status of a built-in kind leaves."""
    kept = _KEPT_BY_STATUS.get((resource.group, resource.resource), "")
    return {**_without(new, kept), kept: live[kept]} if kept in live else _without(new, kept)


def _only(found: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in found.items() if key == name}


def _class_causes(live: dict[str, Any], document: dict[str, Any]) -> list[Cause]:
    """Return the fault of a Pod whose quality of service changes."""
    before, after = (map_at(each, "status").get("qosClass") for each in (live, document))
    if before == after:
        return []
    return [checks.changed("status.qosClass", after)]


def _without(found: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in found.items() if key != name}


def finish(
    state: State,
    resource: Resource,
    received: Received,
    live: dict[str, Any],
    document: dict[str, Any],
    options: WriteOptions,
) -> dict[str, Any]:
    """Check and store the new state of an object; an object whose last finalizer was removed is deleted.

    Returns:
        The object as it is stored; the live one if nothing changed.

    Raises:
        RequestError: 422, it is invalid.
    """
    built_in = (resource.group, resource.kind)
    document = _narrowed(state, resource, received, live, document)
    if not (resource.is_custom or received.subresource):
        document = admission.admit_update(*built_in, live, document)
    document = allocated(state, resource, document, live, is_dry_run=options.is_dry_run)
    document = {**document, "metadata": metadata.fixed(live["metadata"], document["metadata"])}
    causes = _finalizer_causes(live["metadata"], document["metadata"])
    causes += metadata.fixed_causes(live["metadata"], document["metadata"])
    causes += metadata_rules.causes_of(resource, document["metadata"])
    causes *= 2 if resource.is_custom else 1  # The real server checks these fields of custom objects twice.
    if (resource.group, resource.resource) == _PODS and received.subresource == "status":
        causes += _class_causes(live, document)
    if not resource.is_custom:
        causes += validation.validate_update(*built_in, live, document, subresource=received.subresource)
    if not received.subresource:
        prepare_definition(resource, document, live)
    causes = with_definition_causes(resource, document, live, causes)
    texts = bodies.checked(document, resource, live, causes, received.subresource)
    if resource.is_custom or received.number or received.subresource != "status":  # Tests play controllers: number 0.
        state.note_unsure(resource, received, texts)
    require_simulated(resource, document)
    require_free_names(state, resource, document)
    if document != live:
        converting.check_managers(resource, live)
    if received.subresource != "status" or resource.facts.generation_of_labels:
        _count_generation(resource, live, document)
    document = keep_times(live, document)
    if options.is_dry_run or (document == live and state.is_current(resource, document)):
        return document
    if _is_finished(document):
        state.delete(resource, document)
        return document  # With its last version: the deletion has the next one.
    return state.write(resource, document)


def _narrowed(
    state: State, resource: Resource, received: Received, live: dict[str, Any], document: dict[str, Any]
) -> dict[str, Any]:
    """Return the object with the fields that the subresource may change.

    Raises:
        RequestError: The subresource does not allow the change.
    """
    part = received.subresource
    if part in containers.PARTS:
        made = containers.narrowed(part, live, document)
        containers.checked(state, resource, part, live, document, made)
        return made
    if resource.storage == NAMESPACES and not part:
        kept = items_at(map_at(live, "spec"), "finalizers")
        spec = _without(map_at(document, "spec"), "finalizers")
        return {**document, "spec": {**spec, "finalizers": kept} if kept else spec}
    if resource.storage == REQUESTS and part:
        return approved(resource, part, live, document, state.timestamp())
    return document


def _finalizer_causes(old: dict[str, Any], new: dict[str, Any]) -> list[Cause]:
    if "deletionTimestamp" not in old:
        return []
    added = sorted({*(new.get("finalizers") or ())} - {*(old.get("finalizers") or ())})
    if not added:
        return []
    shown = "[]string{" + ", ".join(f'"{name}"' for name in added) + "}"
    text = "no new finalizers can be added if the object is being deleted, found new finalizers " + shown
    return [checks.forbidden("metadata.finalizers", text)]


def _is_finished(document: dict[str, Any]) -> bool:
    """Return whether nothing holds an object that is being deleted any more."""
    found = document["metadata"]
    if "deletionTimestamp" not in found or found.get("finalizers"):
        return False
    return not found.get("deletionGracePeriodSeconds") and not map_at(document, "spec").get("finalizers")


def _count_generation(resource: Resource, live: dict[str, Any], document: dict[str, Any]) -> None:
    """Raise the generation if the desired state changed."""
    if not resource.facts.generation:
        return
    before, after = desired(resource, live), desired(resource, document)
    if before != after:
        document["metadata"]["generation"] = live["metadata"].get("generation", 0) + 1


def desired(resource: Resource, document: dict[str, Any]) -> Any:
    """Return the part of an object whose changes the generation counts."""
    plain = stripped(document)
    name = "labels" if resource.facts.generation_of_labels else "annotations"
    counted = resource.facts.generation_of_labels or (resource.group, resource.resource) == _COUNTS_ANNOTATIONS
    others = map_at(plain, "metadata").get(name) if counted else None
    if "spec" in plain and not resource.is_custom:
        return plain["spec"], others
    names = {"metadata", "apiVersion", "kind"}
    if "status" in resource.subresources:
        names.add("status")
    return {key: value for key, value in plain.items() if key not in names}, others
