"""A call can get another reader. The request stays the same, and readers can be nested."""

from __future__ import annotations

from kubeclient.models import core_v1
from kubeclient.typed.core.v1.configmap import CONFIG_MAPS
from kubecore.calls.call import Call

BODY = b'{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"a"}}'
JSON = {"content-type": "application/json"}


def test_a_reader_changes_how_the_response_is_read_and_nothing_else() -> None:
    call = CONFIG_MAPS.get("d", "a", ())
    other: Call[int] = call.with_reader(lambda _, status, headers, body: status + len(headers) + len(body))
    assert other.parse(200, JSON, BODY) == 201 + len(BODY)
    assert (other.method, other.target, other.verb, other.name) == (call.method, call.target, call.verb, "a")
    assert call.parse(200, JSON, BODY).metadata.name == "a", "the first call is as it was"


def test_a_reader_can_use_the_type_of_the_call() -> None:
    call: Call[list[core_v1.ConfigMap]] = CONFIG_MAPS.get("d", "a", ()).with_reader(
        lambda call, status, headers, body: [call.decode(status, headers, body)]
    )
    assert [found.metadata.name for found in call.parse(200, JSON, BODY)] == ["a"]


def test_readers_can_be_nested() -> None:
    inner = CONFIG_MAPS.get("d", "a", ()).with_reader(
        lambda call, status, headers, body: call.decode(status, headers, body).metadata.name
    )
    outer = inner.with_reader(lambda _, status, headers, body: (status, inner.parse(status, headers, body)))
    assert outer.parse(201, JSON, BODY) == (201, "a")
