"""The rules for settings, in the spelling of `rest.Config` and in that of kubeconfig files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kubecore import errors, kubeconfig, rest
from kubecore._config.rules import Names
from kubecore.kubeconfig.validation import NAMES
from tests.kubecore.kubeconfigs import DATA, SECRET, V1, document, exec_of, refused, written

PAIR = {"client-certificate-data": DATA, "client-key-data": DATA}
OIDC = {"idp-issuer-url": "https://idp", "client-id": "me"}


def configured(host: str = "https://h", **settings: Any) -> rest.Config:
    return rest.Config(host=host, **settings)


def tls(**options: Any) -> dict[str, Any]:
    return {"tls": rest.TLSConfig(**options)}


def plugin(command: str = "p", **options: Any) -> dict[str, Any]:
    return {"exec": rest.ExecConfig(command=command, **options)}


def provider(issuer_url: str = "https://idp", client_id: str = "me") -> dict[str, Any]:
    return {"oidc": rest.OIDCConfig(issuer_url=issuer_url, client_id=client_id)}


def jane(user: str = "jane", **options: Any) -> dict[str, Any]:
    return {"impersonate": rest.Impersonate(user=user, **options)}


def auth_provider(**changes: str) -> dict[str, Any]:
    config = OIDC | {key.replace("_", "-"): value for key, value in changes.items()}
    return {"auth-provider": {"name": "oidc", "config": config}}


SPACE = "'jane ' has white space around it, which the server would remove: remove it, since another name would act"

CASES: list[tuple[dict[str, Any], str, dict[str, Any], str]] = [
    (
        tls(insecure=True, ca_data=b"x"),
        "tls.insecure conflicts with a CA; remove one of them",
        {"cluster": {"insecure-skip-tls-verify": True, "certificate-authority-data": DATA}},
        "insecure-skip-tls-verify conflicts with a certificate authority; remove one of them",
    ),
    (
        tls(ca_file="file", ca_data=b"x"),
        "tls.ca_file and tls.ca_data are both set: remove one of them",
        {"cluster": {"certificate-authority": "file", "certificate-authority-data": DATA}},
        "certificate-authority and certificate-authority-data are both set: remove one of them",
    ),
    (
        tls(cert_file="file", cert_data=b"x", key_data=b"x"),
        "tls.cert_file and tls.cert_data are both set: remove one of them",
        {"user": PAIR | {"client-certificate": "file"}},
        "client-certificate and client-certificate-data are both set: remove one of them",
    ),
    (
        tls(cert_data=b"x", key_file="file", key_data=b"x"),
        "tls.key_file and tls.key_data are both set: remove one of them",
        {"user": PAIR | {"client-key": "file"}},
        "client-key and client-key-data are both set: remove one of them",
    ),
    (
        tls(key_data=b"x"),
        "a client certificate needs its key, and a key its certificate: set both in tls, or neither",
        {"user": {"client-key-data": DATA}},
        "client-key is set without client-certificate: set both, or neither",
    ),
    (
        {"bearer_token": " \t"},
        "bearer_token is empty: set it, or leave it None for none",
        {"user": {"token": " \t"}},
        "token is empty: set it, or remove it",
    ),
    (
        {"bearer_token_file": "file", "username": "u"},
        "both a token and a user name are set: set one of them",
        {"user": {"tokenFile": "file", "username": "u"}},
        "both a token and a user name are set: remove one of them",
    ),
    (
        {"username": "u:x", "password": SECRET},
        "username holds a colon, which basic authentication can't send",
        {"user": {"username": "u:x", "password": SECRET}},
        "username holds a colon, which basic authentication can't send",
    ),
    (
        {"username": "u", "password": f"{SECRET}\n"},
        "username or password holds control characters, which basic authentication can't send",
        {"user": {"username": "u", "password": f"{SECRET}\n"}},
        "username or password holds control characters, which basic authentication can't send",
    ),
    (
        plugin() | provider(),
        "exec and oidc are both set: set one of them",
        {"user": {"exec": exec_of()} | auth_provider()},
        "exec and auth-provider are both set: remove one of them",
    ),
    (
        jane(user="", groups=["g"]),
        Names().nobody,
        {"user": {"as-groups": ["g"]}},
        "as-uid, as-groups or as-user-extra is set without as: set the user's name too",
    ),
    (
        jane(user="jane "),
        f"impersonate.user: {SPACE}",
        {"user": {"as": "jane "}},
        f"as: {SPACE}",
    ),
    (
        jane(uid="7\n8"),
        "impersonate.uid holds characters that no header can hold",
        {"user": {"as": "jane", "as-uid": "7\n8"}},
        "as-uid holds characters that no header can hold",
    ),
    (
        jane(groups=["g", ""]),
        "impersonate.groups has an empty value: remove it",
        {"user": {"as": "jane", "as-groups": ["g", ""]}},
        "as-groups has an empty value: remove it",
    ),
    (
        jane(extra={"k": []}),
        "impersonate.extra has a key without values: add one, or remove the key",
        {"user": {"as": "jane", "as-user-extra": {"k": []}}},
        "as-user-extra has a key without values: add one, or remove the key",
    ),
    (
        plugin(command=""),
        "exec.command is empty: name the program",
        {"user": {"exec": exec_of(command="")}},
        "exec.command is empty: name the program",
    ),
    (
        plugin(api_version=""),
        f"exec.api_version is empty: write {V1}",
        {"user": {"exec": exec_of(apiVersion="")}},
        f"exec.apiVersion is empty: write {V1}",
    ),
    (
        plugin(interactive_mode=""),
        "exec.interactive_mode is empty; it can be Never, IfAvailable, Always",
        {"user": {"exec": exec_of(apiVersion=V1)}},
        "exec.interactiveMode is empty; it can be Never, IfAvailable, Always",
    ),
    (
        plugin(env={"": SECRET}),
        "exec.env holds a variable without a name",
        {"user": {"exec": exec_of(env=[{"name": "", "value": SECRET}])}},
        "exec.env holds a variable without a name",
    ),
    (
        provider(issuer_url="http://idp"),
        "oidc.issuer_url is not an https URL; it would receive refresh tokens",
        {"user": auth_provider(idp_issuer_url="http://idp")},
        "auth-provider.config.idp-issuer-url is not an https URL; it would receive refresh tokens",
    ),
    (
        provider(client_id=""),
        "oidc.client_id is empty: set it",
        {"user": auth_provider(client_id="")},
        "auth-provider.config.client-id is empty: set it",
    ),
    *(
        (
            {"proxy_url": url},
            "invalid proxy_url: expected http://, https:// or socks5:// followed by a host",
            {"cluster": {"proxy-url": url}},
            "invalid proxy-url: expected a URL that starts with http://, https://, socks5://",
        )
        for url in ("p:3128", "socks5h://p", f"socks5://:{SECRET}@p", "http://p\n", "http://p q", "http://p:x", "http://")
    ),
    (
        {"host": "http://h", "bearer_token": SECRET},
        "credentials would go unencrypted to http://h: use https, or remove them",
        {"cluster": {"server": "http://h"}, "user": {"token": SECRET}},
        "credentials would go unencrypted to http://h: use https, or remove them",
    ),
    (
        {"host": "http://h"} | tls(cert_data=b"x", key_data=b"x"),
        "a client certificate is not shown over http://h: use https, or remove the certificate",
        {"cluster": {"server": "http://h"}, "user": PAIR},
        "a client certificate is not shown over http://h: use https, or remove the certificate",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("settings", "message", "parts", "message_of_file"), CASES)
def test_a_configuration_and_a_kubeconfig_refuse_the_same_in_their_own_names(
    settings: dict[str, Any], message: str, parts: dict[str, Any], message_of_file: str, tmp_path: Path
) -> None:
    with pytest.raises(errors.ConfigError) as caught:
        configured(**settings).check()
    assert str(caught.value) == message
    written(tmp_path / "file", "x")
    file = written(tmp_path / "config", document(**{"user": {}, **parts}))
    problems = refused(file).problems
    assert [problem.what for problem in problems] == [message_of_file]
    assert kubeconfig.validate(file) == list(problems)
    assert SECRET not in f"{message}{problems}"


def test_a_kubeconfig_has_a_name_for_every_setting() -> None:
    configuration, file = Names()._asdict(), NAMES._asdict()
    assert [name for name, text in configuration.items() if file[name] == text] == []


def test_a_wrong_pair_of_entries_is_reported_once_for_all_contexts(tmp_path: Path) -> None:
    contexts = [{"name": name, "context": {"cluster": "c", "user": "u"}} for name in ("one", "two")]
    file = written(tmp_path / "config", document({"server": "http://h"}, contexts=contexts))
    assert kubeconfig.validate(file) == list(refused(file).problems)
    assert len(kubeconfig.validate(file)) == 1


@pytest.mark.parametrize(
    ("impersonate", "message"),
    [
        (rest.Impersonate(), "impersonate.user is empty, and without it the real user would act"),
        (rest.Impersonate(user="jane", groups="admins"), "impersonate.groups is a text: pass a list of groups"),
        (rest.Impersonate(user="jane", extra={"k": "v"}), "impersonate.extra has a text as a value"),
        ("jane ", "impersonate.user: 'jane ' has white space around it"),
    ],
)
def test_an_override_of_the_user_to_impersonate_is_checked_as_in_a_configuration(
    impersonate: str | rest.Impersonate, message: str, tmp_path: Path
) -> None:
    file = written(tmp_path / "config", document())
    with pytest.raises(errors.ConfigError) as caught:
        kubeconfig.load(file, impersonate=impersonate)
    assert str(caught.value).startswith(message)


def test_an_invalid_override_of_the_proxy_is_not_reported_as_a_mistake_of_the_file(tmp_path: Path) -> None:
    file = written(tmp_path / "config", document())
    with pytest.raises(errors.ConfigError) as caught:
        kubeconfig.load(file, proxy_url="proxy:3128")
    assert str(caught.value) == "invalid proxy_url: expected http://, https:// or socks5:// followed by a host"


def test_a_policy_is_checked_with_the_program(tmp_path: Path) -> None:
    for policy, message in (
        (rest.ExecPolicy(kind="Allowlist"), "exec.policy is an Allowlist that lists nothing: use DenyAll for none"),
        (rest.ExecPolicy(allowed=["p"]), "exec.policy.allowed has no effect with AllowAll"),
        (rest.ExecPolicy(kind="Allowlist", allowed="pq"), "exec.policy.allowed is a text: pass a list of programs"),
        (rest.ExecPolicy(kind="Allowlist", allowed=["p", ""]), "exec.policy.allowed has an empty entry: remove it"),
    ):
        with pytest.raises(errors.ConfigError, match=message):
            rest.Config(host="https://h", exec=rest.ExecConfig(command="p", policy=policy)).check()
        file = written(tmp_path / "config", document(user={"exec": exec_of()}))
        assert message in str(refused(file, exec_policy=policy))
