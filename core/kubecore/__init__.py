"""The runtime that generated Kubernetes clients share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kubecore._version import __version__

if TYPE_CHECKING:
    from kubecore.apply import apply_file, apply_file_async
    from kubecore.polling import poll, poll_async

__all__ = ["__version__", "apply_file", "apply_file_async", "poll", "poll_async"]

if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        """Public names are imported when they are first used."""
        if name in ("apply_file", "apply_file_async"):
            from kubecore import apply

            return getattr(apply, name)
        if name in ("poll", "poll_async"):
            from kubecore import polling

            return getattr(polling, name)
        raise AttributeError(f"module 'kubecore' has no attribute {name!r}")
