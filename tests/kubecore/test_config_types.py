"""A setting with a value of a wrong type is an error that names the field, the expected type and the given one."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from kubecore import errors, kubeconfig, rest
from kubecore._config.value_types import OVERRIDES, TYPES
from tests.kubecore.kubeconfigs import document, written

CLASSES = {
    each.__name__: each
    for each in (
        *(rest.Config, rest.Timeouts, rest.TLSConfig, rest.Impersonate),
        *(rest.ExecConfig, rest.ExecPolicy, rest.OIDCConfig),
    )
}
NEEDED: dict[str, dict[str, Any]] = {
    "Config": {"host": "https://h"},
    "ExecConfig": {"command": "p"},
    "OIDCConfig": {"issuer_url": "https://h", "client_id": "c"},
    "Impersonate": {"user": "u"},
}
PLACES = {
    "Config": "",
    "Timeouts": "timeouts.",
    "TLSConfig": "tls.",
    "Impersonate": "impersonate.",
    "ExecConfig": "exec.",
    "ExecPolicy": "exec.policy.",
    "OIDCConfig": "oidc.",
}


class Other:
    """A value that is of none of the types."""


def made(name: str, **fields: Any) -> rest.Config:
    """Return a configuration in which an object of a class has some fields."""
    made: Any = CLASSES[name](**{**NEEDED.get(name, {}), **fields})
    for step in reversed(PLACES[name].rstrip(".").split(".")):
        if step == "policy":
            made = rest.ExecConfig(command="p", policy=made)
        elif step:
            made = rest.Config(host="https://h", **{step: made})
    assert isinstance(made, rest.Config)
    return made


def mistake(config: rest.Config) -> str:
    with pytest.raises(errors.ConfigError) as caught:
        config.check()
    with pytest.raises(errors.ConfigError):
        rest.Client(config)
    return str(caught.value)


def test_the_table_has_every_setting() -> None:
    assert {name: set(fields) for name, fields in TYPES.items()} == {
        name: {field.name for field in dataclasses.fields(each)} for name, each in CLASSES.items()
    }


@pytest.mark.parametrize(("name", "field"), [(name, field) for name, fields in TYPES.items() for field in fields])
def test_a_value_of_a_wrong_type_is_refused(name: str, field: str) -> None:
    config = made(name, **{field: Other()})
    if field == "cluster_config":  # Any value.
        config.check()
        return
    assert mistake(config) == f"{PLACES[name]}{field} is of type Other: expected {TYPES[name][field].words}"
    assert repr(config)


@pytest.mark.parametrize("name", TYPES)
def test_defaults_are_accepted(name: str) -> None:
    made(name).check()


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (
            rest.Config(host="https://h", tls=rest.TLSConfig(ca_file=Path("ca.pem"))),  # type: ignore[arg-type]
            "tls.ca_file is of type PosixPath: expected str or None, such as str(path)",
        ),
        (rest.Config(host=None), "host is None: expected str"),  # type: ignore[arg-type]
        (rest.Config(tls=None), "tls is None: expected TLSConfig"),  # type: ignore[arg-type]
        (rest.Config(tls={}), "tls is of type dict: expected TLSConfig"),  # type: ignore[arg-type]
        (rest.Config(max_retries=True), "max_retries is of type bool: expected int"),
        (rest.Config(compression="yes"), "compression is of type str: expected bool"),  # type: ignore[arg-type]
        (made("Impersonate", groups=None), "impersonate.groups is None: expected a list of str"),
        (made("Impersonate", groups=["a", 1]), "an item of impersonate.groups is of type int: expected str"),
        (made("Impersonate", extra={"k": [1]}), "an item of an item of impersonate.extra is of type int: expected str"),
        (made("Impersonate", extra={1: ["v"]}), "a key of impersonate.extra is of type int: expected str"),
        (made("ExecConfig", env={"A": 1}), "an item of exec.env is of type int: expected str"),
        (
            made("ExecPolicy", allowed=[Path("p")]),
            "an item of exec.policy.allowed is of type PosixPath: expected str, such as str(path)",
        ),
        (made("Timeouts", read="5s"), "timeouts.read is of type str: expected a number of seconds or None"),
    ],
)
def test_the_message_names_the_field_and_both_types(config: rest.Config, message: str) -> None:
    assert mistake(config) == message


def test_the_table_has_every_override() -> None:
    assert set(OVERRIDES) == set(kubeconfig.Overrides.__annotations__)


@pytest.mark.parametrize("name", OVERRIDES)
def test_an_override_of_a_wrong_type_is_refused(name: str, tmp_path: Path) -> None:
    file = written(tmp_path / "config", document())
    with pytest.raises(errors.ConfigError) as caught:
        overrides: dict[str, Any] = {name: Other()}
        kubeconfig.load(file, **overrides)
    assert str(caught.value) == f"{name} is of type Other: expected {OVERRIDES[name].words}"


def test_an_override_with_groups_of_a_wrong_type_is_refused(tmp_path: Path) -> None:
    file = written(tmp_path / "config", document())
    with pytest.raises(errors.ConfigError, match=r"(?m)^impersonate\.groups is None: expected a list of str$"):
        kubeconfig.load(file, impersonate=rest.Impersonate(user="u", groups=None))  # type: ignore[arg-type]


def test_the_message_does_not_show_the_value() -> None:
    secret = b"c4n4ry-s3cret"
    assert "s3cret" not in mistake(rest.Config(host="https://h", bearer_token=secret))  # type: ignore[arg-type]


def test_a_subclass_of_a_configuration_is_accepted() -> None:
    class Mine(rest.Config):
        pass

    class Patient(rest.Timeouts):
        pass

    Mine(host="https://h", timeouts=Patient(read=100)).check()


@pytest.mark.parametrize(
    "url", ["https://", "https://:443", "https:///path", "https://h:x", "https://h h", "https://["]
)
def test_the_url_of_an_oidc_provider_needs_a_host(url: str) -> None:
    message = mistake(made("OIDCConfig", issuer_url=url))
    assert message == "invalid oidc.issuer_url: expected https:// followed by a host"
