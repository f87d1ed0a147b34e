"""Exact texts of the most common messages: the failed operation, the value with its location, the next step."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

from kgen import cli
from kubeclient import Clientset
from kubeclient.models import core_v1
from kubecore import jsonpath, kubeconfig, quantity, rest, selectors
from kubecore.patch import JsonPatch
from kubecore.projection import Projection

SERVER = "http://127.0.0.1:1"


def kube(cluster: str = "server: https://x", user: str = "token: t", context: str = "cluster: c, user: u") -> str:
    return f"""
clusters: [{{name: c, cluster: {{{cluster}}}}}]
users: [{{name: u, user: {{{user}}}}}]
contexts: [{{name: x, context: {{{context}}}}}]
current-context: x
"""


def loads(content: str, **overrides: Any) -> Callable[[], object]:
    return lambda: kubeconfig.loads(content, **overrides)


def connect(**settings: Any) -> Callable[[], object]:
    return lambda: (
        Clientset(rest.Config(host=settings.pop("host", SERVER), **settings)).core_v1.pods("default").get("web")
    )


def pods(use: Callable[[Any], object], namespace: str = "default") -> Callable[[], object]:
    return lambda: use(Clientset(rest.Config(host=SERVER)).core_v1.pods(namespace))


def clientset(use: Callable[[Any], object]) -> Callable[[], object]:
    return lambda: use(Clientset(rest.Config(host=SERVER)))


class Row(Projection):
    nam: str = ""


untyped: Any = core_v1

CRD = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {kind: Widget, plural: widgets}
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object}}
"""

