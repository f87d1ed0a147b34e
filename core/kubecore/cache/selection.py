"""Which objects a cache contains: its namespace and its selectors, applied to responses to own writes. No I/O.

The server filters lists and watches. A response to a write is filtered here.
"""

from __future__ import annotations

from typing import Any, Final

from kubecore import selectors
from kubecore.cache.entry import Entry
from kubecore.selectors import FieldSelector, LabelSelector, Selector

__all__ = ["Selection"]

_NAME: Final = "metadata.name"
_NAMESPACE: Final = "metadata.namespace"


class Selection:
    """The objects of a cache.

    Args:
        namespace: The namespace, "" for all.
        label_selector: The labels; None for any.
        field_selector: The fields; None for any.
        shard_selector: The shard; None for all.

    Attributes:
        namespace: The namespace, "" for all.
        takes_own_writes: Whether responses to writes can be filtered. A selector of fields other than name and
            namespace, or of a shard, can't be applied to them: an object could leave the selection and come back
            unnoticed.

    Raises:
        InvalidRequestError: The label selector is invalid.
    """

    __slots__ = ("_labels", "_name", "namespace", "takes_own_writes")

    def __init__(
        self,
        namespace: str = "",
        label_selector: LabelSelector | None = None,
        field_selector: FieldSelector | None = None,
        shard_selector: str | None = None,
    ) -> None:
        self._labels: Final = selector_of(label_selector)
        fields = _fields(field_selector)
        self.namespace: Final = namespace or (fields or {}).get(_NAMESPACE, "")
        self._name: Final = (fields or {}).get(_NAME)
        self.takes_own_writes: Final = fields is not None and not shard_selector

    def includes(self, entry: Entry) -> bool:
        """Return whether an object belongs to the cache.

        Args:
            entry: The object.
        """
        if self.namespace and entry.key.namespace != self.namespace:
            return False
        if self._name is not None and entry.key.name != self._name:
            return False
        return self._labels is None or self._labels.matches(entry.labels.labels)


def selector_of(label_selector: LabelSelector | None) -> Selector | None:
    """Return a label selector as a `Selector`, None if it selects everything.

    Args:
        label_selector: Text, a mapping, a `Selector` or None.

    Raises:
        InvalidRequestError: It is invalid.
    """
    if isinstance(label_selector, Selector):
        found = label_selector
    elif isinstance(label_selector, str):
        found = selectors.parse(label_selector)
    else:
        found = selectors.EVERYTHING if label_selector is None else selectors.build(label_selector)
    return found if found.nothing or found.requirements else None


def _fields(field_selector: FieldSelector | None) -> dict[str, str] | None:
    """Return the required name and namespace; None if the selector requires anything else."""
    if not field_selector:
        return {}
    text: Any = selectors.to_query("field_selector", field_selector)
    found: dict[str, str] = {}
    for part in str(text).split(","):
        field, sign, value = part.partition("=")
        if field not in (_NAME, _NAMESPACE) or not sign or "\\" in value or not value.lstrip("="):
            return None
        value = value.removeprefix("=")
        if found.setdefault(field, value) != value:
            return None
    return found
