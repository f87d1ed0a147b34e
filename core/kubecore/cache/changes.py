"""Changes of a collection, as its consumers get them. Objects are decoded when they are looked at.

```python
for change in pods.changes():
    match change:
        case Added(object=pod) | Updated(object=pod):
            print(pod.metadata.name)
        case Deleted(key=key):
            print(key.name, "is gone")
```
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Generic, TypeAlias, TypeVar

from kubecore.cache.entry import Entry
from kubecore.cache.key import Key
from kubecore.errors.base import DecodeError

if TYPE_CHECKING:
    from kubecore.cache.keep import Form

__all__ = ["Added", "Change", "Deleted", "Updated", "read"]

T = TypeVar("T")


def read(form: Form[T], entry: Entry) -> T:
    """Return the object of an entry.

    Args:
        form: The form in which it is kept.
        entry: The entry.

    Raises:
        DecodeError: Its text does not fit the model; the message names the object.
    """
    try:
        return form.read(entry.value)
    except DecodeError as error:
        raise DecodeError(f"the object {str(entry.key)!r} of the cache: {error}") from None


class _Change(Generic[T]):
    """A change of one object."""

    __slots__ = ("_form", "_object", "entry")

    def __init__(self, form: Form[T], entry: Entry) -> None:
        self.entry: Final = entry
        self._form: Final = form
        self._object: T | None = None

    @property
    def key(self) -> Key:
        """Namespace and name of the object."""
        return self.entry.key

    @property
    def object(self) -> T:
        """The object; decoded once.

        Raises:
            DecodeError: Its text does not fit the model.
        """
        if self._object is None:
            self._object = read(self._form, self.entry)
        return self._object

    def __repr__(self) -> str:
        """Show the kind of the change, the key and the version."""
        return f"{type(self).__name__}({str(self.entry.key)!r}, version {self.entry.version})"


class Added(_Change[T]):
    """An object that is new to the consumer.

    Attributes:
        entry: The metadata of the object, as the cache has it.
        is_initial: Whether the object existed before the consumer began.
    """

    __slots__ = ("is_initial",)
    __match_args__ = ("key", "object")

    def __init__(self, form: Form[T], entry: Entry, *, is_initial: bool = False) -> None:
        super().__init__(form, entry)
        self.is_initial: Final = is_initial


class Updated(_Change[T]):
    """A new state of an object.

    Attributes:
        entry: The metadata of the object.
        old_entry: The metadata of the state that the consumer got before.
    """

    __slots__ = ("_old", "old_entry")
    __match_args__ = ("key", "object")

    def __init__(self, form: Form[T], entry: Entry, old_entry: Entry) -> None:
        super().__init__(form, entry)
        self.old_entry: Final = old_entry
        self._old: T | None = None

    @property
    def old(self) -> T:
        """The state that the consumer got before; decoded once.

        Raises:
            DecodeError: Its text does not fit the model.
        """
        if self._old is None:
            self._old = read(self._form, self.old_entry)
        return self._old


class Deleted(_Change[T]):
    """An object that does not exist any more, or that the selectors do not select any more.

    Attributes:
        entry: The metadata of the object in its last known state.
        old_entry: The metadata of the state that the consumer got before; None if it never got one.
        is_final: Whether the server reported the deletion, with the state of the object in that moment. Otherwise
            the object was missing in a list, and `object` is the last state that was known before.
    """

    __slots__ = ("_old", "is_final", "old_entry")
    __match_args__ = ("key", "object")

    def __init__(self, form: Form[T], entry: Entry, old_entry: Entry | None, *, is_final: bool) -> None:
        super().__init__(form, entry)
        self.old_entry: Final = old_entry
        self.is_final: Final = is_final
        self._old: T | None = None

    @property
    def old(self) -> T | None:
        """The state that the consumer got before, None if it never got one; decoded once.

        Raises:
            DecodeError: Its text does not fit the model.
        """
        if self._old is None and self.old_entry is not None:
            self._old = read(self._form, self.old_entry)
        return self._old


Change: TypeAlias = "Added[T] | Updated[T] | Deleted[T]"
"""A change that a consumer receives: an object is new, has a new state, or is deleted."""
