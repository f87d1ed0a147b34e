"""Schema extensions of Kubernetes that all modules of this package use."""

from __future__ import annotations

from typing import Any, Final

__all__ = ["EMBEDDED", "INT_OR_STRING", "OPEN", "QUANTITY", "Json"]

Json = dict[str, Any]

OPEN: Final = "x-kubernetes-preserve-unknown-fields"
EMBEDDED: Final = "x-kubernetes-embedded-resource"
INT_OR_STRING: Final = "x-kubernetes-int-or-string"
QUANTITY: Final = r"^[0-9]+m?$"
"""The pattern of quantities."""
