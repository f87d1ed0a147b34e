"""Nothing that the documents declare is dropped silently."""

from __future__ import annotations

import importlib
import inspect
import json
import pkgutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import kubeclient.typed
from kgen.errors import Problems
from kgen.fields import FieldWriter
from kgen.ir import Api
from kgen.load import load
from kgen.names import Identifier
from kgen.resolve import resolve
from kubecore import options, sync_verbs
from kubecore.model import meta
from tests.kgen import documents

pytestmark = pytest.mark.thorough  # Depends only on the documents and the generated code.

ROOT = Path(__file__).parents[2]
SPECS = ROOT / "specs" / "1.37"

PLAIN_STRINGS = {"generateName", "name", "namespace", "resourceVersion", "uid"}
VERBS = {
    "get": ("get", "{name}"),
    "list": ("get", ""),
    "create": ("post", ""),
    "update": ("put", "{name}"),
    "patch": ("patch", "{name}"),
    "delete": ("delete", "{name}"),
    "delete_collection": ("delete", ""),
}

# The operations of each streaming client: the end of the path, and the method.
STREAMS: dict[str, list[tuple[str, str]]] = {
    "log": [("", "get")],
    "exec": [("", "get"), ("", "post")],  # `post` is the same over SPDY.
    "attach": [("", "get"), ("", "post")],
    "portforward": [("", "get"), ("", "post")],
    "proxy": [
        (tail, method)
        for tail in ("", "/{path}")
        for method in ("delete", "get", "head", "options", "patch", "post", "put")
    ],
}


@pytest.fixture(scope="module")
def api() -> Api:
    problems = Problems(strict=True)
    found = resolve(load(SPECS, "specs/1.37"), {}, problems)
    problems.raise_errors()
    return found


def declared() -> set[tuple[str, str]]:
    """Return every operation of the documents, read without kgen's code."""
    found: set[tuple[str, str]] = set()
    for file in SPECS.glob("*__*.json"):
        for path, item in json.loads(file.read_bytes()).get("paths", {}).items():
            found |= {(path.rstrip("/"), method) for method in item if method not in ("parameters", "description")}
    return found


def emitted(api: Api) -> set[tuple[str, str]]:
    found: set[tuple[str, str]] = set()
    for group in api.groups:
        for resource in group.resources:
            for verb in resource.verbs - {"watch"}:
                method, tail = VERBS[verb]
                found.add((f"{resource.path}/{tail}".rstrip("/"), method))
            for verb in resource.status_verbs:
                found.add((f"{resource.path}/{{name}}/status", VERBS[verb][0]))
            for sub in resource.methods:
                found.add((sub.path, {"apply": "patch", "create": "post", "update": "put"}.get(sub.verb, sub.verb)))
            for stream in resource.streams:
                found |= {(f"{resource.path}/{{name}}/{stream}{tail}", method) for tail, method in STREAMS[stream]}
            if resource.namespaced and "list" in resource.verbs:
                found.add((resource.path.replace("/namespaces/{namespace}", ""), "get"))  # namespace ""
    return found


def test_every_operation_is_a_method_or_left_out_with_its_reason(api: Api) -> None:
    skipped = {(item.path.rstrip("/"), item.method) for item in api.left_out}
    assert not emitted(api) & skipped
    assert declared() == (emitted(api) | skipped) & declared()
    assert not declared() - emitted(api) - skipped
    assert not emitted(api) - declared()


def test_paths_are_left_out_for_only_two_reasons(api: Api) -> None:
    reasons = Counter(item.reason.partition(" ")[0] for item in api.left_out)
    assert set(reasons) == {"deprecated", "not"}
    assert all("/watch/" in item.path for item in api.left_out if item.reason.startswith("deprecated"))


def test_a_resource_has_watch_only_if_the_documents_have_its_watch_path(api: Api) -> None:
    paths = {path for path, _ in declared()}
    for group in api.groups:
        prefix = f"/apis/{group.api_version}" if group.group else f"/api/{group.version}"
        for resource in group.resources:
            watched = f"{prefix}/watch/{resource.plural}" in paths
            assert ("watch" in resource.verbs) == watched, resource.plural


def test_componentstatuses_can_only_be_read(api: Api) -> None:
    core = next(group for group in api.groups if group.accessor == "core_v1")
    component = next(resource for resource in core.resources if resource.plural == "componentstatuses")
    assert component.verbs == {"get", "list"}


# Methods never offer `pretty` and `watch`; only `watch()` offers the other two.
_NOT_OFFERED = {"pretty", "watch", "allowWatchBookmarks", "sendInitialEvents"}
_WIRE: dict[str, str] = {
    "grace_period_seconds": "gracePeriodSeconds",
    "propagation_policy": "propagationPolicy",
    "orphan_dependents": "orphanDependents",
    "ignore_store_read_error": "ignoreStoreReadErrorWithClusterBreakingPotential",
    **options._NAMES,
}
_ACTIONS = {
    "get": sync_verbs.Get.get,
    "list": sync_verbs.List.list,
    "post": sync_verbs.Create.create,
    "put": sync_verbs.Update.update,
    "patch": sync_verbs.Patch.patch,
    "delete": sync_verbs.Delete.delete,
    "deletecollection": sync_verbs.DeleteCollection.delete_collection,
}


