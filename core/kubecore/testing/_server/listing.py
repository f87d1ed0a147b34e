"""Lists: pages, continue tokens and versions."""

from __future__ import annotations

import bisect
from collections.abc import Iterator
from typing import Final, NamedTuple

from kubecore.testing._server.exchange import Received
from kubecore.testing._server.failures import Cause, RequestError
from kubecore.testing._server.options import (
    bad_request,
    forbidden,
    not_supported,
    number_in,
    refuse,
    revision_of,
    truth_in,
)
from kubecore.testing._server.store import Key, Record, Storage, Store, key_text
from kubecore.testing._server.tokens import Place, read_token, write_token
from kubecore.testing._server.watching import Selection

__all__ = ["ListOptions", "Page", "expired", "page_of"]

_UNCACHED: Final = {("", "events")}
"""Collections that a real server reads from etcd: their tokens and messages differ."""

_MATCHES: Final = ("Exact", "NotOlderThan", "")
_WATCH_MATCHES: Final = ("NotOlderThan",)


class ListOptions(NamedTuple):
    """Options of a list or a watch.

    Attributes:
        version: `resourceVersion`.
        match: `resourceVersionMatch`.
        limit: Most objects in a page, 0 for all.
        token: `continue`.
        sends_initial_events: `sendInitialEvents`; None if it is missing.
        wants_bookmarks: `allowWatchBookmarks`.
        seconds: `timeoutSeconds`, 0 for no limit.
        behind: How many revisions old the state of version `0` is.
    """

    version: str = ""
    match: str = ""
    limit: int = 0
    token: str = ""
    sends_initial_events: bool | None = None
    wants_bookmarks: bool = False
    seconds: int = 0
    behind: int = 0

    @classmethod
    def of(cls, received: Received) -> ListOptions:
        """Read the options of a request.

        Raises:
            RequestError: An option is invalid, or two contradict each other.
        """
        query = dict(received.query)
        options = cls(
            version=query.get("resourceVersion", ""),
            match=query.get("resourceVersionMatch", ""),
            limit=number_in(query, "limit") or 0,
            token=query.get("continue", ""),
            sends_initial_events=truth_in(query, "sendInitialEvents"),
            wants_bookmarks=bool(truth_in(query, "allowWatchBookmarks")),
            seconds=number_in(query, "timeoutSeconds") or 0,
            behind=received.behind,
        )
        refuse("ListOptions", list(options._watch_causes() if received.verb == "watch" else options._causes()))
        return options

    def _causes(self) -> Iterator[Cause]:
        if self.match:
            yield from self._match_causes()
        if self.sends_initial_events is not None:
            yield forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list")

    def _match_causes(self) -> Iterator[Cause]:
        name = "resourceVersionMatch"
        if not self.version:
            yield forbidden(name, "resourceVersionMatch is forbidden unless resourceVersion is provided")
        if self.token:
            yield forbidden(name, "resourceVersionMatch is forbidden when continue is provided")
        if self.match not in _MATCHES:
            yield not_supported(name, self.match, _MATCHES)
        if self.match == "Exact" and self.version == "0":
            yield forbidden(name, 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"')

    def _watch_causes(self) -> Iterator[Cause]:
        name = "resourceVersionMatch"
        if self.sends_initial_events is None:
            if self.match:
                yield forbidden(
                    name, "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"
                )
        elif self.match != "NotOlderThan":
            yield forbidden(name, "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan")
        if self.match and self.match not in _WATCH_MATCHES:
            yield not_supported(name, self.match, _WATCH_MATCHES)

    def revision(self, *, is_watch: bool = False) -> int:
        """Return the version as a number, 0 for any.

        Args:
            is_watch: Whether the request is a watch, whose error differs.

        Raises:
            RequestError: It is not a number.
        """
        text = self.version or "0"
        try:
            return revision_of(text)
        except ValueError as error:
            shown = f'resourceVersion: Invalid value: "{text}": {error}'
        raise RequestError(500, "", shown) if is_watch else bad_request(f"invalid resource version: {shown}")

    def newest(self, store: Store) -> int:
        """Return the revision of the newest state that the request gets: an older one if the cache is stale."""
        return max(store.compacted, store.revision - self.behind) if self.version == "0" else store.revision


class Page(NamedTuple):
    """A page of a list.

    Attributes:
        records: The objects, in order.
        revision: The version of the list.
        token: The token for the next page, or "".
        remaining: The number of objects after this page, None if it is unknown.
    """

    records: list[Record]
    revision: int
    token: str = ""
    remaining: int | None = None


def page_of(
    store: Store, selection: Selection, options: ListOptions, *, has_selectors: bool, has_name: bool = False
) -> Page:
    """Return the page that a list requests.

    Args:
        store: The objects.
        selection: The selected objects.
        options: The options of the request.
        has_selectors: Whether there are selectors.
        has_name: Whether they require a name, so that there is only one page.

    Raises:
        RequestError: The version has expired, is too large, or the token is invalid.
    """
    place = _place(store, options)
    objects = store.collection(selection.storage, place.revision)
    keys = _keys_from(store.keys(selection.storage, place.revision), place.start, selection.namespace)
    selected = [key for key in keys if selection.has(key[0], objects[key])] if has_selectors else keys
    limit = 0 if options.version == "0" and options.match != "Exact" else max(options.limit, 0)
    shown = selected[:limit] if limit else selected
    records = [objects[key] for key in shown]
    # Also a page that only objects follow which are not selected has a token.
    if has_name or not limit or len(shown) < limit or shown[-1] == keys[-1]:
        return Page(records, place.revision)
    remaining = None if has_selectors else len(selected) - len(shown)
    last = _text(shown[-1], selection)
    start = last if selection.storage in _UNCACHED else f"/{last}"
    return Page(records, place.revision, write_token(Place(place.revision, f"{start}\0")), remaining)


def _keys_from(keys: list[Key], start: str, namespace: str) -> list[Key]:
    """Return the keys of a namespace from a place on, or those of all namespaces."""
    if not namespace:
        return keys[bisect.bisect_left(keys, start, key=key_text) :]
    first = bisect.bisect_left(keys, f"{namespace}/{start}", key=key_text)
    return keys[first : bisect.bisect_left(keys, f"{namespace}0", key=key_text)]  # `0` is the character after `/`.


def _text(key: Key, selection: Selection) -> str:
    """Return the key of an object in a list."""
    return key[1] if selection.namespace else key_text(key)


def _place(store: Store, options: ListOptions) -> Place:
    """Return the place at which a page starts."""
    if options.token:
        if options.version not in ("", "0"):
            raise bad_request("specifying resource version is not allowed when using continue")
        return _continued(store, read_token(options.token))
    wanted = options.revision()
    if wanted > store.revision:
        raise too_large(wanted, store.revision)
    is_exact = options.match == "Exact" or (options.limit > 0 and wanted > 0 and not options.match)
    if not is_exact:
        return Place(options.newest(store), "")
    if wanted < store.compacted:
        raise RequestError(410, "Expired", "The resourceVersion for the provided list is too old.")
    return Place(wanted, "")


def _continued(store: Store, place: Place) -> Place:
    if place.revision < 0:
        return place._replace(revision=store.revision)
    if place.revision < store.compacted:
        raise RequestError(
            410,
            "Expired",
            "The provided continue parameter is too old to display a consistent list result. You can start a new list "
            "without the continue parameter, or use the continue token in this response to retrieve the remainder of "
            "the results. Continuing with the provided token results in an inconsistent list - objects that were "
            "created, modified, or deleted between the time the first chunk was returned and now may show up in the "
            "list.",
            token=write_token(place._replace(revision=-1)),
        )
    return place


def too_large(wanted: int, current: int) -> RequestError:
    """Return the error of a version that no object has yet."""
    return RequestError(
        504,
        "Timeout",
        f"Timeout: Too large resource version: {wanted}, current: {current}",
        details={
            "causes": [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}],
            "retryAfterSeconds": 1,
        },
        retry_after=1,
    )


def expired(storage: Storage, version: int, oldest: int) -> RequestError:
    """Return the error of a watch from a version that has expired."""
    if storage in _UNCACHED:
        return RequestError(410, "Expired", "The resourceVersion for the provided watch is too old.")
    return RequestError(410, "Expired", f"too old resource version: {version} ({oldest})")
