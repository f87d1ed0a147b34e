"""A file to generate: the result of `plan`, and the input of `render`."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["PlannedFile"]


@dataclass(frozen=True, slots=True)
class PlannedFile:
    """A planned file: its path below the output folder, its template, and the context of the template.

    An empty template stands for an empty file.
    """

    path: str
    template: str
    context: object
