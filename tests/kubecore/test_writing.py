"""Patches, intents and races, without a real API server."""

from __future__ import annotations

import json
from typing import Any

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubeclient import AsyncClientset, Clientset
from kubeclient.models import apps_v1, core_v1, meta_v1
from kubeclient.typed.apps.v1.deployment import DEPLOYMENTS
from kubeclient.typed.core.v1.configmap import AsyncConfigMaps, ConfigMaps
from kubeclient.typed.core.v1.replicationcontroller import AsyncReplicationControllers, ReplicationControllers
from kubecore import errors, patch, rest
from kubecore.calls import apply_check, body
from kubecore.model.meta import Status, StatusCause, StatusDetails
from kubecore.model.model import Model
from tests.kubecore.loopback import loopback, response_bytes
from tests.models import ALL, document

# Patches.


@given(st.lists(st.text()))
def test_a_json_pointer_is_parsed_to_its_segments(segments: list[str]) -> None:
    written = patch.pointer(*segments)
    read = [part.replace("~1", "/").replace("~0", "~") for part in written.split("/")[1:]]
    assert read == segments
    assert patch.Remove(segments) == patch.Remove(written)


def test_json_patch_operations_have_the_form_of_the_rfc() -> None:
    made = patch.JsonPatch(
        [
            patch.Add("/a", None),
            patch.Remove(["spec", 0, "x/y"]),
            patch.Replace("", {"b": 1}),
            patch.Move("/a", from_="/b"),
            patch.Copy("/a/-", from_=["b", "~"]),
            patch.Test("/a", [1]),
            {"op": "remove", "path": "/z"},
        ]
    )
    assert made.document() == [
        {"op": "add", "path": "/a", "value": None},
        {"op": "remove", "path": "/spec/0/x~1y"},
        {"op": "replace", "path": "", "value": {"b": 1}},
        {"op": "move", "from": "/b", "path": "/a"},
        {"op": "copy", "from": "/b/~0", "path": "/a/-"},
        {"op": "test", "path": "/a", "value": [1]},
        {"op": "remove", "path": "/z"},
    ]


@pytest.mark.parametrize("path", ["a", "spec/x", "/a~", "/a~2b"])
def test_an_invalid_json_pointer_is_refused(path: str) -> None:
    with pytest.raises(errors.InvalidRequestError, match="is not a JSON pointer"):
        patch.Remove(path)
    with pytest.raises(errors.InvalidRequestError, match="is not a JSON pointer"):
        patch.Move("/a", from_=path)


def test_the_repr_of_a_patch_contains_no_values() -> None:
    secret = {"data": {"password": "c2VjcmV0"}}
    operations = [patch.Add("/data/password", "c2VjcmV0"), patch.Test("/x", "c2VjcmV0")]
    for shown in (patch.JsonPatch(operations), *operations, patch.MergePatch(secret), patch.ApplyPatch(secret)):
        rich: Any = shown.__rich_repr__
        assert "c2VjcmV0" not in f"{shown!r} {shown} {list(rich())}"


def test_nulls_are_sent_at_every_depth() -> None:
    body = {"metadata": {"labels": None}, "spec": {"template": {"spec": {"nodeSelector": {"a": None}}}}}
    for typed in (patch.MergePatch(body), patch.StrategicMergePatch(body)):
        call = DEPLOYMENTS.patch("d", "n", typed, ())
        assert json.loads(call.body or b"") == body
        assert call.content_type in ("application/merge-patch+json", "application/strategic-merge-patch+json")


# Apply.

INTENT = {"metadata": {"name": "n"}, "spec": {"replicas": 1}}
STORED = response_bytes(b'{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"n"}}')


