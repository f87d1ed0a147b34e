"""`kgen migrate` finds code that handles errors of other clients, and names the classes and attributes to use."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kgen import migrate
from kgen.bundled_specs import bundled_specs
from kgen.cli import run
from kgen.ir import Api
from kgen.migrate.error_classes import ATTRIBUTES, CLASSES, CODES
from kgen.pipeline import describe
from kubecore import errors
from kubecore.errors.status import BY_REASON, status_error
from kubecore.model import meta

ROOT = Path(__file__).parents[2]

STATUS = ("except errors.StatusError",)


@pytest.fixture(scope="module")
def api() -> Api:
    return describe(bundled_specs())


def handled(api: Api, folder: Path, source: str) -> list[tuple[str, str]]:
    """Return the code of a program that handles errors, each with its replacement."""
    (folder / "program.py").write_text(source)
    return [(error.text, error.target.text) for error in migrate.report(folder, api).errors]


@pytest.mark.parametrize(
    ("imports", "error", "replacement"),
    [
        ("from kubernetes.client.rest import ApiException", "ApiException", "errors.StatusError"),
        ("from kubernetes.client.rest import ApiException as E", "E", "errors.StatusError"),
        ("from kubernetes.client.exceptions import ApiException", "ApiException", "errors.StatusError"),
        ("from kubernetes.client import ApiException", "ApiException", "errors.StatusError"),
        ("from kubernetes import client", "client.ApiException", "errors.StatusError"),
        ("from kubernetes import client as c", "c.exceptions.ApiException", "errors.StatusError"),
        ("import kubernetes", "kubernetes.client.rest.ApiException", "errors.StatusError"),
        ("import kubernetes.client.rest as rest", "rest.ApiException", "errors.StatusError"),
        ("from kubernetes_asyncio.client import ApiException", "ApiException", "errors.StatusError"),
        ("from kubernetes.aio.client.rest import ApiException", "ApiException", "errors.StatusError"),
        ("from kubernetes import client", "client.OpenApiException", "errors.KubeError"),
        ("from kubernetes import client", "client.exceptions.NotFoundException", "errors.NotFoundError"),
        (
            "from kubernetes import client",
            "client.exceptions.ConflictException",
            "(errors.AlreadyExistsError, errors.ConflictError)",
        ),
        ("from kubernetes import client", "client.ApiTypeError", "TypeError"),
        ("from kubernetes import client", "client.ApiValueError", "errors.InvalidRequestError"),
        ("from kubernetes import config", "config.ConfigException", "errors.ConfigError"),
        ("from kubernetes.config.config_exception import ConfigException", "ConfigException", "errors.ConfigError"),
        ("from kubernetes import utils", "utils.FailToCreateError", "errors.ApplyFileError"),
        ("from kubernetes.utils.create_from_yaml import FailToCreateError as F", "F", "errors.ApplyFileError"),
        ("from kubernetes.dynamic import exceptions", "exceptions.DynamicApiError", "errors.StatusError"),
        ("from kubernetes.dynamic.exceptions import NotFoundError", "NotFoundError", "errors.NotFoundError"),
        (
            "from kubernetes.dynamic.exceptions import ConflictError",
            "ConflictError",
            "(errors.AlreadyExistsError, errors.ConflictError)",
        ),
        ("from kubernetes.dynamic.exceptions import ServerTimeoutError as E", "E", "errors.GatewayTimeoutError"),
        ("from kubernetes.dynamic.exceptions import ResourceNotFoundError as E", "E", "errors.NoMatchError"),
        ("from lightkube import ApiError", "ApiError", "errors.StatusError"),
        ("from lightkube.core.exceptions import ConditionError", "ConditionError", "errors.WaitFailedError"),
        ("import kr8s", "kr8s.NotFoundError", "errors.NotFoundError"),
        ("import kr8s", "kr8s.APITimeoutError", "TimeoutError"),
    ],
)
def test_except_clauses_have_replacements(api: Api, tmp_path: Path, imports: str, error: str, replacement: str) -> None:
    source = f"{imports}\ntry:\n  pass\nexcept {error}:\n  pass\n"
    assert handled(api, tmp_path, source) == [(f"except {error}", f"except {replacement}")]


HEAD = "import json\nfrom http import HTTPStatus\nfrom kubernetes.client.rest import ApiException\n"


@pytest.mark.parametrize(
    ("code", "replacement"),
    [
        ("e.status == 404", "except errors.NotFoundError"),
        ("e.status != 404", "except errors.NotFoundError"),
        ("404 == e.status", "except errors.NotFoundError"),
        ("e.status == HTTPStatus.NOT_FOUND", "except errors.NotFoundError"),
        ("e.status == HTTPStatus.NOT_FOUND.value", "except errors.NotFoundError"),
        ("e.status in (404, 410)", "except (errors.NotFoundError, errors.GoneError)"),
        ("e.status == 409", "except (errors.AlreadyExistsError, errors.ConflictError)"),
        ("e.reason == 'Not Found'", "except errors.NotFoundError"),
        ("e.status", "e.code"),
        ("e.body", "e.status.message"),
        ("json.loads(e.body)", "e.status.to_dict()"),
        ("e.reason", "e.reason, a word such as NotFound"),
        ("e.headers", "errors.suggests_client_delay(e), the seconds of Retry-After"),
    ],
)
def test_attributes_of_caught_errors_have_replacements(api: Api, tmp_path: Path, code: str, replacement: str) -> None:
    source = f"{HEAD}try:\n  pass\nexcept ApiException as e:\n  {code}\n"
    assert handled(api, tmp_path, source)[1:] == [(code, replacement)]


@pytest.mark.parametrize("code", ["e.status >= 500", "e.status == 418", "e.status == code", "e.status in (404, 418)"])
def test_codes_without_a_class_are_compared(api: Api, tmp_path: Path, code: str) -> None:
    source = f"{HEAD}try:\n  pass\nexcept ApiException as e:\n  {code}\n"
    assert handled(api, tmp_path, source)[1:] == [("e.status", "e.code")]


def test_lines_of_an_except_clause_are_those_of_its_classes(api: Api, tmp_path: Path) -> None:
    source = (
        f"{HEAD}from kubernetes import config\ntry:\n  pass\nexcept (\n  ApiException,\n  ValueError,\n"
        "  config.ConfigException,\n) as e:\n  e.status\n"
    )
    (tmp_path / "program.py").write_text(source)
    assert [(error.line, error.target.text) for error in migrate.report(tmp_path, api).errors] == [
        (8, "except errors.StatusError"),
        (10, "except errors.ConfigError"),
        (12, "e.code"),
    ]


@pytest.mark.parametrize(
    ("source", "replacements"),
    [
        ("isinstance(x, ApiException)\n", ["errors.StatusError"]),
        ("EXPECTED = (ApiException, OSError)\n", ["errors.StatusError"]),
        ("class MyError(ApiException): pass\n", ["errors.StatusError"]),
        ("with pytest.raises(ApiException): pass\n", ["errors.StatusError"]),
        # A test outside of a handler cannot become a clause.
        ("def f(e: ApiException): return e.status == 404\n", ["isinstance(e, errors.NotFoundError)"]),
        ("def f(e: ApiException): return e.status != 404\n", ["not isinstance(e, errors.NotFoundError)"]),
        (
            "def f(e): return e.status == 404\ntry: pass\nexcept ApiException as e: f(e)\n",
            ["isinstance(e, errors.NotFoundError)", *STATUS],
        ),
        ("try: pass\nexcept ApiException as e:\n def f(e): return e.status == 404\n", STATUS),
        ("try: pass\nexcept ApiException as e: error = e\nelse: pass\nerror.status\n", [*STATUS, "error.code"]),
        ("try: pass\nexcept ApiException as e: pass\ne.status\n", STATUS),
        ("try: pass\nexcept ApiException as e:\n try: pass\n except OSError as e: e.status\n", STATUS),
        ("try: pass\nexcept OSError as e: e.status\n", []),
        ("try: pass\nexcept* ApiException as group: pass\n", STATUS),
    ],
)
def test_names_of_errors_are_followed(api: Api, tmp_path: Path, source: str, replacements: list[str]) -> None:
    assert [text for _, text in handled(api, tmp_path, HEAD + source)] == list(replacements)


def test_calls_are_not_errors_and_errors_are_not_calls(api: Api, tmp_path: Path) -> None:
    source = (
        f"{HEAD}from kubernetes import client\nv1 = client.CoreV1Api()\ntry: v1.list_node()\n"
        "except ApiException as e:\n log(e, e.headers.get('x'), e.body.decode())\n raise ApiException(status=1) from e\n"
    )
    (tmp_path / "program.py").write_text(source)
    result = migrate.report(tmp_path, api)
    assert [call.text for call in result.calls] == ["client.CoreV1Api()", "v1.list_node()", "ApiException(...)"]
    assert [error.text for error in result.errors] == ["except ApiException", "e.headers", "e.body"]


def test_a_variable_keeps_its_client_if_an_error_gets_its_name(api: Api, tmp_path: Path) -> None:
    source = (
        f"{HEAD}from kubernetes import client\nclass A:\n def f(self):\n  self.x = y = client.CoreV1Api()\n"
        "  try: pass\n  except ApiException as y: self.x = y\n  self.x.list_node()\n  y.list_node()\n"
    )
    (tmp_path / "program.py").write_text(source)
    calls = [call.target.text for call in migrate.report(tmp_path, api).calls]
    assert calls == ["clientset.core_v1", *["clientset.core_v1.nodes().list(...)"] * 2]


def test_an_unknown_class_of_a_client_is_open(api: Api, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("from kubernetes import client\ntry: pass\nexcept client.x.OddError: pass\n")
    (error,) = migrate.report(tmp_path, api).errors
    assert (error.target.status, error.text) == ("open", "except client.x.OddError")


def test_errors_have_their_own_numbers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = f"{HEAD}import kr8s\ntry:\n  kr8s.version()\nexcept ApiException as e:\n  e.reason\n"
    (tmp_path / "a.py").write_text(source)
    assert run(["migrate", str(tmp_path)]) == 0
    assert capsys.readouterr().out.splitlines()[-2:] == [
        "1 call in 1 file: 1 have a replacement, 0 a recipe, 0 open",
        "2 uses of errors: 1 have a replacement, 1 a recipe, 0 open",
    ]
    assert run(["migrate", "--json", str(tmp_path)]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["summary"] == {
        "calls": 1,
        "files": 1,
        "replacement": 1,
        "recipe": 0,
        "open": 0,
        "errors": {"uses": 2, "replacement": 1, "recipe": 1, "open": 0},
    }
    assert data["errors"][0] | {"file": ""} == {
        "file": "",
        "line": 7,
        "code": "except ApiException",
        "status": "replacement",
        "replacement": "except errors.StatusError",
        "reason": None,
        "page": "docs/errors.md",
    }


@pytest.mark.parametrize("code", CODES)
def test_classes_of_codes_are_those_that_are_raised(code: int) -> None:
    classes = tuple(getattr(errors, name.removeprefix("errors.")) for name in CODES[code])
    reasons = [reason for reason, kind in BY_REASON.items() if issubclass(kind, classes)]
    assert len(reasons) >= len(classes)
    for reason in ["", *reasons]:
        assert isinstance(status_error(meta.Status(code=code, reason=reason)), classes)


def test_every_page_about_an_error_exists() -> None:
    pages = {target.page for classes in CLASSES.values() for target in classes.values()}
    assert [page for page in sorted(pages) if not (ROOT / page).exists()] == []
    assert CLASSES.keys() == ATTRIBUTES.keys()
