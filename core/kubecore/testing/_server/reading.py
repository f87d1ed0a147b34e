"""Reads: one object, lists and watches."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

import msgspec

from kubecore.testing._server import listing
from kubecore.testing._server.accepting import Form, form_of
from kubecore.testing._server.converting import as_served
from kubecore.testing._server.exchange import Received, Reply
from kubecore.testing._server.failures import NotSimulatedError, RequestError
from kubecore.testing._server.listing import ListOptions, Page
from kubecore.testing._server.options import revision_of
from kubecore.testing._server.resources import Resource
from kubecore.testing._server.selection import has_exact_name, matcher
from kubecore.testing._server.state import State
from kubecore.testing._server.statuses import JSON, raw_reply
from kubecore.testing._server.store import Record, encoded
from kubecore.testing._server.tabling import Tables, has_table
from kubecore.testing._server.watching import Selection, WatchStream

__all__ = ["delete_selection", "get", "list_page", "shape_of", "shaped", "watch"]

_PARTIAL: Final = "PartialObjectMetadata"


def get(state: State, resource: Resource, received: Received) -> Reply:
    """Return one object.

    Raises:
        RequestError: It is missing, or the requested form does not fit.
    """
    version = dict(received.query).get("resourceVersion", "")
    try:
        revision = revision_of(version or "0")
    except ValueError as error:
        raise RequestError(500, "", f'resourceVersion: Invalid value: "{version}": {error}') from None
    if revision > state.store.revision:
        raise listing.too_large(revision, state.store.revision)
    form = shape_of(state, resource, received)
    record = state.find(resource, received.namespace, received.name, received.behind if version == "0" else 0)
    return shaped(state, resource, record, form, received)


def shape_of(state: State, resource: Resource, received: Received) -> Form:
    """Return the form of the response: whole objects instead of an unknown table, if they are accepted.

    The real server would send a table: this is kept in `unsure`.
    """
    form = form_of(received)
    if form.shape != "Table" or has_table(resource) or not form.has_plain:
        return form
    state.note_unsure(resource, received, ["the real server sends a table"])
    return Form()


def shaped(
    state: State,
    resource: Resource,
    record: Record,
    form: Form,
    received: Received,
    code: int = 200,
    warnings: tuple[str, ...] = (),
) -> Reply:
    """Return an object in the form that the request accepts.

    Raises:
        RequestError: The form is that of a list.
    """
    if not form.shape:
        return raw_reply(record.content, code, warnings)
    if form.shape == "PartialObjectMetadataList" and resource.is_custom:
        raise RequestError(500, "", "content is not a list")
    if form.shape == "PartialObjectMetadataList":
        text = f"you requested {form.shape}, but the requested object is not a list ({_go_type(resource)})"
        raise RequestError(406, "NotAcceptable", text)
    if form.shape == "Table":
        return raw_reply(Tables(resource, form, received, state.now).of_record(record), code, warnings)
    return raw_reply(_partial(form)(record), code, warnings)


def _go_type(resource: Resource) -> str:
    """Return the name of the server's type of a kind."""
    if resource.is_custom:
        return "*unstructured.Unstructured"
    package = resource.storage[0].partition(".")[0]
    return f"*{package or 'core'}.{resource.kind}"


def _partial(form: Form) -> Callable[[Record], bytes]:
    """Return the function that writes the metadata of an object."""

    def content(record: Record) -> bytes:
        found = {"kind": _PARTIAL, "apiVersion": f"meta.k8s.io/{form.version}"}
        return msgspec.json.encode({**found, "metadata": record.document()["metadata"]})

    return content


def _bare(resource: Resource) -> Callable[[Record], bytes]:
    """Return the function that writes an object as an item of a list of built-in kinds: without kind and apiVersion."""
    start = encoded({"kind": resource.kind, "apiVersion": resource.api_version}, is_sorted=False)[:-1] + b","

    def content(record: Record) -> bytes:
        if record.content.startswith(start):
            return b"{" + record.content[len(start) :]
        document = record.document()
        document.pop("kind", None)
        document.pop("apiVersion", None)
        return msgspec.json.encode(document)

    return content


def _selection(
    state: State, resource: Resource, received: Received, shape: Callable[[Record], bytes] | None
) -> tuple[Selection, bool]:
    """Return the selected objects, and whether there are selectors."""
    query = dict(received.query)
    if query.get("shardSelector"):
        raise NotSimulatedError(f"{received.method} {received.path}: shardSelector is not simulated")
    fields = query.get("fieldSelector", "")
    if received.verb == "watch" and received.name:
        fields = ",".join(text for text in (fields, f"metadata.name={received.name}") if text)
    matches = matcher(resource, query.get("labelSelector", ""), fields)
    if state.resources.has_versions(resource):
        return _served_selection(resource, received.namespace, matches, shape), matches is not None
    return Selection(resource.storage, received.namespace, matches, shape), matches is not None


def _served_selection(
    resource: Resource,
    namespace: str,
    matches: Callable[[Record], bool] | None,
    shape: Callable[[Record], bytes] | None,
) -> Selection:
    """Return the selected objects, each in the version of the resource."""

    def is_match(record: Record) -> bool:
        return matches is None or matches(as_served(resource, record))

    def content(record: Record) -> bytes:
        found = as_served(resource, record)
        return found.content if shape is None else shape(found)

    return Selection(resource.storage, namespace, None if matches is None else is_match, content)


