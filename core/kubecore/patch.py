"""Patches with types of their own, for `patch(name, body)` and its like.

| type | what it is |
|---|---|
| `JsonPatch` | a list of operations: RFC 6902 |
| `MergePatch` | a part of the object, where null removes: RFC 7386 |
| `StrategicMergePatch` | a part of the object, whose lists are merged by key: for Kubernetes' own kinds |
| `ApplyPatch` | what one manager wants, sent without looking at its fields; `apply` looks |

```python
deployments.patch("web", JsonPatch([Test("/spec/paused", True), Remove("/spec/paused")]))
deployments.patch("web", MergePatch({"metadata": {"annotations": {"old": None}}}))
```

An explicit None of a mapping is a null on the wire, at every depth. In a model None is "not said".

Source: RFC 6901, RFC 6902, RFC 7386; `k8s.io/apimachinery/pkg/types` `PatchType`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Final, TypeAlias

import msgspec

from kubecore.errors import InvalidRequestError
from kubecore.model.model import Model
from kubecore.options import PatchType

__all__ = [
    "Add",
    "AnyPatch",
    "ApplyPatch",
    "Copy",
    "JsonPatch",
    "MergePatch",
    "Move",
    "Operation",
    "Path",
    "Remove",
    "Replace",
    "StrategicMergePatch",
    "Test",
    "pointer",
]

Path: TypeAlias = str | Sequence[str | int]
"""Where an operation is at work: a JSON pointer such as `/spec/replicas`, or its segments, which need no escapes."""

_BAD_ESCAPE: Final = re.compile(r"~(?![01])")


def pointer(*segments: str | int) -> str:
    """Write a JSON pointer, `~` and `/` escaped: RFC 6901.

    Args:
        *segments: keys, and indices of lists; `-` is the place after a list's last item.

    Returns:
        Such as `/metadata/annotations/example.com~1owner`; "" without segments, which is the whole object.
    """
    return "".join("/" + str(segment).replace("~", "~0").replace("/", "~1") for segment in segments)


def _pointer(path: Path) -> str:
    if not isinstance(path, str):
        return pointer(*path)
    if path and (path[0] != "/" or _BAD_ESCAPE.search(path)):
        raise InvalidRequestError(
            f"{path[:100]!r} is no JSON pointer: one begins with / and holds ~ as ~0; segments in a list need neither"
        )
    return path


class Operation(msgspec.Struct, frozen=True):
    """One operation of a JSON patch: RFC 6902, section 4.

    Attributes:
        path: where it is at work; kept as a JSON pointer.
    """

    op: ClassVar[str]
    path: Path

    def __post_init__(self) -> None:
        """Turn the path into a pointer.

        Raises:
            InvalidRequestError: the text is no JSON pointer.
        """
        msgspec.structs.force_setattr(self, "path", _pointer(self.path))

    def document(self) -> dict[str, Any]:
        """Return the operation as it is sent."""
        return {"op": self.op, "path": self.path}

    def __repr__(self) -> str:
        """Show where it is at work, not the value, which may be secret."""
        return f"{type(self).__name__}({self.path!r})"

    def __rich_repr__(self) -> Iterator[Any]:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
        """Show the same in rich as in repr."""
        yield self.path


class _WithValue(Operation, frozen=True):
    """An operation that writes or compares a value."""

    value: Any

    def document(self) -> dict[str, Any]:
        """Return the operation as it is sent."""
        return {"op": self.op, "path": self.path, "value": self.value}


class _WithSource(Operation, frozen=True, kw_only=True):
    """An operation that takes what is somewhere else."""

    from_: Path

    def __post_init__(self) -> None:
        """Turn both paths into pointers.

        Raises:
            InvalidRequestError: a text is no JSON pointer.
        """
        msgspec.structs.force_setattr(self, "path", _pointer(self.path))
        msgspec.structs.force_setattr(self, "from_", _pointer(self.from_))

    def document(self) -> dict[str, Any]:
        """Return the operation as it is sent."""
        return {"op": self.op, "from": self.from_, "path": self.path}


class Add(_WithValue, frozen=True):
    """Sets a key, or inserts into a list before an index; `-` appends."""

    op: ClassVar[str] = "add"


class Replace(_WithValue, frozen=True):
    """Sets what is there already."""

    op: ClassVar[str] = "replace"


class Test(_WithValue, frozen=True):
    """Fails the whole patch where something else is there (422)."""

    __test__: ClassVar[bool] = False  # Not one of pytest's.
    op: ClassVar[str] = "test"


class Remove(Operation, frozen=True):
    """Removes what is there; where nothing is, the whole patch fails."""

    op: ClassVar[str] = "remove"


class Move(_WithSource, frozen=True, kw_only=True):
    """Moves what is at `from_`."""

    op: ClassVar[str] = "move"


class Copy(_WithSource, frozen=True, kw_only=True):
    """Copies what is at `from_`."""

    op: ClassVar[str] = "copy"


class JsonPatch(msgspec.Struct, frozen=True):
    """Operations that are carried out in their order, all of them or none: RFC 6902.

    Attributes:
        operations: the operations; mappings too.
    """

    type: ClassVar[PatchType] = "json"
    operations: Sequence[Operation | Mapping[str, Any]]

    def __post_init__(self) -> None:
        """Look whether these are operations.

        Raises:
            InvalidRequestError: one is none.
        """
        operations = list[object](self.operations)
        wrong = next((one for one in operations if not isinstance(one, (Operation, Mapping))), None)
        if wrong is not None:
            raise InvalidRequestError(f"a JSON patch is a list of operations; a {type(wrong).__name__} is none")

    def document(self) -> list[Any]:
        """Return the patch as it is sent."""
        return [one.document() if isinstance(one, Operation) else one for one in self.operations]

    def __repr__(self) -> str:
        """Show how many operations there are, not what they write."""
        return f"<JsonPatch of {len(self.operations)}>"

    def __rich_repr__(self) -> Iterator[Any]:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
        """Show the same in rich as in repr."""
        yield len(self.operations)


class _PartialPatch(msgspec.Struct, frozen=True):
    """A patch that looks like the object.

    Attributes:
        body: a part of the object: a mapping with the API's names, or a model.
    """

    body: Model | Mapping[str, Any]

    def document(self) -> Model | Mapping[str, Any]:
        """Return the patch as it is sent."""
        return self.body

    def __repr__(self) -> str:
        """Show the kind of patch, not what it writes."""
        return f"<{type(self).__name__}>"

    def __rich_repr__(self) -> Iterator[Any]:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
        """Show the same in rich as in repr."""
        yield from ()


class MergePatch(_PartialPatch, frozen=True):
    """Sets what it names and removes what it names as null; lists are replaced as a whole: RFC 7386."""

    type: ClassVar[PatchType] = "merge"


class StrategicMergePatch(_PartialPatch, frozen=True):
    """A merge patch whose lists are merged by the keys of their items; custom resources have none (415).

    `$patch` and the like go through as they are.
    """

    type: ClassVar[PatchType] = "strategic"


class ApplyPatch(_PartialPatch, frozen=True):
    """Server-side apply that is sent as it is: fields that the models do not know are not refused, as `apply` does."""

    type: ClassVar[PatchType] = "apply"


AnyPatch: TypeAlias = JsonPatch | MergePatch | StrategicMergePatch | ApplyPatch
"""A patch that says of which kind it is."""
