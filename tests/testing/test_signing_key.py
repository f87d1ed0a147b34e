"""Keys and certificates that are made without another library are those that OpenSSL accepts."""

from __future__ import annotations

import datetime
import ipaddress

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st

from kubecore.testing.machine.signing_key import SigningKey

_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_SHA256 = ec.ECDSA(hashes.SHA256())


@settings(max_examples=30)
@given(st.one_of(st.integers(1, 5), st.integers(_ORDER - 5, _ORDER - 1), st.integers(1, _ORDER - 1)), st.binary())
def test_keys_and_signatures_are_those_of_openssl(number: int, message: bytes) -> None:
    key = SigningKey(number)
    known = ec.derive_private_key(number, ec.SECP256R1())
    private = serialization.load_pem_private_key(key.private_pem(), None)
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    assert private.private_numbers() == known.private_numbers()
    public = serialization.load_pem_public_key(key.public_pem())
    assert isinstance(public, ec.EllipticCurvePublicKey)
    assert public.public_numbers() == known.public_key().public_numbers()
    known.public_key().verify(key.sign(message), message, _SHA256)
    with pytest.raises(InvalidSignature):
        known.public_key().verify(key.sign(message), message + b"x", _SHA256)


def test_random_keys_differ() -> None:
    assert SigningKey().private_pem() != SigningKey().private_pem()


def test_a_certificate_names_the_server_and_signs_itself() -> None:
    now = datetime.datetime(2026, 11, 28, 12, tzinfo=datetime.UTC)
    found = x509.load_pem_x509_certificate(SigningKey().certificate("localhost", ["127.0.0.1", "::1"], now))
    found.verify_directly_issued_by(found)
    assert found.not_valid_before_utc < now < found.not_valid_after_utc
    names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost"]
    assert names.get_values_for_type(x509.IPAddress) == [ipaddress.ip_address(text) for text in ("127.0.0.1", "::1")]
    assert found.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
