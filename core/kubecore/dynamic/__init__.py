"""Clients of kinds that are named when the program runs: for models, and for dictionaries if there is no model.

Source: client-go's `dynamic`.
"""

from __future__ import annotations

from kubecore.dynamic.async_client import AsyncDynamicClient, AsyncObjects
from kubecore.dynamic.client import DynamicClient, Objects
from kubecore.dynamic.resource import DynamicResource

__all__ = ["AsyncDynamicClient", "AsyncObjects", "DynamicClient", "DynamicResource", "Objects"]
