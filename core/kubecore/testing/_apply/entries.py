"""The managers of an object: `metadata.managedFields`, read, sorted, limited and written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from json.encoder import encode_basestring
from typing import Any, NamedTuple

from kubecore.testing._apply.sets import MEMBER, FieldSet, from_wire, ordered, union

__all__ = ["ANCIENT", "UNOWNED", "Entry", "Identity", "Managers", "capped", "decode", "encode"]

ANCIENT = "ancient-changes"
"""The manager that gets the fields of the oldest managers."""

MOST_UPDATERS = 10


UNOWNED: FieldSet = {
    "f:apiVersion": MEMBER,
    "f:kind": MEMBER,
    "f:metadata": {
        ".": MEMBER,
        **dict.fromkeys(
            (
                "f:clusterName",
                "f:creationTimestamp",
                "f:generation",
                "f:managedFields",
                "f:name",
                "f:namespace",
                "f:resourceVersion",
                "f:selfLink",
                "f:uid",
            ),
            MEMBER,
        ),
    },
}
"""Fields that nobody owns."""


class Identity(NamedTuple):
    """The parts in which two entries differ.

    The API version of an entry of applies is "": each manager has one such entry.
    """

    manager: str
    operation: str
    api_version: str
    subresource: str

    @property
    def text(self) -> str:
        """The text by which the server sorts managers."""
        names = ("manager", "operation", "apiVersion", "subresource")
        pairs = [f'"{name}":{encode_basestring(value)}' for name, value in zip(names, self, strict=True) if value]
        return "{" + ",".join(pairs) + "}"


@dataclass(frozen=True, slots=True)
class Entry:
    """The fields of one manager.

    Attributes:
        api_version: The API version of the fields.
        fields: The fields.
        time: When the entry was changed for the last time, such as `2026-01-01T00:00:00Z`; None if that is unknown.
        written: The entry as the object contains it, or None if the entry was changed.
    """

    api_version: str
    fields: FieldSet
    time: str | None
    written: Mapping[str, Any] | None = None

    def having(self, fields: FieldSet) -> Entry:
        """Return the entry with other fields."""
        return self if fields is self.fields else replace(self, fields=fields, written=None)


Managers = dict[Identity, Entry]


def decode(documents: Any, *, is_stored: bool) -> Managers:
    """Read managed fields.

    Args:
        documents: `metadata.managedFields`.
        is_stored: Whether the server wrote them, so that all sets are in their normal form.

    Raises:
        ValueError: An entry is invalid.
    """
    found: Managers = {}
    for document in documents or ():
        if document.get("fieldsType") != "FieldsV1":
            raise ValueError(f"unsupported fieldsType {document.get('fieldsType')!r}")
        operation, version = document.get("operation", ""), document.get("apiVersion", "")
        identity = Identity(
            document.get("manager", ""),
            operation,
            "" if operation == "Apply" else version,
            document.get("subresource", ""),
        )
        fields: FieldSet = document.get("fieldsV1") or {}
        found[identity] = Entry(
            version,
            fields if is_stored else from_wire(fields),
            document.get("time"),
            document if is_stored else None,
        )
    return found


def encode(managers: Managers, *, is_custom: bool) -> list[dict[str, Any]]:
    """Write managed fields in the order of the server: applies first, then by time, manager, version, subresource.

    Args:
        managers: The managers.
        is_custom: Whether the object is a custom resource.
    """
    items = sorted(managers.items(), key=_order)
    return [
        {
            "manager": identity.manager,
            "operation": identity.operation,
            "apiVersion": entry.api_version,
            **({} if entry.time is None else {"time": entry.time}),
            "fieldsType": "FieldsV1",
            "fieldsV1": ordered(entry.fields, is_custom=is_custom),
            **({"subresource": identity.subresource} if identity.subresource else {}),
        }
        if entry.written is None
        else dict(entry.written)
        for identity, entry in items
    ]


def _order(item: tuple[Identity, Entry]) -> tuple[Any, ...]:
    identity, entry = item
    return identity.operation, _seconds(entry.time), identity.manager, entry.api_version, identity.subresource


def _seconds(time: str | None) -> str:
    """Return a value that sorts times of whole seconds; a missing time is the beginning of 1970."""
    if time is None:
        return "1970-01-01T00:00:00Z"
    if len(time) == 20 and time[-1] == "Z":
        return time
    moment = datetime.fromisoformat(time).astimezone(UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def capped(managers: Managers) -> Managers:
    """Return the managers with at most 10 entries of updates.

    The fields of the oldest entries of an API version become one entry of `ancient-changes`, which has the time of the
    newest of them. The oldest entry of a version alone stays as it is.
    """
    updaters = [identity for identity in managers if identity.operation == "Update"]
    excess = len(updaters) - MOST_UPDATERS
    if excess <= 0:
        return managers
    updaters.sort(key=lambda identity: (_seconds(managers[identity].time), identity.text))
    left = dict(managers)
    oldest: dict[str, Identity] = {}
    for identity in updaters:
        if excess <= 0:
            break
        entry = left[identity]
        first = oldest.setdefault(entry.api_version, identity)
        if first is identity:
            continue
        bucket = Identity(ANCIENT, "Update", entry.api_version, "")
        if bucket not in left:
            left[bucket] = left.pop(first)
        del left[identity]
        left[bucket] = Entry(entry.api_version, union(entry.fields, left[bucket].fields), entry.time)
        excess -= 1
    return left
