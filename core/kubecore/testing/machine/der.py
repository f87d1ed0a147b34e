"""DER, as far as keys and certificates of elliptic curves need it, and its PEM form."""

from __future__ import annotations

import base64
import textwrap

__all__ = ["bit_string", "explicit", "integer", "object_id", "octets", "pem", "sequence", "tagged"]


def tagged(tag: int, content: bytes) -> bytes:
    """Return a value with its tag and its length."""
    if len(content) < 0x80:
        return bytes([tag, len(content)]) + content
    length = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def sequence(*values: bytes) -> bytes:
    """Return a SEQUENCE."""
    return tagged(0x30, b"".join(values))


def integer(value: int) -> bytes:
    """Return an INTEGER that is not negative."""
    return tagged(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def octets(value: bytes) -> bytes:
    """Return an OCTET STRING."""
    return tagged(0x04, value)


def bit_string(value: bytes) -> bytes:
    """Return a BIT STRING of whole bytes."""
    return tagged(0x03, b"\0" + value)


def explicit(number: int, value: bytes) -> bytes:
    """Return a value below a context-specific tag."""
    return tagged(0xA0 | number, value)


def object_id(dotted: str) -> bytes:
    """Return an OBJECT IDENTIFIER, such as `1.2.840.10045.2.1`."""
    first, second, *rest = (int(number) for number in dotted.split("."))
    return tagged(0x06, bytes([40 * first + second]) + b"".join(map(_base128, rest)))


def pem(label: str, content: bytes) -> bytes:
    """Return the PEM form of DER.

    Args:
        label: Such as `CERTIFICATE`.
        content: The DER.
    """
    lines = textwrap.wrap(base64.b64encode(content).decode(), 64)
    return "\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""]).encode()


def _base128(number: int) -> bytes:
    groups = [number & 0x7F]
    while number := number >> 7:
        groups.append(0x80 | (number & 0x7F))
    return bytes(reversed(groups))
