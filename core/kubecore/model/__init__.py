"""Models: the base classes, `meta/v1`, scalar types, and how objects are shown."""

from __future__ import annotations

from kubecore.model.model import CustomListModel, CustomModel, FieldInfo, ListModel, Model

__all__ = ["CustomListModel", "CustomModel", "FieldInfo", "ListModel", "Model"]
