"""The forms in which a cache keeps objects: decoded, as JSON, packed, or only some fields. No I/O."""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Any, Final, Generic, TypeVar, cast

from kubecore.cache import packing
from kubecore.cache.packing import Packed, Packer
from kubecore.codec import decode
from kubecore.errors.base import DecodeError, InvalidRequestError

__all__ = ["Form", "Keep", "form"]

T = TypeVar("T")


class Keep(enum.Enum):
    """How a cache keeps objects."""

    JSON = "json"
    """As the server's text, without managed fields, decoded whenever it is read. The reader owns the object."""

    PACKED = "packed"
    """As compressed text: an eighth of the memory of `JSON`, or less. Changes and reads need more time."""

    OBJECTS = "objects"
    """Decoded: four times the memory of `JSON`, and nothing to do for a read. Every reader gets the same object, which
    must not be changed. Set KUBECORE_DETECT_MUTATION=1 to find code that changes it."""


class Form(Generic[T]):
    """How the objects of one cache are kept and read: as JSON. Subclasses are the other forms.

    Args:
        model: The type of the objects.
        complete: Is applied to each decoded object, if it is set.

    Attributes:
        is_shared: Whether every reader gets the same object.
        needs_cut: Whether managed fields are removed from the text first.
    """

    __slots__ = ("_complete", "_model", "is_shared", "needs_cut")

    def __init__(self, model: type[T], complete: Callable[[T], T] | None = None) -> None:
        self._model: Final = model
        self._complete: Final = complete
        self.is_shared: bool = False
        self.needs_cut: bool = True

    def keep(self, text: bytes, owner: str) -> Any:
        """Return an object in this form.

        Args:
            text: The object in JSON, without managed fields.
            owner: The uid of its controller, "" if it has none.
        """
        return text

    def read(self, value: Any) -> T:
        """Return an object.

        Args:
            value: The object in this form.

        Raises:
            DecodeError: Its text does not fit the model.
        """
        return self._decoded(value)

    def equal(self, value: Any, other: Any) -> bool:
        """Return whether two objects are equal.

        Args:
            value: The one in this form.
            other: The other one.
        """
        return bool(value == other)

    def size(self, value: Any) -> int:
        """Return how many bytes of text are kept of an object; 0 if it is decoded.

        Args:
            value: The object in this form.
        """
        return len(value)

    def _decoded(self, text: bytes) -> T:
        found = decode.decode(text, self._model)
        return found if self._complete is None else self._complete(found)


class _PackedText(Form[T]):
    """Objects as compressed JSON, or as JSON if they do not shrink."""

    __slots__ = ("_packer",)

    def __init__(self, model: type[T], complete: Callable[[T], T] | None) -> None:
        super().__init__(model, complete)
        self._packer = Packer()

    def keep(self, text: bytes, owner: str) -> Any:
        return self._packer.pack(text, owner)

    def read(self, value: Any) -> T:
        return self._decoded(_unpacked(value))

    def equal(self, value: Any, other: Any) -> bool:
        return _unpacked(value) == _unpacked(other)

    def size(self, value: Any) -> int:
        return len(value.data if isinstance(value, Packed) else value)


class _Undecodable:
    """The text of an object that does not fit its model."""

    __slots__ = ("text",)

    def __init__(self, text: bytes) -> None:
        self.text: Final = text


class _Objects(Form[T]):
    """Decoded objects."""

    __slots__ = ()

    def __init__(self, model: type[T], complete: Callable[[T], T] | None, *, is_projection: bool) -> None:
        super().__init__(model, complete)
        self.is_shared = True
        self.needs_cut = not is_projection  # A projection skips fields that it does not have.

    def keep(self, text: bytes, owner: str) -> Any:
        try:
            return self._decoded(text)
        except DecodeError:
            return _Undecodable(text)

    def read(self, value: Any) -> T:
        if isinstance(value, _Undecodable):
            return self._decoded(value.text)
        read: T = value
        return read

    def size(self, value: Any) -> int:
        return len(value.text) if isinstance(value, _Undecodable) else 0


def _unpacked(value: Packed | bytes) -> bytes:
    return packing.unpack(value) if isinstance(value, Packed) else value


def form(
    model: type[T], keep: Keep = Keep.JSON, *, is_projection: bool = False, complete: Callable[[T], T] | None = None
) -> Form[T]:
    """Return the form for objects of a type.

    Args:
        model: The model, `dict` or a projection.
        keep: How objects are kept.
        is_projection: Whether `model` is a projection: then objects are kept decoded, or packed as text.
        complete: Is applied to each object that was decoded, such as one that has its apiVersion and kind left out.

    Returns:
        The form.

    Raises:
        InvalidRequestError: `keep` is not a member of `Keep`.
    """
    if not isinstance(cast("object", keep), Keep):
        raise InvalidRequestError(f"keep= must be a member of kubecore.cache.Keep, not {keep!r}")
    if keep is Keep.PACKED:
        return _PackedText(model, complete)
    if keep is Keep.OBJECTS or is_projection:
        return _Objects(model, complete, is_projection=is_projection)
    return Form(model, complete)
