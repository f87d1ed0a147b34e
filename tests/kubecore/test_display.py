"""Display in a REPL, a notebook and a log: fields but no secrets, and errors that suggest a correction."""

from __future__ import annotations

import asyncio
import datetime
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kubeclient import AsyncClientset, Clientset
from kubeclient.models import apps_v1, authentication_v1, core_v1, meta_v1
from kubecore import errors, kubeconfig, rest
from kubecore._config.config import default_user_agent
from kubecore.calls.table import Table
from kubecore.codec import yaml
from kubecore.model.model import CustomModel
from tests.kubecore.loopback import loopback, response_bytes

SECRET = "hunter2-c4n4ry"
CONFIG = rest.Config(host="https://10.0.0.1:6443")
CORE: Any = core_v1
"""The module as `Any`, for names that type checkers refuse."""


class Printer:
    """Replaces the pretty printer of IPython."""

    def __init__(self) -> None:
        self.written = ""

    def text(self, text: str) -> None:
        self.written += text


def pretty(value: Any) -> str:
    printer = Printer()
    value._repr_pretty_(printer, False)
    return printer.written


# Objects.


def test_a_nested_object_shows_the_fields_that_are_set() -> None:
    status = core_v1.PodStatus(phase="Running", pod_ip="10.1.2.3")
    assert repr(status) == "PodStatus(phase='Running', pod_ip='10.1.2.3')"
    spec = core_v1.PodSpec(containers=[core_v1.Container(name="web", image="nginx")])
    assert repr(spec) == "PodSpec(containers=[Container(name='web', image='nginx')])"
    assert repr(core_v1.PodSpec(containers=[], node_name="n")) == "PodSpec(containers=[], node_name='n')"


def test_an_object_is_named_and_a_list_counted() -> None:
    pod = core_v1.Pod(metadata=meta_v1.ObjectMeta(name="web", namespace="d"))
    assert (repr(pod), repr(core_v1.PodList(items=[pod]))) == ("Pod d/web", "<PodList of 1>")


def secrets() -> list[Any]:
    """Return objects that hold the secret, one for each kind of field that may contain secrets."""
    applied = json.dumps({"data": {"k": SECRET}})
    meta = meta_v1.ObjectMeta(annotations={"kubectl.kubernetes.io/last-applied-configuration": applied})
    env = core_v1.EnvVar(name="DB-PASSWORD", value=SECRET)
    return [
        core_v1.Secret(data={"k": SECRET.encode()}, string_data={"p": SECRET}),
        core_v1.Secret(metadata=meta, data={"k": b"x"}),
        core_v1.ConfigMap(binary_data={"k": SECRET.encode()}),
        authentication_v1.TokenRequestStatus(token=SECRET, expiration_timestamp=datetime.datetime.now(datetime.UTC)),
        authentication_v1.TokenReviewSpec(token=SECRET),
        core_v1.PodSpec(containers=[core_v1.Container(name="c", env=[env])]),
    ]


@pytest.mark.parametrize("number", range(6))
def test_no_representation_shows_the_value_of_a_secret(number: int) -> None:
    cases = secrets()
    assert len(cases) == 6
    model = cases[number]
    shown = [repr(model), str(model), f"{[model]!r}", pretty(model), model._repr_html_() or ""]
    shown += [repr(list(model.__rich_repr__()))]
    for text in shown:
        assert SECRET not in text
        assert "aHVudGVyMi" not in text
    assert SECRET in model.to_yaml() or "aHVudGVyMi" in model.to_yaml()  # The sent object keeps it.


def test_ipython_and_notebooks_show_yaml_without_managed_fields() -> None:
    pod = core_v1.Pod(
        metadata=meta_v1.ObjectMeta(name="<b>", managed_fields=[meta_v1.ManagedFieldsEntry(manager="m")]),
        spec=core_v1.PodSpec(containers=[], node_name="n1"),
    )
    assert pretty(pod) == "apiVersion: v1\nkind: Pod\nmetadata:\n  name: <b>\nspec:\n  containers: []\n  nodeName: n1"
    assert pod._repr_html_() == f"<pre>{pretty(pod)}\n</pre>".replace("<b>", "&lt;b&gt;")
    assert pretty(core_v1.PodList(items=[pod])) == "<PodList of 1>"
    assert pretty(pod.metadata) == "name: <b>"
    assert "managedFields" not in (pod.metadata._repr_html_())


