"""The calls of `lightkube`, each with its replacement."""

from __future__ import annotations

from typing import Final

from kgen.migrate.table import PAGES, Target

__all__ = ["LIGHTKUBE_CALLS", "LIGHTKUBE_METHODS"]

_CONNECT: Final = PAGES["connect"]
_DYNAMIC: Final = PAGES["dynamic"]
_EXEC: Final = PAGES["exec"]
_MODELS: Final = PAGES["models"]

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
