"""Matrix of certificates: clients connect to every trusted server and reject every untrusted one."""

from __future__ import annotations

import datetime
import ipaddress
import shutil
import ssl
import subprocess
import tempfile
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

import anyio
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from kubecore import errors, rest
from kubecore._auth.oidc import OIDCSource
from tests.torture.callers import MODES, callers
from tests.torture.server import PodServer
from tests.torture.tally import Tally

_NOW: Final = datetime.datetime.now(datetime.UTC)
_DAY: Final = datetime.timedelta(days=1)
_TIMEOUTS: Final = rest.Timeouts(connect=5.0, read=5.0, write=5.0, total=10.0)


@dataclass(slots=True)
class Pair:
    """A certificate with its key."""

    cert: x509.Certificate
    key: ec.EllipticCurvePrivateKey
    chain: tuple[x509.Certificate, ...] = ()

    @property
    def cert_pem(self) -> bytes:
        """The certificate and its intermediate certificates."""
        return b"".join(one.public_bytes(serialization.Encoding.PEM) for one in (self.cert, *self.chain))

    @property
    def key_pem(self) -> bytes:
        """The key."""
        plain = serialization.NoEncryption()
        return self.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def authority(
    name: str = "torture CA", *, identifiers: bool = True, parent: Pair | None = None, ca: bool = True
) -> Pair:
    """Make a certificate authority, signed by `parent` if one is given."""
    return _issue(name, parent, ca=ca, identifiers=identifiers)


def leaf(
    parent: Pair | None,
    *names: str,
    common_name: str = "server",
    begins: datetime.datetime = _NOW - _DAY,
    ends: datetime.datetime = _NOW + _DAY,
    identifiers: bool = True,
    usage: Sequence[x509.ObjectIdentifier] = (),
) -> Pair:
    """Make a certificate for names and addresses; it is self-signed if `parent` is None."""
    made = _issue(
        common_name,
        parent,
        names=names,
        begins=begins,
        ends=ends,
        identifiers=identifiers,
        usage=usage,
    )
    if parent is not None and parent.chain:
        made.chain = parent.chain
    return made


def _issue(
    name: str,
    parent: Pair | None,
    *,
    names: Sequence[str] = (),
    ca: bool | None = None,
    begins: datetime.datetime = _NOW - _DAY,
    ends: datetime.datetime = _NOW + _DAY,
    identifiers: bool = True,
    usage: Sequence[x509.ObjectIdentifier] = (),
) -> Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    signer = parent.key if parent is not None else key
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(parent.cert.subject if parent is not None else _name(name))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
    )
    if ca is not None:
        builder = builder.add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName([_general(one) for one in names]), critical=False)
    if usage:
        builder = builder.add_extension(x509.ExtendedKeyUsage(usage), critical=False)
    if identifiers:
        builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
        builder = builder.add_extension(issuer, critical=False)
    return Pair(builder.sign(signer, hashes.SHA256()), key)


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


@dataclass(slots=True)
class _Case:
    """A server and a client.

    Attributes:
        name: Description of the property or defect.
        served: The certificate of the server.
        wanted: Whether the client must trust it; "either" if it depends on OpenSSL.
        tls: The settings of the client.
        host: The host name or address to which the client connects.
        versions: The lowest and the highest TLS version of the server.
        client_ca: The authority of the client certificates that the server requires, or None.
        refused_by: The side that rejects the connection if the client must fail.
    """

    name: str
    served: Pair
    wanted: Literal["pass", "fail", "either"]
    tls: rest.TLSConfig
    host: str = "127.0.0.1"
    versions: tuple[ssl.TLSVersion, ssl.TLSVersion] = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)
    client_ca: Pair | None = None
    refused_by: Literal["client", "server"] = "client"
    ciphers: str | None = field(default=None)


