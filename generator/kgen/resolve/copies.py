"""Copies of types of Kubernetes in CRDs: the type, and the paths of the differences from it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

__all__ = ["Copy", "Differences", "all_of"]

_SHOWN: Final = 4
"""Paths that a docstring lists of each difference."""


@dataclass(frozen=True, slots=True)
class Differences:
    """Paths in a copy of a type, such as `spec.containers[].name`.

    Attributes:
        others: Fields that the type does not have.
        optional: Fields that only the type requires.
        required: Fields that only the copy requires.
    """

    others: frozenset[str] = frozenset()
    optional: frozenset[str] = frozenset()
    required: frozenset[str] = frozenset()

    def at(self, step: str) -> Differences:
        """Return the differences of the object that has this one as a property, or as an item (`[]`)."""
        if not (self.others or self.optional or self.required):
            return self
        return Differences(*(_below(step, paths) for paths in (self.others, self.optional, self.required)))


def all_of(found: Iterable[Differences]) -> Differences:
    """Return the differences at several places as one."""
    parts = list(found)
    return Differences(
        frozenset[str]().union(*(part.others for part in parts)),
        frozenset[str]().union(*(part.optional for part in parts)),
        frozenset[str]().union(*(part.required for part in parts)),
    )


def _below(step: str, paths: Iterable[str]) -> frozenset[str]:
    return frozenset(step + (path if path.startswith("[]") else f".{path}") for path in paths)


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy of a type.

    Attributes:
        name: The schema of the type.
        differences: The differences from the type.
    """

    name: str
    differences: Differences

    @property
    def others(self) -> tuple[str, ...]:
        """The paths of the fields that the type does not have, sorted."""
        return tuple(sorted(self.differences.others))

    def sentence(self, called: str) -> str:
        """Return the description of the differences for a docstring, "" if there are none.

        Args:
            called: The class of the type, as `core_v1.Container`.
        """
        parts = [
            _clause(self.differences.optional, "{} is optional", "{} are optional"),
            _clause(self.differences.required, "{} is required", "{} are required"),
            _clause(self.differences.others, *["`kubecore.other_fields` has {}"] * 2),
        ]
        listed = "; ".join(part for part in parts if part)
        return f"Like {called}, but {listed}." if listed else ""


def _clause(paths: frozenset[str], one: str, several: str) -> str:
    if not paths:
        return ""
    # Those nearest to the object first.
    ordered = sorted(paths, key=lambda path: (path.count("."), path))
    shown = [f"`{path}`" for path in ordered[:_SHOWN]]
    more = len(ordered) - len(shown)
    listed = shown + ([f"{more} more"] if more else [])
    text = f"{', '.join(listed[:-1])} and {listed[-1]}" if len(listed) > 1 else listed[0]
    return (several if len(ordered) > 1 else one).format(text)
