"""A list of any type: the result of listing a collection without a list model."""

from __future__ import annotations

from typing import Generic, TypeVar

import msgspec

from kubecore.model.meta import ListMeta
from kubecore.model.model import ListModel

__all__ = ["ObjectList"]

T = TypeVar("T")


class ObjectList(ListModel, Generic[T], kw_only=True):
    """A collection, or a page of it."""

    metadata: ListMeta = msgspec.field(default_factory=ListMeta)
    """The version of the list, and the token of the next page."""

    items: list[T] = []  # noqa: RUF012 - msgspec copies it
    """The objects."""

    api_version: str = ""
    """The list's own, such as `v1`."""

    kind: str = ""
    """The list's own, such as `ConfigMapList`."""
