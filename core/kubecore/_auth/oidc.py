"""Tokens of an OpenID Connect provider, renewed with a refresh token: client-go's auth provider `oidc`.

Source: OpenID Connect Discovery 1.0; RFC 6749 section 6. The provider is always verified, redirects are never followed,
and the refresh token goes to the issuer's own token endpoint alone.
"""

from __future__ import annotations

import base64
import dataclasses
import logging
import os
import re
import time
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import quote_plus, urlsplit

import msgspec

from kubecore._auth.credential import Credential, bearer
from kubecore._config.credentials import OIDCConfig, TLSConfig
from kubecore._config.secret import SecretBytes, SecretText
from kubecore._http import tls
from kubecore._http.daemon_thread import Aside
from kubecore.codec.decoders import decoder
from kubecore.errors import ConfigError

if TYPE_CHECKING:
    import httpx

__all__ = ["OIDCSource"]

_LOG: Final = logging.getLogger("kubecore")
_LEEWAY_SECONDS: Final = 10.0
_SECONDS: Final = 30.0
"""Time limits for the provider: between two chunks, and for a complete response."""
_WHOLE_SECONDS: Final = 60.0
"""How long a renewal may take, whatever comes meanwhile."""
_MOST_BYTES: Final = 1024 * 1024
_PLAIN: Final = {"Accept": "application/json", "Accept-Encoding": "identity"}
_ERROR_CODE: Final = re.compile("[a-z_]{1,40}")


class _Discovery(msgspec.Struct):
    issuer: str
    token_endpoint: str
    token_endpoint_auth_methods_supported: list[str] | None = None


class _Claims(msgspec.Struct):
    exp: float
    iss: str = ""


class _Tokens(msgspec.Struct):
    id_token: str = ""
    refresh_token: str = ""

    def __repr__(self) -> str:
        """Hide the tokens."""
        return "_Tokens(<hidden>)"


class _Refresh(NamedTuple):
    """The request for new tokens: its URL, its form, and name and secret if the provider expects them separately."""

    url: str
    form: dict[str, str]
    basic: tuple[str, str] | None

    def __repr__(self) -> str:
        """Hide token and secret."""
        return f"_Refresh({self.url!r}, <hidden>)"


class _Error(msgspec.Struct):
    error: str = ""


class _Received:
    def __init__(self, response: httpx.Response, body: bytes) -> None:
        self.status = response.status_code
        self.body = body


