"""Fields that an object of a CRD may have and the type of Kubernetes that stands for it lacks."""

from __future__ import annotations

from typing import Self

__all__ = ["OtherFields"]


class OtherFields(tuple[str, ...]):
    """The paths of such fields, in an annotation: `Annotated[core_v1.PodSpec, OtherFields("containers[].tier")]`.

    The codec keeps these fields when it reads an object, and sends them again.
    """

    __slots__ = ()

    def __new__(cls, *paths: str) -> Self:
        """Create the annotation of the paths."""
        return super().__new__(cls, paths)
