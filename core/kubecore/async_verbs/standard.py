"""The sets of verbs that resources have."""

from __future__ import annotations

from typing import Generic, TypeVar

from kubecore.async_verbs.composite import CreateOrUpdate, DeleteAndWait, GetOrNone, Modify
from kubecore.async_verbs.deleting import Delete, DeleteCollection
from kubecore.async_verbs.reading import Get, List
from kubecore.async_verbs.status import GetStatus, ModifyStatus, PatchStatus, UpdateStatus
from kubecore.async_verbs.waiting import Wait
from kubecore.async_verbs.watching import Watch
from kubecore.async_verbs.writing import Create, Patch, Update
from kubecore.calls.resource import Body

__all__ = ["Standard", "StandardWithStatus"]

T = TypeVar("T", bound=Body)
L = TypeVar("L")


class Standard(
    CreateOrUpdate[T],
    DeleteAndWait[T],
    GetOrNone[T],
    Modify[T],
    Get[T],
    List[T, L],
    Watch[T],
    Wait[T],
    Create[T],
    Update[T],
    Patch[T],
    Delete[T],
    DeleteCollection[L],
    Generic[T, L],
):
    """Verbs of nearly every resource."""


class StandardWithStatus(Standard[T, L], GetStatus[T], ModifyStatus[T], UpdateStatus[T], PatchStatus[T], Generic[T, L]):
    """Verbs of a resource whose objects have a status."""
