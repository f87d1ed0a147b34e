"""Data of `kgen migrate`: the calls of other clients that no rule derives, their replacements and pages.

The report, the pages below docs/coming-from and their tests read it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

__all__ = [
    "CUSTOM_OBJECTS",
    "KR8S_CALLS",
    "KR8S_METHODS",
    "LIGHTKUBE_CALLS",
    "LIGHTKUBE_METHODS",
    "MODELS",
    "OFFICIAL",
    "PACKAGES",
    "PAGES",
    "Status",
    "Target",
]

Status = Literal["replacement", "recipe", "open"]

PACKAGES: Final = {
    "kubernetes": "docs/coming-from/kubernetes.md",
    "kubernetes_asyncio": "docs/coming-from/kubernetes-asyncio.md",
    "lightkube": "docs/coming-from/lightkube.md",
    "kr8s": "docs/coming-from/kr8s.md",
}
"""The packages whose calls are found, and the page about each."""


@dataclass(frozen=True, slots=True)
class Target:
    """The replacement of a call.

    Attributes:
        text: The replacement; for a recipe the important part of it.
        page: The page that explains it.
        status: `recipe` if a program has to be written differently, `open` if this project has no replacement.
    """

    text: str
    page: str
    status: Status = "replacement"


PAGES: Final = {
    "apply": "docs/apply.md",
    "attach": "docs/recipes/run-commands.md",
    "connect": "docs/recipes/connect.md",
    "create": "docs/models.md",
    "delete": "docs/waiting.md",
    "delete_collection": "docs/reading.md",
    "dynamic": "docs/dynamic.md",
    "exec": "docs/recipes/run-commands.md",
    "get": "docs/reading.md",
    "list": "docs/reading.md",
    "log": "docs/recipes/logs.md",
    "models": "docs/models.md",
    "other": "docs/coming-from/kubernetes.md",
    "patch": "docs/recipes/change-a-field.md",
    "portforward": "docs/recipes/port-forward.md",
    "proxy": "docs/http.md",
    "scale": "docs/recipes/rollout.md",
    "update": "docs/apply.md",
    "wait": "docs/recipes/wait.md",
    "watch": "docs/recipes/watch.md",
}
"""The page about each verb of a replacement; other verbs have that of `other`."""

_CONNECT: Final = PAGES["connect"]
_DYNAMIC: Final = PAGES["dynamic"]
_EXEC: Final = PAGES["exec"]
_MODELS: Final = PAGES["models"]
_ELECTION: Final = "docs/leader-election.md"
_INFORMERS: Final = "docs/informers.md"
_HTTP: Final = PAGES["proxy"]

OFFICIAL: Final[dict[str, Target]] = {
    # Connecting
    "load_config": Target("Clientset()", _CONNECT),
    "load_kube_config": Target("Clientset()", _CONNECT),
    "load_incluster_config": Target("Clientset(rest.in_cluster_config())", _CONNECT),
    "load_kube_config_from_dict": Target("Clientset(kubeconfig.loads(text, trusted=True))", _CONNECT),
    "new_client_from_config": Target("Clientset(kubeconfig.load(context=context))", _CONNECT),
    "new_client_from_config_dict": Target("Clientset(kubeconfig.loads(text, trusted=True))", _CONNECT),
    "list_kube_config_contexts": Target('kubeconfig.KubeConfigFiles().names("contexts")', _CONNECT),
    "InClusterConfigLoader": Target("rest.in_cluster_config()", _CONNECT),
    "KubeConfigLoader": Target("kubeconfig.load(path)", _CONNECT),
    "KubeConfigMerger": Target("kubeconfig.KubeConfigFiles()", _CONNECT),
    "Configuration": Target("rest.Config(host=url, bearer_token=token)", _CONNECT),
    "Configuration.set_default": Target("Clientset(config)", _CONNECT),
    "Configuration.get_default_copy": Target("kubeconfig.load_config()", _CONNECT),
    "Configuration.get_default": Target("kubeconfig.load_config()", _CONNECT),
    "ApiClient": Target("Clientset()", _CONNECT),
    "WsApiClient": Target("AsyncClientset()", _CONNECT),
    "ApiClient().close": Target("clientset.close()", _CONNECT),
    "ApiClient().set_default_header": Target("rest.Config(host=url, user_agent=text)", _CONNECT, "recipe"),
    # Requests without a resource
    "ApiClient().call_api": Target("clientset.raw(method, path)", _HTTP),
    "ApiClient().request": Target("clientset.raw(method, path)", _HTTP),
    "ApiClient().sanitize_for_serialization": Target("obj.to_dict()", _MODELS),
    "ApiClient().deserialize": Target("core_v1.Pod.from_dict(data)", _MODELS),
    "sanitize_for_serialization": Target("obj.to_dict()", _MODELS),
    "get_code": Target("clientset.server_version()", _CONNECT),
    "get_api_versions": Target("clientset.discovery.catalog()", _DYNAMIC),
    "get_api_group": Target("clientset.discovery.catalog()", _DYNAMIC),
    "get_api_resources": Target("clientset.discovery.catalog()", _DYNAMIC),
    "get_service_account_issuer_open_id_configuration": Target(
        'clientset.raw("GET", "/.well-known/openid-configuration")', _HTTP
    ),
    "get_service_account_issuer_open_id_keyset": Target('clientset.raw("GET", "/openid/v1/jwks")', _HTTP),
    "log_file_handler": Target('clientset.raw("GET", f"/logs/{logpath}")', _HTTP),
    "log_file_list_handler": Target('clientset.raw("GET", "/logs/")', _HTTP),
    # Watches
    "Watch": Target("not needed: each resource has watch()", PAGES["watch"]),
    "Watch().stop": Target("events.close()", PAGES["watch"]),
    "Watch().close": Target("events.close()", PAGES["watch"]),
    "SharedInformer": Target("clientset.core_v1.pods(ns).informer()", _INFORMERS),
    "SharedInformer().start": Target("with clientset.core_v1.pods(ns).informer() as cache", _INFORMERS),
    "SharedInformer().stop": Target("cache.close(), or the end of the block", _INFORMERS),
    "SharedInformer().add_event_handler": Target("for change in cache.changes()", _INFORMERS, "recipe"),
    "SharedInformer().cache.list": Target("cache.list()", _INFORMERS),
    "SharedInformer().cache.get": Target("cache.get(name, namespace)", _INFORMERS),
    # Sessions in pods
    "stream().is_open": Target("process.returncode is None", _EXEC),
    "stream().update": Target("not needed: process.read() waits for output", _EXEC),
    "stream().peek_stdout": Target("process.read()", _EXEC, "recipe"),
    "stream().peek_stderr": Target("process.read()", _EXEC, "recipe"),
    "stream().read_stdout": Target("process.read()", _EXEC, "recipe"),
    "stream().read_stderr": Target("process.read()", _EXEC, "recipe"),
    "stream().readline_stdout": Target("process.read()", _EXEC, "recipe"),
    "stream().readline_stderr": Target("process.read()", _EXEC, "recipe"),
    "stream().read_all": Target("process.communicate()", _EXEC),
    "stream().read_channel": Target("process.returncode", _EXEC, "recipe"),
    "stream().write_stdin": Target("process.write(data)", _EXEC),
    "stream().write_channel": Target("process.resize(width, height)", _EXEC, "recipe"),
    "stream().run_forever": Target("process.wait()", _EXEC),
    "stream().close": Target("process.close()", _EXEC),
    "portforward().socket": Target("ports.connect(port)", PAGES["portforward"], "recipe"),
    "portforward().error": Target("an error is raised by the connection", PAGES["portforward"], "recipe"),
    "portforward().close": Target("the end of the block", PAGES["portforward"], "recipe"),
    # Utilities
    "create_from_yaml": Target('kubecore.apply_file(clientset, path, field_manager="me")', PAGES["apply"]),
    "create_from_directory": Target('kubecore.apply_file(clientset, folder, field_manager="me")', PAGES["apply"]),
    "create_from_dict": Target('apply_objects(clientset, [obj], field_manager="me") of kubecore.apply', PAGES["apply"]),
    "parse_quantity": Target("quantity.parse(text)", _MODELS),
    "format_quantity": Target("quantity.format(number)", _MODELS),
    "parse_duration": Target("", PAGES["other"], "open"),
    "format_duration": Target("", PAGES["other"], "open"),
    # The dynamic client
    "DynamicClient": Target("clientset.dynamic", _DYNAMIC),
    "DynamicClient().resources.get": Target("clientset.dynamic.resource(kind, ns, api_version=api_version)", _DYNAMIC),
    "DynamicClient().resources.search": Target("clientset.discovery.catalog()", _DYNAMIC),
    "DynamicClient().request": Target("clientset.raw(method, path)", _HTTP),
    "DynamicClient().version": Target("clientset.server_version()", _CONNECT),
    # Leader election
    "LeaderElection": Target("election.Elector(clientset, name)", _ELECTION),
    "LeaderElection().run": Target("with elector.lead() as term", _ELECTION, "recipe"),
    "Config": Target("election.Elector(clientset, name)", _ELECTION),
    "ConfigMapLock": Target("election.Elector(clientset, name): always a Lease", _ELECTION),
    "LeaseLock": Target("election.Elector(clientset, name)", _ELECTION),
    # Models and errors
    "to_dict": Target("obj.to_dict()", _MODELS),
    "to_str": Target("obj.to_yaml()", _MODELS),
    "ApiException": Target("errors.StatusError", "docs/errors.md"),
    "FailToCreateError": Target("errors.ApplyFileError of kubecore.apply_file", PAGES["apply"], "recipe"),
    # Calls with async_req=True
    "async_req().get": Target("ThreadPoolExecutor, or AsyncClientset", "docs/async.md", "recipe"),
}
"""Functions and classes of `kubernetes` and `kubernetes_asyncio`, by the end of their dotted name."""

CUSTOM_OBJECTS: Final = {
    "create": "create(body)",
    "delete": "delete(name)",
    "delete_collection": "delete_collection(...)",
    "get": "get(name)",
    "list": "list(...)",
    "patch": 'patch(name, body, type="merge")',
    "replace": "update(body)",
    "server_side_apply": 'apply(body, field_manager="me")',
    "watch": "watch(...)",
}
"""Calls for custom objects, also of the dynamic client: the word there, the call here."""

MODELS: Final = {
    "V1DeleteOptions": Target("delete(name, propagation_policy=..., grace_period_seconds=...)", "docs/reading.md"),
    "V1Patch": Target("patch.MergePatch({...})", PAGES["patch"]),
}
"""Models of the official client that are not models here."""

LIGHTKUBE_METHODS: Final = {
    "get": ("get(name)", "get"),
    "list": ("list(...)", "list"),
    "create": ("create(body)", "create"),
    "replace": ("update(body)", "update"),
    "patch": ('patch(name, body, type="strategic")', "patch"),
    "apply": ('apply(body, field_manager="me")', "apply"),
    "set": ('patch(name, {"metadata": {"labels": labels}}, type="merge")', "patch"),
    "delete": ("delete(name)", "delete"),
    "deletecollection": ("delete_collection(...)", "delete_collection"),
    "watch": ("watch(...)", "watch"),
    "wait": ('wait(name, for_="condition=...")', "wait"),
}
"""Methods of lightkube's clients whose first argument is a class or an object: the call here, and its verb."""

