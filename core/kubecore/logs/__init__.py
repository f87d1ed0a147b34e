"""Logs of containers: bytes as they were written, or text; whole, or followed line by line."""

from __future__ import annotations

from kubecore.logs.query import LogOutput, log_call, text_of
from kubecore.logs.stream import AsyncLogStream, LogStream

__all__ = ["AsyncLogStream", "LogOutput", "LogStream", "log_call", "text_of"]