def _cases() -> list[_Case]:
    ca, other = authority(), authority("another CA")
    bare = authority("a CA without identifiers", identifiers=False)
    middle = authority("between", parent=ca)
    middle.chain = (middle.cert,)
    no_ca = authority("no CA", parent=ca, ca=False)
    no_ca.chain = (no_ca.cert,)
    trust = {"ca_data": ca.cert_pem}
    good = leaf(ca, "127.0.0.1", "localhost")
    alone = leaf(None, "127.0.0.1")
    server_usage, client_usage = ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH
    client, stranger = leaf(ca, common_name="me", usage=[client_usage]), leaf(other, common_name="me")
    old_client = leaf(ca, common_name="me", begins=_NOW - 3 * _DAY, ends=_NOW - _DAY)
    shown: dict[str, Any] = {"cert_data": client.cert_pem, "key_data": client.key_pem}
    v1_0, v1_1, v1_2, v1_3 = (getattr(ssl.TLSVersion, f"TLSv1{minor}") for minor in ("", "_1", "_2", "_3"))

    def config(**more: Any) -> rest.TLSConfig:
        return rest.TLSConfig(**{**trust, **more})

    cases = [
        _Case("good", good, "pass", config()),
        _Case("good, by name", good, "pass", config(), host="localhost"),
        _Case("good, usage server", leaf(ca, "127.0.0.1", usage=[server_usage]), "pass", config()),
        _Case("usage client alone", leaf(ca, "127.0.0.1", usage=[client_usage]), "fail", config()),
        _Case("another CA", leaf(other, "127.0.0.1"), "fail", config()),
        _Case("another CA of the same name", leaf(authority(), "127.0.0.1"), "fail", config()),
        _Case("the system's CAs alone", good, "fail", rest.TLSConfig()),
        _Case("two CAs, one right", good, "pass", rest.TLSConfig(ca_data=other.cert_pem + ca.cert_pem)),
        _Case("expired", leaf(ca, "127.0.0.1", begins=_NOW - 3 * _DAY, ends=_NOW - _DAY), "fail", config()),
        _Case("not yet valid", leaf(ca, "127.0.0.1", begins=_NOW + _DAY, ends=_NOW + 3 * _DAY), "fail", config()),
        _Case("wrong name", leaf(ca, "example.com"), "fail", config(), host="localhost"),
        _Case("wrong address", leaf(ca, "127.0.0.2"), "fail", config()),
        _Case("name for an address", leaf(ca, "localhost"), "fail", config()),
        _Case("address for a name", leaf(ca, "127.0.0.1"), "fail", config(), host="localhost"),
        _Case("common name alone", leaf(ca, common_name="localhost"), "fail", config(), host="localhost"),
        _Case("common name alone, address", leaf(ca, common_name="127.0.0.1"), "fail", config()),
        _Case(
            "common name beside another name", leaf(ca, "x.y", common_name="localhost"), "fail", config(), "localhost"
        ),
        _Case("wildcard for one label", leaf(ca, "*"), "fail", config(), host="localhost"),
        _Case("signs itself, unknown", alone, "fail", config()),
        _Case("signs itself, and is the CA given", alone, "pass", rest.TLSConfig(ca_data=alone.cert_pem)),
        _Case(
            "no identifiers", leaf(bare, "127.0.0.1", identifiers=False), "pass", rest.TLSConfig(ca_data=bare.cert_pem)
        ),
        _Case("a CA between", leaf(middle, "127.0.0.1"), "pass", config()),
        _Case("a CA between, not sent", Pair(*_bare(leaf(middle, "127.0.0.1"))), "fail", config()),
        _Case("signed by one that is no CA", leaf(no_ca, "127.0.0.1"), "fail", config()),
        _Case("TLS 1.2 alone", good, "pass", config(), versions=(v1_2, v1_2)),
        _Case("TLS 1.3 alone", good, "pass", config(), versions=(v1_3, v1_3)),
        _Case("TLS 1.0 alone", good, "fail", config(), versions=(v1_0, v1_0), ciphers="ALL:@SECLEVEL=0"),
        _Case("TLS 1.1 alone", good, "fail", config(), versions=(v1_1, v1_1), ciphers="ALL:@SECLEVEL=0"),
        _Case("server_name right", leaf(ca, "api.internal"), "pass", config(server_name="api.internal")),
        _Case("server_name wrong", good, "fail", config(server_name="api.internal")),
        _Case("server_name an address", leaf(ca, "10.0.0.1"), "pass", config(server_name="10.0.0.1")),
        _Case("insecure", leaf(other, "x.y"), "pass", rest.TLSConfig(insecure=True)),
        _Case("client given", good, "pass", config(**shown), client_ca=ca),
        _Case("client given, not requested", good, "pass", config(**shown)),
        _Case("client given, TLS 1.2", good, "pass", config(**shown), client_ca=ca, versions=(v1_2, v1_2)),
    ]
    unknown = {"cert_data": stranger.cert_pem, "key_data": stranger.key_pem}
    old = {"cert_data": old_client.cert_pem, "key_data": old_client.key_pem}
    givens = {"not given": {}, "of another CA": unknown, "expired": old}
    cases.extend(
        _Case(
            f"client {which}, {version.name}",
            good,
            "fail",
            config(**given),
            client_ca=ca,
            versions=(version, version),
            refused_by="server",
        )
        for which, given in givens.items()
        for version in (v1_2, v1_3)
    )
    weak = _weak(ca)
    if weak is not None:
        cases.append(_Case("SHA-1", weak, "either", config(), ciphers="DEFAULT:@SECLEVEL=0"))
    return cases


