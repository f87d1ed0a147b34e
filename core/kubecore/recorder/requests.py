"""The requests of a recorder: an event is created once, later its series is patched. No I/O."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from kubecore.calls.call import Call
from kubecore.calls.resource import Resource
from kubecore.codec import encode
from kubecore.model.times import micro_time
from kubecore.options import CONTENT_TYPES
from kubecore.recorder.series import Write

__all__ = ["Source", "create_call", "patch_call"]

_EVENTS: Final[Resource[dict[str, Any], Any]] = Resource(
    group="events.k8s.io", version="v1", plural="events", namespaced=True, kind=dict
)


class Source(NamedTuple):
    """The reporter of events.

    Attributes:
        controller: The name of the controller, `reportingController`.
        instance: The name of this process, `reportingInstance`.
    """

    controller: str
    instance: str


def create_call(write: Write, source: Source) -> Call[bytes]:
    """Return the call that creates an event.

    Args:
        write: The series, with a name.
        source: The reporter of the event.

    Raises:
        InvalidRequestError: The namespace of the object is not a valid name.
    """
    series = write.series
    key = series.key
    namespace = _namespace(write)
    document: dict[str, Any] = {
        "apiVersion": "events.k8s.io/v1",
        "kind": "Event",
        "metadata": {"name": series.name, "namespace": namespace},
        "eventTime": _stamp(series.first_wall),
        "reportingController": source.controller,
        "reportingInstance": source.instance,
        "type": key.type,
        "reason": key.reason,
        "action": key.action,
        "regarding": key.regarding.document(),
        "note": series.note,
    }
    if key.related is not None:
        document["related"] = key.related.document()
    if write.count > 1:
        document["series"] = _series(write)
    return _EVENTS.call("create", "POST", namespace, bytes, body=encode.encode(document))


def patch_call(write: Write) -> Call[bytes]:
    """Return the call that writes the count of a series.

    Args:
        write: The series; its event exists.
    """
    return _EVENTS.call(
        "patch",
        "PATCH",
        _namespace(write),
        bytes,
        name=write.series.name,
        body=encode.encode({"series": _series(write)}),
        content_type=CONTENT_TYPES["merge"],
    )


def _namespace(write: Write) -> str:
    """Return the namespace of an event: that of its object; the server expects `default` for cluster-scoped objects."""
    return write.series.key.regarding.namespace or "default"


def _series(write: Write) -> dict[str, Any]:
    return {"count": write.count, "lastObservedTime": _stamp(write.last_wall)}


def _stamp(wall: float) -> str:
    return micro_time(round(wall * 1_000_000))