@pytest.mark.parametrize("force", [None, False, True])
@pytest.mark.parametrize("status", [False, True])
def test_apply_sends_force_and_an_apply_patch_as_json(force: bool | None, status: bool) -> None:
    def config(port: int) -> rest.Config:
        return rest.Config(host=f"http://127.0.0.1:{port}", max_retries=0)

    async def asynchronous(port: int) -> None:
        async with AsyncClientset(config(port)) as clientset:
            client = clientset.apps_v1.deployments("d")
            await (client.apply_status if status else client.apply)(INTENT, field_manager="m", force=force)

    with loopback(STORED, STORED) as server:
        with Clientset(config(server.port)) as clientset:
            client = clientset.apps_v1.deployments("d")
            (client.apply_status if status else client.apply)(INTENT, field_manager="m", force=force)
        anyio.run(asynchronous, server.port)
    path = f"/apis/apps/v1/namespaces/d/deployments/n{'/status' if status else ''}"
    for head in server.requests:
        assert head.startswith(f"PATCH {path}?fieldManager=m&force={str(bool(force)).lower()} ".encode())
        assert b"application/apply-patch+yaml" in head


@given(
    st.text(st.sampled_from('a\\"\x00\x1f \x7f\x80\x85\x9f\xa0\u07ff\u2027\u2028\u2029\ufffd\ufffe\uffff\U0001f600'))
)
def test_apply_escapes_characters_that_yaml_would_change(text: str) -> None:
    apply_check = {**INTENT, "metadata": {"name": "n", "annotations": {"a": text}}}
    sent = DEPLOYMENTS.apply("d", apply_check, ()).body or b""
    assert json.loads(sent)["metadata"]["annotations"] == {"a": text}
    assert set(sent.decode()).isdisjoint("\x7f\x80\x85\x9f\u2028\u2029\ufffe\uffff")


def test_an_intent_is_completed() -> None:
    call = DEPLOYMENTS.apply("d", INTENT, ())
    assert json.loads(call.body or b"") == {"apiVersion": "apps/v1", "kind": "Deployment", **INTENT}
    typed = apps_v1.Deployment.from_dict(INTENT)
    assert json.loads(DEPLOYMENTS.apply("d", typed, ()).body or b"")["metadata"] == {"name": "n"}


@pytest.mark.parametrize("cls", [cls for cls in ALL if "kind" in cls.__struct_fields__], ids=lambda cls: cls.__name__)
def test_every_field_of_every_kind_is_known(cls: type[Model]) -> None:
    apply_check.check_fields(document(cls), cls)


def test_free_keys_and_open_objects_are_not_checked() -> None:
    apply_check.check_fields(
        {"metadata": {"labels": {"anything": "x"}, "annotations": None}, "data": {"any.thing": "x"}}, core_v1.ConfigMap
    )
    apply_check.check_fields({"data": {"whatever": {"deep": 1}}}, apps_v1.ControllerRevision)
    apply_check.check_fields({"spec": {"template": core_v1.PodTemplateSpec(), "selector": [1]}}, apps_v1.Deployment)


def test_every_typo_is_named_with_the_nearest_field() -> None:
    body = {"spec": {"replica": 1, "template": {"metadata": {"label": {}}, "spec": {"containers": [{}, {"x y": 1}]}}}}
    with pytest.raises(errors.InvalidRequestError) as caught:
        apply_check.check_fields(body, apps_v1.Deployment)
    said = str(caught.value)
    assert "spec.replica is not a field of DeploymentSpec; did you mean replicas?" in said
    assert "spec.template.metadata.label is not a field of ObjectMeta; did you mean labels?" in said
    assert "spec.template.spec.containers[1]['x y'] is not a field of Container" in said
    with pytest.raises(errors.InvalidRequestError, match="did you mean podCIDR"):
        apply_check.check_fields({"spec": {"pod_cidr": ""}}, core_v1.Node)
    many = {"spec": {f"field{number}": 1 for number in range(20)}}
    with pytest.raises(errors.InvalidRequestError, match="and 15 more"):
        apply_check.check_fields(many, apps_v1.Deployment)


