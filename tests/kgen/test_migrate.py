"""`kgen migrate` finds calls of other clients and names their replacements."""

from __future__ import annotations

import ast
import inspect
import json
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kgen import migrate
from kgen.bundled_specs import bundled_specs
from kgen.cli import run
from kgen.ir import Api
from kgen.migrate import kr8s_calls, lightkube_calls, official_calls, python_names, table
from kgen.migrate.resources import known, snake_case
from kgen.pipeline import describe
from kubeclient import Clientset
from kubecore import rest
from kubecore.streams.exec.process import Process

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def api() -> Api:
    return describe(bundled_specs())


def found(api: Api, folder: Path, source: str) -> list[tuple[str, str]]:
    """Return the calls of a program, each with its replacement."""
    (folder / "program.py").write_text(source)
    return [(call.text, call.target.text) for call in migrate.report(folder, api).calls]


HEADS = {
    "kubernetes": "from kubernetes import client, config, dynamic, stream, utils, watch\nv1 = client.CoreV1Api()\n",
    "lightkube": (
        "from lightkube import Client, KubeConfig, codecs\n"
        "from lightkube.resources.core_v1 import ConfigMap, Node, Pod\n"
        "from lightkube.resources.apps_v1 import Deployment\nclient = Client()\n"
    ),
    "kr8s": "import kr8s\nfrom kr8s.objects import Deployment, Pod\n",
}