def delete_selection(state: State, resource: Resource, received: Received) -> Page:
    """Return the objects that the deletion of a collection is about, in order, as they were before it.

    Raises:
        RequestError: The options of the selection are invalid, or its version has expired.
    """
    selection, has_selectors = _selection(state, resource, received, None)
    options = ListOptions.of(received)
    page = listing.page_of(state.store, selection, options, has_selectors=has_selectors)
    if not state.resources.has_versions(resource):
        return page
    return page._replace(records=[as_served(resource, record) for record in page.records])


def list_page(state: State, resource: Resource, received: Received) -> Reply:
    """Return a page of a list.

    Raises:
        RequestError: The server refuses it.
    """
    form = shape_of(state, resource, received)
    selection, has_selectors = _selection(state, resource, received, None)
    page = listing.page_of(
        state.store,
        selection,
        ListOptions.of(received),
        has_selectors=has_selectors,
        has_name=has_exact_name(dict(received.query).get("fieldSelector", "")),
    )
    if state.resources.has_versions(resource):
        page = page._replace(records=[as_served(resource, record) for record in page.records])
    if form.shape == "Table":
        metadata = _metadata_of(page)
        return raw_reply(Tables(resource, form, received, state.now).of_records(page.records, metadata))
    if form.shape == _PARTIAL:
        text = f"you requested {form.shape}, but the requested object is a list ({_go_type(resource)}List)"
        raise RequestError(406, "NotAcceptable", text)
    return raw_reply(written_list(resource, page, form))


def written_list(resource: Resource, page: Page, form: Form) -> bytes:
    """Write a list."""
    metadata = _metadata_of(page)
    if resource.is_custom and not form.shape:
        metadata.setdefault("continue", "")
    if form.shape:
        write, kind, version = _partial(form), f"{_PARTIAL}List", f"meta.k8s.io/{form.version}"
    elif resource.is_custom:
        write, kind, version = _whole, f"{resource.kind}List", resource.api_version
    else:
        write, kind, version = _bare(resource), f"{resource.kind}List", resource.api_version
    items = msgspec.Raw(b"[" + b",".join(write(record) for record in page.records) + b"]")
    found = {"kind": kind, "apiVersion": version, "metadata": metadata, "items": items}
    return encoded(found, is_sorted=resource.is_custom and not form.shape)


def _metadata_of(page: Page) -> dict[str, Any]:
    metadata: dict[str, Any] = {"resourceVersion": str(page.revision)}
    if page.token:
        metadata["continue"] = page.token
    if page.remaining:
        metadata["remainingItemCount"] = page.remaining
    return metadata


def _whole(record: Record) -> bytes:
    return record.content


def watch(state: State, resource: Resource, received: Received) -> tuple[Reply, WatchStream]:
    """Begin a watch.

    Returns:
        The reply, and its stream, which needs all further changes.

    Raises:
        RequestError: The server refuses it.
    """
    form = shape_of(state, resource, received)
    tables = Tables(resource, form, received, state.now) if form.shape == "Table" else None
    shape = tables.of_record if tables is not None else _partial(form) if form.shape else None
    selection, _ = _selection(state, resource, received, shape)
    options = ListOptions.of(received)
    wanted = options.revision(is_watch=True)
    now = state.now()
    ends_at = now + timedelta(seconds=options.seconds) if options.seconds else None
    written = _bookmark(resource, form) if tables is None else tables.bookmark
    bookmark = written if options.wants_bookmarks else None
    stream = WatchStream(selection, bookmark, now, ends_at, starts_after=wanted)
    if options.seconds < 0:
        stream.end()
    _begin(state, stream, selection, options, wanted)
    return Reply(code=200, headers=[("content-type", JSON)], stream=stream), stream


def _begin(state: State, stream: WatchStream, selection: Selection, options: ListOptions, wanted: int) -> None:
    """Send the first events of a new watch."""
    store = state.store
    if options.sends_initial_events and wanted > store.revision:
        stream.fail(listing.too_large(wanted, store.revision))
    elif options.sends_initial_events or (options.sends_initial_events is None and wanted == 0):
        revision = options.newest(store)
        found = sorted(store.collection(selection.storage, revision).items(), key=lambda pair: "/".join(pair[0]))
        records = [record for key, record in found if selection.has(key[0], record)]
        stream.initial(records, revision, with_end=bool(options.sends_initial_events))
        for change in store.changes(selection.storage, revision):
            stream.offer(change, is_kept=True)
    elif wanted and wanted < store.compacted:
        stream.fail(listing.expired(selection.storage, wanted, store.compacted))
    elif wanted:
        for change in store.changes(selection.storage, wanted):
            stream.offer(change, is_kept=True)


def _bookmark(resource: Resource, form: Form) -> Callable[[int, dict[str, str]], bytes]:
    """Return the function that writes the object of a bookmark: as the server writes an object without content."""
    is_daemon = resource.storage == ("apps", "daemonsets") and not form.shape
    always = {"deprecated.daemonset.template.generation": "0"} if is_daemon else {}

    def content(version: int, annotations: dict[str, str]) -> bytes:
        texts = {**always, **annotations}
        metadata = {"resourceVersion": str(version), **({"annotations": texts} if texts else {})}
        if form.shape:
            found = {"kind": _PARTIAL, "apiVersion": f"meta.k8s.io/{form.version}", "metadata": metadata}
        else:
            found = {"kind": resource.kind, "apiVersion": resource.api_version, "metadata": metadata}
            found |= resource.facts.bookmark
        return encoded(found, is_sorted=resource.is_custom and not form.shape)

    return content
