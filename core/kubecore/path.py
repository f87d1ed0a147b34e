"""The one builder of URL paths: what a user names becomes exactly one segment, or is refused before a socket opens.

A name such as `..` would otherwise delete the namespace instead of the object, and an empty one the whole collection.
Source: the API's path rules, `k8s.io/apimachinery/pkg/api/validation/path`, made stricter by what no object can be
named.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Any, Final
from urllib.parse import quote, unquote

from kubecore.errors import InvalidRequestError

__all__ = ["api_prefix", "build", "segment", "several", "under"]

_PLAIN: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]*", re.ASCII)
_REFUSED: Final = frozenset("/%#?\\")
_INVISIBLE: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_HIDDEN: Final = _INVISIBLE | {"Zs"}
_LONGEST: Final = 1024
_LONGEST_PATH: Final = 8192
_NO_CODE: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
_SAFE: Final = "!$&'()*+,;=:@~"


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
    return quote(value, safe=_SAFE)


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


def several(value: Any) -> str:
    r"""Check a path of any number of segments and encode what is not yet encoded.

    Args:
        value: the path; `%` begins what is encoded already.

    Returns:
        The path, percent-encoded.

    Raises:
        InvalidRequestError: `value` is no text, is longer than 8,192 characters, has a segment that is `.` or `..` or
            leads there once it is decoded, however often, or holds `?`, `#`, `\` or control or invisible characters,
            encoded or not.
    """
    if not isinstance(value, str):
        raise InvalidRequestError(f"the path must be text, not {type(value).__name__}")
    if len(value) > _LONGEST_PATH:
        raise InvalidRequestError(f"the path has {len(value)} characters; the longest has {_LONGEST_PATH}")
    shown = ascii(value[:100])
    if "?" in value or "#" in value or _NO_CODE.search(value):
        raise InvalidRequestError(f"the path {shown} holds ?, # or a % that encodes nothing; query= takes a query")
    plain = value
    while "%" in plain and (decoded := unquote(plain, errors="replace")) != plain:
        plain = decoded  # Whoever stands behind may decode it once more.
    bad = next((char for char in plain if char == "\\" or unicodedata.category(char) in _INVISIBLE), None)
    if bad is not None:
        raise InvalidRequestError(f"the path {shown} holds {bad!a}, which no path can hold")
    if {".", ".."} & {part.partition(";")[0] for part in plain.split("/")}:
        raise InvalidRequestError(f"the path {shown} would lead to another path")
    return quote(value, safe=f"/%{_SAFE}")


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