def _weak(parent: Pair) -> Pair | None:
    """Make a certificate with a SHA-1 signature; return None if OpenSSL is missing or does not support it."""
    if shutil.which("openssl") is None:
        return None
    made = leaf(parent, "127.0.0.1")
    with tempfile.TemporaryDirectory() as folder:
        for name, data in {"key": made.key_pem, "ca": parent.cert_pem, "ca.key": parent.key_pem}.items():
            Path(folder, name).write_bytes(data)
        Path(folder, "more").write_text("subjectAltName=IP:127.0.0.1\n")
        request = ["openssl", "req", "-new", "-key", "key", "-subj", "/CN=server", "-out", "request"]
        signed = ["openssl", "x509", "-req", "-in", "request", "-sha1", "-CA", "ca", "-CAkey", "ca.key", "-out", "weak"]
        signed += ["-days", "1", "-set_serial", "7", "-extfile", "more"]
        for command in (request, signed):
            done = subprocess.run(command, cwd=folder, capture_output=True, check=False)
            if done.returncode:
                return None
        cert = x509.load_pem_x509_certificate(Path(folder, "weak").read_bytes())
    return Pair(cert, made.key) if isinstance(cert.signature_hash_algorithm, hashes.SHA1) else None


def _bare(pair: Pair) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    return pair.cert, pair.key


def _context(case: _Case) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if case.ciphers is not None:
        made.set_ciphers(case.ciphers)
        made.options &= ~(ssl.OP_NO_TLSv1 | ssl.OP_NO_TLSv1_1)
    made.minimum_version, made.maximum_version = case.versions
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "pair.pem")
        file.write_bytes(case.served.cert_pem + case.served.key_pem)
        made.load_cert_chain(file)
    if case.client_ca is not None:
        made.verify_mode = ssl.CERT_REQUIRED
        made.load_verify_locations(cadata=case.client_ca.cert_pem.decode())
    return made