PYTHON: dict[str, tuple[Callable[[], object], str]] = {
    "kubeconfig: not YAML": (
        loads("a: ["),
        "the kubeconfig is not valid YAML: kubeconfig, line 2, column 1: did not find expected node content",
    ),
    "kubeconfig: text instead of a mapping": (
        loads("hello"),
        "kubeconfig: expected a mapping, found a str",
    ),
    "kubeconfig: no such context": (
        loads(kube(), context="prod"),
        "kubeconfig: there is no context 'prod'; there is 'x'",
    ),
    "kubeconfig: no such cluster": (
        loads(kube(context="cluster: d, user: u")),
        "kubeconfig: context 'x': there is no cluster 'd'; there is 'c'",
    ),
    "kubeconfig: no such user": (
        loads(kube(context="cluster: c, user: v")),
        "kubeconfig: context 'x': there is no user 'v'; there is 'u'",
    ),
    "kubeconfig: no server": (
        loads(kube(cluster="tls-server-name: x")),
        "kubeconfig: cluster 'c': server is missing",
    ),
    "kubeconfig: invalid proxy URL": (
        loads(kube(cluster="server: https://x, proxy-url: 'ftp://x'")),
        "kubeconfig: cluster 'c': invalid proxy-url: expected a URL that starts with http://, https://, socks5://",
    ),
    "kubeconfig: CA and insecure": (
        loads(kube(cluster="server: https://x, insecure-skip-tls-verify: true, certificate-authority-data: eA==")),
        "kubeconfig: cluster 'c': insecure-skip-tls-verify conflicts with a certificate authority; remove one of them",
    ),
    "kubeconfig: CA is not base64": (
        loads(kube(cluster="server: https://x, certificate-authority-data: '?'")),
        "kubeconfig: cluster 'c': certificate-authority-data is not base64",
    ),
    "kubeconfig: certificate without key": (
        loads(kube(user="client-certificate-data: eA==")),
        "kubeconfig: user 'u': client-certificate is set without client-key: set both, or neither",
    ),
    "kubeconfig: two ways to authenticate": (
        loads(kube(user="token: t, username: u, password: p")),
        "kubeconfig: user 'u': both a token and a user name are set: remove one of them",
    ),
    "kubeconfig: a list instead of text": (
        loads(kube(user="token: [t]")),
        "kubeconfig: user 'u': token is not text",
    ),
    "kubeconfig: invalid namespace": (
        loads(kube(context="cluster: c, user: u, namespace: A_b")),
        "kubeconfig: context 'x': namespace 'A_b' is not a valid name: a-z, 0-9 and -, at most 63 characters",
    ),
    "kubeconfig: a program in an untrusted file": (
        loads(kube(user="exec: {command: aws, apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never}")),
        "kubeconfig: user 'u': exec runs a program: pass trusted=True if you trust its author",
    ),
    "kubeconfig: a path in an untrusted file": (
        loads(kube(user="tokenFile: /token")),
        "kubeconfig: user 'u': tokenFile names a file: pass trusted=True if you trust its author",
    ),
    "kubeconfig: an empty override": (
        loads(kube(), token=""),
        "token is empty: set it, or pass None to use the value of the kubeconfig",
    ),
    "kubeconfig: unknown API version of a program": (
        loads(kube(user="exec: {command: aws, apiVersion: v9}"), trusted=True),
        "kubeconfig: user 'u': exec.apiVersion is 'v9'; it can be client.authentication.k8s.io/v1 or client.authentication.k8s.io/v1beta1",
    ),
    "configuration: host is not a URL": (
        connect(host="ftp://x"),
        "host 'ftp://x' is not an http:// or https:// URL of a server",
    ),
    "TLS: certificate without key": (
        connect(host="https://127.0.0.1:1", tls=rest.TLSConfig(cert_data=b"x")),
        "a client certificate needs its key, and a key its certificate: set both in tls, or neither",
    ),
    "TLS: CA and insecure": (
        connect(host="https://127.0.0.1:1", tls=rest.TLSConfig(ca_data=b"x", insecure=True)),
        "tls.insecure conflicts with a CA; remove one of them",
    ),
    "authentication: invalid token": (
        connect(host="https://127.0.0.1:1", bearer_token="a\nb"),
        "bearer_token contains invalid characters",
    ),
    "connection: no server": (
        connect(),
        "GET http://127.0.0.1:1/api/v1/namespaces/default/pods/web: no connection: Connection refused; is the server running, and is this the right host?",
    ),
    "names: empty": (
        pods(lambda client: client.get("")),
        "the name is empty",
    ),
    "names: missing in an update": (
        pods(lambda client: client.update({"metadata": {}})),
        "update needs a name: metadata.name of the Pod is empty",
    ),
    "names: parent folder": (
        pods(lambda client: client.delete("..")),
        "the name cannot be '..': it would lead to another path",
    ),
    "names: slash": (
        pods(lambda client: client.get("a/b")),
        "invalid name 'a/b': the server accepts no '/' in the name of an object",
    ),
    "names: not text": (
        pods(lambda client: client.get(1)),
        "the name must be text, not int",
    ),
    "names: no namespace": (
        pods(lambda client: client.get("web"), ""),
        'get of pods needs a namespace; "" means all namespaces, only for list and watch',
    ),
    "names: invalid namespace": (
        pods(lambda client: client.list(), "a/b"),
        "invalid namespace 'a/b': the server accepts no '/' in the name of an object",
    ),
    "names: namespace of another client": (
        pods(lambda client: client.list(), "*"),
        "invalid namespace '*'; \"\" means all namespaces",
    ),
    "names: namespace is not text": (
        pods(lambda client: client.list(), cast("Any", None)),
        'the namespace must be text, not NoneType; "" means all namespaces',
    ),
    "bodies: another namespace": (
        pods(lambda client: client.create({"metadata": {"name": "web", "namespace": "prod"}})),
        "the namespace of Pod 'web' is 'prod' in the body, but 'default' in the call",
    ),
    "bodies: another kind": (
        pods(lambda client: client.create(core_v1.Secret())),
        "expected a Pod or a mapping, not Secret",
    ),
    "bodies: attribute instead of JSON name": (
        pods(lambda client: client.create({"metadata": {"name": "web"}, "spec": {"node_name": "a"}})),
        'spec.node_name is not a field of PodSpec; did you mean nodeName? (with field_validation="Ignore" or "Warn" it is sent all the same)',
    ),
    "bodies: misspelt field in an apply": (
        pods(lambda client: client.apply({"metadata": {"name": "web"}, "spec": {"nodeNam": "a"}}, field_manager="me")),
        "spec.nodeNam is not a field of PodSpec; did you mean nodeName? (a patch.ApplyPatch is sent without this check)",
    ),
    "bodies: managed fields in an apply": (
        pods(lambda client: client.apply({"metadata": {"name": "web", "managedFields": [{}]}}, field_manager="me")),
        "the body contains metadata.managedFields, which only the server sets; apply only the fields that this manager owns, not an object that was read",
    ),
    "bodies: apply without a name": (
        pods(lambda client: client.apply({"spec": {}}, field_manager="me")),
        "apply needs a name: metadata.name of the Pod is empty",
    ),
    "bodies: apply without a manager": (
        pods(lambda client: client.apply({"metadata": {"name": "web"}}, field_manager="")),
        "field_manager is empty: apply needs the name of the manager that owns the fields",
    ),
    "patches: no type": (
        pods(lambda client: client.patch("web", {"spec": {}})),
        'the type of the patch is missing: pass a MergePatch, JsonPatch, ... of kubecore.patch, or type="merge", "json", "strategic"',
    ),
    "patches: mapping as JSON patch": (
        pods(lambda client: client.patch("web", {"spec": {}}, type="json")),
        'type="json" needs a list of operations; other patch types need a mapping or a model',
    ),
    "patches: not an operation": (
        lambda: JsonPatch(cast("Any", [1])),
        "a JSON patch needs a list of operations, not a int",
    ),
    "options: timeout is text": (
        pods(lambda client: client.get("web", timeout="1")),
        "timeout must be a number of seconds or None, not '1'",
    ),
    "options: invalid selector": (
        lambda: selectors.parse("a in ("),
        "can't read the label selector 'a in (': expected a value, a comma or ), found the end",
    ),
    "options: unknown goal": (
        pods(lambda client: client.wait("web", for_="Ready")),
        "'Ready' can't be waited for; it is one of 'condition=Ready', 'condition=Ready=False', 'jsonpath={.status.phase}=Running', 'create', 'delete'",
    ),
    "options: unknown field of a projection": (
        pods(lambda client: client.list(into=Row)),
        "Row requests 'nam', which Pod does not have",
    ),
    "values: not a quantity": (
        lambda: quantity.parse("1 GB"),
        "'1 GB' is not a quantity: expected a number, then a suffix such as m, k, M, Ki, Mi or e3",
    ),
    "values: not a JSONPath": (
        lambda: jsonpath.parse("{.a"),
        "'{.a' is not a JSONPath: write one path, such as '{.status.phase}' or '.status.phase'",
    ),
    "other clients: class": (
        lambda: untyped.V1Pod,
        "module 'kubeclient.models.core_v1' has no attribute 'V1Pod'; write core_v1.Pod",
    ),
    "other clients: verb": (
        pods(lambda client: client.read),
        "'Pods' object has no attribute 'read'; write get",
    ),
    "other clients: group": (
        clientset(lambda client: client.CoreV1Api),
        "'Clientset' object has no attribute 'CoreV1Api'; write core_v1",
    ),
    "other clients: argument of a model": (
        lambda: untyped.PodSpec(nodeName="a"),
        "PodSpec: there is no field 'nodeName'; write node_name",
    ),
    "other clients: missing argument of a model": (
        lambda: untyped.Container(),
        "Container: missing required argument 'name'",
    ),
    "kinds: not generated": (
        clientset(lambda client: client.resource(core_v1.PodSpec, "default")),
        "kubeclient.models.core_v1.PodSpec is not a kind of a generated package; `clientset.dynamic.resource(...)` finds it on the server",
    ),
    "authentication: credentials over http": (
        connect(bearer_token="t"),
        "credentials would go unencrypted to http://127.0.0.1:1: use https, or remove them",
    ),
    "authentication: no password": (
        connect(host="https://127.0.0.1:1", username="u"),
        "GET https://127.0.0.1:1/api/v1/namespaces/default/pods/web: no connection: Connection refused; is the server running, and is this the right host?",
    ),
    "options: selector is a number": (
        pods(lambda client: client.list(label_selector=1)),
        "GET http://127.0.0.1:1/api/v1/namespaces/default/pods: no connection: Connection refused; is the server running, and is this the right host?",
    ),
    "options: field_validation": (
        pods(lambda client: client.get("web", resource_version=[1])),
        "resource_version must be text, a number or a boolean, not list",
    ),
    "options: label value": (
        pods(lambda client: client.list(label_selector={"app": "a b"})),
        "'a b' can't be the value of the label 'app': that is at most 63 letters, digits, '-', '_' and '.', the first and the last a letter or digit, or nothing at all",
    ),
    "names: port in a service name": (
        pods(lambda client: client.proxy("web:80")),
        "invalid name 'web:80': pass the port and the scheme as `port=` and `scheme=`",
    ),
}