def test_objects_inside_of_a_list_are_shown_in_one_line_each() -> None:
    class Printer:
        def __init__(self) -> None:
            self.shown = ""
            self.stack = [1, 2]  # IPython keeps the objects here that it prints.

        def text(self, text: str) -> None:
            self.shown += text

    printer = Printer()
    core_v1.Pod(metadata=meta_v1.ObjectMeta(name="web", namespace="default"))._repr_pretty_(printer, cycle=False)
    assert printer.shown == "Pod default/web"


class Inner(CustomModel, kw_only=True):
    name: str
    password: str | None = None


class Outer(CustomModel, kw_only=True):
    items: Any = None
    rows: list[Inner] = []  # noqa: RUF012 - msgspec copies it
    by_name: dict[str, Inner] = {}  # noqa: RUF012


def test_nulls_that_are_kept_and_items_of_any_type_are_shown() -> None:
    for items in (5, {"a": 1}, [1, None], None):
        outer = Outer.from_dict({"items": items, "rows": [None, {"name": "a"}], "byName": {"b": None}})
        assert yaml.load(outer.to_yaml()) == outer.to_dict()
        assert yaml.load(pretty(outer)) == outer.to_dict()
        assert repr(outer).startswith("Outer(")


def test_to_yaml_keeps_the_usual_order_and_omits_managed_fields_by_default() -> None:
    meta = meta_v1.ObjectMeta(name="d", managed_fields=[meta_v1.ManagedFieldsEntry(manager="m")])
    template = core_v1.PodTemplateSpec(
        metadata=meta_v1.ObjectMeta(labels={"a": "b"}), spec=core_v1.PodSpec(containers=[], node_name="n")
    )
    spec = apps_v1.DeploymentSpec(selector=meta_v1.LabelSelector(match_labels={"a": "b"}), template=template)
    deployment = apps_v1.Deployment(metadata=meta, spec=spec, status=apps_v1.DeploymentStatus(replicas=1))
    text = deployment.to_yaml()
    assert [line for line in text.splitlines() if line[0] != " "] == [
        "apiVersion: apps/v1",
        "kind: Deployment",
        "metadata:",
        "spec:",
        "status:",
    ]
    assert text.index("    metadata:") < text.index("    spec:")
    assert "managedFields" not in text
    whole = deployment.to_yaml(managed_fields=True)
    assert yaml.load(whole) == deployment.to_dict()
    assert apps_v1.Deployment.from_yaml(whole) == deployment
    several = apps_v1.DeploymentList(items=[deployment])
    assert "managedFields" not in several.to_yaml()
    assert "managedFields" in several.to_yaml(managed_fields=True)


def test_fields_called_managed_fields_elsewhere_are_data() -> None:
    inner = {"metadata": {"managedFields": [1], "name": "x"}, "apiVersion": "v1"}
    revision = apps_v1.ControllerRevision.from_dict({"revision": 1, "data": inner})
    assert yaml.load(revision.to_yaml())["data"] == inner


def test_an_object_with_a_field_called_items_shows_all_of_its_fields() -> None:
    projection = core_v1.ConfigMapVolumeSource(name="a", items=[core_v1.KeyToPath(key="k", path="p")])
    assert repr(projection).startswith("ConfigMapVolumeSource(")
    assert "KeyToPath(key='k', path='p')" in repr(projection)
    assert "path: p" in (projection._repr_html_())


def test_a_list_can_be_iterated_and_has_a_length() -> None:
    pods = core_v1.PodList(items=[core_v1.Pod.zero(), core_v1.Pod.zero()])
    assert (len(pods), list(pods)) == (2, pods.items)
    assert not core_v1.PodList(items=[])


def test_a_table_can_be_converted_to_dictionaries() -> None:
    table = Table.from_dict(
        {
            "columnDefinitions": [
                {"name": "Name", "type": "string"},
                {"name": "Age", "type": "integer", "priority": 1},
            ],
            "rows": [{"cells": ["web", 3], "object": {"metadata": {"name": "web", "namespace": "d"}}}],
        }
    )
    assert table.to_dicts() == [{"Namespace": "d", "Name": "web", "Age": 3}]
    assert table.to_dicts(namespaces=False) == [{"Name": "web", "Age": 3}]
    assert (len(table), [row.cells for row in table]) == (1, [["web", 3]])
    assert pretty(table) == str(table)


# Clients.


@pytest.mark.parametrize("make", [Clientset, AsyncClientset])
def test_clients_name_their_server(make: Any) -> None:
    clientset = make(CONFIG)
    prefix = "Async" if make is AsyncClientset else ""
    assert repr(clientset) == f"{prefix}Clientset('https://10.0.0.1:6443')"
    assert repr(clientset.core_v1) == f"{prefix}CoreV1Client('https://10.0.0.1:6443')"
    assert repr(clientset.core_v1.pods("d")) == f"{prefix}Pods('d', 'https://10.0.0.1:6443')"
    assert repr(clientset.core_v1.nodes()) == f"{prefix}Nodes('https://10.0.0.1:6443')"