LIGHTKUBE_CALLS: Final[dict[str, Target]] = {
    "Client": Target("Clientset()", _CONNECT),
    "AsyncClient": Target("AsyncClientset()", _CONNECT),
    "GenericSyncClient": Target("Clientset()", _CONNECT),
    "GenericAsyncClient": Target("AsyncClientset()", _CONNECT),
    "Client().log": Target("clientset.core_v1.pods(ns).stream_logs(name)", PAGES["log"]),
    "AsyncClient().log": Target("clientset.core_v1.pods(ns).stream_logs(name)", PAGES["log"]),
    "Client().exec": Target("clientset.core_v1.pods(ns).run(name, command)", _EXEC),
    "AsyncClient().exec": Target("clientset.core_v1.pods(ns).run(name, command)", _EXEC),
    "AsyncClient().close": Target("clientset.aclose()", _CONNECT),
    "Client().close": Target("clientset.close()", _CONNECT),
    "KubeConfig.from_file": Target("kubeconfig.load(path)", _CONNECT),
    "KubeConfig.from_env": Target("kubeconfig.load()", _CONNECT),
    "KubeConfig.from_dict": Target("kubeconfig.loads(text, trusted=True)", _CONNECT),
    "KubeConfig.from_server": Target("rest.Config(host=url)", _CONNECT),
    "KubeConfig.from_one": Target("rest.Config(host=url)", _CONNECT),
    "KubeConfig.from_service_account": Target("rest.in_cluster_config()", _CONNECT),
    "KubeConfig": Target("rest.Config(host=url)", _CONNECT),
    "get": Target("kubeconfig.load(path, context=context)", _CONNECT),
    "load_all_yaml": Target("manifests.load_manifests(text)", _DYNAMIC),
    "dump_all_yaml": Target("manifests.dump_manifests(objects)", _DYNAMIC),
    "from_dict": Target("core_v1.Pod.from_dict(data)", _MODELS),
    "to_dict": Target("obj.to_dict()", _MODELS),
    "create_namespaced_resource": Target('clientset.dynamic.resource("widgets.example.com", ns)', _DYNAMIC),
    "create_global_resource": Target('clientset.dynamic.resource("widgets.example.com")', _DYNAMIC),
    "get_generic_resource": Target("clientset.dynamic.resource(kind, ns, api_version=api_version)", _DYNAMIC),
    "create_resources_from_crd": Target("kgen build --specs crds/", "docs/crds.md", "recipe"),
    "load_in_cluster_generic_resources": Target("clientset.discovery.catalog()", _DYNAMIC),
    "async_load_in_cluster_generic_resources": Target("clientset.discovery.catalog()", _DYNAMIC),
    "ApiError": Target("errors.StatusError", "docs/errors.md"),
    "sort_objects": Target("not needed: kubecore.apply_file sorts", PAGES["apply"]),
}
"""Other calls of lightkube, by the end of their dotted name."""

