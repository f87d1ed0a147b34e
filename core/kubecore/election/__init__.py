"""Leader election on a Lease: client-go's `tools/leaderelection`, with a fence for the writes of a clientset."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubecore._support import lazy_names

if TYPE_CHECKING:
    from kubecore.election.async_elector import AsyncElector, AsyncTerm
    from kubecore.election.base import EventSink
    from kubecore.election.elector import Elector, Term

__all__ = ["AsyncElector", "AsyncTerm", "Elector", "EventSink", "Term"]

# Synchronous programs need no anyio.
if not TYPE_CHECKING:
    __getattr__ = lazy_names(
        __name__,
        {
            "AsyncElector": "async_elector",
            "AsyncTerm": "async_elector",
            "Elector": "elector",
            "EventSink": "base",
            "Term": "elector",
        },
    )