@pytest.mark.parametrize("make", [Clientset, AsyncClientset])
def test_a_clientset_loads_the_kubeconfig_that_kubectl_loads(
    make: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "config"
    file.write_text(
        "current-context: c\ncontexts: [{name: c, context: {cluster: k, user: u}}]\n"
        "clusters: [{name: k, cluster: {server: 'https://from-file'}}]\nusers: [{name: u, user: {token: t}}]\n"
    )
    monkeypatch.setenv("KUBECONFIG", str(file))
    assert make().rest_client.host == "https://from-file"
    assert make(kubeconfig.load(file)).rest_client.host == "https://from-file"
    for wrong, words in (
        ("https://h", "rest.Config(host='https://h'"),
        ("/a/file", "load_config(path)"),
        (5, "not a int"),
    ):
        with pytest.raises(TypeError) as caught:
            make(wrong)
        assert words in str(caught.value)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda c: CORE.V1Pod, "write core_v1.Pod"),
        (lambda c: CORE.V1ObjectMeta, "ObjectMeta is meta_v1.ObjectMeta"),
        (lambda c: CORE.ObjectMeta, "ObjectMeta is meta_v1.ObjectMeta"),
        (lambda c: CORE.Deployment, "Deployment is apps_v1.Deployment"),
        (lambda c: CORE.Podd, "did you mean core_v1.Pod?"),
        (lambda c: CORE.pod, "write core_v1.Pod"),
        (lambda c: c.core_v1.pods("d").read, "write get"),
        (lambda c: c.core_v1.pods("d").replace, "write update"),
        (lambda c: c.core_v1.pods("d").gett, "did you mean get?"),
        (lambda c: c.core_v1.pod, "did you mean pods?"),
        (lambda c: c.core_v1.deployments, "write apps_v1.deployments(namespace)"),
        (lambda c: c.core_v1.list_namespaced_deployment, "write apps_v1.deployments(namespace).list(...)"),
        (lambda c: c.apps_v1.pod, "write core_v1.pods(namespace)"),
        (lambda c: c.apps_v1.networkpolicies, "write networking_v1.network_policies(namespace)"),
        (lambda c: c.apps_v1.nodes, "write core_v1.nodes()"),
        (lambda c: c.apps_v1.deployments("d").scale, "write patch_scale"),
        (lambda c: c.core_v1.read_namespaced_pod, "write pods(namespace).get(...)"),
        (lambda c: c.core_v1.list_pod_for_all_namespaces, 'write pods("").list(...)'),
        (lambda c: c.core_v1.list_node, "write nodes().list(...)"),
        (lambda c: c.pods, "write core_v1.pods(namespace)"),
        (lambda c: c.network_policies, "write networking_v1.network_policies(namespace)"),
        (lambda c: c.nodes, "write core_v1.nodes()"),
        (lambda c: c.CoreV1Api, "write core_v1"),
        (lambda c: c.apps, "write apps_v1"),
    ],
)
@pytest.mark.parametrize("clientset", [Clientset(CONFIG), AsyncClientset(CONFIG)])
def test_the_error_for_a_missing_attribute_suggests_an_existing_one(
    make: Callable[[Any], Any], words: str, clientset: Any
) -> None:
    with pytest.raises(AttributeError) as caught:
        make(clientset)
    assert words in str(caught.value)


def test_attributes_that_tools_probe_for_are_missing() -> None:
    for owner in (core_v1, Clientset(CONFIG), Clientset(CONFIG).core_v1, Clientset(CONFIG).core_v1.pods("d")):
        assert not hasattr(owner, "__wrapped__")
        assert not hasattr(owner, "_ipython_display_")


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: CORE.PodSpec(), "PodSpec: missing required argument 'containers'"),
        (
            lambda: CORE.PodSpec(containers=[], nodeName="n"),
            "PodSpec: there is no field 'nodeName'; write node_name",
        ),
        (lambda: CORE.PodSpec(container=[]), "PodSpec: there is no field 'container'; did you mean containers?"),
        (lambda: CORE.Pod("web"), "Pod: fields are keyword arguments"),
    ],
)
def test_a_constructors_error_names_the_class_and_the_field(make: Callable[[], Any], words: str) -> None:
    with pytest.raises(TypeError) as caught:
        make()
    assert words in str(caught.value)
    assert caught.value.__cause__ is None