def test_every_query_parameter_is_a_typed_keyword() -> None:
    seen = set()
    for document in load(SPECS, "specs/1.37").documents:
        for operation in document.operations:
            if operation.action not in _ACTIONS or "/watch/" in operation.path or operation.path.endswith("/log"):
                continue
            wanted = {p.name for p in operation.parameters if p.location == "query"} - _NOT_OFFERED
            offered = {_WIRE.get(name, name) for name in keywords(_ACTIONS[operation.action])}
            assert wanted <= offered, operation.path
            seen |= wanted
    assert len(seen) > 10


def test_every_parameter_of_a_log_is_a_typed_keyword() -> None:
    log = next(
        operation
        for document in load(SPECS, "specs/1.37").documents
        for operation in document.operations
        if operation.path.endswith("/log")
    )
    # The server accepts sinceTime, which the documents do not list.
    wanted = {p.name for p in log.parameters if p.location == "query"} - {"pretty"} | {"sinceTime"}
    offered = {_WIRE.get(name, name) for name in keywords(sync_verbs.Logs.stream_logs)}
    own = {"encoding", "errors", "longest_line", "timeout"}
    assert wanted == offered - own
    assert {_WIRE.get(name, name) for name in keywords(sync_verbs.Logs.get_logs)} - own == wanted - {"follow"}


def test_the_parameters_of_list_that_belong_to_watch_are_keywords_there() -> None:
    assert {"allow_watch_bookmarks", "send_initial_events"} <= keywords(sync_verbs.Watch.watch)


def keywords(function: Any) -> set[str]:
    parameters = inspect.signature(function).parameters.values()
    assert not any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters)
    return {parameter.name for parameter in parameters if parameter.kind is parameter.KEYWORD_ONLY}


def test_the_name_of_a_model_adds_nothing_to_the_name_of_its_schema(api: Api) -> None:
    for module in api.modules:
        for model in module.models:
            last = model.schema.rpartition(".")[2]
            assert model.name.rstrip("_").lower() == last.replace("-", "").replace("_", "").lower(), model.schema


def test_every_schema_is_a_model_a_scalar_or_shared(api: Api) -> None:
    from kgen.resolve.types import SCALARS

    schemas: set[str] = set()
    for file in SPECS.glob("*.json"):
        schemas |= json.loads(file.read_bytes()).get("components", {}).get("schemas", {}).keys()
    made = {model.schema for module in api.modules for model in module.models}
    shared = {name.rpartition(".")[2] for module in api.modules for name in module.shared}
    rest = {name for name in schemas - made - set(SCALARS) if name.rpartition(".")[2] not in shared}
    assert rest <= {"io.k8s.apimachinery.pkg.version.Info", "io.k8s.apimachinery.pkg.apis.meta.v1.ShardInfo"}


def test_only_workloads_and_jobs_have_a_rollout_or_completion(api: Api) -> None:
    ends = {
        (group.api_version, resource.kind_name): resource.ends
        for group in api.groups
        for resource in group.resources
        if resource.ends
    }
    assert ends == {
        ("apps/v1", "DaemonSet"): "rollout",
        ("apps/v1", "Deployment"): "rollout",
        ("apps/v1", "StatefulSet"): "rollout",
        ("batch/v1", "Job"): "completion",
    }


def test_a_resource_without_watch_has_no_wait() -> None:
    (group,) = documents.resolved(
        documents.document("apps", kind="Deployment", plural="deployments"), names=("apis/apps/v1",)
    ).groups
    assert [(resource.kind_name, resource.ends) for resource in group.resources] == [("Deployment", "")]


def test_clients_have_wait_only_if_they_have_list_and_watch() -> None:
    for module in pkgutil.walk_packages(kubeclient.typed.__path__, "kubeclient.typed."):
        if not module.ispkg and not module.name.endswith("._group"):
            for name, cls in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
                if issubclass(cls, sync_verbs.ResourceClient):
                    follows = issubclass(cls, sync_verbs.List) and issubclass(cls, sync_verbs.Watch)
                    assert issubclass(cls, sync_verbs.Wait) is follows, name


@pytest.mark.parametrize("specs", sorted((ROOT / "specs").iterdir()), ids=lambda folder: folder.name)
def test_the_models_of_kubecore_match_the_documents(specs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from kgen.resolve import catalog
    from kgen.resolve.types import SHARED

    monkeypatch.setattr(catalog, "SHARED", frozenset())
    found = resolve(load(specs / "api__v1.json", "api__v1.json"), {}, Problems(strict=True))
    made = {model.schema: model for module in found.modules for model in module.models}
    for schema in SHARED:
        cls = getattr(meta, schema.rpartition(".")[2])
        ours = {field.wire_name: (field.name, field.required) for field in cls.model_fields()}
        theirs = {field.wire_name: (str(field.name), field.required) for field in made[schema].fields}
        assert {name: ours[name] for name in theirs} == theirs
        # The field is newer than the documents or belongs to an alpha feature.
        assert ours.keys() - theirs.keys() <= {"shardInfo"}
        hints = {
            name: hint for one in reversed(cls.__mro__) for name, hint in getattr(one, "__annotations__", {}).items()
        }
        writer = FieldWriter(made[schema], Identifier("meta_v1"))
        for field in made[schema].fields:
            said = writer.annotation(field).replace('"', "'")
            # In Go these are plain strings: always present, and not sent if empty.
            plain = schema.endswith(".ObjectMeta") and field.wire_name in PLAIN_STRINGS
            assert hints[field.name] == (said.removesuffix(" | None") if plain else said), (schema, field.name)
