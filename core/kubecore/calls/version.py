"""The version of the server: `GET /version`.

Source: `k8s.io/apimachinery/pkg/version`, schema `io.k8s.apimachinery.pkg.version.Info`.
"""

from __future__ import annotations

from kubecore.calls.call import Call
from kubecore.model.model import Model

__all__ = ["Info", "call"]


class Info(Model, kw_only=True):
    """Version of the server, and how it was built."""

    build_date: str
    """When it was built, RFC 3339."""

    compiler: str
    """Such as `gc`."""

    git_commit: str
    """Commit that it was built from."""

    git_tree_state: str
    """`clean`, or else `dirty`."""

    git_version: str
    """Such as `v1.37.2`."""

    go_version: str
    """Such as `go1.26.8`."""

    major: str
    """Such as `1`."""

    minor: str
    """Such as `37`; some providers append a `+`."""

    platform: str
    """Such as `linux/amd64`."""

    emulation_major: str | None = None
    """Major of the version that the server emulates."""

    emulation_minor: str | None = None
    """Minor of the version that the server emulates."""

    min_compatibility_major: str | None = None
    """Major of the oldest version that it works with."""

    min_compatibility_minor: str | None = None
    """Minor of the oldest version that it works with."""


def call() -> Call[Info]:
    """Return the call that requests it."""
    return Call(method="GET", path="/version", response=Info, verb="get")
