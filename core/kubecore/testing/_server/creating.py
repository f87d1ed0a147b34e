"""Creates: names, defaults, checks and the first version of an object."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from kubecore.testing._apply.managed import stripped, track_update
from kubecore.testing._rules import admission, defaults, validation
from kubecore.testing._rules.facts import Facts
from kubecore.testing._schemas.json_values import items_at, joined, map_at
from kubecore.testing._server import bodies, metadata, metadata_rules
from kubecore.testing._server.allocating import allocated
from kubecore.testing._server.definitions import prepare_definition, require_free_names, with_definition_causes
from kubecore.testing._server.exchange import Received
from kubecore.testing._server.failures import NotSimulatedError, RequestError, details_of
from kubecore.testing._server.limits import unchecked
from kubecore.testing._server.options import WriteOptions, bad_request
from kubecore.testing._server.pod_admission import admitted_pod
from kubecore.testing._server.resources import Resource
from kubecore.testing._server.state import NAMESPACES, State
from kubecore.testing._server.subresources.approvals import REQUESTS
from kubecore.testing._server.subresources.containers import PARTS

__all__ = [
    "create",
    "in_namespace",
    "new_object",
    "not_updatable_fields",
    "require_simulated",
    "store_new",
    "with_defaults",
]

PODS: Final = ("", "pods")
_JOBS: Final = ("batch", "jobs")
_AUTOSCALERS: Final = ("autoscaling", "horizontalpodautoscalers")
_OF_NEWER: Final = "autoscaling.alpha.kubernetes.io/"
_API_SERVICES: Final = ("apiregistration.k8s.io", "apiservices")
_TRIES: Final = 8


def create(
    state: State, resource: Resource, received: Received, body: dict[str, Any], options: WriteOptions
) -> dict[str, Any]:
    """Create an object and return it.

    Args:
        state: The state.
        resource: The resource.
        received: The request.
        body: The object that the request contains, as `bodies.understood` returns it.
        options: The options of the request.

    Raises:
        RequestError: The server refuses it.
    """

    def managed(document: dict[str, Any]) -> dict[str, Any]:
        found = track_update(
            None,
            document,
            resource.schema,
            manager=options.manager,
            api_version=resource.api_version,
            now=state.timestamp(),
            reset=not_updatable_fields(resource, ""),
        )
        # The server drops the managers of a new request for a certificate.
        return stripped(found) if resource.storage == REQUESTS else found

    return store_new(state, resource, new_object(state, resource, received, body, managed), options)


def store_new(state: State, resource: Resource, document: dict[str, Any], options: WriteOptions) -> dict[str, Any]:
    """Store a new object, unless it is a dry run."""
    # Labels that only the template of a job has by now are not stored: the server adds them when it reads the job.
    has_defaults = resource.storage == _JOBS and admission.label_job(document)
    if options.is_dry_run:
        return document
    return state.write(resource, document, has_defaults=has_defaults)


def new_object(
    state: State,
    resource: Resource,
    received: Received,
    body: dict[str, Any],
    managed: Callable[[dict[str, Any]], dict[str, Any]],
) -> dict[str, Any]:
    """Return the object that a create makes.

    Args:
        state: The state.
        resource: The resource.
        received: The request.
        body: The object that the request contains, as `bodies.understood` returns it.
        managed: Sets the managed fields of the object, before fields that only the server sets.

    Raises:
        RequestError: The server refuses it.
    """
    wanted = metadata.wanted_metadata(body)
    in_namespace(resource, received.namespace, wanted)
    version = str(wanted.get("resourceVersion") or "")
    if version.isascii() and version.isdigit() and int(version):
        raise RequestError(500, "", "resourceVersion should not be set on objects to be created")
    is_generated = not wanted.get("name") and bool(wanted.get("generateName"))
    if is_generated:
        wanted["name"] = _free_name(state, resource, received.namespace, wanted["generateName"])
    document = {**body, "metadata": metadata.prepared(resource, wanted, state.now(), state.chance)}
    name = wanted.get("name", "")
    if name:
        state.check_namespace(resource, received.namespace, name)
    state.check_definition(resource, name)
    document = with_defaults(resource, document, state.facts)
    if (resource.group, resource.resource) == NAMESPACES:
        _label_namespace(document)
    shares_labels = resource.storage == _JOBS and not wanted.get("labels") and "labels" in document["metadata"]
    document = managed(document)
    if (resource.group, resource.resource) == PODS:
        document = admitted_pod(state, document)
    if not resource.is_custom:
        document = admission.admit_create(resource.group, resource.kind, document)
    if shares_labels:
        document["metadata"].pop("labels")
        admission.label_job(document)
    _set_initial(resource, document)
    document = allocated(state, resource, document, None, is_dry_run=("dryRun", "All") in received.query)
    prepare_definition(resource, document, None)
    causes = list(metadata_rules.causes_of(resource, document["metadata"]))
    if not resource.is_custom:
        causes += validation.validate_create(resource.group, resource.kind, document)
    causes = with_definition_causes(resource, document, None, causes)
    unsure = bodies.checked(document, resource, None, causes)
    state.note_unsure(resource, received, [*unsure, *unchecked(state, resource, document)])
    require_simulated(resource, document)
    require_free_names(state, resource, document)
    existing = state.store.get(resource.storage, (received.namespace, name))
    if existing is not None:
        raise _already_exists(resource, existing.document(), wanted)
    return document


def require_simulated(resource: Resource, document: dict[str, Any]) -> None:
    """Refuse an object with effects that are not simulated.

    Raises:
        NotSimulatedError: It lets another server respond to the requests of a group; or it is an autoscaler of v1 whose
            fields of v2 are in annotations.
    """
    if resource.storage == _API_SERVICES and map_at(document, "spec").get("service"):
        name = document["metadata"].get("name", "")
        raise NotSimulatedError(f"APIService {name}: a group that another server serves is not simulated")
    if resource.storage == _AUTOSCALERS and resource.version == "v1":
        has_notes = any(name.startswith(_OF_NEWER) for name in map_at(document["metadata"], "annotations"))
        if has_notes or "currentCPUUtilizationPercentage" in map_at(document, "status"):
            raise NotSimulatedError(
                "annotations of autoscaling/v1 with fields of v2 are not simulated: use autoscaling/v2"
            )


def with_defaults(resource: Resource, document: dict[str, Any], facts: Facts) -> dict[str, Any]:
    """Return an object of a built-in kind with its defaults."""
    if resource.is_custom:
        return document
    document = defaults.with_defaults(document, resource.schema, resource.facts, facts)
    if resource.storage == _JOBS:
        admission.label_job(document)
    return document


def in_namespace(resource: Resource, namespace: str, wanted: dict[str, Any]) -> None:
    """Set the namespace of the request in the metadata of an object.

    Raises:
        RequestError: 400, the object names another one.
    """
    if not resource.is_namespaced:
        wanted.pop("namespace", None)
        return
    if wanted.get("namespace", namespace) not in ("", namespace):
        raise bad_request("the namespace of the provided object does not match the namespace sent on the request")
    wanted["namespace"] = namespace


def not_updatable_fields(resource: Resource, subresource: str) -> tuple[tuple[str, ...], ...]:
    """Return the paths of the fields that a request to an object, or to a subresource, can't write."""
    if "status" not in resource.subresources or subresource in PARTS:
        return ()
    if subresource == "approval":
        return (("spec",),)
    return (("spec",),) if subresource == "status" else (("status",),)


