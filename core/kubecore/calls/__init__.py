"""Calls: requests, and the parsing of their responses. No I/O.

The names here are the types of arguments and results of clients, and of the calls that write hooks see.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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

_MODULES = {
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
}


def __getattr__(name: str) -> Any:
    """Public names are imported when they are first used."""
    module = _MODULES.get(name)
    if module is None:
        raise AttributeError(f"module 'kubecore.calls' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(f"kubecore.calls.{module}"), name)