class OIDCSource:
    """Tokens of a provider; renewed shortly before they expire, and when the server refuses one.

    Args:
        config: The provider and the tokens.
    """

    def __init__(self, config: OIDCConfig) -> None:
        # The program may change its folder before the tokens are renewed.
        ca_file = os.path.abspath(config.ca_file) if config.ca_file else None  # noqa: PTH100 - links are not followed
        self._config = dataclasses.replace(config, ca_file=ca_file)
        self._refresh_token = config.refresh_token
        self.certificate: None = None  # A provider never returns one.
        self._credential: Credential | None = None
        self._expires = 0.0
        self._number = 0
        self._is_spending = False
        self._renewing = Aside(self._renew, longest=_WHOLE_SECONDS)
        if config.id_token:
            self._take(SecretText(config.id_token), "oidc.id_token")

    def current(self) -> Credential | None:
        """Return the token, None shortly before it expires."""
        return self._credential if time.time() < self._expires - _LEEWAY_SECONDS else None

    def refuse(self, credential: Credential) -> bool:
        """Forget a token that the server does not accept."""
        if self._credential is credential:
            self._credential, self._expires = None, 0.0
        return bool(self._refresh_token)

    def renew(self, deadline: float | None = None) -> Credential:
        """Get a new token from the provider.

        Args:
            deadline: When the wait for it ends, on the monotonic clock; None for no limit. The renewal then continues:
                a provider may accept a refresh token only once, and the next call gets its result.

        Raises:
            ConfigError: The provider returns none.
            TimeoutError: The time limit of the call is over.
        """
        left = _WHOLE_SECONDS if deadline is None else min(_WHOLE_SECONDS, deadline - time.monotonic())
        try:
            return self._renewing.run(left)
        except TimeoutError:
            self._leave()
            if left < _WHOLE_SECONDS:
                raise
            raise self._late() from None

    async def renew_async(self, deadline: float | None = None) -> Credential:
        """Get a new token from the provider: see `renew`."""
        import anyio

        try:
            with anyio.move_on_after(_WHOLE_SECONDS):
                return await self._renewing.run_async()
        except anyio.get_cancelled_exc_class():
            self._leave()
            raise
        self._leave()
        raise self._late()

    def _leave(self) -> None:
        """Let the next caller start again, unless the refresh token was sent: its successor may be in transit."""
        if not self._is_spending:
            self._number += 1
            self._renewing.leave()

    def _renew(self) -> Credential:
        try:
            import httpx
        except ImportError:
            raise ConfigError(
                f"oidc: the token of {self._config.issuer_url} must be renewed, which needs httpx: "
                "pip install 'kgen-kubernetes[oidc]'"
            ) from None
        number = self._number
        context = self._prepare()
        try:
            with httpx.Client(verify=context, timeout=_SECONDS) as client:
                with client.stream("GET", _discovery_url(self._config), headers=_PLAIN) as response:
                    received = _Received(response, _joined(response.iter_raw()))
                refresh = self._request(_discovered(received, self._config))
                self._spend(number)
                with client.stream(
                    "POST", refresh.url, data=refresh.form, auth=refresh.basic, headers=_PLAIN
                ) as response:
                    received = _Received(response, _joined(response.iter_raw()))
        except ConfigError:
            raise
        except (httpx.HTTPError, httpx.InvalidURL, ImportError, ValueError) as error:
            # The last two: of a proxy in the environment that httpx can't use.
            raise self._unreachable(error) from None
        finally:
            if number == self._number:
                self._is_spending = False
        return self._accept(received)

    def _spend(self, number: int) -> None:
        """Mark the refresh token as used before it is sent; a renewal that was abandoned must not send it."""
        if number != self._number:
            raise self._late()
        self._is_spending = True

    def _late(self) -> ConfigError:
        return ConfigError(f"oidc: {self._config.issuer_url} gave no token within {_WHOLE_SECONDS:g} s")

    def _prepare(self) -> Any:
        """Return the TLS settings for the provider; without a refresh token no request is sent at all."""
        if not _is_https(self._config.issuer_url):
            raise ConfigError(f"oidc: {self._config.issuer_url[:200]!r} is not an https URL of a provider")
        if not self._refresh_token:
            raise ConfigError(
                f"oidc: the token of {self._config.issuer_url} has expired, and there is no refresh token: log in again"
            )
        return tls.context(TLSConfig(ca_file=self._config.ca_file, ca_data=self._config.ca_data))

    def _request(self, found: _Discovery) -> _Refresh:
        """Return the request for new tokens.

        Source: RFC 6749 2.3.1, which has name and secret encoded as in a form; OpenID Connect Core 9.
        """
        name, secret = self._config.client_id, self._config.client_secret
        form = {"grant_type": "refresh_token", "refresh_token": self._refresh_token}
        methods = found.token_endpoint_auth_methods_supported or ["client_secret_basic"]
        if secret and ("client_secret_basic" in methods or "client_secret_post" not in methods):
            return _Refresh(found.token_endpoint, form, (quote_plus(name), quote_plus(secret)))
        form["client_id"] = name
        if secret:
            form["client_secret"] = secret
        return _Refresh(found.token_endpoint, form, None)

    def _accept(self, received: _Received) -> Credential:
        """Parse the response of the provider; tokens never appear in errors."""
        issuer = self._config.issuer_url
        if received.status != 200:
            raise ConfigError(
                f"oidc: {issuer} responded with {received.status} to a refresh: {self._error_code(received)}"
            )
        try:
            tokens = decoder(_Tokens).decode(received.body)
        except (msgspec.DecodeError, ValueError, RecursionError):
            raise ConfigError(f"oidc: {issuer} responded to a refresh without tokens") from None
        # Kept whatever else is wrong: the one that was shown may be good no more.
        self._refresh_token = tokens.refresh_token or self._refresh_token
        if not tokens.id_token:
            raise ConfigError(f"oidc: {issuer} gave no id_token; does the client have the scope openid?")
        credential = self._take(SecretText(tokens.id_token), f"the id_token of {issuer}")
        if self._config.save is not None:
            self._save(self._config.save, SecretText(tokens.id_token))
        return credential

    def _error_code(self, received: _Received) -> str:
        """Return the error's code (RFC 6749 5.2), which is a word of a few; all else may quote token or secret."""
        try:
            code = decoder(_Error).decode(received.body).error
        except (msgspec.DecodeError, ValueError, RecursionError):
            code = ""
        secrets = (self._refresh_token, self._config.client_secret)
        is_code = _ERROR_CODE.fullmatch(code) and not any(secret and secret in code for secret in secrets)
        return code if is_code else "no error code"

    def _save(self, save: Callable[[Mapping[str, str]], None], token: SecretText) -> None:
        try:
            save({"id-token": str(token), "refresh-token": self._refresh_token})
        except (OSError, ConfigError) as error:
            # The new tokens work all the same, for as long as this program runs.
            _LOG.warning("oidc: the new tokens of %s can't be saved: %s", self._config.issuer_url, error)

    def _take(self, token: SecretText, what: str) -> Credential:
        claims = _claims(token, what)
        if claims.iss and claims.iss != self._config.issuer_url:
            raise ConfigError(f"oidc: {what} was issued by somebody else than {self._config.issuer_url}")
        self._credential = Credential(bearer(token, f"oidc: {what}"))
        self._expires = claims.exp
        return self._credential

    def _unreachable(self, error: Exception) -> ConfigError:
        behind: BaseException | None = error
        while behind is not None and not str(behind):  # trio's errors have no text; their causes do.
            behind = behind.__cause__ or behind.__context__
        reason = " ".join(str(behind or type(error).__name__).split())[:300]
        return ConfigError(f"oidc: {self._config.issuer_url} can't be reached: {reason}")


