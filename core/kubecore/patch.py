"""Patch types, for `patch(name, body)` and similar verbs.

| type | content |
|---|---|
| `JsonPatch` | a list of operations: RFC 6902 |
| `MergePatch` | a part of the object, in which null removes: RFC 7386 |
| `StrategicMergePatch` | a part of the object, whose lists are merged by key: for Kubernetes' own kinds |
| `ApplyPatch` | the desired state of one manager, sent without checks of its fields, unlike `apply` |

```python
deployments.patch("web", JsonPatch([Test("/spec/paused", True), Remove("/spec/paused")]))
deployments.patch("web", MergePatch({"metadata": {"annotations": {"old": None}}}))
```

An explicit None of a mapping is a null on the wire, at every depth. In a model, None means "not set".

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
"""The target of an operation: a JSON pointer such as `/spec/replicas`, or its segments, which need no escapes."""

_BAD_ESCAPE: Final = re.compile(r"~(?![01])")


def pointer(*segments: str | int) -> str:
    """Write a JSON pointer, `~` and `/` escaped: RFC 6901.

    Args:
        *segments: Keys, and indices of lists; `-` is the place after a list's last item.

    Returns:
        Such as `/metadata/annotations/example.com~1owner`; "" without segments, which is the whole object.
    """
    return "".join("/" + str(segment).replace("~", "~0").replace("/", "~1") for segment in segments)


def _pointer(path: Path) -> str:
    if not isinstance(path, str):
        return pointer(*path)
    if path and (path[0] != "/" or _BAD_ESCAPE.search(path)):
        raise InvalidRequestError(
            f"{path[:100]!r} is not a JSON pointer: it must start with / and write ~ as ~0; "
            "a list of segments needs neither"
        )
    return path


class Operation(msgspec.Struct, frozen=True):
    """One operation of a JSON patch: RFC 6902, section 4.

    Attributes:
        path: Its target; kept as a JSON pointer.
    """

    op: ClassVar[str]
    path: Path

    def __post_init__(self) -> None:
        """Convert the path to a pointer.

        Raises:
            InvalidRequestError: The text is not a JSON pointer.
        """
        msgspec.structs.force_setattr(self, "path", _pointer(self.path))

    def document(self) -> dict[str, Any]:
        """Return the operation as it is sent."""
        return {"op": self.op, "path": self.path}

    def __repr__(self) -> str:
        """Show the target, not the value, which may be secret."""
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
    """An operation that uses the value at another place."""

    from_: Path

    def __post_init__(self) -> None:
        """Convert both paths to pointers.

        Raises:
            InvalidRequestError: A text is not a JSON pointer.
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
    """Replaces an existing value."""

    op: ClassVar[str] = "replace"


class Test(_WithValue, frozen=True):
    """Fails the whole patch if the value differs (422)."""

    __test__: ClassVar[bool] = False  # Not one of pytest's.
    op: ClassVar[str] = "test"


class Remove(Operation, frozen=True):
    """Removes an existing value; if it is missing, the whole patch fails."""

    op: ClassVar[str] = "remove"


class Move(_WithSource, frozen=True, kw_only=True):
    """Moves the value at `from_`."""

    op: ClassVar[str] = "move"


class Copy(_WithSource, frozen=True, kw_only=True):
    """Copies the value at `from_`."""

    op: ClassVar[str] = "copy"


class JsonPatch(msgspec.Struct, frozen=True):
    """Operations that are carried out in their order, all of them or none: RFC 6902.

    Attributes:
        operations: The operations; mappings too.
    """

    type: ClassVar[PatchType] = "json"
    operations: Sequence[Operation | Mapping[str, Any]]

    def __post_init__(self) -> None:
        """Check that these are operations.

        Raises:
            InvalidRequestError: One is not an operation.
        """
        operations = list[object](self.operations)
        wrong = next((operation for operation in operations if not isinstance(operation, (Operation, Mapping))), None)
        if wrong is not None:
            raise InvalidRequestError(f"a JSON patch needs a list of operations, not a {type(wrong).__name__}")

    def document(self) -> list[Any]:
        """Return the patch as it is sent."""
        return [
            operation.document() if isinstance(operation, Operation) else operation for operation in self.operations
        ]

    def __repr__(self) -> str:
        """Show the number of operations, not their values."""
        return f"<JsonPatch of {len(self.operations)}>"

    def __rich_repr__(self) -> Iterator[Any]:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
        """Show the same in rich as in repr."""
        yield len(self.operations)


class _PartialPatch(msgspec.Struct, frozen=True):
    """A patch that looks like the object.

    Attributes:
        body: A part of the object: a mapping with the API's names, or a model.
    """

    body: Model | Mapping[str, Any]

    def document(self) -> Model | Mapping[str, Any]:
        """Return the patch as it is sent."""
        return self.body

    def __repr__(self) -> str:
        """Show the kind of patch, not its content."""
        return f"<{type(self).__name__}>"

    def __rich_repr__(self) -> Iterator[Any]:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
        """Show the same in rich as in repr."""
        yield from ()


class MergePatch(_PartialPatch, frozen=True):
    """Sets the given fields and removes those that are null; lists are replaced as a whole: RFC 7386."""

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
"""A patch of one of the types of this module."""