def test_python_itself_suggests_the_attribute() -> None:
    code = "from kubeclient.models import core_v1; core_v1.PodSpec(containers=[]).nodeName"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "Did you mean: 'node_name'?" in done.stderr


def test_a_generic_client_needs_a_model() -> None:
    with pytest.raises(TypeError, match=r"a model such as core_v1\.Pod is needed, not 'pods'"):
        Clientset(CONFIG).resource("pods")  # type: ignore[arg-type]


def test_kinds_of_entries_may_be_plural(tmp_path: Path) -> None:
    opened = kubeconfig.KubeConfigFiles(tmp_path / "config")
    opened.set("cluster", "k", {"server": "https://h"})
    assert opened.names("clusters") == opened.names("cluster") == ["k"]
    with pytest.raises(errors.ConfigError, match="expected cluster, user or context"):
        opened.names("contexs")  # type: ignore[arg-type]


# Errors.

UNAUTHORIZED = b'{"kind":"Status","apiVersion":"v1","status":"Failure","message":"Unauthorized","reason":"Unauthorized","code":401}'
BARE = b'{"kind":"Status","apiVersion":"v1","status":"Failure","message":"no etcd leader","reason":"InternalError","code":500}'
NOT_FOUND = (
    b'{"kind":"Status","apiVersion":"v1","status":"Failure","message":"pods \\"nope\\" not found","reason":"NotFound",'
    b'"details":{"name":"nope","kind":"pods"},"code":404}'
)


def failed(reply: bytes, *, asynchronous: bool, **options: Any) -> errors.StatusError:
    with loopback(reply) as server:
        config = rest.Config(host=f"http://127.0.0.1:{server.port}", max_retries=0, **options)

        async def main() -> None:
            async with AsyncClientset(config) as clientset:
                await clientset.core_v1.pods("d").get("nope")

        with pytest.raises(errors.StatusError) as caught:
            if asynchronous:
                asyncio.run(main())
            else:
                with Clientset(config) as clientset:
                    clientset.core_v1.pods("d").get("nope")
    error = caught.value
    assert error.request == f"GET http://127.0.0.1:{server.port}/api/v1/namespaces/d/pods/nope"
    return error


@pytest.mark.parametrize("asynchronous", [False, True])
def test_unauthorized_names_the_request_and_whose_credentials_were_used(*, asynchronous: bool) -> None:
    origin = "user 'admin' of context 'lab'"
    error = failed(response_bytes(UNAUTHORIZED, status="401 No"), asynchronous=asynchronous, origin=origin)
    assert str(error) == (
        f"{error.request}: 401 Unauthorized: the server does not accept the credentials of user 'admin' of context "
        "'lab': they are wrong, missing or have expired"
    )


@pytest.mark.parametrize("asynchronous", [False, True])
def test_the_request_is_added_to_messages_that_name_no_object(*, asynchronous: bool) -> None:
    bare = failed(response_bytes(BARE, status="500 No"), asynchronous=asynchronous)
    assert str(bare) == f"{bare.request}: no etcd leader"
    named = failed(response_bytes(NOT_FOUND, status="404 No"), asynchronous=asynchronous)
    assert str(named) == 'pods "nope" not found'
    assert repr(named) == "NotFoundError('pods \"nope\" not found')"


def test_a_kubeconfig_names_user_and_context(tmp_path: Path) -> None:
    file = tmp_path / "config"
    file.write_text(
        "current-context: lab\ncontexts: [{name: lab, context: {cluster: k, user: admin}}]\n"
        "clusters: [{name: k, cluster: {server: 'https://h'}}]\nusers: [{name: admin, user: {token: t}}]\n"
    )
    assert kubeconfig.load_config(file).origin == "user 'admin' of context 'lab'"


def test_gateway_timeout_error_is_a_builtin_timeout_error() -> None:
    assert errors.TimeoutError is errors.GatewayTimeoutError
    assert issubclass(errors.GatewayTimeoutError, TimeoutError)


@pytest.mark.parametrize("argument", ["", "-", "-c", "-m"])
def test_programs_without_a_file_are_called_python(argument: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", [argument])
    assert default_user_agent().startswith("python/")


@pytest.mark.parametrize("kind", [rest.Client, rest.AsyncClient, Clientset, AsyncClientset])
def test_a_client_whose_constructor_raised_can_be_shown(kind: Any) -> None:
    assert repr(kind.__new__(kind)) == f"{kind.__name__}('')"  # Debuggers and tracebacks do this.
