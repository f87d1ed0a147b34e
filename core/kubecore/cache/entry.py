"""The entry of an object in a cache: its metadata, decoded, and the object in the form of the cache. No I/O.

Only the metadata is decoded when an object arrives. Everything else is decoded when it is read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

import msgspec

from kubecore.cache.key import Key
from kubecore.codec.decoders import decoder
from kubecore.errors.base import DecodeError

__all__ = [
    "NO_LABELS",
    "Entry",
    "LabelSet",
    "LabelSets",
    "Metadata",
    "Received",
    "Version",
    "annotations_hash",
    "controller_of",
    "metadata_of",
    "received",
    "version_of",
]

Version: TypeAlias = "int | str"
"""A resource version: a number, as on every API server of Kubernetes, or another text."""

_UNREADABLE: Final = (msgspec.DecodeError, DecodeError, ValueError, RecursionError)
_EMPTY: Final = frozenset((b"", b"{}", b"null"))
_HASH_BITS: Final = (1 << 60) - 1


class _Owner(msgspec.Struct, gc=False):
    uid: str = ""
    controller: bool | None = None


class Metadata(msgspec.Struct, rename="camel", gc=False):
    """The metadata of an object, as much of it as a cache needs. Labels and annotations are text."""

    name: str = ""
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    generation: int | None = None
    labels: msgspec.Raw = msgspec.Raw(b"")
    annotations: msgspec.Raw = msgspec.Raw(b"")
    owner_references: list[_Owner] | None = None
    finalizers: tuple[str, ...] | None = None
    deletion_timestamp: str | None = None
    deletion_grace_period_seconds: int | None = None
    managed_fields: msgspec.Raw = msgspec.Raw(b"")


class _Object(msgspec.Struct, gc=False):
    metadata: Metadata


class _Identity(msgspec.Struct, rename="camel", gc=False):
    name: str = ""
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    managed_fields: msgspec.Raw = msgspec.Raw(b"")


class _Identified(msgspec.Struct, gc=False):
    metadata: _Identity


class Received(msgspec.Struct, gc=False, eq=False):
    """A state of an object as it was received. It becomes an entry only if the store uses it.

    Attributes:
        key: Namespace and name.
        uid: The uid.
        version: The resource version.
        metadata: The decoded metadata.
        text: The object in JSON.
    """

    key: Key
    uid: str
    version: Version
    metadata: Metadata
    text: bytes


class LabelSet(msgspec.Struct, gc=False, eq=False):
    """The labels of one or more objects.

    Attributes:
        text: The labels in JSON.
        count: How many entries of the store have them.
        decoded: The labels; None until they were needed.
    """

    text: bytes
    count: int = 0
    decoded: dict[str, str] | None = None

    @property
    def labels(self) -> Mapping[str, str]:
        """The labels; none if the text is not a JSON object of texts."""
        if self.decoded is None:
            try:
                self.decoded = decoder(dict[str, str]).decode(self.text)
            except _UNREADABLE:
                self.decoded = {}
        return self.decoded


NO_LABELS: Final = LabelSet(b"{}", decoded={})


class Entry(msgspec.Struct, gc=False, eq=False):
    """One state of one object. Nothing in it changes but `seen`: a new state is a new entry.

    Attributes:
        key: Namespace and name.
        uid: The uid.
        version: The resource version.
        value: The object, in the form of the cache (`kubecore.cache.keep`).
        labels: The labels, shared by all entries with the same ones.
        owner: The uid of the controller in the owner references, "" if there is none.
        generation: The generation, 0 if the kind has none.
        annotations: A hash of the annotations, valid in this process; 0 if there are none.
        finalizers: The finalizers.
        is_deleting: Whether the object has a deletion timestamp.
        seen: The number of the last list that contained the object.
    """

    key: Key
    uid: str
    version: Version
    value: Any
    labels: LabelSet
    owner: str = ""
    generation: int = 0
    annotations: int = 0
    finalizers: tuple[str, ...] = ()
    is_deleting: bool = False
    seen: int = 0


def received(text: bytes) -> Received | None:
    """Read the metadata of an object.

    Args:
        text: The object in JSON.

    Returns:
        The object; None if the text is not valid JSON, or has no name and version.
    """
    metadata = metadata_of(text)
    if metadata is None:
        return None
    key = Key(metadata.namespace, metadata.name)
    return Received(key, metadata.uid, version_of(metadata.resource_version), metadata, text)


def metadata_of(text: bytes) -> Metadata | None:
    """Decode the metadata of an object.

    Args:
        text: The object in JSON.

    Returns:
        The metadata; None if the text is not valid JSON, or has no name and version as texts. Other fields that have a
        wrong type read as if they were missing.
    """
    metadata = _decoded(text)
    return metadata if metadata is not None and metadata.name and metadata.resource_version else None


def _decoded(text: bytes) -> Metadata | None:
    try:
        return decoder(_Object).decode(text).metadata
    except msgspec.ValidationError:
        pass
    except _UNREADABLE:
        return None
    try:
        known = decoder(_Identified).decode(text).metadata
    except _UNREADABLE:
        return None
    return Metadata(
        name=known.name,
        namespace=known.namespace,
        uid=known.uid,
        resource_version=known.resource_version,
        managed_fields=known.managed_fields,
    )


def version_of(text: str) -> Version:
    """Return a resource version as a number, or as it is if it is not one.

    Args:
        text: The version, as the server wrote it.
    """
    if text.isdecimal() and text.isascii() and len(text) < 20:
        number = int(text)
        if text[0] != "0" or number == 0:
            return number
    return text


def controller_of(metadata: Metadata) -> str:
    """Return the uid of the controller in the owner references, "" if there is none.

    Args:
        metadata: The metadata of the object.
    """
    for owner in metadata.owner_references or ():
        if owner.controller:
            return owner.uid
    return ""


def annotations_hash(raw: msgspec.Raw) -> int:
    """Return a hash of annotations, 0 for none.

    Args:
        raw: The annotations in JSON.
    """
    text = bytes(raw)
    return 0 if text in _EMPTY else hash(text) & _HASH_BITS


class LabelSets:
    """The label sets of the entries of a store: equal ones are one object."""

    __slots__ = ("_by_text",)

    def __init__(self) -> None:
        self._by_text: dict[bytes, LabelSet] = {}

    def __len__(self) -> int:
        return len(self._by_text)

    def find(self, raw: msgspec.Raw) -> LabelSet:
        """Return the label set of a text: one that entries have, or a new one.

        Args:
            raw: The labels in JSON.
        """
        text = bytes(raw)
        found = self._by_text.get(text)
        if found is None:
            found = NO_LABELS if text in _EMPTY else LabelSet(text)
        return found

    def retain(self, labels: LabelSet) -> None:
        """Count an entry of the store that has a label set.

        Args:
            labels: The label set.
        """
        if labels is NO_LABELS:
            return
        labels.count += 1
        if labels.count == 1:
            self._by_text[labels.text] = labels

    def release(self, labels: LabelSet) -> None:
        """Subtract an entry of the store that does not exist any more.

        Args:
            labels: Its label set.
        """
        if labels is NO_LABELS:
            return
        labels.count -= 1
        if labels.count == 0 and self._by_text.get(labels.text) is labels:
            del self._by_text[labels.text]
