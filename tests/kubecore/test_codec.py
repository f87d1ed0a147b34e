"""Decoding: fast if the response matches the schema, as in Go if it does not, a kubecore error if it is invalid."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import textwrap
import threading
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kubeclient.models import coordination_v1, core_v1, rbac_v1
from kubecore import errors
from kubecore.calls.version import Info
from kubecore.codec import decode


def decoded(cls: Any, data: Any) -> Any:
    return decode.decode(json.dumps(data), cls)


def test_a_null_list_that_the_schema_requires_is_empty() -> None:
    pod = decoded(core_v1.Pod, {"spec": {"containers": None}})
    assert pod.spec.containers == []


def test_managed_fields_do_not_keep_the_body_in_memory() -> None:
    import sys

    entry = {"manager": "m", "fieldsV1": {"f:data": {"f:k": {}}}}
    body = json.dumps(
        {"metadata": {"managedFields": [entry]}, "data": {"k": "x" * 5000}}, separators=(",", ":")
    ).encode()
    before = sys.getrefcount(body)
    found = decode.decode(body, core_v1.ConfigMap)
    assert bytes(found.metadata.managed_fields[0].fields_v1) == b'{"f:data":{"f:k":{}}}'
    assert sys.getrefcount(body) == before
    assert found.to_dict()["metadata"]["managedFields"] == [entry]
    assert core_v1.ConfigMap.from_dict(found.to_dict()) == found
    assert json.loads(decode.encode(found))["metadata"]["managedFields"] == [entry]


def test_an_invalid_item_does_not_change_the_other_items() -> None:
    good = {"metadata": {"name": "a"}, "spec": {"containers": [{"name": "c"}]}}
    odd = {"metadata": {"name": "b"}, "spec": {"containers": None}}
    pods = decoded(
        core_v1.PodList, {"items": [good, odd, good], "metadata": {"resourceVersion": "9", "continue": None}}
    )
    assert [pod.metadata.name for pod in pods.items] == ["a", "b", "a"]
    assert pods.metadata.resource_version == "9"
    assert pods.items[0].spec.containers[0].name == "c"


def test_a_number_is_decoded_as_the_text_of_a_quantity() -> None:
    container = {"name": "c", "resources": {"limits": {"cpu": 1, "memory": 1.5}, "requests": {"cpu": 2.0}}}
    pod = decoded(core_v1.Pod, {"spec": {"containers": [container]}})
    assert pod.spec.containers[0].resources.limits == {"cpu": "1", "memory": "1.5"}
    assert pod.spec.containers[0].resources.requests == {"cpu": "2"}


def test_an_integral_float_is_an_integer() -> None:
    pod = decoded(core_v1.Pod, {"spec": {"containers": None, "priority": 3.0}})
    assert pod.spec.priority == 3


def test_an_unreadable_date_becomes_none_and_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    pod = decoded(core_v1.Pod, {"metadata": {"creationTimestamp": ""}})
    assert pod.metadata.creation_timestamp is None
    assert "$.metadata.creationTimestamp" in caplog.text


def test_a_micro_time_is_truncated_to_microseconds_and_sent_with_six_digits() -> None:
    lease = decoded(coordination_v1.Lease, {"spec": {"renewTime": "2026-11-24T10:00:00.9999999Z"}})
    assert lease.spec.renew_time is not None
    assert lease.spec.renew_time.microsecond == 999999
    assert lease.to_dict()["spec"]["renewTime"] == "2026-11-24T10:00:00.999999Z"
    whole = decoded(coordination_v1.Lease, {"spec": {"renewTime": "2026-11-24T10:00:00Z"}})
    assert whole.to_dict()["spec"]["renewTime"] == "2026-11-24T10:00:00.000000Z"


def test_an_unknown_value_of_an_enum_is_kept() -> None:
    assert (
        decoded(core_v1.Pod, {"spec": {"containers": [], "restartPolicy": "Sometimes"}}).spec.restart_policy
        == "Sometimes"
    )


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"kind": "Service"}, r"kind"),
        ({"apiVersion": "v2"}, r"apiVersion"),
        ({"spec": {"containers": 5}}, r"\$\.spec\.containers"),
        ({"spec": {"containers": [{"name": ["x"]}]}}, r"\$\.spec\.containers\[0\]\.name"),
        ([], "expected"),
        (None, "expected"),
    ],
)
def test_a_value_of_another_type_is_a_decode_error_with_its_path(data: Any, words: str) -> None:
    with pytest.raises(errors.DecodeError, match=words):
        decoded(core_v1.Pod, data)


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"<html>", b'{"spec":' * 100_000, b"\xff", b'{"kind":"\xff"}', b'{"kind":"\\ud800"}', b"[" * 5000],
)
def test_invalid_json_is_a_decode_error(body: bytes) -> None:
    with pytest.raises(errors.DecodeError):
        decode.decode(body, core_v1.Pod)


def test_a_body_beyond_the_limit_is_refused() -> None:
    with pytest.raises(errors.DecodeError, match="limit of 3"):
        decode.decode(b'{"a":1}', Info, max_bytes=3)


@settings(max_examples=200)
@given(st.binary(max_size=200))
def test_any_bytes_are_decoded_or_raise_decode_error(body: bytes) -> None:
    try:
        decode.decode(body, rbac_v1.Role)
    except errors.DecodeError:
        pass


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["metadata", "rules", "verbs", "name", "items"]), inner)
    ),
    max_leaves=10,
)


@settings(max_examples=200)
@given(JSON)
def test_any_json_is_decoded_or_raises_a_kubecore_error(data: Any) -> None:
    for cls in (rbac_v1.Role, rbac_v1.RoleList):
        try:
            decode.decode(decode.encode(data), cls)
        except errors.KubeError:
            pass


@pytest.mark.slow
def test_the_collector_is_on_again_after_many_threads() -> None:
    assert gc.isenabled()
    body = json.dumps({"items": [{"metadata": {"name": "x" * 100}}] * 1000}).encode()
    assert len(body) > 64 * 1024
    threads = [threading.Thread(target=lambda: decode.decode(body, core_v1.PodList)) for _ in range(64)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert gc.isenabled()


def test_decoded_objects_do_not_stay_in_the_young_generations_of_the_collector() -> None:
    body = json.dumps({"items": [{"metadata": {"name": "x", "labels": {"a": "b"}}}] * 5000}).encode()
    gc.collect()
    kept = decode.decode(body, core_v1.PodList)
    young = sum(len(gc.get_objects(generation=generation)) for generation in (0, 1))
    assert len(kept.items) == 5000
    assert young < 5000


def test_only_the_invalid_item_is_decoded_leniently(monkeypatch: pytest.MonkeyPatch) -> None:
    from kubecore.codec import lenient_readers

    read: list[str] = []
    slow = lenient_readers._struct

    def struct(hint: Any, exact: bool, value: Any, path: str) -> Any:
        read.append(path)
        return slow(hint, exact, value, path)

    monkeypatch.setattr(lenient_readers, "_struct", struct)
    lenient_readers.reader.cache_clear()
    good = {"metadata": {"name": "a"}, "spec": {"containers": []}}
    decoded(core_v1.PodList, {"items": [good, {"spec": {"containers": None}}, good]})
    lenient_readers.reader.cache_clear()
    assert "$.items[1]" in read
    assert "$.items[0]" not in read


@pytest.mark.slow
def test_many_threads_may_look_at_a_model_for_the_first_time_at_once() -> None:
    code = textwrap.dedent("""
        import threading
        from concurrent.futures import ThreadPoolExecutor
        from kubecore.codec import decode
        from kubeclient.models import apps_v1, core_v1

        start = threading.Barrier(32)
        pod = {"spec": {"containers": [{"name": "c", "env": [{"name": "a"}]}]}, "metadata": {"name": "p"}}

        def first(number):
            start.wait()
            kinds = (core_v1.Pod, core_v1.PodList, apps_v1.Deployment)
            cls = kinds[number % 3]
            decode.decode(b'{"metadata": {"annotations": {"a": "b"}}}', cls)
            return decode.convert(pod, core_v1.Pod).metadata.name

        with ThreadPoolExecutor(32) as threads:
            assert list(threads.map(first, range(32))) == ["p"] * 32
    """)
    for _ in range(4):
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")


def test_an_item_that_does_not_fit_is_named() -> None:
    items = [
        {"metadata": {"name": name, "namespace": "d"}, "data": data} for name, data in (("a", {}), ("b", {"x": 1}))
    ]
    body = json.dumps({"items": items, "metadata": {"resourceVersion": "1"}})
    with pytest.raises(errors.DecodeError, match=r"d/b: .* at \$\.items\[1\]\.data\.x"):
        decode.decode(body, core_v1.ConfigMapList)
    body = json.dumps({"items": [{"metadata": {"name": "\x1b[1m"}, "data": 1}]})
    with pytest.raises(errors.DecodeError) as caught:
        decode.decode(body, core_v1.ConfigMapList)
    assert "\\x1b[1m: " in str(caught.value)


def test_the_index_of_an_item_counts_from_the_first_page() -> None:
    from kubecore.calls.resource import Resource
    from kubecore.rest.pager import Pager

    maps: Resource[Any, Any] = Resource(
        group="", version="v1", plural="configmaps", namespaced=True,
        kind=core_v1.ConfigMap, list_kind=core_v1.ConfigMapList,
    )  # fmt: skip
    pager: Pager[Any] = Pager(maps.list("d", ()))
    good = {"metadata": {"name": "a", "uid": "a"}}
    odd = {"metadata": {"name": "odd"}, "data": 1}
    head = {"content-type": "application/json"}
    call = pager.call
    assert call is not None
    first = json.dumps({"items": [good, good], "metadata": {"continue": "t"}}).encode()
    pager.took(call.parse(200, head, first))
    assert pager.call is not None
    with pytest.raises(errors.DecodeError, match=r"odd: .* at \$\.items\[3\]\.data"):
        pager.call.parse(200, head, json.dumps({"items": [good, odd]}).encode())


def test_the_object_of_an_event_that_does_not_fit_is_named() -> None:
    from kubecore.watch.decoder import Decoder

    line = {"type": "ADDED", "object": {"metadata": {"name": "b", "namespace": "d"}, "data": 1}}
    with pytest.raises(errors.DecodeError, match=r"d/b: .* at \$\.data"):
        list(Decoder(core_v1.ConfigMap).feed(json.dumps(line).encode() + b"\n"))


@pytest.mark.parametrize(
    "body", [b'{"data":{"k":"\xff"}}', rb'{"data":{"k":"\ud800"}}', b'{"kind":"ConfigMapList","items":[null]}']
)
def test_text_that_is_not_unicode_and_null_objects_are_refused(body: bytes) -> None:
    with pytest.raises(errors.DecodeError):
        decode.decode(body, core_v1.ConfigMapList if b"List" in body else core_v1.ConfigMap)