KR8S_METHODS: Final = {
    "get": ("get(name)", "get"),
    "list": ("list(...)", "list"),
    "create": ("create(body)", "create"),
    "delete": ("delete(name)", "delete"),
    "refresh": ("get(name)", "get"),
    "exists": ("get_or_none(name)", "get"),
    "patch": ('patch(name, body, type="merge")', "patch"),
    "label": ('patch(name, {"metadata": {"labels": labels}}, type="merge")', "patch"),
    "remove_label": ('patch(name, {"metadata": {"labels": {label: None}}}, type="merge")', "patch"),
    "annotate": ('patch(name, {"metadata": {"annotations": annotations}}, type="merge")', "patch"),
    "remove_annotation": ('patch(name, {"metadata": {"annotations": {key: None}}}, type="merge")', "patch"),
    "set_owner": ("owners.set_controller_reference(body, owner)", "dynamic"),
    "adopt": ("owners.set_controller_reference(body, owner)", "dynamic"),
    "scale": ('patch_scale(name, {"spec": {"replicas": n}}, type="merge")', "scale"),
    "wait": ('wait(name, for_="condition=...")', "wait"),
    "ready": ('wait(name, for_="condition=Ready")', "wait"),
    "watch": ("watch(...)", "watch"),
    "logs": ("stream_logs(name)", "log"),
    "exec": ("run(name, command)", "exec"),
    "portforward": ("port_forward(name)", "portforward"),
    "cordon": ('patch(name, {"spec": {"unschedulable": True}}, type="merge")', "patch"),
    "uncordon": ('patch(name, {"spec": {"unschedulable": False}}, type="merge")', "patch"),
    "pods": ("list(label_selector=selector), of clientset.core_v1.pods(ns)", "list"),
    "ready_pods": ("list(label_selector=selector), of clientset.core_v1.pods(ns)", "list"),
}
"""Methods of kr8s' objects: the call here, and its verb."""

