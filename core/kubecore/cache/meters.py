"""The metrics of an open informer in `kubecore.metrics.REGISTRY`. No I/O."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from kubecore.metrics import REGISTRY, Counter, Registry

if TYPE_CHECKING:
    from kubecore.cache.reflecting import Reflection
    from kubecore.cache.store import Store

__all__ = ["Meters"]

_LABELS: Final = ("resource", "namespace", "selector")

_GAUGES: Final[Mapping[str, str]] = {
    "kubecore_informer_objects": "Objects in the cache of an informer.",
    "kubecore_informer_bytes": "Bytes of the text that the cache of an informer keeps.",
    "kubecore_informer_version": "Resource version that an informer has reached.",
    "kubecore_informer_age_seconds": "Seconds since the server last sent anything to an informer.",
    "kubecore_informer_undecodable": "Events and items that an informer skipped, since they can't be read.",
}

_RELISTS: Final = "kubecore_informer_relists_total"
_FALLBACKS: Final = "kubecore_informer_fallbacks_total"


class Meters:
    """The metrics of one informer. Two equal informers at the same time share them: the later one is shown.

    Args:
        labels: The resource, the namespace, and the selectors as text.
        store: The store.
        reflection: Counts how often everything was read.
        age: Returns the seconds since the server last sent anything.
        registry: The registry.
    """

    def __init__(
        self,
        labels: tuple[str, str, str],
        store: Store[Any],
        reflection: Reflection,
        age: Callable[[], float],
        registry: Registry = REGISTRY,
    ) -> None:
        self._labels: Final = labels
        self._reflection: Final = reflection
        self._functions: Final[Mapping[str, Callable[[], float]]] = {
            "kubecore_informer_objects": lambda: len(store),
            "kubecore_informer_bytes": lambda: store.bytes,
            "kubecore_informer_version": lambda: float(store.version) if store.version.isdecimal() else math.nan,
            "kubecore_informer_age_seconds": age,
            "kubecore_informer_undecodable": lambda: store.undecodable,
        }
        self._registry: Final = registry
        self._relists: Final = self._counter(_RELISTS, "Times that an informer read everything again.")
        self._fallbacks: Final = self._counter(_FALLBACKS, "Times that a list replaced the state as events.")
        self._counted = (0, 0)

    def open(self) -> None:
        """Show the gauges."""
        for name, help_text in _GAUGES.items():
            family = self._registry.gauge(name, help_text, _LABELS)
            family.labels(*self._labels).set_function(self._functions[name])

    def count(self) -> None:
        """Raise the counters."""
        relists, fallbacks = self._reflection.relists, self._reflection.fallbacks
        if (relists, fallbacks) != self._counted:
            self._relists.inc(relists - self._counted[0])
            self._fallbacks.inc(fallbacks - self._counted[1])
            self._counted = (relists, fallbacks)

    def close(self) -> None:
        """Remove the gauges; the counters stay."""
        for name, help_text in _GAUGES.items():
            self._registry.gauge(name, help_text, _LABELS).remove(*self._labels)

    def _counter(self, name: str, help_text: str) -> Counter:
        return self._registry.counter(name, help_text, _LABELS).labels(*self._labels)
