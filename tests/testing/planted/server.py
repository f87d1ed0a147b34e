"""Bugs of the fake API server: each changes one place of its source."""

from __future__ import annotations

from typing import Final, NamedTuple

__all__ = ["BUGS", "Bug"]


class Bug(NamedTuple):
    """A change of the source that makes the fake server wrong.

    Attributes:
        name: A name of the fault.
        module: The module below `kubecore.testing`.
        right: Text that the source contains once.
        wrong: The text that replaces it.
        tests: The file of tests that must fail; if it is "", a recorded response must differ.
    """

    name: str
    module: str
    right: str
    wrong: str
    tests: str = ""


_CONTROLLERS: Final = "tests/testing/test_fake_controllers.py"
_FAULTS: Final = "tests/testing/test_faults.py"
_SERVER: Final = "tests/testing/test_server.py"
_CLUSTER: Final = "tests/testing/test_fake_cluster.py"

BUGS: Final = (
    # The store.
    Bug("old-lists-are-new", "_server.store", "        return self._history[start:]", "        return []"),
    Bug(
        "deletions-keep-the-version",
        "_server.store",
        "record = self._next(old.document())",
        "record = old",
    ),
    Bug("history-with-the-version", "_server.store", "bisect.bisect_right", "bisect.bisect_left"),
    Bug("compaction-keeps-history", "_server.store", "        self.compacted = self.revision\n", ""),
    Bug(
        "other-kinds-in-old-lists",
        "_server.store",
        "            if change.storage != storage:\n                continue\n",
        "",
    ),
    Bug("new-objects-in-old-lists", "_server.store", "found.pop(change.key, None)", "pass"),
    # Watches.
    Bug("deletions-are-changes", "_server.watching", 'else "ADDED" if has else "DELETED"', 'else "ADDED"'),
    Bug("selected-is-modified", "_server.watching", 'kind = "MODIFIED" if had and has', 'kind = "MODIFIED" if has'),
    Bug(
        "deselected-has-the-new-state", "_server.watching", "record = _with_version(change.old, change.version)", "pass"
    ),
    Bug(
        "deselected-has-the-old-version",
        "_server.watching",
        "record = _with_version(change.old, change.version)",
        "record = change.old",
    ),
    Bug("no-end-of-initial-events", "_server.watching", "if with_end and self._bookmark is not None:", "if False:"),
    Bug(
        "watches-of-all-namespaces",
        "_server.watching",
        'return self.namespace in ("", namespace) and',
        "return True and",
    ),
    Bug("watches-of-all-kinds", "_server.watching", "if change.storage != self._selection.storage or ", "if "),
    Bug(
        "no-bookmark-at-the-end",
        "_server.watching",
        "return min(now + _BOOKMARKS_EVERY, last) if last > now else None",
        "return now + _BOOKMARKS_EVERY",
    ),
    # Lists.
    Bug("remaining-with-selectors", "_server.listing", "remaining = None if has_selectors else", "remaining ="),
    Bug("remaining-counts-the-page", "_server.listing", "len(selected) - len(shown)", "len(selected)"),
    Bug("unsorted-lists", "_server.store", "[storage] = sorted(found, key=key_text)", "[storage] = list(found)"),
    Bug("exact-is-newest", "_server.listing", 'is_exact = options.match == "Exact" or', "is_exact = False or"),
    Bug(
        "pages-of-the-newest",
        "_server.listing",
        "store.collection(selection.storage, place.revision)",
        "store.collection(selection.storage)",
    ),
    Bug("pages-repeat-an-object", "_server.listing", 'f"{start}\\0"', "start"),
    Bug(
        "limit-plus-one",
        "_server.listing",
        "shown = selected[:limit] if limit",
        "shown = selected[: limit + 1] if limit",
    ),
    Bug("expired-pages-are-served", "_server.listing", "    if place.revision < store.compacted:", "    if False:"),
    Bug(
        "future-versions-are-served",
        "_server.listing",
        "    if wanted > store.revision:\n        raise",
        "    if False:\n        raise",
    ),
    # Selectors.
    Bug(
        "labels-are-ignored",
        "_server.selection",
        "if selector is not None and not selector.matches(",
        "if False and not selector.matches(",
    ),
    Bug(
        "fields-are-ignored",
        "_server.selection",
        "        if not terms:\n            return True\n",
        "        return True\n",
    ),
    Bug("unequal-is-equal", "_server.selection", 'is_equal=match[0] != "!="', "is_equal=True"),
    Bug("any-field-is-selectable", "_server.selection", "if term.field not in allowed:", "if False:"),
    # Metadata.
    Bug("clients-begin-deletions", "_server.metadata", 'dropped = {"deletionTimestamp", ', "dropped = {"),
    Bug("short-random-names", "_server.metadata", "chance.choices(_ALPHABET, k=5)", "chance.choices(_ALPHABET, k=4)"),
    Bug(
        "uids-may-change",
        "_server.updating",
        'if uid and uid != live["metadata"]["uid"] and not may_omit:',
        "if False:",
    ),
    Bug(
        "owners-need-no-uid",
        "_server.metadata_rules",
        'for name in ("kind", "name", "uid"):',
        'for name in ("kind", "name"):',
    ),
    Bug(
        "both-collectors",
        "_server.metadata_rules",
        "    if all(name in finalizers for name in _COLLECTOR):",
        "    if False:",
    ),
    Bug("long-labels", "_server.metadata_rules", "if len(value.encode()) > 63:", "if len(value.encode()) > 64:"),
    # Creates and updates.
    Bug("dry-runs-are-stored", "_server.creating", "    if options.is_dry_run:\n        return document\n", ""),
    Bug(
        "missing-namespaces",
        "_server.creating",
        "        state.check_namespace(resource, received.namespace, name)\n",
        "        pass\n",
    ),
    Bug("status-at-creation", "_server.creating", '        document.pop("status", None)\n', "        pass\n"),
    Bug("creates-replace", "_server.creating", "    if existing is not None:\n", "    if False:\n"),
    Bug("old-versions-win", "_server.updating", 'elif version != live["metadata"]["resourceVersion"]:', "elif False:"),
    Bug(
        "every-update-is-a-change",
        "_server.updating",
        "if options.is_dry_run or (document == live and state.is_current(resource, document)):",
        "if options.is_dry_run:",
    ),
    Bug(
        "updates-write-the-status",
        "_server.updating",
        '        if "status" in live:\n            found["status"] = live["status"]\n',
        "",
    ),
    Bug(
        "new-finalizers-while-deleting", "_server.updating", "    if not added:\n        return []\n", "    return []\n"
    ),
    Bug("finished-objects-stay", "_server.updating", "    if _is_finished(document):", "    if False:"),
    Bug("generations-stand-still", "_server.updating", "    if before != after:\n", "    if False:\n"),
    Bug("generations-count-all", "_server.updating", "    if before != after:\n", "    if True:\n"),
    # Deletions.
    Bug("finalizers-hold-nothing", "_server.deleting", "is_held = bool(finalizers) or", "is_held = False or"),
    Bug(
        "uid-preconditions",
        "_server.deleting",
        'if options.uid is not None and options.uid != found["uid"]:',
        "if False:",
    ),
    Bug(
        "version-preconditions",
        "_server.deleting",
        "elif options.version is not None and options.version !=",
        "elif False and options.version !=",
    ),
    Bug("orphans-in-the-foreground", "_server.deleting", '"Orphan": ["orphan"]', '"Orphan": ["foregroundDeletion"]'),
    Bug(
        "dry-deletions",
        "_server.deleting",
        "return found if options.is_dry_run else state.delete(resource, live), True",
        "return state.delete(resource, live), True",
    ),
    Bug("default-can-be-deleted", "_server.deleting", '_PROTECTED: Final = ("default", ', "_PROTECTED: Final = ("),
    # Requests, options, discovery, definitions.
    Bug(
        "all-dry-runs",
        "_server.options",
        "is_dry_run=bool(dry_runs),\n            validation",
        "is_dry_run=False,\n            validation",
    ),
    Bug(
        "unknown-fields-are-refused",
        "_server.options",
        'query.get("fieldValidation") or "Warn"',
        'query.get("fieldValidation") or "Strict"',
    ),
    Bug("no-short-names", "_server.discovery", '        entry["shortNames"] = facts.short_names\n', "        pass\n"),
    Bug("groups-are-unsorted", "_server.discovery", "[*known, *sorted(", "[*sorted(known), *sorted(", _SERVER),
    Bug(
        "definitions-keep-their-objects",
        "_server.definitions",
        "mark_deleted(self._state, made[0], as_served(made[0], record).document(), DeleteOptions())",
        "pass",
    ),
    # Outside of the responses to single requests.
    Bug(
        "controllers-see-no-deletion",
        "_server.controlling",
        "is_deleted=change.is_deletion",
        "is_deleted=False",
        _CONTROLLERS,
    ),
    Bug(
        "controllers-see-the-old-state",
        "_server.controlling",
        "item_of(resource, change.new.content)",
        "item_of(resource, (change.old or change.new).content)",
        _CONTROLLERS,
    ),
    Bug("faults-have-no-end", "faults", "self._count >= self._times", "False", _FAULTS),
    Bug("lost-responses-are-lost-requests", "responses", "Plan(is_lost=True)", "Plan(is_refused=True)", _FAULTS),
    Bug("the-time-stands-still", "clock", "self._now + timedelta(seconds=seconds)", "self._now", _CLUSTER),
)
"""60 bugs. The engines of patches, apply and schemas have their own lists."""