KR8S_CALLS: Final[dict[str, Target]] = {
    "api": Target("Clientset()", _CONNECT),
    "Api": Target("Clientset()", _CONNECT),
    "version": Target("clientset.server_version()", _CONNECT),
    "whoami": Target("clientset.authentication_v1.self_subject_reviews().create({})", "docs/coming-from/kr8s.md"),
    "api_resources": Target("clientset.discovery.catalog()", _DYNAMIC),
    "async_api_resources": Target("clientset.discovery.catalog()", _DYNAMIC),
    "api_versions": Target("clientset.discovery.catalog()", _DYNAMIC),
    "lookup_kind": Target("clientset.discovery.find(kind)", _DYNAMIC),
    "create": Target('apply_objects(clientset, objects, field_manager="me") of kubecore.apply', PAGES["apply"]),
    "new_class": Target("clientset.dynamic.resource(kind, ns, api_version=api_version)", _DYNAMIC),
    "get_class": Target("clientset.dynamic.resource(kind, ns, api_version=api_version)", _DYNAMIC),
    "object_from_spec": Target("clientset.dynamic.resource(kind, ns, api_version=api_version)", _DYNAMIC),
    "object_from_name_type": Target("clientset.dynamic.resource(kind, ns).get(name)", _DYNAMIC),
    "objects_from_files": Target("manifests.load_manifest_files(path)", _DYNAMIC),
    "to_dict": Target("obj.to_dict()", _MODELS),
    "to_yaml": Target("obj.to_yaml()", _MODELS),
}
"""Other calls of kr8s, by the end of their dotted name."""
