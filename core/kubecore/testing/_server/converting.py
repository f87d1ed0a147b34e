"""Objects in the versions in which requests name them: read from the stored version, and written to it."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from kubecore.testing._schemas.json_values import copied
from kubecore.testing._schemas.pruning import prune
from kubecore.testing._schemas.validation import objects
from kubecore.testing._server import event_forms
from kubecore.testing._server.failures import NotSimulatedError
from kubecore.testing._server.resources import Resource
from kubecore.testing._server.store import Record, encoded

__all__ = ["as_served", "as_stored", "check_managers", "is_current"]


class _Versioned(msgspec.Struct):
    apiVersion: str = ""  # noqa: N815 - A field of the API.


_DECODER: Final = msgspec.json.Decoder(_Versioned)


def as_served(resource: Resource, record: Record) -> Record:
    """Return a stored object as a request for a resource in one version receives it.

    The schema of the stored version completes a custom object. Another version then drops its unknown fields. An event
    is converted from the other group.

    Raises:
        NotSimulatedError: A webhook would convert the object, or it is a built-in kind that was written in another
            version.
    """
    if resource.definition is None:
        found = _DECODER.decode(record.content).apiVersion
        if found == resource.api_version:
            return record
        if resource.storage == event_forms.STORAGE:
            return Record(encoded(event_forms.converted(resource, record.document()), is_sorted=False), record.version)
        raise NotSimulatedError(
            f"an object of {resource.group_resource} was written as {found}; reading it as "
            f"{resource.api_version} is not simulated: use one version, or run with --kube=real"
        )
    if is_current(resource, record) and resource.version == resource.definition.stored_version:
        return record
    return Record(encoded(_read(resource, record.document()), is_sorted=True), record.version)


def is_current(resource: Resource, record: Record) -> bool:
    """Return whether a stored object has the stored version and the schema of today."""
    definition = resource.definition
    if definition is None:
        return True
    version = f"{resource.group}/{definition.stored_version}"
    return record.version > definition.revision and (
        record.content.startswith(f'{{"apiVersion":"{version}",'.encode())
        or _DECODER.decode(record.content).apiVersion == version
    )


def _read(resource: Resource, document: dict[str, Any]) -> dict[str, Any]:
    definition = resource.definition
    if definition is None:
        return document
    found = str(document["apiVersion"]).rpartition("/")[2]
    if found in definition.schemas:
        objects.read(document, definition.schemas[found])
    if found == resource.version:
        return document
    if definition.strategy != "None":
        raise NotSimulatedError(
            f"converting an object of {resource.group_resource} from {found} to {resource.version} by a webhook "
            "is not simulated; run with --kube=real"
        )
    document["apiVersion"] = resource.api_version
    prune(document, definition.schemas[resource.version])
    return document


def as_stored(resource: Resource, document: dict[str, Any]) -> dict[str, Any]:
    """Return an object as it is stored. Its metadata are shared with the given object.

    Raises:
        NotSimulatedError: A webhook would convert the object.
    """
    definition = resource.definition
    if definition is None:
        return document
    if resource.version != definition.stored_version and definition.strategy != "None":
        raise NotSimulatedError(
            f"converting an object of {resource.group_resource} from {resource.version} to "
            f"{definition.stored_version} by a webhook is not simulated; run with --kube=real"
        )
    stored = {**document, "apiVersion": f"{resource.group}/{definition.stored_version}"}
    schema = definition.schemas[definition.stored_version]
    if schema != definition.schemas[resource.version]:
        stored = {**copied(stored), "metadata": document["metadata"]}
        objects.read(stored, schema)
    return stored


def check_managers(resource: Resource, document: dict[str, Any]) -> None:
    """Refuse to change an object whose fields have managers in a version with another schema.

    Raises:
        NotSimulatedError: The server would convert the object to track them.
    """
    definition = resource.definition
    if definition is None or len(definition.schemas) == 1:
        return
    own = definition.schemas[resource.version]
    for entry in document["metadata"].get("managedFields") or ():
        version = str(entry.get("apiVersion", "")).rpartition("/")[2]
        if definition.schemas.get(version) != own:
            raise NotSimulatedError(
                f"fields of an object of {resource.group_resource} have managers in {version}, which has another "
                f"schema than {resource.version}; changing the object in {resource.version} is not simulated: "
                "use one version, or run with --kube=real"
            )