@pytest.mark.parametrize(
    ("client", "call", "replacement"),
    [
        ("kubernetes", "config.load_kube_config()", "Clientset()"),
        ("kubernetes", "v1.list_namespaced_pod('shop')", 'clientset.core_v1.pods("shop").list(...)'),
        ("kubernetes", "v1.list_namespaced_pod(namespace=ns)", "clientset.core_v1.pods(ns).list(...)"),
        ("kubernetes", "v1.list_namespaced_pod(a + b)", "clientset.core_v1.pods(ns).list(...)"),
        ("kubernetes", "v1.list_pod_for_all_namespaces()", 'clientset.core_v1.pods("").list(...)'),
        ("kubernetes", "v1.list_namespaced_pod_with_http_info('x')", 'clientset.core_v1.pods("x").list(...)'),
        ("kubernetes", "v1.read_namespaced_pod('it\\'s', 'b')", 'clientset.core_v1.pods("b").get("it\'s")'),
        ("kubernetes", "v1.read_namespaced_pod('a\"b', 'b')", 'clientset.core_v1.pods("b").get(\'a"b\')'),
        ("kubernetes", "v1.list_node()", "clientset.core_v1.nodes().list(...)"),
        ("kubernetes", "v1.read_namespaced_secret('a', 'b')", 'clientset.core_v1.secrets("b").get("a")'),
        ("kubernetes", "v1.create_namespaced_secret('b', x)", 'clientset.core_v1.secrets("b").create(body)'),
        ("kubernetes", "v1.replace_namespaced_secret('a', 'b', x)", 'clientset.core_v1.secrets("b").update(body)'),
        ("kubernetes", "v1.replace_node('a', x)", "clientset.core_v1.nodes().update(body)"),
        ("kubernetes", "v1.patch_node('a', x)", 'clientset.core_v1.nodes().patch("a", body, type="strategic")'),
        ("kubernetes", "v1.delete_namespaced_pod(name=n, namespace='b')", 'clientset.core_v1.pods("b").delete(n)'),
        (
            "kubernetes",
            "v1.delete_collection_namespaced_pod('b')",
            'clientset.core_v1.pods("b").delete_collection(...)',
        ),
        ("kubernetes", "v1.read_namespaced_pod_status('a', 'b')", 'clientset.core_v1.pods("b").get_status("a")'),
        ("kubernetes", "v1.read_namespaced_pod_log('a', 'b')", 'clientset.core_v1.pods("b").get_logs("a")'),
        (
            "kubernetes",
            "v1.create_namespaced_pod_eviction('a', 'b', x)",
            'clientset.core_v1.pods("b").evict("a", body)',
        ),
        (
            "kubernetes",
            "v1.connect_get_namespaced_service_proxy_with_path('a', 'b', 'c')",
            'clientset.core_v1.services("b").proxy("a", "GET", path)',
        ),
        (
            "kubernetes",
            "stream.stream(v1.patch_namespaced_pod_status, 'a', 'b', body)",
            'clientset.core_v1.pods("b").patch_status("a", body, type="merge")',
        ),
        (
            "kubernetes",
            "stream.stream(v1.connect_get_namespaced_pod_exec, 'a', 'b', command=c)",
            'clientset.core_v1.pods("b").run("a", command)',
        ),
        (
            "kubernetes",
            "stream.portforward(v1.connect_get_namespaced_pod_portforward, 'a', 'b', ports='80')",
            'clientset.core_v1.pods("b").port_forward("a")',
        ),
        ("kubernetes", "utils.create_from_yaml(c, f)", 'kubecore.apply_file(clientset, path, field_manager="me")'),
        (
            "kubernetes",
            "utils.parse_duration('1h')",
            "durations of the Gateway API: no API of Kubernetes has them, keep that function",
        ),
        ("kubernetes", "client.V1Handler()", "core_v1.LifecycleHandler(...)"),
        ("kubernetes", "client.V1Pod.from_dict(data)", "core_v1.Pod.from_dict(data)"),
        ("kubernetes", "client.ExtensionsV1beta1Api()", "clientset"),
        ("kubernetes", "client.FarmV1Api()", "clientset.dynamic"),
        (
            "kubernetes",
            "client.FarmV1Api().read_namespaced_milk_cow('a', 'b')",
            'clientset.dynamic.resource("MilkCow", "b").get(name)',
        ),
        ("kubernetes", "client.FarmV1Api().list_barn()", 'clientset.dynamic.resource("Barn").list(...)'),
        (
            "kubernetes",
            "client.FarmV1MilkCow()",
            "a mapping, or a model that kgen build makes of your definitions",
        ),
        ("kubernetes", "v1.patch_node('a', [x])", 'clientset.core_v1.nodes().patch("a", body, type="json")'),
        (
            "kubernetes",
            "v1.patch_node('a', x, _content_type='application/merge-patch+json')",
            'clientset.core_v1.nodes().patch("a", body, type="merge")',
        ),
        ("kubernetes", "v1.api_client.call_api('/x', 'GET')", "clientset.raw(method, path)"),
        (
            "kubernetes",
            "dynamic.DynamicClient(x).resources.get(kind='Pod').get(namespace='a')",
            "resource.list(...)",
        ),
        (
            "kubernetes",
            "dynamic.DynamicClient(x).delete(r, label_selector='a')",
            "clientset.dynamic.resource(kind, ns).delete_collection(...)",
        ),
        # Unpacked arguments may contain the name.
        ("kubernetes", "dynamic.DynamicClient(x).delete(*y)", "clientset.dynamic.resource(kind, ns).delete(name)"),
        ("kubernetes", "dynamic.DynamicClient(x).delete(r, **y)", "clientset.dynamic.resource(kind, ns).delete(name)"),
        ("kubernetes", "v1.read_namespaced_pod(*y, 'b')", "clientset.core_v1.pods(ns).get(name)"),
        (
            "kubernetes",
            "stream.stream(v1.connect_get_namespaced_pod_exec, 'a', 'b', _preload_content=False)",
            'clientset.core_v1.pods("b").exec("a", command)',
        ),
        ("kubernetes", "v1.connect_get_namespaced_pod_exec('a', 'b').write_stdin(x)", "process.write(data)"),
        ("kubernetes", "utils.top.pods(c)", 'clientset.dynamic.resource("pods.metrics.k8s.io", ns).list(...)'),
        (
            "lightkube",
            "x = Deployment.Scale()\nclient.replace(x)",
            "clientset.apps_v1.deployments(ns).update_scale(body)",
        ),
        (
            "lightkube",
            "x = Pod.Status()\nclient.apply(x, 'a')",
            'clientset.core_v1.pods(ns).apply_status(body, field_manager="me")',
        ),
        ("lightkube", "Deployment.Scale()", "autoscaling_v1.Scale(...)"),
        ("kr8s", "Pod.get('a').popen('ls')", "clientset.core_v1.pods(ns).exec(name, command)"),
        ("kr8s", "Pod.get('a').popen('ls').stdin.write(x)", "process.write(data)"),
        ("kubernetes", "client.V1Pod()", "core_v1.Pod(...)"),
        ("kubernetes", "client.V1ObjectMeta(name='a')", "meta_v1.ObjectMeta(...)"),
        ("kubernetes", "client.V2HorizontalPodAutoscaler()", "autoscaling_v2.HorizontalPodAutoscaler(...)"),
        ("kubernetes", "client.RbacV1Subject()", "rbac_v1.Subject(...)"),
        ("kubernetes", "client.ExtensionsV1beta1Ingress()", "networking_v1.Ingress(...)"),
        ("kubernetes", "client.AppsV1beta2Api()", "clientset.apps_v1"),
        ("lightkube", "client.get(Pod, 'a', namespace='b')", 'clientset.core_v1.pods("b").get("a")'),
        ("lightkube", "client.list(Pod, namespace='*')", 'clientset.core_v1.pods("").list(...)'),
        ("lightkube", "client.list(Node)", "clientset.core_v1.nodes().list(...)"),
        ("lightkube", "client.get(Deployment.Scale, 'a')", 'clientset.apps_v1.deployments(ns).get_scale("a")'),
        ("lightkube", "client.create(obj)", "clientset.resource(kind, ns).create(body)"),
        ("lightkube", "KubeConfig.from_file('x')", "kubeconfig.load(path)"),
        ("lightkube", "client.log('a', follow=True)", "clientset.core_v1.pods(ns).stream_logs(name)"),
        ("kr8s", "kr8s.get('pods', namespace='b')", 'clientset.core_v1.pods("b").list(...)'),
        ("kr8s", "kr8s.get('widgets')", "clientset.dynamic.resource(kind, ns).list(...)"),
        ("kr8s", "kr8s.watch('pods', namespace=kr8s.ALL)", 'clientset.core_v1.pods("").watch(...)'),
        ("kr8s", "Pod.get('a')", "clientset.core_v1.pods(ns).get(name)"),
        ("kr8s", "kr8s.version()", "clientset.server_version()"),
    ],
)
def test_calls_have_replacements(api: Api, tmp_path: Path, client: str, call: str, replacement: str) -> None:
    assert found(api, tmp_path, f"{HEADS[client]}{call}\n")[-1][1] == replacement


