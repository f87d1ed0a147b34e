"""Tables instead of objects and lists: of custom resources, and of the commonest built-in kinds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from kubecore.testing._rules.cells import AGE, CELLS, conditions_of
from kubecore.testing._rules.facts import load_columns
from kubecore.testing._schemas.tables import age, cells_of, columns_of
from kubecore.testing._server.accepting import Form
from kubecore.testing._server.exchange import Received
from kubecore.testing._server.failures import NotSimulatedError
from kubecore.testing._server.options import bad_request
from kubecore.testing._server.resources import Resource
from kubecore.testing._server.store import Record

__all__ = ["Tables", "has_table"]

_INCLUDED: Final = ("", "Metadata", "Object", "None")


def has_table(resource: Resource) -> bool:
    """Return whether the columns of a resource are known."""
    return resource.is_custom or _key(resource) in CELLS


def _key(resource: Resource) -> str:
    return f"{resource.api_version}/{resource.resource}"


class Tables:
    """Writes the tables for one request.

    Args:
        resource: The resource.
        form: The form that the request accepts, a table.
        received: The request.
        now: The time of the server.

    Raises:
        NotSimulatedError: It is another built-in kind, whose columns are code of the server.
        RequestError: 400, the request includes an unknown part of the objects.
    """

    def __init__(self, resource: Resource, form: Form, received: Received, now: Callable[[], datetime]) -> None:
        self._received = received
        self._built_in = None if resource.is_custom else CELLS.get(_key(resource))
        if not has_table(resource):
            raise self._not_simulated()
        self._included = dict(received.query).get("includeObject", "")
        if self._included not in _INCLUDED:
            problem = (
                f"includeObject: Invalid value: \"{self._included}\": must be 'Metadata', 'Object', 'None', or empty"
            )
            raise bad_request(f"Unable to convert to Table as requested: {problem}")
        self._api_version = f"meta.k8s.io/{form.version}"
        self._columns = resource.columns
        self._definitions = columns_of(self._columns) if resource.is_custom else load_columns()[_key(resource)]
        self._now = now
        self._has_columns = False

    def of_records(self, records: Sequence[Record], metadata: dict[str, Any]) -> bytes:
        """Return the table of objects, with the metadata of a list."""
        return self._table([self._row(record.document()) for record in records], metadata)

    def of_record(self, record: Record) -> bytes:
        """Return the table of one object; in a watch, only the first one has the definitions of the columns."""
        document = record.document()
        return self._table([self._row(document)], {"resourceVersion": document["metadata"].get("resourceVersion", "")})

    def bookmark(self, version: int, annotations: dict[str, str]) -> bytes:
        """Return the table of a bookmark."""
        metadata: dict[str, Any] = {"resourceVersion": str(version)}
        shown = {**metadata, **({"annotations": annotations} if annotations else {})}
        row = {"cells": ["", *[None] * (len(self._definitions) - 1)], "object": self._partial(shown)}
        return self._table([row], metadata)

    def _table(self, rows: list[dict[str, Any]], metadata: dict[str, Any]) -> bytes:
        columns = None if self._has_columns else self._definitions
        self._has_columns = True
        head = {"kind": "Table", "apiVersion": self._api_version, "metadata": metadata}
        return msgspec.json.encode({**head, "columnDefinitions": columns, "rows": rows})

    def _row(self, document: dict[str, Any]) -> dict[str, Any]:
        shown = {"None": None, "Object": document}.get(self._included, self._partial(document["metadata"]))
        conditions = [] if self._built_in is None else conditions_of(document)
        row = {"cells": self._cells(document), **({"conditions": conditions} if conditions else {})}
        return {**row, "object": shown}

    def _cells(self, document: dict[str, Any]) -> list[Any]:
        if self._built_in is None:
            return cells_of(document, self._columns, self._now())
        found = self._built_in(document)
        if found is None:
            raise self._not_simulated()
        created = age(document["metadata"].get("creationTimestamp", ""), self._now())
        return [document["metadata"].get("name", ""), *(created if each is AGE else each for each in found)]

    def _not_simulated(self) -> NotSimulatedError:
        return NotSimulatedError(
            f"{self._received.method} {self._received.path} as a table is not simulated; add a response with "
            "cluster.on(...), or run with --kube=real"
        )

    def _partial(self, metadata: dict[str, Any]) -> dict[str, Any]:
        return {"kind": "PartialObjectMetadata", "apiVersion": self._api_version, "metadata": metadata}
