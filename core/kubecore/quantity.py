"""Amounts of resources (to be written)."""

from __future__ import annotations

from typing import TypeAlias

__all__ = ["Quantity"]

Quantity: TypeAlias = str