def _discovery_url(config: OIDCConfig) -> str:
    return config.issuer_url.rstrip("/") + "/.well-known/openid-configuration"


def _discovered(received: _Received, config: OIDCConfig) -> _Discovery:
    """Return the issuer's metadata, if its token endpoint can be trusted with a refresh token."""
    issuer = config.issuer_url
    if received.status != 200:
        raise ConfigError(f"oidc: {issuer} responded with {received.status} to the request for its configuration")
    try:
        metadata = decoder(_Discovery).decode(received.body)
    except (msgspec.DecodeError, ValueError, RecursionError):
        raise ConfigError(f"oidc: the configuration that {issuer} gives can't be read") from None
    if metadata.issuer != issuer:
        raise ConfigError(f"oidc: {issuer} reports the issuer {metadata.issuer[:200]!r}; issuer URLs must be equal")
    if not _is_https(metadata.token_endpoint):
        raise ConfigError(f"oidc: the token endpoint of {issuer} is not an https URL")
    return metadata


def _is_https(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme == "https" and bool(parts.hostname) and parts.port != 0
    except ValueError:  # Brackets that do not match, or an invalid port.
        return False


def _joined(pieces: Iterable[bytes]) -> bytes:
    body, deadline = SecretBytes(), time.monotonic() + _SECONDS
    for piece in map(SecretBytes, pieces):
        body = _with(body, piece, deadline)
    return body


def _with(body: SecretBytes, piece: SecretBytes, deadline: float) -> SecretBytes:
    if len(body) + len(piece) > _MOST_BYTES:
        raise ConfigError(f"oidc: the provider's response is larger than {_MOST_BYTES} bytes")
    if time.monotonic() > deadline:
        raise ConfigError(f"oidc: the provider did not respond within {_SECONDS:g} s")
    return SecretBytes(body + piece)


def _claims(token: SecretText, what: str) -> _Claims:
    """Read a token's claims; that they are true is for the API server to check."""
    try:
        payload = SecretText(token.split(".")[1])
        return decoder(_Claims).decode(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (IndexError, ValueError, RecursionError):
        raise ConfigError(f"oidc: {what} is not a token with an expiry") from None