SPECS = 'specs = "crd.yaml"\npackage = "mine"\n'

KGEN: dict[str, tuple[dict[str, str], str, int, str]] = {
    "an unknown key": (
        {"kgen.toml": 'spec = "crds"\n'},
        "build",
        2,
        "error: unknown key 'spec'\n  where: kgen.toml spec\n  hint: did you mean 'specs'?\n",
    ),
    "not TOML": (
        {"kgen.toml": "specs = \n"},
        "build",
        2,
        "error: this is not TOML: Invalid value (at line 1, column 9)\n  where: kgen.toml\n  hint: correct the line\n",
    ),
    "a value of the wrong type": (
        {"kgen.toml": "specs = 1\n"},
        "build",
        2,
        "error: wrong type: Expected `str | array | null`, got `int`\n  where: kgen.toml specs\n  hint: see `kgen build --help`\n",
    ),
    "no documents": (
        {"kgen.toml": 'specs = "crds"\n'},
        "build",
        2,
        "error: there is no 'crds'\n  where: kgen.toml specs\n  hint: check the path: FOLDER has no such entry\n",
    ),
    "a keyword as package": (
        {"kgen.toml": 'specs = "crd.yaml"\npackage = "class"\n'},
        "build",
        2,
        "error: 'class' can't be imported as a package\n  where: kgen.toml package\n  hint: letters, digits and underscores, as in 'kubeclient'\n",
    ),
    "a URL": (
        {"kgen.toml": 'specs = "https://example.com/crd.yaml"\n'},
        "build",
        2,
        "error: 'https://example.com/crd.yaml' is a URL, and builds are offline and reproducible\n  where: kgen.toml specs\n  hint: download it into the project, and name the file\n",
    ),
    "two configurations": (
        {"kgen.toml": "", "pyproject.toml": "[tool.kgen]\n"},
        "build",
        2,
        "error: both kgen.toml and [tool.kgen] of pyproject.toml exist\n  where: kgen.toml\n  hint: keep one of the two\n",
    ),
    "a missing folder of templates": (
        {"kgen.toml": 'specs = "crd.yaml"\ntemplates = "mine"\n'},
        "build",
        2,
        "error: there is no 'mine'\n  where: kgen.toml templates\n  hint: check the path: FOLDER has no such entry\n",
    ),
    "an unknown group": (
        {"kgen.toml": SPECS + 'include = ["shop.example.com"]\n'},
        "build",
        2,
        "error: the documents have no group 'shop.example.com'\n  where: kgen.toml\n  hint: did you mean 'example.com'?\n",
    ),
    "watch and quiet": (
        {},
        "build --watch --quiet",
        2,
        "Usage: kgen build [OPTIONS]\nTry 'kgen build --help' for help.\n\nError: --watch cannot be combined with --quiet.\n",
    ),
    "two ways to connect": (
        {},
        "pull specs --in-cluster --context lab",
        2,
        "Usage: kgen pull [OPTIONS] FOLDER\nTry 'kgen pull --help' for help.\n\nError: --in-cluster cannot be combined with --kubeconfig or --context.\n",
    ),
    "two selections": (
        {},
        "pull specs --group apps --no-builtins",
        2,
        "Usage: kgen pull [OPTIONS] FOLDER\nTry 'kgen pull --help' for help.\n\nError: --group cannot be combined with --no-builtins.\n",
    ),
    "an unknown command": (
        {},
        "biuld",
        2,
        "Usage: kgen [OPTIONS] COMMAND [ARGS]...\nTry 'kgen --help' for help.\n\nError: No such command 'biuld'. Did you mean 'build'?\n",
    ),
    "neither OpenAPI nor a CRD": (
        {"kgen.toml": 'specs = "a.json"\npackage = "mine"\n', "a.json": "{}"},
        "build",
        3,
        "error: this is not an OpenAPI document or a CRD\n  where: a.json\n  hint: name a folder of OpenAPI v3 documents, an OpenAPI v2 swagger.json, or CRD manifests\n",
    ),
    "not YAML": (
        {"kgen.toml": SPECS, "crd.yaml": "a: [\n"},
        "build",
        3,
        "error: crd.yaml, line 2, column 1: did not find expected node content\n  where: crd.yaml\n  hint: correct the file\n",
    ),
    "an old CRD": (
        {"kgen.toml": SPECS, "crd.yaml": CRD.replace("/v1\n", "/v1beta1\n", 1)},
        "build",
        3,
        "error: apiextensions.k8s.io/v1beta1 is not read\n  where: crd.yaml#/apiVersion\n  hint: Kubernetes has served only apiextensions.k8s.io/v1 since 1.22; older schemas may leave out types. Use a v1 manifest of the project, or the one that a cluster converted: kubectl get crd NAME -o yaml, or kgen pull\n",
    ),
    "an invalid scope": (
        {"kgen.toml": SPECS, "crd.yaml": CRD.replace("Namespaced", "Galaxy")},
        "build",
        3,
        "error: 'Galaxy' is not a valid scope\n  where: crd.yaml#/spec/scope\n  hint: write Namespaced or Cluster\n",
    ),
    "an invalid group": (
        {"kgen.toml": SPECS, "crd.yaml": CRD.replace("group: example.com", "group: ../x")},
        "build",
        3,
        "error: '../x' is not a valid group: expected a DNS name such as 'example.com'\n  where: crd.yaml#/spec/group\n  hint: fetch the document again, or correct it\n",
    ),
    "a repeated version": (
        {"kgen.toml": SPECS, "crd.yaml": CRD + CRD[CRD.index("  - name") :]},
        "build",
        3,
        "error: the version 'v1' is defined twice\n  where: crd.yaml#/spec/versions\n  hint: fetch the document again, or correct it\n",
    ),
    "a misspelt kind": (
        {"kgen.toml": SPECS, "crd.yaml": CRD.replace("Definition\n", "Definitions\n")},
        "build",
        3,
        "error: 'CustomResourceDefinitions' is not a kind of apiextensions.k8s.io\n  where: crd.yaml#/kind\n  hint: did you mean 'CustomResourceDefinition'?\n",
    ),
}


@pytest.mark.parametrize(("use", "message"), PYTHON.values(), ids=PYTHON)
def test_kubecore_reports_the_cause_and_the_next_step(use: Callable[[], object], message: str) -> None:
    with pytest.raises(Exception) as caught:
        use()
    assert str(caught.value) == message


@pytest.mark.parametrize(("files", "arguments", "code", "message"), KGEN.values(), ids=KGEN)
def test_kgen_reports_the_cause_the_place_and_a_hint(
    files: dict[str, str],
    arguments: str,
    code: int,
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name, content in {"crd.yaml": CRD, **files}.items():
        (tmp_path / name).write_text(content)
    assert cli.run(arguments.split()) == code
    text = capsys.readouterr().err.replace(tmp_path.name, "FOLDER")
    assert text.replace(" -h' for help", " --help' for help") == message  # Releases of click differ in this.


def test_at_least_sixty_messages_are_shown() -> None:
    assert len(PYTHON) + len(KGEN) >= 60
