"""Keys of the curve P-256, made without another library: for servers of tests on loopback, and for nothing else.

Neither the time nor the memory of these operations is protected against other programs of the machine.
"""

from __future__ import annotations

import datetime
import hashlib
import ipaddress
import secrets
from collections.abc import Sequence
from typing import Final, TypeAlias

from kubecore.testing.machine import der

__all__ = ["SigningKey"]

_Point: TypeAlias = tuple[int, int] | None

_PRIME: Final = 2**256 - 2**224 + 2**192 + 2**96 - 1
_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_BASE: Final = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)
_CURVE: Final = der.object_id("1.2.840.10045.3.1.7")
_PUBLIC_KEY: Final = der.object_id("1.2.840.10045.2.1")
_ECDSA_SHA256: Final = der.sequence(der.object_id("1.2.840.10045.4.3.2"))
_COMMON_NAME: Final = der.object_id("2.5.4.3")
_BASIC_CONSTRAINTS: Final = der.object_id("2.5.29.19")
_KEY_USAGE: Final = der.object_id("2.5.29.15")
_SUBJECT_KEY: Final = der.object_id("2.5.29.14")
_NAMES: Final = der.object_id("2.5.29.17")
_TRUE: Final = der.tagged(0x01, b"\xff")


class SigningKey:
    """A private key.

    Args:
        number: The number that is the key; a random one by default.
    """

    def __init__(self, number: int = 0) -> None:
        self._number = number or secrets.randbelow(_ORDER - 1) + 1
        self._public = _uncompressed(_times(self._number, _BASE))

    def private_pem(self) -> bytes:
        """Return the key with its public half, as `EC PRIVATE KEY`."""
        parts = der.integer(1), der.octets(self._number.to_bytes(32, "big"))
        public = der.explicit(1, der.bit_string(self._public))
        return der.pem("EC PRIVATE KEY", der.sequence(*parts, der.explicit(0, _CURVE), public))

    def public_pem(self) -> bytes:
        """Return the public half."""
        return der.pem("PUBLIC KEY", self._public_info())

    def sign(self, message: bytes) -> bytes:
        """Return the signature of a message: ECDSA with SHA-256."""
        digest = int.from_bytes(hashlib.sha256(message).digest(), "big")
        while True:
            nonce = secrets.randbelow(_ORDER - 1) + 1
            point = _times(nonce, _BASE)
            first = point[0] % _ORDER if point is not None else 0
            second = pow(nonce, -1, _ORDER) * (digest + first * self._number) % _ORDER
            if first and second:
                return der.sequence(der.integer(first), der.integer(second))

    def certificate(self, name: str, addresses: Sequence[str], now: datetime.datetime) -> bytes:
        """Return a certificate that the key signs itself, valid for a day.

        Args:
            name: The DNS name of the server.
            addresses: Its IP addresses.
            now: The time, in UTC.
        """
        issuer = der.sequence(der.tagged(0x31, der.sequence(_COMMON_NAME, der.tagged(0x0C, name.encode()))))
        start, end = now - datetime.timedelta(hours=1), now + datetime.timedelta(days=1)
        names = [der.tagged(0x82, name.encode())]
        names += [der.tagged(0x87, ipaddress.ip_address(address).packed) for address in addresses]
        extensions = [
            der.sequence(_BASIC_CONSTRAINTS, _TRUE, der.octets(der.sequence(_TRUE))),
            # digitalSignature and keyCertSign
            der.sequence(_KEY_USAGE, _TRUE, der.octets(der.tagged(0x03, b"\x02\x84"))),
            # A key identifier needs no strong hash; truncated SHA-256 is that of RFC 7093.
            der.sequence(_SUBJECT_KEY, der.octets(der.octets(hashlib.sha256(self._public).digest()[:20]))),
            der.sequence(_NAMES, der.octets(der.sequence(*names))),
        ]
        body = der.sequence(
            der.explicit(0, der.integer(2)),
            der.integer(secrets.randbits(120) | 1),
            _ECDSA_SHA256,
            issuer,
            der.sequence(_time(start), _time(end)),
            issuer,
            self._public_info(),
            der.explicit(3, der.sequence(*extensions)),
        )
        return der.pem("CERTIFICATE", der.sequence(body, _ECDSA_SHA256, der.bit_string(self.sign(body))))

    def _public_info(self) -> bytes:
        return der.sequence(der.sequence(_PUBLIC_KEY, _CURVE), der.bit_string(self._public))


def _time(when: datetime.datetime) -> bytes:
    return der.tagged(0x17, when.strftime("%y%m%d%H%M%SZ").encode())  # UTCTime, which RFC 5280 requires until 2049


def _uncompressed(point: _Point) -> bytes:
    x, y = point or (0, 0)
    return b"\x04" + x.to_bytes(32, "big") + y.to_bytes(32, "big")


def _times(factor: int, point: _Point) -> _Point:
    total: _Point = None
    while factor:
        if factor & 1:
            total = _sum(total, point)
        point = _sum(point, point)
        factor >>= 1
    return total


def _sum(one: _Point, other: _Point) -> _Point:
    if one is None or other is None:
        return one or other
    (x, y), (u, v) = one, other
    if x == u:
        if (y + v) % _PRIME == 0:
            return None
        slope = 3 * (x * x - 1) * pow(2 * y, -1, _PRIME)  # the curve's a is -3
    else:
        slope = (v - y) * pow(u - x, -1, _PRIME)
    summed = (slope * slope - x - u) % _PRIME
    return summed, (slope * (x - summed) - y) % _PRIME