@pytest.mark.parametrize(
    ("source", "replacements"),
    [
        pytest.param(
            "class A:\n def __init__(self):\n  self.api = client.BatchV1Api()\n"
            " def f(self):\n  self.api.read_namespaced_job('a', 'b')\n",
            ["clientset.batch_v1", 'clientset.batch_v1.jobs("b").get("a")'],
            id="attribute",
        ),
        pytest.param(
            "def f(api: 'client.CustomObjectsApi | None'):\n api.get_cluster_custom_object('g.io', 'v1', 'things', 'a')\n",
            ['clientset.dynamic.resource("things.g.io").get(name)'],
            id="annotation",
        ),
        pytest.param(
            "client.CustomObjectsApi().list_custom_object_for_all_namespaces('g.io', 'v1', resource_plural='things')\n",
            ["clientset.dynamic", 'clientset.dynamic.resource("things.g.io").list(...)'],
            id="custom objects of all namespaces",
        ),
        pytest.param(
            "def f(api):\n api.create(body={})\n"
            "f(dynamic.DynamicClient(x).resources.get(api_version='v1', kind='Pod'))\n",
            [
                "resource.create(body)",
                'clientset.dynamic.resource("Pod", ns, api_version="v1")',
                "clientset.dynamic",
            ],
            id="argument",
        ),
        pytest.param(
            "class Box:\n def __init__(self, api=None):\n  self.api = api\n def f(self):\n  self.api.list_job_for_all_namespaces()\n"
            "Box(api=client.BatchV1Api())\n",
            ['clientset.batch_v1.jobs("").list(...)', "clientset.batch_v1"],
            id="argument of a class",
        ),
        pytest.param(
            "class Box:\n def f(self, api):\n  api.create(body={})\n"
            "Box().f(dynamic.DynamicClient(x).resources.get(kind='Pod'))\n",
            [
                "resource.create(body)",
                'clientset.dynamic.resource("Pod", ns, api_version=api_version)',
                "clientset.dynamic",
            ],
            id="argument of a method",
        ),
        pytest.param(
            "def f(session):\n session.update()\n"
            "pool.submit(f, stream.stream(v1.connect_get_namespaced_pod_exec, 'a', 'b'))\n",
            ["not needed: process.read() waits for output", 'clientset.core_v1.pods("b").run("a", command)'],
            id="argument that is passed on",
        ),
        pytest.param(
            "def f(session):\n session.update()\n"
            "Thread(target=f, args=(stream.stream(v1.connect_get_namespaced_pod_exec, 'a', 'b'),))\n",
            ["not needed: process.read() waits for output", 'clientset.core_v1.pods("b").run("a", command)'],
            id="argument of a thread",
        ),
        pytest.param(
            "def make():\n return client.AppsV1Api()\nmake().list_deployment_for_all_namespaces()\n",
            ["clientset.apps_v1", 'clientset.apps_v1.deployments("").list(...)'],
            id="return value",
        ),
        pytest.param(
            "def f(api):\n return api.list_namespaced_pod('a')\n",
            ['clientset.core_v1.pods("a").list(...)'],
            id="name of the method alone",
        ),
        pytest.param(
            "w = watch.Watch()\nfor event in w.stream(v1.list_namespaced_pod, 'a'):\n event['x'].get('y')\n",
            ["not needed: each resource has watch()", 'clientset.core_v1.pods("a").watch(...)'],
            id="watch",
        ),
        pytest.param(
            "for line in watch.Watch().stream(v1.read_namespaced_pod_log, 'a', 'b'): pass\n",
            ['clientset.core_v1.pods("b").stream_logs("a")', "not needed: each resource has watch()"],
            id="log",
        ),
        pytest.param("pods = [p.metadata.labels.get('a') for p in v1.list_node().items]\n", None, id="data"),
    ],
)
def test_names_are_followed(api: Api, tmp_path: Path, source: str, replacements: list[str] | None) -> None:
    calls = found(api, tmp_path, HEADS["kubernetes"] + source)[1:]
    assert sorted(text for _, text in calls) == sorted(replacements or ["clientset.core_v1.nodes().list(...)"])


