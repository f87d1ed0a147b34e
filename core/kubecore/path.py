"""The one builder of URL paths: what a user names becomes exactly one segment, or is refused before a socket opens.

A name such as `..` would otherwise delete the namespace instead of the object, and an empty one the whole collection.
Source: the API's path rules, `k8s.io/apimachinery/pkg/api/validation/path`, made stricter by what no object can be
named.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Any, Final
from urllib.parse import quote

from kubecore.errors import InvalidRequestError

__all__ = ["api_prefix", "build", "segment", "under"]

_PLAIN: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]*", re.ASCII)
_REFUSED: Final = frozenset("/%#?\\")
_HIDDEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs"})
_LONGEST: Final = 1024


def segment(value: Any, what: str) -> str:
    r"""Check a name and encode it as one segment of a path.

    Args:
        value: the name.
        what: what it names, for errors: `name`, `namespace`, `subresource`.

    Returns:
        The segment, percent-encoded where needed.

    Raises:
        InvalidRequestError: `value` is no text, is empty, is `.` or `..`, is longer than 1,024 characters, or holds
            white space, control or invisible characters, or one of `/ % # ? \`.
    """
    if isinstance(value, str) and len(value) <= _LONGEST and _PLAIN.fullmatch(value):
        return value
    _refuse_bad(value, what)
    return quote(value, safe="!$&'()*+,;=:@~")


def _refuse_bad(value: Any, what: str) -> None:
    if not isinstance(value, str):
        raise InvalidRequestError(f"the {what} must be text, not {type(value).__name__}")
    if not value:
        raise InvalidRequestError(f"the {what} is empty")
    if value in (".", ".."):
        raise InvalidRequestError(f"the {what} can't be {value!r}: it would lead to another path")
    if len(value) > _LONGEST:
        raise InvalidRequestError(f"the {what} has {len(value)} characters; the longest has {_LONGEST}")
    bad = next((char for char in value if char in _REFUSED or unicodedata.category(char) in _HIDDEN), None)
    if bad is not None:
        shown = ascii(value[:100])
        raise InvalidRequestError(f"the {what} {shown} holds {bad!a}, which no {what} can hold")


def api_prefix(group: str, version: str) -> str:
    """Return the path of a group version: `/api/v1` for the core group, else `/apis/apps/v1`."""
    version = segment(version, "version")
    return f"/apis/{segment(group, 'group')}/{version}" if group else f"/api/{version}"


def build(prefix: str, namespace: str, plural: str) -> str:
    """Put the path of a collection together.

    Args:
        prefix: the path of the group version, from `api_prefix`.
        namespace: the namespace; "" for cluster-scoped resources and for all namespaces.
        plural: the resource.

    Returns:
        The path, percent-encoded, without host.

    Raises:
        InvalidRequestError: one of them can't be a segment.
    """
    place = f"/namespaces/{segment(namespace, 'namespace')}" if namespace != "" else ""
    return f"{prefix}{place}/{segment(plural, 'resource')}"


def under(collection: str, name: str, subresource: str = "") -> str:
    """Put the path of an object together, or of its subresource.

    Args:
        collection: the path of the collection, from `build`.
        name: the object.
        subresource: the subresource, "" for none.

    Returns:
        The path, percent-encoded, without host.

    Raises:
        InvalidRequestError: one of them can't be a segment.
    """
    path = f"{collection}/{segment(name, 'name')}"
    return f"{path}/{segment(subresource, 'subresource')}" if subresource != "" else path