def _set_initial(resource: Resource, document: dict[str, Any]) -> None:
    """Set the initial fields of every new object of a kind."""
    facts = resource.facts
    if facts.generation:
        document["metadata"]["generation"] = facts.generation
    if "status" in resource.subresources:
        document.pop("status", None)
    if facts.status:
        document["status"] = dict(facts.status)
        if (resource.group, resource.resource) == PODS:
            document["status"]["qosClass"] = admission.quality_of_service(map_at(document, "spec"))
    elif "status" in resource.schema.fields and not resource.is_custom and "status" in resource.subresources:
        document["status"] = {}
    if resource.storage == NAMESPACES:
        _set_up_namespace(document)


def _label_namespace(document: dict[str, Any]) -> None:
    found = map_at(document, "metadata")
    if found.get("name"):
        found["labels"] = joined(map_at(found, "labels"), {"kubernetes.io/metadata.name": found["name"]})


def _set_up_namespace(document: dict[str, Any]) -> None:
    spec = map_at(document, "spec")
    finalizers = items_at(spec, "finalizers")
    added = [] if "kubernetes" in finalizers else ["kubernetes"]
    document["spec"] = {**spec, "finalizers": [*finalizers, *added]}


def _free_name(state: State, resource: Resource, namespace: str, prefix: str) -> str:
    name = ""
    for _ in range(_TRIES):
        name = metadata.generated_name(prefix, state.chance)
        if state.store.get(resource.storage, (namespace, name)) is None:
            break
    return name


def _already_exists(resource: Resource, existing: dict[str, Any], wanted: dict[str, Any]) -> RequestError:
    name = wanted["name"]
    details = details_of(name, resource.group, resource.resource)
    text = f'{resource.group_resource} "{name}" already exists'
    if "deletionTimestamp" in existing["metadata"]:
        text = f"object is being deleted: {text}"
    if wanted.get("generateName"):
        details["retryAfterSeconds"] = 1
        text = f"{text}, the server was not able to generate a unique name for the object"
        return RequestError(409, "AlreadyExists", text, details=details, retry_after=1)
    return RequestError(409, "AlreadyExists", text, details=details)
