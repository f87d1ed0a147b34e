"""The Lease of an election: a document of `coordination.k8s.io/v1`, with the fields that client-go writes. No I/O.

Fields that this module does not know stay as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeAlias

from kubecore._support.json_types import is_json_object
from kubecore.model.times import micro_time

__all__ = [
    "Document",
    "created",
    "duration",
    "holder",
    "observed",
    "released",
    "renewed",
    "taken",
    "transitions",
    "uid",
]

Document: TypeAlias = dict[str, Any]
"""A Lease as JSON."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MOST_TRANSITIONS: Final = 2**31 - 1


def holder(lease: Mapping[str, Any]) -> str:
    """Return the identity of the holder, "" if nobody holds the Lease."""
    value = _spec(lease).get("holderIdentity")
    return value if isinstance(value, str) else ""


def transitions(lease: Mapping[str, Any]) -> int:
    """Return how often the holder changed."""
    value = _spec(lease).get("leaseTransitions")
    return value if isinstance(value, int) else 0


def duration(lease: Mapping[str, Any]) -> float | None:
    """Return the seconds that candidates wait after a renewal; None if the record lacks a valid number."""
    value = _spec(lease).get("leaseDurationSeconds")
    return float(value) if isinstance(value, int) and value > 0 else None


def uid(lease: Mapping[str, Any]) -> str:
    """Return the UID, "" if the document has none."""
    metadata = lease.get("metadata")
    value = metadata.get("uid") if is_json_object(metadata) else None
    return value if isinstance(value, str) else ""


def observed(lease: Mapping[str, Any]) -> tuple[str, Document]:
    """Return the part whose change is a sign of life of the holder: labels and annotations are not."""
    return uid(lease), _spec(lease)


def created(namespace: str, name: str, identity: str, seconds: float, now: float) -> Document:
    """Return the document of a new Lease.

    Args:
        namespace: The namespace.
        name: The name of the Lease.
        identity: The holder.
        seconds: The duration of the lease.
        now: Seconds since 1970-01-01 UTC.
    """
    stamp = micro_time(round(now * 1_000_000))
    return {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "holderIdentity": identity,
            "leaseDurationSeconds": int(seconds),
            "acquireTime": stamp,
            "renewTime": stamp,
            "leaseTransitions": 0,
        },
    }


def taken(lease: Document, identity: str, seconds: float, now: float) -> Document:
    """Return the document with a new holder; if it is the holder already, that is a renewal.

    Args:
        lease: The document as the server returned it.
        identity: The new holder.
        seconds: The duration of the lease.
        now: Seconds since 1970-01-01 UTC.
    """
    if holder(lease) == identity:
        return renewed(lease, seconds, now)
    stamp = _stamp(lease, now)
    return _with(
        lease,
        holderIdentity=identity,
        leaseDurationSeconds=int(seconds),
        acquireTime=stamp,
        renewTime=stamp,
        leaseTransitions=min(transitions(lease) + 1, _MOST_TRANSITIONS),
    )


def renewed(lease: Document, seconds: float, now: float) -> Document:
    """Return the document with another time of renewal.

    Args:
        lease: The document as the server returned it.
        seconds: The duration of the lease.
        now: Seconds since 1970-01-01 UTC.
    """
    return _with(lease, leaseDurationSeconds=int(seconds), renewTime=_stamp(lease, now))


def released(lease: Document, now: float) -> Document:
    """Return the document without a holder, which any candidate may take at once.

    Args:
        lease: The document as the server returned it.
        now: Seconds since 1970-01-01 UTC.
    """
    stamp = _stamp(lease, now)
    return _with(lease, holderIdentity="", leaseDurationSeconds=1, acquireTime=stamp, renewTime=stamp)


def _stamp(lease: Mapping[str, Any], now: float) -> str:
    """Return the time of a change: now, but later than the last one if both are within a second.

    Candidates see the life of a leader in records that change. With a wall clock that stands still, they would take
    over from a leader whose renewals succeed; also with two times in turn, since they may see every other record.
    """
    micros, before = round(now * 1_000_000), _micros(_spec(lease).get("renewTime"))
    if before is not None and before - 1_000_000 < micros <= before:
        micros = before + 1
    return micro_time(micros)


def _micros(stamp: object) -> int | None:
    """Return the microseconds since 1970-01-01 UTC of a time, None if it is not one."""
    try:
        at = datetime.fromisoformat(stamp) if isinstance(stamp, str) else None
    except ValueError:
        return None
    return None if at is None or at.tzinfo is None else (at - _EPOCH) // timedelta(microseconds=1)


def _with(lease: Document, **fields: Any) -> Document:
    return {**lease, "spec": {**_spec(lease), **fields}}


def _spec(lease: Mapping[str, Any]) -> Document:
    value = lease.get("spec")
    return dict(value) if is_json_object(value) else {}
