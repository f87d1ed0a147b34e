"""An OpenID Connect provider on loopback: discovery, keys and a token endpoint, over TLS.

It signs tokens that a real kube-apiserver accepts, rotates refresh tokens, and can be configured to respond with
anything.
"""

from __future__ import annotations

import base64
import json
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Final, NamedTuple, Self
from urllib.parse import parse_qsl, unquote_plus

import trustme
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

DISCOVERY: Final = "/.well-known/openid-configuration"
KEYS: Final = "/keys"
TOKEN: Final = "/token"


class Request(NamedTuple):
    """A request that the provider received."""

    method: str
    path: str
    authorization: str | None
    form: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A response that replaces the proper one.

    Attributes:
        status: The status code.
        body: The body, sent unchanged.
        headers: Headers in addition to the length.
        wait: Seconds before anything is sent.
        drip: Seconds between the single bytes of the body.
    """

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    wait: float = 0.0
    drip: float = 0.0


class IdentityServer:
    """A provider that knows one user.

    Args:
        client_id: The only client that the provider accepts.
        client_secret: The secret of the client; "" if it has none.
        subject: The user.
        authority: The authority that signs the certificate, by default a new one.

    Attributes:
        issuer: The URL of the provider.
        ca_pem: The certificate that verifies the provider.
        discovery: The provider's discovery document; tests may change it.
        answers: Replacements of proper responses, by path.
        requests: The received requests, in order.
        refresh_token: The valid refresh token; a refresh replaces it if `rotates` is true.
        rotates: Whether a refresh returns a new refresh token.
        lifetime: Seconds for which the tokens are valid.
    """

    def __init__(
        self,
        *,
        client_id: str = "tests",
        client_secret: str = "",
        subject: str = "alice",
        authority: trustme.CA | None = None,
    ) -> None:
        self._client = client_id, client_secret
        self._subject = subject
        authority = authority or trustme.CA()
        self.ca_pem = authority.cert_pem.bytes()
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._made = 0
        self.rotates = True
        self.lifetime = 3600.0
        self.refresh_token = "refresh-0"
        self.requests: list[Request] = []
        self.answers: dict[str, Answer] = {}
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(context)
        self._server = _Server(self, context)
        self.issuer = f"https://127.0.0.1:{self._server.server_port}"
        self.discovery: dict[str, Any] = {
            "issuer": self.issuer,
            "authorization_endpoint": self.issuer + "/authorize",
            "token_endpoint": self.issuer + TOKEN,
            "jwks_uri": self.issuer + KEYS,
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        }
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    def __enter__(self) -> Self:
        """Start the provider."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Stop, and wait for every response in progress."""
        self._stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def asked(self, path: str) -> list[Request]:
        """Return the received requests for a path."""
        return [request for request in self.requests if request.path == path]

    def id_token(self, *, expires_in: float | None = None, **claims: Any) -> str:
        """Sign a token; claims replace the usual ones."""
        now = int(time.time())
        usual = {
            "iss": self.issuer,
            "aud": self._client[0],
            "sub": self._subject,
            "iat": now,
            "exp": int(now + (self.lifetime if expires_in is None else expires_in)),
            "email": f"{self._subject}@example.com",
        }
        head = _json64({"alg": "RS256", "typ": "JWT", "kid": "key-1"})
        signed = f"{head}.{_json64({**usual, **claims})}"
        signature = self._key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        return f"{signed}.{_base64(signature)}"

    def answer(self, request: Request) -> Answer:
        """Record a request and return its response."""
        with self._lock:
            self.requests.append(request)
            if request.path in self.answers:
                return self.answers[request.path]
            found: tuple[int, Any] = 404, {}
            if request.path == DISCOVERY:
                found = 200, self.discovery
            elif request.path == KEYS:
                found = 200, self._keys()
            elif request.path == TOKEN and request.method == "POST":
                found = self._refresh(request)
            status, body = found
            return Answer(status=status, body=json.dumps(body).encode(), headers={"Content-Type": "application/json"})

    def pause(self, seconds: float) -> None:
        """Wait, at most until the server stops."""
        self._stopping.wait(seconds)

    def _refresh(self, request: Request) -> tuple[int, Any]:
        """Refresh a token as described in RFC 6749, section 6."""
        name, secret = request.form.get("client_id", ""), request.form.get("client_secret", "")
        if request.authorization is not None:
            pair = base64.b64decode(request.authorization.removeprefix("Basic ")).decode()
            name, _, secret = (unquote_plus(part) for part in pair.partition(":"))
        if (name, secret) != self._client:
            return 401, {"error": "invalid_client"}
        if request.form.get("grant_type") != "refresh_token":
            return 400, {"error": "unsupported_grant_type"}
        if request.form.get("refresh_token") != self.refresh_token:
            return 400, {"error": "invalid_grant"}
        self._made += 1
        made = {"access_token": "opaque", "token_type": "Bearer", "id_token": self.id_token(jti=f"{self._made}")}
        if self.rotates:
            self.refresh_token = made["refresh_token"] = f"refresh-{self._made}"
        return 200, made

    def _keys(self) -> Any:
        numbers = self._key.public_key().public_numbers()
        key = {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "key-1"}
        return {"keys": [{**key, "n": _number64(numbers.n), "e": _number64(numbers.e)}]}


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    request_queue_size = 128

    def __init__(self, identity: IdentityServer, context: ssl.SSLContext) -> None:
        self.identity = identity
        self._context = context
        super().__init__(("127.0.0.1", 0), _Handler)

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = self.socket.accept()
        connection.settimeout(60)
        # The thread of the connection does the handshake, so that an idle client blocks no other client.
        secured = self._context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        return secured, address

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print nothing: in some tests, clients disconnect on purpose."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    disable_nagle_algorithm = True  # Headers and body are two writes; the second would wait for a delayed ACK.

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        form = dict(parse_qsl(self.rfile.read(length).decode()))
        identity = self.server.identity
        answer = identity.answer(Request(self.command, self.path, self.headers.get("Authorization"), form))
        identity.pause(answer.wait)
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        step = 1 if answer.drip else len(answer.body) or 1
        for start in range(0, len(answer.body), step):
            self.wfile.write(answer.body[start : start + step])
            identity.pause(answer.drip)

    do_POST = do_GET  # noqa: N815

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Print nothing."""


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _json64(value: Any) -> str:
    return _base64(json.dumps(value, separators=(",", ":")).encode())


def _number64(value: int) -> str:
    return _base64(value.to_bytes((value.bit_length() + 7) // 8, "big"))
