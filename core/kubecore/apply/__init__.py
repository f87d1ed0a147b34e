"""Applying files: many objects, in the right order, by server-side apply.

Source: `kubectl apply --server-side -f`; the order is in the spirit of Helm's.
"""

from __future__ import annotations

from kubecore.apply.async_files import apply_file_async, apply_objects_async
from kubecore.apply.files import apply_file, apply_objects
from kubecore.errors.apply import Applied, Failure, ObjectRef, Report

__all__ = [
    "Applied",
    "Failure",
    "ObjectRef",
    "Report",
    "apply_file",
    "apply_file_async",
    "apply_objects",
    "apply_objects_async",
]
