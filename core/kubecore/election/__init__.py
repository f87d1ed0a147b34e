"""Leader election on a Lease: client-go's `tools/leaderelection`, with a fence for the writes of a clientset."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kubecore.election.async_elector import AsyncElector, AsyncTerm
    from kubecore.election.base import EventSink
    from kubecore.election.elector import Elector, Term

__all__ = ["AsyncElector", "AsyncTerm", "Elector", "EventSink", "Term"]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used: synchronous programs need no anyio."""
    from importlib import import_module

    modules = {"AsyncElector": "async_elector", "AsyncTerm": "async_elector", "EventSink": "base"}
    if name not in __all__:
        raise AttributeError(f"module 'kubecore.election' has no attribute {name!r}")
    return getattr(import_module(f"kubecore.election.{modules.get(name, 'elector')}"), name)
