"""Continue tokens of lists: the place at which the next page starts."""

from __future__ import annotations

import base64
import binascii
import posixpath
import string
from typing import Any, Final, NamedTuple

import msgspec

from kubecore.testing._patching.go_values import json_type
from kubecore.testing._schemas.json_faults import json_fault
from kubecore.testing._schemas.json_values import is_map
from kubecore.testing._server.failures import RequestError
from kubecore.testing._server.options import bad_request

__all__ = ["Place", "read_token", "write_token"]

_ENCODING: Final = "meta.k8s.io/v1"
_ALPHABET: Final = frozenset(string.ascii_letters + string.digits + "-_")
_TYPES: Final = {"v": (str, "string"), "rv": (int, "int64"), "start": (str, "string")}


class Place(NamedTuple):
    """A place in a list.

    Attributes:
        revision: The version of the list, -1 for the newest one.
        start: The first key of the page, or the last one before it with a zero byte.
    """

    revision: int
    start: str


def write_token(place: Place) -> str:
    """Return the token of a place."""
    content = msgspec.json.encode({"v": _ENCODING, "rv": place.revision, "start": place.start})
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def read_token(text: str) -> Place:
    """Return the place of a token.

    Raises:
        RequestError: 400, the server did not make it.
    """
    content = _content(_decoded(text))
    version, revision, start = content.get("v", ""), content.get("rv", 0), content.get("start", "")
    if version != _ENCODING:
        raise _invalid(f"server does not recognize this encoded version {version}")
    if revision == 0:
        raise _invalid(f"incorrect encoded start resourceVersion (version {_ENCODING})")
    if not start:
        raise _invalid(f"encoded start key empty (version {_ENCODING})")
    rooted = start if start.startswith("/") else f"/{start}"
    if posixpath.normpath(rooted) != rooted:
        raise _invalid(start)
    return Place(revision, rooted.removeprefix("/"))


def _decoded(text: str) -> bytes:
    wrong = next((at for at, char in enumerate(text) if char not in _ALPHABET), None)
    if wrong is None and len(text) % 4 == 1:
        wrong = len(text) - 1
    if wrong is not None:
        raise _invalid(f"illegal base64 data at input byte {wrong}")
    return binascii.a2b_base64(text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4))


def _content(text: bytes) -> dict[str, Any]:
    fault = json_fault(text)
    if fault:
        raise _invalid(fault)
    content: object = msgspec.json.decode(text)
    if content is None:
        return {}
    if not is_map(content):
        raise _invalid(f"json: cannot unmarshal {json_type(content)} into Go value of type storage.continueToken")
    for name, (kind, shown) in _TYPES.items():
        value = content.get(name)
        if value is not None and not (isinstance(value, kind) and not isinstance(value, bool)):
            target = f"Go struct field continueToken.{name} of type {shown}"
            raise _invalid(f"json: cannot unmarshal {json_type(value)} into {target}")
    return content


def _invalid(problem: str) -> RequestError:
    return bad_request(f"invalid continue token: continue key is not valid: {problem}")
