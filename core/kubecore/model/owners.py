"""Owner references of controllers: `metav1.NewControllerRef` and controller-runtime's `SetControllerReference`. No I/O.

```python
from kubecore.model import meta, owners

config_map = core_v1.ConfigMap(metadata=meta.ObjectMeta(name="settings", namespace="default"))
owners.set_controller_reference(config_map, deployment)
clientset.core_v1.config_maps("default").create(config_map)
```

The server's garbage collector deletes the object after its owner.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import TYPE_CHECKING, Any

from kubecore._support.json_types import is_json_object

if TYPE_CHECKING:
    from kubecore.errors.base import InvalidRequestError
    from kubecore.model.meta import OwnerReference
    from kubecore.model.model import Model

__all__ = ["controller_reference", "set_controller_reference"]


def controller_reference(owner: Model | Mapping[str, Any], *, block_owner_deletion: bool = True) -> OwnerReference:
    """Make the reference to the object that controls another one.

    Args:
        owner: The object as the server returned it, since it has a UID then: a model, or a mapping with apiVersion and
            kind, as of the dynamic client.
        block_owner_deletion: Whether an owner that is deleted in the foreground waits for the object.

    Returns:
        The reference, with `controller` set.

    Raises:
        InvalidRequestError: The kind, name or UID of the owner is missing.
    """
    from kubecore.model.meta import OwnerReference

    api_version, kind = (_text(owner, snake, camel) for snake, camel in (("api_version", "apiVersion"), ("kind",) * 2))
    if not api_version or not kind:
        raise _invalid(f"the owner, a {type(owner).__name__}, has no apiVersion and kind")
    if kind == "PartialObjectMetadata":
        raise _invalid(
            "the owner is a PartialObjectMetadata, which does not contain its kind; read the complete object"
        )
    metadata = _metadata(owner)
    name, uid = _text(metadata, "name"), _text(metadata, "uid")
    if not name:
        raise _invalid(f"the owner, a {kind}, has no name")
    if not uid:
        raise _invalid(f"the owner {kind} {name!r} has no uid: pass the object that the server returned")
    return OwnerReference(
        api_version=api_version,
        kind=kind,
        name=name,
        uid=uid,
        block_owner_deletion=block_owner_deletion,
        controller=True,
    )


def set_controller_reference(
    object: Model | MutableMapping[str, Any],  # noqa: A002 - what the API calls it
    owner: Model | Mapping[str, Any],
    *,
    block_owner_deletion: bool = True,
) -> None:
    """Make an object controlled by another one; nothing is sent.

    A reference to the same owner (group, kind and name) is replaced; other owners stay.

    Args:
        object: The object to change: a model, or a mapping that can be changed.
        owner: The object as the server returned it: see `controller_reference`.
        block_owner_deletion: Whether an owner that is deleted in the foreground waits for the object.

    Raises:
        AlreadyOwnedError: Another object controls it.
        InvalidRequestError: The kind, name or UID of the owner is missing; or it is in a namespace, and the object is
            not in the same one: the garbage collector would delete the object.
    """
    reference = controller_reference(owner, block_owner_deletion=block_owner_deletion)
    namespace, own = _text(_metadata(owner), "namespace"), _text(_metadata(object), "namespace")
    if namespace and not own:
        raise _invalid(
            f"the owner {reference.kind} {reference.name!r} is in the namespace {namespace!r}, and the object in none: "
            "set its metadata.namespace; a cluster-scoped object can't have an owner in a namespace"
        )
    if namespace and own != namespace:
        raise _invalid(
            f"the owner {reference.kind} {reference.name!r} is in the namespace {namespace!r}, and the object in "
            f"{own!r}: an owner must be cluster-scoped or in the namespace of the object"
        )
    if isinstance(object, Mapping):
        _set_in_mapping(object, reference)
    else:
        _set_in_model(object, reference)


def _set_in_model(object: Any, reference: OwnerReference) -> None:  # noqa: A002
    found = object.metadata.owner_references
    object.metadata.owner_references = _with(found, reference, reference)


def _set_in_mapping(object: MutableMapping[str, Any], reference: OwnerReference) -> None:  # noqa: A002
    metadata = object.setdefault("metadata", {})
    metadata["ownerReferences"] = _with(metadata.get("ownerReferences") or (), reference, reference.to_dict())


def _with(references: Any, reference: OwnerReference, entry: Any) -> list[Any]:
    """Return the references with that of the owner replaced or added.

    Raises:
        AlreadyOwnedError: Another object controls it.
    """
    owner = _owner(reference)
    for other in references:
        is_controller = other.get("controller") if is_json_object(other) else other.controller
        if is_controller and _owner(other) != owner:
            from kubecore.errors.base import AlreadyOwnedError

            _, kind, name = _owner(other)
            raise AlreadyOwnedError(
                f"the object is controlled by {kind} {name!r} already; an object can have one controller"
            )
    if not any(_owner(other) == owner for other in references):
        return [*references, entry]
    return [entry if _owner(other) == owner else other for other in references]


def _owner(reference: Any) -> tuple[str, str, str]:
    """Return group, kind and name, which identify an owner in whatever version of its kind it was read."""
    group, slash, _ = _text(reference, "api_version", "apiVersion").rpartition("/")
    return group if slash else "", _text(reference, "kind"), _text(reference, "name")


def _metadata(object: Any) -> Any:  # noqa: A002
    found: Any = object.get("metadata") if is_json_object(object) else getattr(object, "metadata", None)
    return {} if found is None else found


def _text(object: Any, name: str, key: str = "") -> str:  # noqa: A002
    """Return a text of a model or a mapping, "" if it has none."""
    found: Any = object.get(key or name) if is_json_object(object) else getattr(object, name, None)
    return found if isinstance(found, str) else ""


def _invalid(message: str) -> InvalidRequestError:
    from kubecore.errors.base import InvalidRequestError

    return InvalidRequestError(message)
