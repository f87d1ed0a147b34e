"""The public modules of kubecore, each with a page. A name that several modules have is on the first page."""

from __future__ import annotations

from typing import Final

__all__ = ["NOT_PUBLIC", "PUBLIC"]

PUBLIC: Final[dict[str, tuple[str, ...]]] = {
    "Connect": ("kubecore", "kubecore.kubeconfig", "kubecore.rest", "kubecore.clientset", "kubecore.doctor"),
    "Read and write": (
        "kubecore.sync_verbs",
        "kubecore.async_verbs",
        "kubecore.errors",
        "kubecore.options",
        "kubecore.patch",
        "kubecore.selectors",
        "kubecore.projection",
        "kubecore.retry",
        "kubecore.waiting",
        "kubecore.watch",
        "kubecore.calls",
    ),
    "Pods": ("kubecore.logs", "kubecore.streams"),
    "Objects": (
        "kubecore.model",
        "kubecore.model.int_or_string",
        "kubecore.model.meta",
        "kubecore.model.owners",
        "kubecore.model.times",
        "kubecore.other_fields",
        "kubecore.quantity",
        "kubecore.jsonpath",
    ),
    "Files and any kind": (
        "kubecore.apply",
        "kubecore.manifests",
        "kubecore.codec.yaml",
        "kubecore.discovery",
        "kubecore.dynamic",
    ),
    "Controllers": ("kubecore.cache", "kubecore.workqueue", "kubecore.election", "kubecore.recorder"),
    "Observe": ("kubecore.metrics", "kubecore.clocks"),
    "Test": ("kubecore.testing", "kubecore.testing.apiserver", "kubecore.testing.players", "kubecore.testing.plugin"),
}
"""The modules that programs import, by subject."""

NOT_PUBLIC: Final[dict[str, str]] = {
    "kubecore.generated": "only generated packages import it",
    "kubecore.polling": "its functions are imported from kubecore",
}
"""Modules at the top of kubecore without a page, with the reason."""