def _try_provider(tally: Tally, case: _Case, context: ssl.SSLContext) -> None:
    """Use the same server as an OpenID Connect provider, which is verified in the same way."""
    plain = rest.TLSConfig(ca_data=case.tls.ca_data, ca_file=case.tls.ca_file)
    if case.tls != plain or case.client_ca is not None:
        return  # A provider has no settings for these.
    for mode in ("sync", "asyncio", "trio"):
        with PodServer(context=context) as server:
            config = rest.OIDCConfig(
                issuer_url=f"https://{case.host}:{server.port}",
                client_id="c",
                refresh_token="r",
                ca_data=case.tls.ca_data,
                ca_file=case.tls.ca_file,
            )
            source = OIDCSource(config)
            try:
                source.renew() if mode == "sync" else anyio.run(source.renew_async, backend=mode)
            except errors.ConfigError as error:
                outcome = "fail" if "can't be reached" in str(error) else "pass"  # The error for an invalid response.
            else:
                outcome = "tokens"
            requests = len(server.requests)
        is_good = outcome == case.wanted or (case.wanted == "either" and outcome in ("pass", "fail"))
        tally.check(
            is_good and bool(requests) == (outcome == "pass"),
            f"provider, {mode} {case.name}: must {case.wanted}, was {outcome}, {requests} requests",
        )


def _try_proxy(tally: Tally, case: _Case, context: ssl.SSLContext) -> None:
    """Use the same server as a proxy, which is verified against the authorities of the system."""
    ca = case.tls.ca_data
    if ca is None or case.tls != rest.TLSConfig(ca_data=ca) or case.client_ca is not None:
        return
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        file = Path(folder, "ca.pem")
        file.write_bytes(ca)
        patch.setenv("SSL_CERT_FILE", str(file))
        for mode in MODES:
            with PodServer(context=context) as server, callers(mode) as make:
                proxy = f"https://{case.host}:{server.port}"
                config = rest.Config(host="https://cluster.example", proxy_url=proxy, timeouts=_TIMEOUTS)
                with make(config) as caller:
                    try:
                        caller.get()
                    except errors.ProxyError:
                        outcome = "pass" if server.requests else "fail"  # The pod is an invalid response to CONNECT.
                    except Exception as error:
                        outcome = type(error).__name__
                    else:
                        outcome = "pod"
            is_good = outcome == case.wanted or (case.wanted == "either" and outcome in ("pass", "fail"))
            tally.check(is_good, f"proxy, {mode} {case.name}: must {case.wanted}, was {outcome}")


def run(n: int | None, seed: int) -> Tally:
    """Try the whole matrix; `n` limits the number of cases."""
    tally = Tally("tls")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Old versions of TLS are offered on purpose.
        passed = 0
        for case in _cases()[:n]:
            context = _context(case)
            for mode in MODES:
                with PodServer(context=context) as server, callers(mode) as make:
                    config = rest.Config(
                        host=f"https://{case.host}:{server.port}", tls=case.tls, timeouts=_TIMEOUTS, max_retries=0
                    )
                    with make(config) as caller:
                        fault, outcome = "", "pass"
                        try:
                            caller.get()
                        except errors.TransportError as error:
                            outcome, fault = "fail", f"{type(error).__name__}: {error}"
                            is_right = isinstance(error, errors.ConnectError) or (
                                case.refused_by == "server" and isinstance(error, (errors.ReadError, errors.WriteError))
                            )
                            if isinstance(error, TimeoutError) or not is_right:
                                outcome = "another error"
                        except Exception as error:
                            outcome, fault = "foreign", f"{type(error).__name__}: {error}"
                        requests = len(server.requests)
                    left = server.settle(0)
                passed += outcome == "pass"
                is_good = outcome == case.wanted or (case.wanted == "either" and outcome in ("pass", "fail"))
                if outcome == "fail" and requests:
                    is_good, fault = False, f"a request was sent: {fault}"
                if left:
                    is_good, fault = False, f"{left} connections are left open; {fault}"
                tally.check(is_good, f"{mode} {case.name}: must {case.wanted}, was {outcome} {fault}")
                _try_provider(tally, case, context)
            _try_proxy(tally, case, context)
    tally.figure("passed", passed)
    return tally
