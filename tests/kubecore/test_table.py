"""The server's tables as text and HTML, with untrusted content."""

from __future__ import annotations

from typing import Any

from kubecore.calls.table import Table
from kubecore.codec import decode


def table(*rows: list[Any], columns: tuple[Any, ...] = ("Name", "Ready", ("Node", 1)), **metadata: str) -> Table:
    named = [(column, 0) if isinstance(column, str) else column for column in columns]
    return Table.from_dict(
        {
            "kind": "Table",
            "apiVersion": "meta.k8s.io/v1",
            "columnDefinitions": [
                {"name": name, "type": "string", "format": "", "description": "", "priority": priority}
                for name, priority in named
            ],
            "rows": [
                {"cells": cells, "object": {"metadata": {"name": str(cells[0]), "namespace": f"ns{index}"} | metadata}}
                for index, cells in enumerate(rows)
            ],
        }
    )


def test_a_table_has_the_format_of_kubectl() -> None:
    found = table(["web-1", "1/1", "node-1"], ["w", "0/1", "n"], namespace="x")
    assert str(found) == "NAME    READY\nweb-1   1/1\nw       0/1"
    assert found.format(wide=True) == "NAME    READY   NODE\nweb-1   1/1     node-1\nw       0/1     n"
    assert repr(found) == "<Table of 2>"
    assert table(["a", 5, None], columns=("N", "B", "C")).format() == "N     B     C\na     5     "


def test_objects_of_several_namespaces_show_theirs() -> None:
    found = table(["a", True, 1], ["b", 2.5, {"x": 1}])
    assert str(found) == "NAMESPACE   NAME   READY\nns0         a      true\nns1         b      2.5"
    assert found.format(namespaces=False).startswith("NAME ")
    assert table(["a", "b", "c"]).format(namespaces=True).startswith("NAMESPACE ")


def test_an_empty_table_prints_the_text_of_kubectl() -> None:
    assert str(table()) == "No resources found"
    assert table()._repr_html_().count("<tr>") == 1


def test_control_characters_of_terminals_are_escaped() -> None:
    found = table(["a\x1b[2J\x07\u202e\u200b\x9b", "one\rtwo", "c"], columns=("Na\x1bme", "R", "C"), namespace="x")
    assert str(found).splitlines()[0].startswith("NA\\X1BME")
    assert "a\\x1b[2J\\x07\\u202e\\u200b\\x9b   one...   c" in str(found)
    assert str(found).replace("\n", "").isprintable()
    # The data itself is unchanged.
    assert found.rows[0].cells[1] == "one\rtwo"


def test_html_of_a_table_is_escaped() -> None:
    found = table(["<script>alert(1)</script>", "a&b", "c"], columns=("<b>", "R", "C"), namespace="x")
    page = found._repr_html_()
    assert "<script>" not in page
    assert "<th>&lt;B&gt;</th>" in page
    assert "<td>&lt;script&gt;alert(1)&lt;/script&gt;</td><td>a&amp;b</td>" in page
    assert "\x1b" not in table(["\x1b", "a", "c"])._repr_html_()


def test_rows_with_too_few_cells_and_missing_columns_are_printed() -> None:
    assert table(["a"]).format() == "NAME   READY\na"
    bare = decode.decode(b'{"rows":[{"cells":null}],"columnDefinitions":null}', Table)
    assert bare.format() == "\n"
    assert bare._repr_html_()
