"""Streams that go both ways: exec, attach, port-forward and cp, over a websocket.

The names here are the types of the objects that users get. `websocket` and `channels` read and write bytes without I/O;
`session` and `async_session` are the two thin loops that carry them. Nothing here is imported before it is needed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubecore._support import lazy_names

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

if not TYPE_CHECKING:
    __getattr__ = lazy_names(
        __name__,
        {
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
        },
    )
