"""Copy the pods of a filled server inside its etcd, because creating 100,000 pods would last half an hour.

Copies are in other namespaces, whose names are as long as that of the originals, and have other UIDs. So their stored
protobuf messages have the lengths of the originals, and only these bytes are replaced.
"""

from __future__ import annotations

import base64
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from benchmarks.real.changes import PREFIX, THREADS, Etcd, encoded
from benchmarks.real.pods import NAMESPACE

MOST: Final = 10_000
"""Pods that are created by requests to the API server; all others are copies."""

_PAGE = 500
_NAMESPACE: Final = b"\x1a" + bytes([len(NAMESPACE)]) + NAMESPACE.encode()
"""The field `namespace` of the metadata: its number and type, its length, its text."""

_UID: Final = b"\x2a\x24"
"""The number, the type and the length of the field `uid`, which follows `selfLink`, an empty text."""


def fill(url: str, count: int) -> None:
    """Store so many copies; 0 is allowed."""
    etcd = Etcd(url)
    number = 0
    while count > 0:
        start = ""
        while count > 0 and (some := etcd.read(PREFIX, min(_PAGE, count), start)):
            store(url, [(base64.b64decode(each["key"]), base64.b64decode(each["value"])) for each in some], number)
            count -= len(some)
            start = base64.b64decode(some[-1]["key"]).decode() + "\0"
        number += 1
        print(f"{count} pods are left to copy", file=sys.stderr, flush=True)


def store(url: str, originals: list[tuple[bytes, bytes]], number: int) -> None:
    """Store the copies of a number, by several threads."""

    def some(first: int) -> None:
        etcd = Etcd(url)
        for key, value in originals[first::THREADS]:
            made = key.replace(NAMESPACE.encode(), namespace(number).encode(), 1)
            etcd.put(encoded(made), encoded(copied(value, number)))

    with ThreadPoolExecutor(THREADS) as threads:
        list(threads.map(some, range(THREADS)))


def namespace(number: int) -> str:
    """Return the namespace of the copies of a number; it is as long as the original one."""
    return f"{NAMESPACE[:-2]}{number:02d}"


def copied(value: bytes, number: int) -> bytes:
    """Return the stored message of a pod, with another namespace and UID."""
    before, found, rest = value.partition(_NAMESPACE)
    assert found, "the message has no namespace"
    at = rest.index(_UID) + len(_UID)
    name = namespace(number).encode()
    uid = rest[at : at + 36]
    # The digit of the version is 4 in all other UIDs.
    return before + found[:2] + name + rest[:at] + f"{number:02x}".encode() + uid[2:14] + b"f" + rest[at + 15 :]
