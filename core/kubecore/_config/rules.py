"""The settings that contradict each other or can't be used: one set of rules, for `Config` and for kubeconfig files.

Source: `k8s.io/client-go/tools/clientcmd` (`validation.go`); `HTTPWrappersForConfig` of `k8s.io/client-go/transport`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Container, Iterator, Mapping
from typing import Final, NamedTuple
from urllib.parse import SplitResult, urlsplit

from kubecore._config.credentials import ExecConfig, ExecPolicy, Impersonate, OIDCConfig, TLSConfig

__all__ = [
    "EXEC_VERSIONS",
    "Names",
    "authorities",
    "blank",
    "client_certificate",
    "exec_plugin",
    "exec_policy",
    "impersonation",
    "login",
    "oidc_provider",
    "proxy",
    "proxy_parts",
    "two_programs",
]

EXEC_VERSIONS: Final = ("client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1")
_INTERACTIVE: Final = ("Never", "IfAvailable", "Always")
_PROXY_SCHEMES: Final = frozenset({"http", "https", "socks5"})


class Names(NamedTuple):
    """The names of the settings in the place where the user wrote them; by default those of `Config`."""

    ca_file: str = "tls.ca_file"
    ca_data: str = "tls.ca_data"
    cert_file: str = "tls.cert_file"
    cert_data: str = "tls.cert_data"
    key_file: str = "tls.key_file"
    key_data: str = "tls.key_data"
    insecure: str = "tls.insecure"
    a_ca: str = "a CA"
    token: str = "bearer_token"  # noqa: S105 - a name
    token_file: str = "bearer_token_file"  # noqa: S105 - likewise
    impersonate: str = "impersonate.user"
    uid: str = "impersonate.uid"
    groups: str = "impersonate.groups"
    extra: str = "impersonate.extra"
    exec_version: str = "exec.api_version"
    interactive: str = "exec.interactive_mode"
    oidc: str = "oidc"
    issuer: str = "oidc.issuer_url"
    client: str = "oidc.client_id"
    # Next steps, and texts that differ in more than names.
    choose: str = "set one of them"
    unset: str = "leave it None for none"
    half_a_pair: str = "a client certificate needs its key, and a key its certificate: set both in tls, or neither"
    """May contain `{found}` and `{missing}`."""
    nobody: str = (
        "impersonate.user is empty, and without it the real user would act: "
        "set the user to act as, or impersonate=None for none"
    )
    proxy: str = "invalid proxy_url: expected http://, https:// or socks5:// followed by a host"


CONFIG: Final = Names()


def authorities(tls: TLSConfig, names: Names = CONFIG) -> Iterator[str]:
    """Yield the mistakes in how the server is verified.

    Args:
        tls: The settings.
        names: The names of settings.
    """
    if tls.insecure and (tls.ca_file or tls.ca_data):
        yield f"{names.insecure} conflicts with {names.a_ca}; remove one of them"
    if tls.ca_file and tls.ca_data:
        yield _both(names.ca_file, names.ca_data)
    yield from blank({names.ca_file: tls.ca_file, names.ca_data: tls.ca_data}, names)


def client_certificate(tls: TLSConfig, names: Names = CONFIG) -> Iterator[str]:
    """Yield the mistakes in the client's certificate and its key.

    Args:
        tls: The settings.
        names: The names of settings.
    """
    if tls.cert_file and tls.cert_data:
        yield _both(names.cert_file, names.cert_data)
    if tls.key_file and tls.key_data:
        yield _both(names.key_file, names.key_data)
    has_cert, has_key = bool(tls.cert_file or tls.cert_data), bool(tls.key_file or tls.key_data)
    if has_cert != has_key:
        found, missing = (names.cert_file, names.key_file) if has_cert else (names.key_file, names.cert_file)
        yield names.half_a_pair.format(found=found, missing=missing)
    files = {names.cert_file: tls.cert_file, names.key_file: tls.key_file}
    yield from blank(files | {names.cert_data: tls.cert_data, names.key_data: tls.key_data}, names)


def login(
    *, token: str | None, token_file: str | None, username: str | None, password: str | None, names: Names = CONFIG
) -> Iterator[str]:
    """Yield the mistakes in a token, and in a user name with its password.

    Args:
        token: The token.
        token_file: The file with the token.
        username: The user name for basic authentication.
        password: The password for basic authentication.
        names: The names of settings.
    """
    yield from blank({names.token: token, names.token_file: token_file}, names)
    if username == "" and not password:
        yield f"username is empty: set it, or {names.unset}"
    if username is None and password == "":
        yield "password is empty, and there is no username: set both, or leave both None for none"
    # Source: RFC 7617 section 2; behind a colon the password begins.
    if ":" in (username or ""):
        yield "username holds a colon, which basic authentication can't send"
    if any(unicodedata.category(char) == "Cc" for char in (username or "") + (password or "")):
        yield "username or password holds control characters, which basic authentication can't send"
    if (token or token_file) and (username or password):
        yield f"both a token and a user name are set: {names.choose}"


def two_programs(plugin: ExecConfig | None, provider: OIDCConfig | None, names: Names = CONFIG) -> Iterator[str]:
    """Yield a mistake if two sources of credentials are configured.

    Args:
        plugin: The program that gives credentials.
        provider: The OpenID Connect provider.
        names: The names of settings.
    """
    if plugin is not None and provider is not None:
        yield f"exec and {names.oidc} are both set: {names.choose}"


def impersonation(who: Impersonate, names: Names = CONFIG) -> Iterator[str]:
    """Yield the mistakes by which another user would act, or the real one.

    Args:
        who: The user to impersonate.
        names: The names of settings.
    """
    if not who.user:
        yield names.nobody
    if isinstance(who.groups, str):
        yield f"{names.groups} is a text: pass a list of groups"
        return
    values = [(name, value) for name, value in ((names.impersonate, who.user), (names.uid, who.uid)) if value]
    values += [(names.groups, group) for group in who.groups]
    for key, texts in who.extra.items():
        if isinstance(texts, str):
            yield f"{names.extra} has a text as a value: pass a list of texts"
        elif not texts:
            yield f"{names.extra} has a key without values: add one, or remove the key"
        else:
            values += [(names.extra, key), *((names.extra, text) for text in texts)]
    for name, value in values:
        if not value:
            yield f"{name} has an empty value: remove it"
        elif value != value.strip():
            yield (
                f"{name}: {value[:100]!r} has white space around it, which the server would remove: "
                "remove it, since another name would act"
            )
        elif not value.isprintable():
            yield f"{name} holds characters that no header can hold"


def exec_plugin(plugin: ExecConfig, names: Names = CONFIG) -> Iterator[str]:
    """Yield the mistakes in a program that gives credentials.

    Args:
        plugin: The program.
        names: The names of settings.
    """
    if not plugin.command:
        yield "exec.command is empty: name the program"
    if isinstance(plugin.args, (str, bytes)):
        yield "exec.args is a text: pass a list of arguments"
    if not plugin.api_version:
        yield f"{names.exec_version} is empty: write {EXEC_VERSIONS[0]}"
    elif plugin.api_version not in EXEC_VERSIONS:
        yield f"{names.exec_version} is {plugin.api_version[:100]!r}; it can be {' or '.join(EXEC_VERSIONS)}"
    if plugin.interactive_mode not in _INTERACTIVE:
        found = repr(plugin.interactive_mode[:100]) if plugin.interactive_mode else "empty"
        yield f"{names.interactive} is {found}; it can be {', '.join(_INTERACTIVE)}"
    if any(not name for name in plugin.env):
        yield "exec.env holds a variable without a name"
    yield from exec_policy(plugin.policy)


def exec_policy(policy: ExecPolicy) -> Iterator[str]:
    """Yield the mistakes in a policy: an unknown kind, an unexpected list, or a missing one.

    Args:
        policy: The policy.
    """
    kind: str = policy.kind
    if kind not in ("AllowAll", "DenyAll", "Allowlist"):
        yield f"exec.policy.kind is {kind[:100]!r}; it can be AllowAll, DenyAll or Allowlist"
    elif kind != "Allowlist" and policy.allowed is not None:
        yield f"exec.policy.allowed has no effect with {kind}: remove it, or set kind to Allowlist"
    elif kind == "Allowlist" and not policy.allowed:
        yield "exec.policy is an Allowlist that lists nothing: use DenyAll for none"
    elif isinstance(policy.allowed, (str, bytes)):
        yield "exec.policy.allowed is a text: pass a list of programs"
    elif not all(policy.allowed or ()):
        yield "exec.policy.allowed has an empty entry: remove it"


def oidc_provider(provider: OIDCConfig, names: Names = CONFIG) -> Iterator[str]:
    """Yield the mistakes in the settings of an OpenID Connect provider.

    Args:
        provider: The provider.
        names: The names of settings.
    """
    if not provider.issuer_url:
        yield f"{names.issuer} is empty: set it to an https URL"
    elif not provider.issuer_url.startswith("https://"):
        yield f"{names.issuer} is not an https URL; it would receive refresh tokens"
    elif proxy_parts(provider.issuer_url, ("https",)) is None:
        yield f"invalid {names.issuer}: expected https:// followed by a host"
    if not provider.client_id:
        yield f"{names.client} is empty: set it"


def proxy(url: str | None, names: Names = CONFIG) -> Iterator[str]:
    """Yield a mistake if the URL of a proxy is invalid. The URL may hold a password, so it is not quoted.

    Args:
        url: The URL; "" and None for no mistake.
        names: The names of settings.
    """
    if url and proxy_parts(url) is None:
        yield names.proxy


def proxy_parts(url: str, schemes: Container[str] = _PROXY_SCHEMES) -> SplitResult | None:
    """Return the parts of a proxy's URL, None if it is invalid.

    Args:
        url: The URL.
        schemes: The schemes that are valid.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return None
    if parts.scheme not in schemes or not host or not url.isprintable() or " " in url:
        return None
    if parts.password and not parts.username and parts.scheme.startswith("socks5"):
        return None  # Source: RFC 1929, in which a name has at least one character.
    return parts


def blank(values: Mapping[str, str | bytes | None], names: Names = CONFIG) -> Iterator[str]:
    """Yield a mistake for each credential that is set and empty: without it the server would see an anonymous user.

    Args:
        values: The values by their names; None for a value that is not set.
        names: The next step.
    """
    for name, value in values.items():
        if value is not None and not value.strip():
            yield f"{name} is empty: set it, or {names.unset}"


def _both(file: str, data: str) -> str:
    return f"{file} and {data} are both set: remove one of them"
