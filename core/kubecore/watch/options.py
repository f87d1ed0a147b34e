"""The options of a watch, and the query of each of its requests. No I/O."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from kubecore import options
from kubecore.calls.call import Call
from kubecore.errors import InvalidRequestError
from kubecore.options import Query, ResourceVersionMatch
from kubecore.watch.phases import Phase

if TYPE_CHECKING:
    from kubecore.selectors import FieldSelector, LabelSelector

__all__ = ["WatchOptions"]

T = TypeVar("T")


# Without slots: with them, Python 3.11 can't make an instance of WatchOptions[T].
@dataclass(frozen=True, kw_only=True)
class WatchOptions(Generic[T]):
    """The options of a watch."""

    list: Callable[[Query], Call[Any]]
    watch: Callable[[Query], Call[T]]
    label_selector: LabelSelector | None = None
    field_selector: FieldSelector | None = None
    shard_selector: str | None = None
    resource_version: str | None = None
    resource_version_match: ResourceVersionMatch | None = None
    timeout_seconds: int | None = None
    allow_watch_bookmarks: bool | None = None
    send_initial_events: bool | None = None
    timeout: float | None = None
    """Seconds until the first response: a list, or the open watch. None for the limits of `Config.timeouts`."""
    relists: bool = False
    page_size: int | None = None
    """The number of objects in each page of a list; None for all in one response."""
    ends_at: float | None = None
    """When the watch ends, on the monotonic clock; None for `timeout_seconds` after the first request."""

    def __post_init__(self) -> None:
        """Refuse an invalid time limit or version.

        Raises:
            InvalidRequestError: `timeout_seconds` is not a whole number, or the version is not text.
        """
        version: Any = self.resource_version
        if version is not None and not isinstance(version, str):
            raise InvalidRequestError(
                f"resource_version must be text, such as the resource_version of a list, not {type(version).__name__}"
            )
        seconds: Any = self.timeout_seconds
        if seconds is not None and not isinstance(seconds, int):
            raise InvalidRequestError(f"timeout_seconds must be whole seconds, not {type(seconds).__name__}")

    @property
    def start(self) -> str:
        """The version to begin after; "" if a list determines it."""
        version = self.resource_version or ""
        return "" if version == "0" and not self.send_initial_events else version

    @property
    def first_phase(self) -> Phase:
        """The first request."""
        if self.send_initial_events:
            return "initial"
        if self.start:
            return "watch"
        return "list" if self.send_initial_events is None else "now"

    def query(self, phase: Phase, *, version: str, seconds: int | None, token: str | None, is_first: bool) -> Query:
        """Write the query of a request.

        Args:
            phase: Its purpose.
            version: The version to resume from.
            seconds: How long the server keeps the watch open.
            token: Of the next page of a list.
            is_first: Whether there was no response yet.

        Raises:
            InvalidRequestError: An option is invalid.
        """
        values: dict[str, Any] = {
            "label_selector": self.label_selector,
            "field_selector": self.field_selector,
            "shard_selector": self.shard_selector,
        }
        if phase in ("watch", "initial"):
            values.update(watch=True, allow_watch_bookmarks=True, timeout_seconds=seconds)
            values["resource_version"] = version or None
            if phase == "initial":
                values["send_initial_events"] = True
                values["resource_version_match"] = self.resource_version_match or "NotOlderThan"
            elif is_first:
                values["resource_version_match"] = self.resource_version_match  # The server reports why it refuses it.
        elif phase != "list":
            values["limit"] = 1
        else:
            values["limit"] = self.page_size
            if token is not None:
                values["continue_token"] = token
            elif is_first:  # A repeated list uses the newest state.
                values["resource_version"] = self.resource_version
                values["resource_version_match"] = self.resource_version_match
        return options.query(**values)