def conflict(*causes: tuple[str, str]) -> errors.StatusError:
    made = [StatusCause(reason="FieldManagerConflict", field=field, message=message) for field, message in causes]
    details = StatusDetails(causes=made)
    return errors.status_error(Status(status="Failure", code=409, reason="Conflict", message="m", details=details))


def test_the_managers_of_a_conflict_are_parsed_from_the_message() -> None:
    error = conflict(
        (".a", 'conflict with "plain"'),
        (".b", r'conflict with "with \"quotes\"" with subresource "status" using v1 at 2026-11-24T10:00:00Z'),
        (".c", "something else"),
        (".d", r'conflict with "\x01"'),
    )
    assert isinstance(error, errors.ApplyConflictError)
    found = [(one.field, one.manager) for one in error.conflicts]
    assert found == [(".a", "plain"), (".b", 'with "quotes"'), (".c", ""), (".d", r"\x01")]
    assert str(error).startswith("4 fields belong to other managers: .a (conflict with")
    assert "and 15 more" in str(conflict(*[(f".f{number}", "") for number in range(25)]))
    assert errors.is_conflict(error)


# The requests of create_or_update if other clients write first.


class Scripted:
    """Return the scripted responses in order; raise those that are exceptions."""

    def __init__(self, *answers: Any) -> None:
        self._answers = iter(answers)
        self.calls: list[tuple[str, str]] = []

    def send(self, call: Any, **limits: Any) -> Any:
        version = json.loads(call.body)["metadata"].get("resourceVersion", "") if call.body else ""
        self.calls.append((call.verb, version))
        answer = next(self._answers)
        if isinstance(answer, Exception):
            raise answer
        return answer


class AsyncScripted(Scripted):
    async def send(self, call: Any, **limits: Any) -> Any:
        return super().send(call)


@pytest.mark.parametrize("is_async", [False, True])
def test_create_or_update_sends_the_read_version_and_restarts_after_a_race(is_async: bool) -> None:
    def failed(reason: str, code: int) -> errors.StatusError:
        details = StatusDetails(name="n")
        return errors.status_error(Status(status="Failure", code=code, reason=reason, details=details))

    exists, conflict, gone = failed("AlreadyExists", 409), failed("Conflict", 409), failed("NotFound", 404)
    done = config_map("1")
    answers = [exists, config_map("1"), conflict, exists, gone, exists, config_map("1"), gone, done]
    body = {"metadata": {"name": "n"}}
    client: Any = (AsyncScripted if is_async else Scripted)(*answers)
    if is_async:
        found = anyio.run(AsyncConfigMaps(client, "d").create_or_update, body)
    else:
        found = ConfigMaps(client, "d").create_or_update(body)
    assert found is done
    round_ = [("create", ""), ("get", ""), ("update", "7")]
    assert client.calls == [*round_, *round_[:2], *round_, ("create", "")]


# The identity of the deleted object.


def config_map(uid: str) -> core_v1.ConfigMap:
    return core_v1.ConfigMap(metadata=meta_v1.ObjectMeta(name="n", uid=uid, resource_version="7"))


def test_the_response_to_a_deletion_identifies_the_object() -> None:
    assert body.uid_of(Status(details=StatusDetails(uid="1"))) == "1"
    assert body.uid_of(Status()) == ""
    assert body.uid_of(config_map("2")) == "2"
    assert body.uid_of({"metadata": {"uid": "3"}}) == "3"


@pytest.mark.parametrize("timeout", [-1, "soon"])
def test_an_invalid_timeout_is_refused_before_the_deletion(timeout: Any) -> None:
    client: Any = Scripted()
    with pytest.raises(errors.InvalidRequestError, match="timeout takes seconds"):
        ConfigMaps(client, "d").delete_and_wait("n", timeout=timeout)
    assert client.calls == []


def test_every_resource_whose_scale_can_be_patched_has_apply_scale() -> None:
    for kind in (ReplicationControllers, AsyncReplicationControllers):
        assert callable(kind.apply_scale)
