"""Certificates of a cluster: a CA, the server's pair, client pairs, and the key that signs service account tokens."""

from __future__ import annotations

import datetime
import ipaddress
import itertools
from collections.abc import Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_NAMES = ("localhost", "kubernetes.default.svc")
_ADDRESSES = ("127.0.0.1", "10.0.0.1")


class Authority:
    """The certificate authority of one cluster.

    Like the CAs of many clusters, it has no key identifiers.

    Args:
        folder: The folder for its files.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._serial = itertools.count(1)
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name("tests-ca")
        ca = x509.BasicConstraints(ca=True, path_length=None)
        made = _builder(self._name, self._name, self._key.public_key()).add_extension(ca, critical=True)
        self.file = self._write(
            "ca.crt", made.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
        )

    def server(self) -> tuple[Path, Path]:
        """Return the server's certificate and key."""
        names: list[x509.GeneralName] = [x509.DNSName(name) for name in _NAMES]
        names += [x509.IPAddress(ipaddress.ip_address(address)) for address in _ADDRESSES]
        return self._issue("server", _name("kube-apiserver"), x509.SubjectAlternativeName(names))

    def client(self, user: str, groups: Sequence[str] = ()) -> tuple[Path, Path]:
        """Return the files of a new certificate for a user and of its key."""
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
        return self._issue(f"client-{next(self._serial)}", _name(user, groups), usage)

    def signing_key(self) -> tuple[Path, Path]:
        """Return the private and the public key for service account tokens."""
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        public = key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return self._write("sa.key", _pem(key)), self._write("sa.pub", public)

    def _issue(self, stem: str, subject: x509.Name, extension: x509.ExtensionType) -> tuple[Path, Path]:
        key = ec.generate_private_key(ec.SECP256R1())
        made = _builder(subject, self._name, key.public_key()).add_extension(extension, critical=False)
        certificate = made.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
        return self._write(f"{stem}.crt", certificate), self._write(f"{stem}.key", _pem(key))

    def _write(self, name: str, data: bytes) -> Path:
        file = self._folder / name
        file.touch(mode=0o600)
        file.write_bytes(data)
        return file


def _name(user: str, groups: Sequence[str] = ()) -> x509.Name:
    attributes = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in groups]
    return x509.Name([*attributes, x509.NameAttribute(NameOID.COMMON_NAME, user)])


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=2))
    )


def _pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
