"""Objects, stores and the changes of feeds, for the tests of `kubecore.cache`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from kubecore.cache.changes import Added, Change, Updated
from kubecore.cache.feed import Feed
from kubecore.cache.index import IndexFunction
from kubecore.cache.keep import Keep, form
from kubecore.cache.relist import Outcome
from kubecore.cache.selection import Selection
from kubecore.cache.store import Store

Objects = dict[str, Any]
KIND: type[Objects] = dict


def text(
    name: str,
    version: int | str,
    *,
    uid: str = "",
    namespace: str = "shop",
    labels: Mapping[str, str] | None = None,
    owner: str = "",
    **more: Any,
) -> bytes:
    """Return an object in JSON; its uid is made of its name by default."""
    metadata: Objects = {"name": name, "namespace": namespace, "uid": uid or f"uid-{name}"}
    metadata["resourceVersion"] = str(version)
    if labels is not None:
        metadata["labels"] = labels
    if owner:
        metadata["ownerReferences"] = [{"uid": "other"}, {"uid": owner, "controller": True}]
    metadata |= more.pop("metadata", {})
    return json.dumps({"metadata": metadata, **more}, separators=(",", ":")).encode()


def store_of(
    *listed: bytes,
    version: str = "10",
    keep: Keep = Keep.JSON,
    selection: Selection | None = None,
    indexes: Iterable[IndexFunction[Objects]] = (),
    now: Callable[[], float] = lambda: 0.0,
) -> Store[Objects]:
    """Return a store that is in sync."""
    store = Store(form(KIND, keep), name="pods", selection=selection, indexes=indexes, now=now)
    assert relist(store, *listed, version=version) is Outcome.APPLIED
    return store


def relist(store: Store[Objects], *listed: bytes, version: str) -> Outcome:
    """Apply a list of one page."""
    applied = store.begin_relist()
    applied.add(listed)
    return applied.end(version)


def names(store: Store[Objects]) -> dict[str, int | str]:
    """Return the versions of the objects by name."""
    return {entry.key.name: entry.version for entry in sorted(store, key=lambda entry: entry.key)}


def told(feed: Feed[Objects]) -> list[str]:
    """Take all changes, as short texts: `+web@1 ~web@1..2 -web@2`."""
    return [_short(change) for change in feed.take(1_000_000)]


def _short(change: Change[Objects]) -> str:
    at = f"{change.key.name}@{change.entry.version}"
    if isinstance(change, Added):
        return f"+{at}"
    if isinstance(change, Updated):
        return f"~{change.key.name}@{change.old_entry.version}..{change.entry.version}"
    return f"-{at}" if change.is_final else f"?{at}"
