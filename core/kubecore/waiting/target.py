"""The object that is waited for: its requests, and how it is recognized. No I/O."""

from __future__ import annotations

from typing import Any

from kubecore import options
from kubecore._support.json_types import is_json_object
from kubecore.calls.call import Call
from kubecore.calls.resource import Resource
from kubecore.model import meta
from kubecore.watch.options import WatchOptions

__all__ = ["Target", "metadata_text"]


class Target:
    """One object of a resource.

    Args:
        resource: The object's resource.
        namespace: Its namespace, "" for none.
        name: Its name.

    Raises:
        InvalidRequestError: The name is invalid, or the namespace is missing.
    """

    def __init__(self, resource: Resource[Any, Any], namespace: str, name: str) -> None:
        resource.get(namespace, name, ())  # Refuses invalid names, and a missing namespace.
        self._resource = resource
        self._namespace = namespace
        self._name = name
        self._selector = f"metadata.name={_escaped(name)}"

    def __str__(self) -> str:
        """Return resource, group and name, as the API server writes them."""
        group = f".{self._resource.group}" if self._resource.group else ""
        return f'{self._resource.plural}{group} "{self._name}"'

    @property
    def hides_values(self) -> bool:
        """Whether no value of the object may be printed."""
        return self._resource.plural == "secrets" and self._resource.group == ""

    def list_call(self) -> Call[Any]:
        """Make the call that lists the object."""
        return self._resource.list(self._namespace, options.query(field_selector=self._selector))

    def watch_options(self, ends_at: float | None) -> WatchOptions[Any]:
        """Return the options of a watch of the object that lists again if its version has expired.

        Args:
            ends_at: When it ends, on the monotonic clock; None for no limit.
        """
        return WatchOptions[Any](
            list=lambda query: self._resource.list(self._namespace, query),
            watch=lambda query: self._resource.watch(self._namespace, query),
            field_selector=self._selector,
            ends_at=ends_at,
            relists=True,
        )

    def is_name_of(self, item: Any) -> bool:
        """Return whether an item is the object: some servers behind an APIService ignore field selectors."""
        return metadata_text(item, "name") == self._name

    def not_found(self) -> meta.Status:
        """Make the Status that a get of the object would have (`k8s.io/apimachinery/pkg/api/errors NewNotFound`)."""
        resource = self._resource
        return meta.Status(
            status="Failure",
            code=404,
            reason="NotFound",
            message=f"{self} not found",
            details=meta.StatusDetails(name=self._name, group=resource.group or None, kind=resource.plural),
        )


def metadata_text(item: Any, name: str) -> str:
    """Return a text of an object's metadata, "" if it has none."""
    metadata: Any = item.get("metadata") if is_json_object(item) else item.metadata
    found = metadata.get(name) if is_json_object(metadata) else getattr(metadata, name, None)
    return found if isinstance(found, str) else ""


def _escaped(name: str) -> str:
    """Write a name so that it is one value of a field selector (`k8s.io/apimachinery/pkg/fields EscapeValue`)."""
    return name.replace("\\", "\\\\").replace(",", "\\,").replace("=", "\\=")