@pytest.mark.parametrize(
    "source",
    [
        "import json\njson.loads('1')\nclient.get(Pod)\n",
        "from kubernetes import client\ndef f(client):\n client.get('x')\n",
        "from .kubernetes import client\nclient.CoreV1Api()\n",
        "def create_namespace(x): pass\nself.create_namespace(1)\n",
    ],
)
def test_other_calls_are_not_reported(api: Api, tmp_path: Path, source: str) -> None:
    assert found(api, tmp_path, source) == []


def test_a_variable_has_its_meaning_at_the_call(api: Api, tmp_path: Path) -> None:
    source = "x = Pod()\nclient.create(x)\nx = Deployment.Scale()\nclient.replace(x)\n"
    calls = [text for call, text in found(api, tmp_path, HEADS["lightkube"] + source) if call.startswith("client.")]
    assert calls == ["clientset.core_v1.pods(ns).create(body)", "clientset.apps_v1.deployments(ns).update_scale(body)"]


def test_awaited_calls_are_awaited(api: Api, tmp_path: Path) -> None:
    source = (
        "from kubernetes_asyncio import client, config, dynamic, utils\nasync def f():\n"
        " await config.load_kube_config()\n"
        " v1 = client.CoreV1Api()\n"
        " await v1.list_node()\n"
        " await utils.create_from_yaml(c, f)\n"
        " await utils.create_from_dict(c, d)\n"
        " api = await dynamic.DynamicClient(c)\n"
        " pods = await api.resources.get(api_version='v1', kind='Pod')\n"
        " await pods.get(name='a')\n"
    )
    assert [text for _, text in found(api, tmp_path, source)] == [
        "AsyncClientset()",
        "clientset.core_v1",
        "await clientset.core_v1.nodes().list(...)",
        'await kubecore.apply_file_async(clientset, path, field_manager="me")',
        'await apply.apply_objects_async(clientset, [obj], field_manager="me")',
        "clientset.dynamic",
        'await clientset.dynamic.resource("Pod", ns, api_version="v1")',
        'await resource.get("a")',
    ]


def test_files_that_cannot_be_parsed_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "broken.py").write_text("x = (\n")
    (tmp_path / "deep.py").write_text("x = " + "-" * 100_000 + "1\n")
    (tmp_path / "bytes.py").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "good.py").write_text("import kr8s\nkr8s.version()\n")
    assert run(["migrate", str(tmp_path)]) == 0
    printed = capsys.readouterr()
    assert printed.out.endswith(
        "\npages: https://kgen-kubernetes.github.io/kgen/, without `docs/` and `.md`\n"
        "1 call in 4 files: 1 have a replacement, 0 a recipe, 0 open; 3 not read\n"
    )
    for name in ("broken.py", "deep.py", "bytes.py"):
        assert f"where: {tmp_path / name}" in printed.err


