"""The calls of `kubernetes` and `kubernetes_asyncio` that no rule derives, each with its replacement."""

from __future__ import annotations

from typing import Final

from kgen.migrate.table import PAGES, Target

__all__ = ["CUSTOM_OBJECTS", "MODELS", "OFFICIAL", "RENAMED_MODELS"]

_CONNECT: Final = PAGES["connect"]
_DYNAMIC: Final = PAGES["dynamic"]
_EXEC: Final = PAGES["exec"]
_MODELS: Final = PAGES["models"]
_ELECTION: Final = "docs/leader-election.md"
_INFORMERS: Final = "docs/informers.md"
_HTTP: Final = PAGES["proxy"]

_METRICS: Final = "docs/recipes/metrics.md"
_QUANTITIES: Final = "docs/recipes/requests-and-limits.md"
_NO_DURATIONS: Final = "durations of the Gateway API: no API of Kubernetes has them, keep that function"

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
    "InClusterConfigLoader().load_and_set": Target("Clientset(rest.in_cluster_config())", _CONNECT),
    "KubeConfigLoader().load_and_set": Target("Clientset(kubeconfig.load(path))", _CONNECT),
    "KubeConfigLoader().list_contexts": Target('kubeconfig.KubeConfigFiles().names("contexts")', _CONNECT),
    "KubeConfigLoader().set_active_context": Target("kubeconfig.load(context=context)", _CONNECT),
    "KubeConfigLoader": Target("kubeconfig.load(path)", _CONNECT),
    "KubeConfigMerger": Target("kubeconfig.KubeConfigFiles()", _CONNECT),
    "Configuration": Target("rest.Config(host=url, bearer_token=token)", _CONNECT),
    "Configuration.set_default": Target("Clientset(config)", _CONNECT),
    "Configuration.get_default_copy": Target("kubeconfig.load_config()", _CONNECT),
    "Configuration.get_default": Target("kubeconfig.load_config()", _CONNECT),
    "Configuration().set_default": Target("Clientset(config)", _CONNECT),
    "Configuration().get_default_copy": Target("kubeconfig.load_config()", _CONNECT),
    "Configuration().get_default": Target("kubeconfig.load_config()", _CONNECT),
    "Configuration().auth_settings": Target("not needed: the client sends the credentials", _CONNECT),
    "get_api_key_with_prefix": Target("not needed: the client sends the credentials", _CONNECT),
    "get_basic_auth_token": Target("not needed: the client sends the credentials", _CONNECT),
    "refresh_token": Target("not needed: the client renews tokens", _CONNECT),
    "ApiClient.set_default": Target("Clientset()", _CONNECT),
    "ApiClient.get_default": Target("Clientset()", _CONNECT),
    "ApiClient": Target("Clientset()", _CONNECT),
    "WsApiClient": Target("AsyncClientset()", _CONNECT),
    "ApiClient().close": Target("clientset.close()", _CONNECT),
    "ApiClient().set_default_header": Target("rest.Config(host=url, user_agent=text)", _CONNECT, "recipe"),
    # Requests without a resource
    "ApiClient().call_api": Target("clientset.raw(method, path)", _HTTP),
    "ApiClient().request": Target("clientset.raw(method, path)", _HTTP),
    "ApiClient().sanitize_for_serialization": Target("obj.to_dict()", _MODELS),
    "ApiClient().deserialize": Target("core_v1.Pod.from_dict(data)", _MODELS),
    "ApiClient().select_header_accept": Target("not needed: the client sets the header Accept", _HTTP),
    "ApiClient().select_header_content_type": Target("not needed: the client sets the header Content-Type", _HTTP),
    "ApiClient().param_serialize": Target("not needed: clientset.raw has arguments for each part of a request", _HTTP),
    "ApiClient().update_params_for_auth": Target("not needed: the client sends the credentials", _HTTP),
    "ApiClient().parameters_to_tuples": Target("not needed: clientset.raw accepts a mapping", _HTTP),
    "sanitize_for_serialization": Target("obj.to_dict()", _MODELS),
    "get_code": Target("clientset.server_version()", _CONNECT),
    "VersionInfo": Target("clientset.server_version()", _CONNECT),
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
    "SharedInformer().start": Target("with clientset.core_v1.pods(ns).informer() as cache: ...", _INFORMERS),
    "SharedInformer().stop": Target("cache.close()", _INFORMERS),
    "SharedInformer().add_event_handler": Target("for change in cache.changes(): ...", _INFORMERS, "recipe"),
    "SharedInformer().cache.list": Target("cache.list()", _INFORMERS),
    "SharedInformer().cache.get": Target("cache.get(name, namespace)", _INFORMERS),
    "SharedInformer().cache.get_by_key": Target("cache.get(name, namespace)", _INFORMERS),
    "SharedInformer().cache.list_keys": Target("cache.keys()", _INFORMERS),
    "SharedInformer().remove_event_handler": Target("the end of the loop over cache.changes()", _INFORMERS, "recipe"),
    # Sessions in pods
    "stream().is_open": Target("process.returncode is None", _EXEC),
    "stream().update": Target("not needed: process.read() waits for output", _EXEC),
    "stream().peek_stdout": Target("not needed: process.read() waits for output of either stream", _EXEC),
    "stream().peek_stderr": Target("not needed: process.read() waits for output of either stream", _EXEC),
    "stream().peek_channel": Target("process.returncode", _EXEC, "recipe"),
    "stream().readline_channel": Target("process.read()", _EXEC, "recipe"),
    "stream().close_channel": Target("process.close_stdin()", _EXEC),
    "stream().read_stdout": Target("process.read()", _EXEC, "recipe"),
    "stream().read_stderr": Target("process.read()", _EXEC, "recipe"),
    "stream().readline_stdout": Target("process.read()", _EXEC, "recipe"),
    "stream().readline_stderr": Target("process.read()", _EXEC, "recipe"),
    "stream().read_all": Target("clientset.core_v1.pods(ns).run(name, command)", _EXEC),
    "stream().read_channel": Target("process.returncode", _EXEC, "recipe"),
    "stream().write_stdin": Target("process.write(data)", _EXEC),
    "stream().write_channel": Target("process.resize(width, height)", _EXEC, "recipe"),
    "stream().run_forever": Target("process.wait()", _EXEC),
    "stream().close": Target("process.close()", _EXEC),
    "Popen().communicate": Target("clientset.core_v1.pods(ns).run(name, command)", _EXEC),
    "Popen().wait": Target("process.wait()", _EXEC),
    "Popen().poll": Target("process.returncode", _EXEC),
    "Popen().resize": Target("process.resize(width, height)", _EXEC),
    "Popen().close": Target("process.close()", _EXEC),
    "Popen().stdin.write": Target("process.write(data)", _EXEC),
    "Popen().stdin.close": Target("process.close_stdin()", _EXEC),
    "Popen().stdout.read": Target("process.read()", _EXEC, "recipe"),
    "Popen().stdout.readline": Target("process.read()", _EXEC, "recipe"),
    "Popen().stderr.read": Target("process.read()", _EXEC, "recipe"),
    "Popen().stderr.readline": Target("process.read()", _EXEC, "recipe"),
    "portforward().socket": Target("ports.connect(port)", PAGES["portforward"]),
    "portforward().error": Target("an error is raised by the connection", PAGES["portforward"], "recipe"),
    "portforward().close": Target("the end of the block", PAGES["portforward"], "recipe"),
    # Utilities
    "create_from_yaml": Target('kubecore.apply_file(clientset, path, field_manager="me")', PAGES["apply"]),
    "create_from_directory": Target('kubecore.apply_file(clientset, folder, field_manager="me")', PAGES["apply"]),
    "create_from_dict": Target('apply.apply_objects(clientset, [obj], field_manager="me")', PAGES["apply"]),
    "parse_quantity": Target("quantity.parse(text)", _MODELS),
    "format_quantity": Target("quantity.format(number)", _MODELS),
    "parse_duration": Target(_NO_DURATIONS, PAGES["other"], "open"),
    "format_duration": Target(_NO_DURATIONS, PAGES["other"], "open"),
    "compare_resource_quotas": Target("quantity.compare(a, b)", _QUANTITIES, "recipe"),
    "get_resource_list_diff": Target("quantity.compare(a, b)", _QUANTITIES, "recipe"),
    "resource_quotas_equal": Target("quantity.compare(a, b) == 0", _QUANTITIES, "recipe"),
    "top.nodes": Target('clientset.dynamic.resource("nodes.metrics.k8s.io").list(...)', _METRICS),
    "top.pods": Target('clientset.dynamic.resource("pods.metrics.k8s.io", ns).list(...)', _METRICS),
    "get_nodes_metrics": Target('clientset.dynamic.resource("nodes.metrics.k8s.io").list(...)', _METRICS),
    "get_pods_metrics": Target('clientset.dynamic.resource("pods.metrics.k8s.io", ns).list(...)', _METRICS),
    "get_pods_metrics_in_all_namespaces": Target(
        'clientset.dynamic.resource("pods.metrics.k8s.io").list(...)', _METRICS
    ),
    "retry_on_conflict": Target("clientset.core_v1.pods(ns).modify(name, change)", "docs/apply.md"),
    # The dynamic client
    "DynamicClient": Target("clientset.dynamic", _DYNAMIC),
    "DynamicClient().resources.search": Target("clientset.discovery.catalog()", _DYNAMIC),
    "DynamicClient().resources.invalidate_cache": Target("not needed: unknown kinds are looked up again", _DYNAMIC),
    "DynamicClient().resources.parse_api_groups": Target("clientset.discovery.catalog()", _DYNAMIC),
    "DynamicClient().resources.get_resources_for_api_version": Target("clientset.discovery.catalog()", _DYNAMIC),
    "DynamicClient().request": Target("clientset.raw(method, path)", _HTTP),
    "DynamicClient().version": Target("clientset.server_version()", _CONNECT),
    # Leader election
    "LeaderElection": Target("election.Elector(clientset, name)", _ELECTION),
    "LeaderElection().run": Target("with elector.lead() as term: ...", _ELECTION, "recipe"),
    "Config": Target("election.Elector(clientset, name)", _ELECTION),
    "ConfigMapLock": Target("election.Elector(clientset, name)", _ELECTION),
    "LeaseLock": Target("election.Elector(clientset, name)", _ELECTION),
    # Models and errors
    "to_dict": Target("obj.to_dict()", _MODELS),
    "to_str": Target("obj.to_yaml()", _MODELS),
    "ApiException": Target("errors.StatusError", "docs/errors.md"),
    "ApiTypeError": Target("TypeError(message)", "docs/errors.md"),
    "ApiValueError": Target("ValueError(message)", "docs/errors.md"),
    "ApiKeyError": Target("KeyError(message)", "docs/errors.md"),
    "is_conflict": Target("isinstance(error, errors.ConflictError)", "docs/errors.md"),
    "is_too_many_requests": Target("isinstance(error, errors.TooManyRequestsError)", "docs/errors.md"),
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
    "V1DeleteOptions": Target(
        "not needed: delete(name, propagation_policy=..., grace_period_seconds=...)", "docs/reading.md"
    ),
    "V1Patch": Target("patch.MergePatch(changes)", PAGES["patch"]),
}
"""Models of the official client that are not models here."""

RENAMED_MODELS: Final = {
    "APIVersion": "CustomResourceDefinitionVersion",
    "Handler": "LifecycleHandler",
    "ThirdPartyResource": "CustomResourceDefinition",
}
"""Models that Kubernetes renamed or replaced."""
