"""Documents of a cluster: their names, locations and files, and the canonical text of a file."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any, Final

from kgen.errors import ClusterError
from kgen.load.openapi_v3 import group_version
from kgen.shapes import is_object

__all__ = ["canonical", "digest", "file_of", "group_of", "hash_of", "is_file_name", "is_name", "location_of"]

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(?:/[A-Za-z0-9][A-Za-z0-9._-]*)*")

# Nothing that a server or a proxy may fold into another path: no "..", no "%2e", no "#", no "?" in a query.
_QUERY: Final = re.compile(r"(?:\?[A-Za-z0-9._~=&-]*)?")

_FILE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\.json")


def is_name(name: str) -> bool:
    """Whether a name can be that of a document."""
    return _NAME.fullmatch(name) is not None


def is_file_name(name: str) -> bool:
    """Whether a name can be that of the file of a document."""
    return _FILE.fullmatch(name) is not None


def location_of(name: str, entry: object) -> str:
    """Return the path and the query that a document is fetched from.

    Raises:
        ClusterError: The server names another place than that of the document.
    """
    location = entry.get("serverRelativeURL") if is_object(entry) else None
    path = f"/openapi/v3/{name}"
    if isinstance(location, str) and location.startswith(path) and _QUERY.fullmatch(location[len(path) :]):
        return location
    raise ClusterError(
        f"the server does not report the location of the document {name}",
        where="/openapi/v3",
        hint="report it to the operator of the API of that group",
    )


def group_of(name: str) -> str:
    """Return the group of a document, as options name it."""
    return group_version(name)[0] or (name.split("/")[1] if name.startswith("apis/") else "core")


def file_of(name: str) -> str:
    """Return the file of a document."""
    return name.replace("/", "__") + ".json"


def hash_of(location: str) -> str:
    """Return the hash in the URL of a document, "" if there is none."""
    match = re.search(r"[?&]hash=([0-9A-Fa-f]+)", location)
    return match[1] if match else ""


def digest(data: bytes) -> str:
    """Return the hash of the content of a file."""
    return hashlib.sha256(data).hexdigest()


def canonical(document: Mapping[str, Any]) -> bytes:
    """Return a document as it is kept: keys sorted, one space of indent, so that a change is a small diff."""
    return (json.dumps(document, sort_keys=True, indent=1, ensure_ascii=False) + "\n").encode("utf-8", "surrogatepass")
