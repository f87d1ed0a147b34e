"""The only builder of URL paths: each name becomes exactly one segment, or is refused before a connection opens.

Without these checks `..` would delete the namespace instead of the object, and an empty name the whole collection.
The rule for names is the server's own, `k8s.io/apimachinery/pkg/api/validation/path`, which is the only one that all
kinds share: role bindings, for example, may have names with spaces, `#` or `?`. A stricter rule here would make objects
that exist unreachable. All characters that could end or change the path on its way are percent-encoded.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Any, Final
from urllib.parse import quote, unquote

from kubecore.errors import InvalidRequestError

__all__ = ["api_prefix", "collection_path", "object_path", "quote_path", "segment"]

_PLAIN: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]*", re.ASCII)
_REFUSED: Final = re.compile(r"[/%\ud800-\udfff]")
_INVISIBLE: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_SEPARATOR: Final = re.compile(r"[/\\]")
_LONGEST_PATH: Final = 8192
_NO_CODE: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
_SAFE: Final = "!$&'()*+,=:@~"  # Of a segment; not `;`, after which some proxies ignore the rest of a segment.
_SAFE_IN_PATHS: Final = f"/%;{_SAFE}"


def segment(value: Any, what: str) -> str:
    """Check a name by the server's rule and encode it as one segment of a path.

    Args:
        value: The name.
        what: The kind of name, for errors: `name`, `namespace`, `subresource`.

    Returns:
        The segment, percent-encoded if needed.

    Raises:
        InvalidRequestError: `value` is not a string, is empty, `.` or `..`, or contains `/`, `%` or a lone surrogate;
            or it is the namespace `*`.
    """
    if isinstance(value, str) and _PLAIN.fullmatch(value):
        return value
    _refuse_bad(value, what)
    return quote(value, safe=_SAFE)


def _refuse_bad(value: Any, what: str) -> None:
    every = '; "" means all namespaces' if what == "namespace" else ""
    if not isinstance(value, str):
        raise InvalidRequestError(f"the {what} must be text, not {type(value).__name__}{every}")
    if every and value == "*":  # The server would list nothing, since a namespace cannot have this name.
        raise InvalidRequestError(f"invalid namespace '*'{every}")
    if not value:
        raise InvalidRequestError(f"the {what} is empty")
    if value in (".", ".."):
        raise InvalidRequestError(f"the {what} cannot be {value!r}: it would lead to another path")
    bad = _REFUSED.search(value)
    if bad is not None:
        shown = ascii(value[:100])
        raise InvalidRequestError(f"invalid {what} {shown}: the server accepts no {bad[0]!a} in the name of an object")


def quote_path(value: Any) -> str:
    r"""Check a path of any number of segments and percent-encode it if needed.

    Args:
        value: The path; `%` starts an existing escape.

    Returns:
        The path, percent-encoded.

    Raises:
        InvalidRequestError: `value` is not text, is longer than 8,192 characters, has a segment that is `.` or `..` or
            leads there once it is decoded, however often, also if a backslash is read as a slash; or it contains `?`,
            `#`, `\` that are not encoded, or control or invisible characters, encoded or not.
    """
    if not isinstance(value, str):
        raise InvalidRequestError(f"the path must be text, not {type(value).__name__}")
    if len(value) > _LONGEST_PATH:
        raise InvalidRequestError(f"the path has {len(value)} characters; the longest has {_LONGEST_PATH}")
    shown = ascii(value[:100])
    if not {"?", "#", "\\"}.isdisjoint(value) or _NO_CODE.search(value):
        raise InvalidRequestError(
            f"invalid path {shown}: ?, # and \\ must be percent-encoded, and two hexadecimal digits must follow a %; "
            "pass a query as query="
        )
    plain = value
    while "%" in plain and (decoded := unquote(plain, errors="replace")) != plain:
        plain = decoded  # The backend may decode it once more.
    bad = next((char for char in plain if unicodedata.category(char) in _INVISIBLE), None)
    if bad is not None:
        raise InvalidRequestError(f"invalid path {shown}: no path can contain {bad!a}")
    if {".", ".."} & {part.partition(";")[0] for part in _SEPARATOR.split(plain)}:
        raise InvalidRequestError(f"the path {shown} would lead to another path")
    return quote(value, safe=_SAFE_IN_PATHS)


def api_prefix(group: str, version: str) -> str:
    """Return the path of a group version: `/api/v1` for the core group, else `/apis/apps/v1`."""
    version = segment(version, "version")
    return f"/apis/{segment(group, 'group')}/{version}" if group else f"/api/{version}"


def collection_path(prefix: str, namespace: str, plural: str) -> str:
    """Put the path of a collection together.

    Args:
        prefix: The path of the group version, from `api_prefix`.
        namespace: The namespace; "" for cluster-scoped resources and for all namespaces.
        plural: The resource.

    Returns:
        The path, percent-encoded, without host.

    Raises:
        InvalidRequestError: One of them can't be a segment.
    """
    place = f"/namespaces/{segment(namespace, 'namespace')}" if namespace != "" else ""
    return f"{prefix}{place}/{segment(plural, 'resource')}"


def object_path(collection: str, name: str, subresource: str = "") -> str:
    """Put the path of an object together, or of its subresource.

    Args:
        collection: The path of the collection, from `build`.
        name: The object.
        subresource: The subresource, "" for none.

    Returns:
        The path, percent-encoded, without host.

    Raises:
        InvalidRequestError: One of them can't be a segment.
    """
    path = f"{collection}/{segment(name, 'name')}"
    return f"{path}/{segment(subresource, 'subresource')}" if subresource != "" else path