def test_files_that_never_end_and_closed_folders_are_named(api: Api, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.py")
    (tmp_path / "zero.py").symlink_to("/dev/zero")
    (tmp_path / "gone.py").symlink_to("nowhere")
    (tmp_path / "large.py").write_text("#" * ((4 << 20) + 1))
    (tmp_path / "latin.py").write_bytes(b"# coding: latin-1\nimport kr8s\nx = '\xe4'\nkr8s.version()\n")
    (tmp_path / "mark.py").write_bytes(b"\xef\xbb\xbfimport kr8s\r\nkr8s.version()\r\n")
    (tmp_path / "folder").mkdir()
    walk = os.walk

    def closed(folder: Path, onerror: Callable[[OSError], None]) -> Iterator[tuple[str, list[str], list[str]]]:
        onerror(PermissionError(13, "Permission denied", str(tmp_path / "folder")))
        yield from walk(folder)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "walk", closed)  # Root may read every folder.
        result = migrate.report(tmp_path, api)
    assert [Path(call.file).name for call in result.calls] == ["latin.py", "mark.py"]
    assert {Path(file).name: reason for file, reason in result.unread} == {
        "pipe.py": "it is a pipe, not a file",
        "zero.py": "it is a device, not a file",
        "gone.py": "No such file or directory",
        "large.py": "it is larger than 4 MiB",
        "folder": "Permission denied",
    }


def test_dotted_names_do_not_grow_with_the_file(api: Api, tmp_path: Path) -> None:
    (tmp_path / "long.py").write_text("import kr8s\nx = kr8s.api()\n" + "x = x.aaaaaaaaa\n" * 200 + "x.version()\n")
    tree = ast.parse((tmp_path / "long.py").read_text())
    assert max(len(one.path) for one in python_names.read(tree, table.PACKAGES, ())[0]) < 1100
    assert len(migrate.report(tmp_path, api).calls) == 1


def test_names_of_files_do_not_steer_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a\x1b[31m\n.py").write_text("import kr8s\nkr8s.version()\n")
    (tmp_path / "b\x1b[31m.py").write_text("x = (\n")
    for arguments in ([], ["--json"]):
        assert run(["migrate", *arguments, str(tmp_path)]) == 0
        printed = capsys.readouterr()
        assert "\x1b" not in printed.out + printed.err


def test_json_has_the_calls_and_their_numbers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.py").write_text("from kubernetes import utils\nutils.parse_duration('1h')\n")
    assert run(["migrate", "--json", str(tmp_path)]) == 0
    data = json.loads(capsys.readouterr().out)
    none = {"uses": 0, "replacement": 0, "recipe": 0, "open": 0}
    assert data["summary"] == {"calls": 1, "files": 1, "replacement": 0, "recipe": 0, "open": 1, "errors": none}
    assert data["calls"][0] | {"file": ""} == {
        "file": "",
        "line": 2,
        "call": "utils.parse_duration(...)",
        "status": "open",
        "replacement": None,
        "reason": "durations of the Gateway API: no API of Kubernetes has them, keep that function",
        "page": "docs/coming-from/kubernetes.md",
    }


def test_every_derived_call_exists(api: Api) -> None:
    """The calls for the generated methods of the official client name methods of the generated clients."""
    with Clientset(rest.Config(host="http://127.0.0.1:1")) as clientset:
        for method in {(one.resource, one.scope, one.call) for one in known(api).any_class.values()}:
            group, resource = method[0].split(".")
            accessor = getattr(getattr(clientset, group), resource)
            client = accessor() if method[1] == "cluster" else accessor("ns")
            name, arguments = re.fullmatch(r"(\w+)\((.*)\)", method[2]).groups()  # type: ignore[union-attr]
            words = [word for word in arguments.split(", ") if word and word != "..."]
            keywords = {word.partition("=")[0]: None for word in words if "=" in word}
            inspect.signature(getattr(client, name)).bind(*(word for word in words if "=" not in word), **keywords)


def test_sessions_in_pods_name_methods_of_a_process() -> None:
    sessions = {key: entry.text for key, entry in official_calls.OFFICIAL.items() if key.startswith("stream()")}
    names = {match[1] for text in sessions.values() if (match := re.search(r"process\.(\w+)", text))}
    assert len(sessions) == 17
    assert [name for name in sorted(names) if not hasattr(Process, name)] == []


def test_kinds_are_written_as_the_official_client_writes_them() -> None:
    kinds = {"Pod": "pod", "APIService": "api_service", "CSIDriver": "csi_driver", "IPAddress": "ip_address"}
    assert {kind: snake_case(kind) for kind in kinds} == kinds


def test_every_page_of_the_table_exists() -> None:
    entries = [
        *official_calls.OFFICIAL.values(),
        *lightkube_calls.LIGHTKUBE_CALLS.values(),
        *kr8s_calls.KR8S_CALLS.values(),
    ]
    pages = {entry.page for entry in entries} | set(table.PAGES.values()) | set(table.PACKAGES.values())
    assert [page for page in sorted(pages) if not (ROOT / page).exists()] == []
