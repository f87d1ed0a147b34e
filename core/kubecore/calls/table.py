"""The server's tables, as `kubectl get` prints them.

Source: `k8s.io/apimachinery/pkg/apis/meta/v1 Table`; formatted as by `k8s.io/cli-runtime/pkg/printers`.
"""

from __future__ import annotations

import bisect
import html
import re
from collections.abc import Iterator, Sequence
from typing import Any, Final, Literal

import msgspec

from kubecore._support.terminal import escape_for_terminal
from kubecore.model.meta import ListMeta, PartialObjectMetadata
from kubecore.model.model import Model, always

__all__ = ["Table", "TableColumn", "TableCondition", "TableRow"]

_GAP: Final = "   "
_NARROWEST: Final = 3
_WIDEST: Final = 1000
"""Characters of a cell that widen its column: one long cell must not fill all other rows with spaces."""
_EMPTY: Final = "No resources found"


class TableColumn(Model, kw_only=True):
    """A column of a table."""

    name: str
    """Its heading."""

    type: str
    """OpenAPI's type of its cells: `string`, `integer`, `number`, `boolean`, `date`, ..."""

    format: str = ""
    """OpenAPI's format; `name` marks the column that names the object."""

    description: str = ""
    """Its description, in a sentence."""

    priority: int = 0
    """0 if it is always shown, more if only a wide table shows it."""


class TableCondition(Model, kw_only=True):
    """A condition of a whole row, such as `Completed`."""

    type: str
    """`Completed` marks an object that has run to its end."""

    status: str
    """`True`, `False` or `Unknown`."""

    reason: str = ""
    """Why, in one word for programs."""

    message: str = ""
    """Why, for people."""


class TableRow(Model, kw_only=True):
    """One object of a table."""

    cells: list[Any]
    """A cell for each column: text, numbers, booleans, None."""

    conditions: list[TableCondition] = []  # noqa: RUF012 - msgspec copies it
    """Metadata of the object."""

    object: PartialObjectMetadata = msgspec.field(default_factory=PartialObjectMetadata)
    """The object's metadata."""


class Table(Model, kw_only=True):
    """A collection, or one object, as a table.

    `print(table)` looks like `kubectl get`, and a notebook shows it as HTML.
    """

    api_version: Literal["meta.k8s.io/v1"] = always("meta.k8s.io/v1")
    kind: Literal["Table"] = always("Table")

    column_definitions: list[TableColumn] = []  # noqa: RUF012 - msgspec copies it
    """The columns."""

    metadata: ListMeta = msgspec.field(default_factory=ListMeta)
    """The collection's own, with the token of the next page."""

    rows: list[TableRow] = []  # noqa: RUF012
    """A row for each object."""

    def format(self, *, wide: bool = False, namespaces: bool | None = None) -> str:
        """Format the table as text.

        Args:
            wide: Whether columns are shown that have a priority other than 0, as `kubectl get -o wide` does.
            namespaces: Whether the first column is the object's namespace; None if the objects have several.

        Returns:
            The lines, without a newline at the end. Nothing in it controls a terminal.
        """
        if not self.rows:
            return _EMPTY
        lines = list(self._lines(wide=wide, namespaces=namespaces))
        widths = [_NARROWEST] * max(map(len, lines))
        for line in lines:
            for index, cell in enumerate(line):
                if widths[index] < len(cell) <= _WIDEST:
                    widths[index] = len(cell)
        return "\n".join(
            _GAP.join([*(cell.ljust(width) for cell, width in zip(line[:-1], widths, strict=False)), line[-1]])
            for line in lines
        )

    def to_dicts(self, *, namespaces: bool = True) -> list[dict[str, Any]]:
        """Return a dictionary for each row, such as for `pandas.DataFrame`: cells by the names of their columns.

        Args:
            namespaces: Whether each has the object's namespace, as `Namespace`, if it has one.

        Returns:
            The rows, with all columns, also those of a wide table. Cells have the types that the server sent.
        """
        names = [column.name for column in self.column_definitions]
        rows: list[dict[str, Any]] = []
        for row in self.rows:
            first = {"Namespace": row.object.metadata.namespace} if namespaces and row.object.metadata.namespace else {}
            rows.append({**first, **dict(zip(names, row.cells, strict=False))})
        return rows

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.rows)

    def __iter__(self) -> Iterator[TableRow]:
        """Yield the rows."""
        return iter(self.rows)

    def __str__(self) -> str:
        """Lay the table out as `kubectl get` does."""
        return self.format()

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """Show it at the prompt of IPython as `kubectl get` does."""
        printer.text(repr(self) if cycle else self.format())

    def __repr__(self) -> str:
        """Show its size."""
        return f"<Table of {len(self.rows)}>"

    def _repr_html_(self) -> str:
        """Show it in a notebook; the server's text is escaped."""
        heads, *lines = self._lines(wide=False, namespaces=None)
        head = "".join(f"<th>{html.escape(cell)}</th>" for cell in heads)
        body = "".join(f"<tr>{''.join(f'<td>{html.escape(cell)}</td>' for cell in line)}</tr>" for line in lines)
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"

    def _lines(self, *, wide: bool, namespaces: bool | None) -> Iterator[Sequence[str]]:
        """Yield the headings, then each row, as printable text."""
        if namespaces is None:
            namespaces = len({row.object.metadata.namespace for row in self.rows}) > 1
        shown = [index for index, column in enumerate(self.column_definitions) if wide or column.priority == 0]
        first = ["NAMESPACE"] if namespaces else []
        yield [*first, *(_printable(self.column_definitions[index].name).upper() for index in shown)] or [""]
        for row in self.rows:
            first = [_printable(row.object.metadata.namespace)] if namespaces else []
            # Only up to the last cell that the server sent: rows without cells cost nothing.
            cells = [row.cells[index] for index in shown[: bisect.bisect_left(shown, len(row.cells))]]
            yield [*first, *map(_cell, cells)] or [""]


def _cell(value: Any) -> str:
    """Return a cell as kubectl prints it: one line of it, and nothing for null."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str):
        return _printable(str(value))
    lines = re.split(r"[\f\n\r]", value, maxsplit=1)
    return _printable(lines[0]) + "..." * (len(lines) > 1)


def _printable(text: str) -> str:
    """Escape control characters of terminals: anybody may have written the text (CVE-2021-25743)."""
    return escape_for_terminal(text, keep="")
