# Derived from kubecore/async_verbs/standard.py by tools/async_to_sync.py. Edit that file and run `make sync`.
"""The sets of verbs that resources have."""

from __future__ import annotations

from typing import Generic, TypeVar

from kubecore.calls.resource import Body
from kubecore.sync_verbs.composite import CreateOrUpdate, DeleteAndWait, GetOrNone, Modify
from kubecore.sync_verbs.deleting import Delete, DeleteCollection
from kubecore.sync_verbs.reading import Get, List
from kubecore.sync_verbs.status import GetStatus, ModifyStatus, PatchStatus, UpdateStatus
from kubecore.sync_verbs.waiting import Wait
from kubecore.sync_verbs.watching import Watch
from kubecore.sync_verbs.writing import Create, Patch, Update

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
