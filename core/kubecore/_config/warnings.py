"""Warnings of a server, such as for a deprecated version: the header `Warning`.

Source: RFC 7234 5.5; `k8s.io/apimachinery/pkg/util/net` `ParseWarningHeader`.
"""

from __future__ import annotations

import binascii
import contextlib
import logging
import re
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from kubecore._support.fork_lock import ForkLock
from kubecore._support.terminal import escape_for_terminal

__all__ = ["LogOnce", "ServerWarning", "WarningHandler", "parse"]

_LOG: Final = logging.getLogger("kubecore")
_MOST_REMEMBERED: Final = 1000

_QUOTED: Final = r'"((?:[^"\\]|\\.)*+)"'
_ITEM: Final = re.compile(rf"\s*([0-9]{{3}}) +([^\s\",]+) +{_QUOTED}(?: +{_QUOTED})?\s*(?:,|$)", re.DOTALL)
_ENCODED: Final = r"=\?([^?\s]{1,40})\?([bBqQ])\?([^?\s]{0,200})\?="
_WORD: Final = re.compile(rf"{_ENCODED}(?:\s++(?={_ENCODED}))?")
"""A word in the manner of RFC 2047, with the white space before the next one."""

_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)


class ServerWarning(NamedTuple):
    """A warning in a response of the server.

    Attributes:
        code: 299 for those of Kubernetes.
        agent: The component that warns, mostly `-`.
        text: The message.
        request: Method and path of the request, such as `GET /api/v1/namespaces/default/pods/web`.
    """

    code: int
    agent: str
    text: str
    request: str = ""


WarningHandler = Callable[[ServerWarning], None]
"""Called with every warning, whatever its code."""


class LogOnce:
    """The default handler: logs each text of code 299 once, to the logger `kubecore`, with the first request."""

    def __init__(self) -> None:
        self._seen: dict[str, None] = {}
        self._lock = ForkLock()

    def __call__(self, warning: ServerWarning) -> None:
        """Log it, unless it was."""
        if warning.code != 299 or not warning.text:
            return
        with self._lock.here:
            if warning.text in self._seen:
                return
            self._seen[warning.text] = None
            if len(self._seen) > _MOST_REMEMBERED:  # For a server that never repeats a warning.
                del self._seen[next(iter(self._seen))]
        place = f"{warning.request}: " if warning.request else ""
        _LOG.warning("%s%s", place, escape_for_terminal(warning.text, keep=""))


def parse(header: str) -> Iterator[ServerWarning]:
    """Read the header.

    Args:
        header: Its value; several warnings are separated by commas.

    Yields:
        The warnings. An invalid one ends them: the following text cannot be separated from it.
    """
    at = 0
    while at < len(header):
        found = _ITEM.match(header, at)
        if found is None:
            return
        text = _decoded(_ESCAPED.sub(r"\1", found[3]))
        if any(ord(char) < 32 or ord(char) == 127 for char in text + found[2]):
            return
        yield ServerWarning(int(found[1]), found[2], text)
        at = found.end()


def _decoded(text: str) -> str:
    """Decode words as in RFC 2047, and UTF-8 that arrived as Latin-1."""
    with contextlib.suppress(UnicodeError):
        text = text.encode("latin-1").decode("utf-8")
    if "=?" not in text:
        return text
    return _WORD.sub(_word, text)


def _word(found: re.Match[str]) -> str:
    """Decode one encoded word; an invalid one is returned unchanged."""
    charset, encoding, text = found[1], found[2], found[3]
    try:
        data = text.encode("ascii")
        plain = binascii.a2b_base64(data) if encoding in "bB" else binascii.a2b_qp(data, header=True)
        return plain.decode(charset.partition("*")[0])
    except (LookupError, ValueError):  # A charset or bytes that can't be read.
        return found[0]
