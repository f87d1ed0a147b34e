"""The base classes of generated clientsets, and of their groups."""

from __future__ import annotations

from kubecore.clientset.async_base import AsyncBaseClientset
from kubecore.clientset.async_group import AsyncGroup
from kubecore.clientset.base import BaseClientset
from kubecore.clientset.group import Group

__all__ = ["AsyncBaseClientset", "AsyncGroup", "BaseClientset", "Group"]
