"""The version of kubecore."""

from __future__ import annotations

from typing import Final

__all__ = ["__version__"]

__version__: Final = "0.1.0"
"""The version of the distribution, which kubeclient and kgen share."""
