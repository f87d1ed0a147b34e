"""Streams that go both ways: exec, attach, port-forward and cp, over a websocket.

The names here are the types of the objects that users get. `websocket` and `channels` read and write bytes without I/O;
`session` and `async_session` are the two thin loops that carry them. Nothing here is imported before it is needed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kubecore.streams.copy.untar import Copied, Skipped
    from kubecore.streams.exec.async_process import AsyncProcess
    from kubecore.streams.exec.command import Completed, Gathered, Output
    from kubecore.streams.exec.process import Process
    from kubecore.streams.port_forward.async_forward import AsyncForwardedStream, AsyncListener, AsyncPortForward
    from kubecore.streams.port_forward.forward import ForwardedStream, Listener, PortForward

__all__ = [
    "AsyncForwardedStream",
    "AsyncListener",
    "AsyncPortForward",
    "AsyncProcess",
    "Completed",
    "Copied",
    "ForwardedStream",
    "Gathered",
    "Listener",
    "Output",
    "PortForward",
    "Process",
    "Skipped",
]

_MODULES = {
    "AsyncForwardedStream": "port_forward.async_forward",
    "AsyncListener": "port_forward.async_forward",
    "AsyncPortForward": "port_forward.async_forward",
    "AsyncProcess": "exec.async_process",
    "Completed": "exec.command",
    "Copied": "copy.untar",
    "ForwardedStream": "port_forward.forward",
    "Gathered": "exec.command",
    "Listener": "port_forward.forward",
    "Output": "exec.command",
    "PortForward": "port_forward.forward",
    "Process": "exec.process",
    "Skipped": "copy.untar",
}


def __getattr__(name: str) -> Any:
    """Public names are imported when they are first used."""
    module = _MODULES.get(name)
    if module is None:
        raise AttributeError(f"module 'kubecore.streams' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(f"kubecore.streams.{module}"), name)
