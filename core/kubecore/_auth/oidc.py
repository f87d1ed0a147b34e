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
import ssl
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import msgspec

from kubecore._auth.credential import Credential, bearer
from kubecore._config.credentials import OIDCConfig, TLSConfig
from kubecore._config.secret import SecretText
from kubecore._http.daemon_thread import Aside
from kubecore.codec.decoders import decoder
from kubecore.errors import BodyTooLargeError, ConfigError, TransportError

if TYPE_CHECKING:
    from kubecore._auth.provider_request import Form, ProviderResponse

__all__ = ["OIDCSource"]

_LOG: Final = logging.getLogger("kubecore")
_LEEWAY_SECONDS: Final = 10.0
_SECONDS: Final = 30.0
"""Time limit of the provider for a complete response."""
_WHOLE_SECONDS: Final = 60.0
"""How long a renewal may take, whatever comes meanwhile."""
_MOST_BYTES: Final = 1024 * 1024
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


class _Error(msgspec.Struct):
    error: str = ""


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
        number = self._number
        authorities = self._prepare()
        try:
            found = _discovered(self._send(_discovery_url(self._config), authorities), self._config)
            form = self._form(found)
            self._spend(number)
            received = self._send(found.token_endpoint, authorities, form)
        finally:
            if number == self._number:
                self._is_spending = False
        return self._accept(received)

    def _send(self, url: str, authorities: TLSConfig, form: Form | None = None) -> ProviderResponse:
        # Imported here: few programs need a provider.
        from kubecore._auth.provider_request import send

        try:
            return send(url, authorities, seconds=_SECONDS, max_bytes=_MOST_BYTES, form=form)
        except BodyTooLargeError:
            raise ConfigError(f"oidc: the provider's response is larger than {_MOST_BYTES} bytes") from None
        except (ConfigError, TransportError, ValueError) as error:
            raise self._unreachable(error) from None

    def _spend(self, number: int) -> None:
        """Take note that the refresh token is about to be shown; a renewal that was left must not show it."""
        if number != self._number:
            raise self._late()
        self._is_spending = True

    def _late(self) -> ConfigError:
        return ConfigError(f"oidc: {self._config.issuer_url} gave no token within {_WHOLE_SECONDS:g} s")

    def _prepare(self) -> TLSConfig:
        """Return the authorities that verify the provider; without a refresh token no request is sent at all."""
        if not _is_https(self._config.issuer_url):
            raise ConfigError(f"oidc: {self._config.issuer_url[:200]!r} is not an https URL of a provider")
        if not self._refresh_token:
            raise ConfigError(
                f"oidc: the token of {self._config.issuer_url} has expired, and there is no refresh token: log in again"
            )
        return TLSConfig(ca_file=self._config.ca_file, ca_data=self._config.ca_data)

    def _form(self, found: _Discovery) -> Form:
        """Return the form of the request for new tokens: OpenID Connect Core 9."""
        from kubecore._auth.provider_request import Form

        name, secret = self._config.client_id, self._config.client_secret
        fields = {"grant_type": "refresh_token", "refresh_token": self._refresh_token}
        methods = found.token_endpoint_auth_methods_supported or ["client_secret_basic"]
        if secret and ("client_secret_basic" in methods or "client_secret_post" not in methods):
            return Form(fields, (name, secret))
        fields["client_id"] = name
        if secret:
            fields["client_secret"] = secret
        return Form(fields, None)

    def _accept(self, received: ProviderResponse) -> Credential:
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

    def _error_code(self, received: ProviderResponse) -> str:
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
        # The hint of the engine for an invalid certificate is about the API server.
        shown = error.__cause__ if isinstance(error.__cause__, ssl.SSLError) else error
        reason = " ".join(str(shown).split())[:300]
        return ConfigError(f"oidc: {self._config.issuer_url} can't be reached: {reason}")


def _discovery_url(config: OIDCConfig) -> str:
    return config.issuer_url.rstrip("/") + "/.well-known/openid-configuration"


def _discovered(received: ProviderResponse, config: OIDCConfig) -> _Discovery:
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


def _claims(token: SecretText, what: str) -> _Claims:
    """Read a token's claims; that they are true is for the API server to check."""
    try:
        payload = SecretText(token.split(".")[1])
        return decoder(_Claims).decode(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (IndexError, ValueError, RecursionError):
        raise ConfigError(f"oidc: {what} is not a token with an expiry") from None
