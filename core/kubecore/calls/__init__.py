"""Calls: requests, and the parsing of their responses. No I/O.

The names here are the types of arguments and results of clients, and of the calls that write hooks see.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubecore._support import lazy_names

if TYPE_CHECKING:
    from kubecore.calls.body import Body
    from kubecore.calls.call import Call
    from kubecore.calls.deadline import Deadline
    from kubecore.calls.modify import Change
    from kubecore.calls.patch_document import PatchBody
    from kubecore.calls.proxy import ProxyMethod, ProxyQuery, ProxyResponse, ProxyScheme
    from kubecore.calls.raw import QueryValues, RawResponse
    from kubecore.calls.table import Table, TableColumn, TableCondition, TableRow
    from kubecore.calls.text_mode import TextErrors
    from kubecore.calls.version import Info

__all__ = [
    "Body",
    "Call",
    "Change",
    "Deadline",
    "Info",
    "PatchBody",
    "ProxyMethod",
    "ProxyQuery",
    "ProxyResponse",
    "ProxyScheme",
    "QueryValues",
    "RawResponse",
    "Table",
    "TableColumn",
    "TableCondition",
    "TableRow",
    "TextErrors",
]

if not TYPE_CHECKING:
    __getattr__ = lazy_names(
        __name__,
        {
            "Body": "body",
            "Call": "call",
            "Change": "modify",
            "Deadline": "deadline",
            "Info": "version",
            "PatchBody": "patch_document",
            "ProxyMethod": "proxy",
            "ProxyQuery": "proxy",
            "ProxyResponse": "proxy",
            "ProxyScheme": "proxy",
            "QueryValues": "raw",
            "RawResponse": "raw",
            "Table": "table",
            "TableColumn": "table",
            "TableCondition": "table",
            "TableRow": "table",
            "TextErrors": "text_mode",
        },
    )
