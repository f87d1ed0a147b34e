"""Unknown fields in the objects that are sent: refused here or by the server, not dropped."""

from __future__ import annotations

from typing import Any, Final

from kubecore._support.json_types import is_json_object
from kubecore.model.model import Model
from kubecore.options import Query

__all__ = ["checked", "strict"]

_VALIDATION: Final = "fieldValidation"


def strict(body: object, query: Query) -> Query:
    """Let the server refuse unknown fields, which it otherwise drops with a warning.

    Args:
        body: The object to send. A model has no such fields.
        query: The query parameters; an existing field validation is kept.
    """
    is_set = any(name == _VALIDATION for name, _ in query)
    return query if isinstance(body, Model) or is_set else tuple(sorted((*query, (_VALIDATION, "Strict"))))


def checked(body: object, kind: Any, query: Query) -> Query:
    """Refuse names of attributes in a mapping, unless the query sets the handling of unknown fields.

    Args:
        body: The object to send.
        kind: Its model; fields are not checked if there is none.
        query: The query parameters.

    Returns:
        The query parameters with which the server refuses fields that it does not know.

    Raises:
        InvalidRequestError: There are such names; the error names each path and the API's name.
    """
    if is_json_object(body) and isinstance(kind, type) and issubclass(kind, Model) and strict(body, query) != query:
        from kubecore.calls import apply_check

        apply_check.check_names(body, kind)
    return strict(body, query)
