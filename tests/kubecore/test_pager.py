"""All pages of a collection: which pages are requested, and how an expired one is replaced. The server is a script."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubeclient.typed.core.v1.configmap import CONFIG_MAPS, AsyncConfigMaps, ConfigMaps
from kubecore import errors
from kubecore.projection import Projection
from kubecore.rest.page_iterator import PageIterator
from kubecore.rest.pager import Pager

EXPIRED = 410, {"kind": "Status", "status": "Failure", "reason": "Expired", "code": 410, "message": "too old"}


def items(*numbers: int) -> list[dict[str, Any]]:
    return [{"metadata": {"name": f"n{number}", "uid": f"u{number}"}} for number in numbers]


def page(*numbers: int, token: str = "", **more: Any) -> tuple[int, Any]:
    kind = {"kind": "ConfigMapList", "apiVersion": "v1"}
    return 200, kind | {"metadata": {"continue": token, "resourceVersion": "7"}, "items": items(*numbers)} | more


class Script:
    """Responds to calls in order, and records the requests."""

    def __init__(self, *answers: tuple[int, Any] | Exception) -> None:
        self.answers = list(answers)
        self.asked: list[dict[str, str]] = []

    def send(self, call: Any, *, timeout: object = None) -> Any:
        self.asked.append(dict(call.query))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        code, body = answer
        return call.parse(code, {"content-type": "application/json"}, json.dumps(body).encode())


class AsyncScript:
    def __init__(self, script: Script) -> None:
        self.script = script

    async def send(self, call: Any, *, timeout: object = None) -> Any:
        return self.script.send(call)


class Meta(Projection):
    name: str


class MetaWithUid(Meta):
    uid: str


class Row(Projection):
    metadata: Meta


class RowWithUid(Projection):
    metadata: MetaWithUid


@pytest.fixture(params=["sync", "async", "row", "row with uid", "metadata"])
def told(request: pytest.FixtureRequest) -> Callable[..., list[str]]:
    """Read the whole collection with one of the public APIs; return the names."""

    def read(script: Script, **options: Any) -> list[str]:
        client: Any = script
        name = request.param
        if name == "async":

            async def main() -> list[str]:
                maps = AsyncConfigMaps(client_of(AsyncScript(script)), "x")
                return [item.metadata.name async for item in maps.iter(**options)]

            return anyio.run(main)
        if name == "metadata":
            for answer in script.answers:
                if not isinstance(answer, Exception) and answer[0] == 200:
                    answer[1].update(kind="PartialObjectMetadataList", apiVersion="meta.k8s.io/v1")
            return [item.metadata.name for item in ConfigMaps(client, "x").iter_metadata(**options)]
        into = {"row": Row, "row with uid": RowWithUid}.get(name)
        found: Any = ConfigMaps(client, "x").iter(**options, into=into)
        return [item.metadata.name for item in found]

    return read


def client_of(fake: Any) -> Any:
    return fake


def names(*numbers: int) -> list[str]:
    return [f"n{number}" for number in numbers]


Told = Callable[..., list[str]]


@pytest.mark.parametrize(("count", "requests"), [(0, 1), (9, 1), (10, 1), (11, 2), (21, 3)])
def test_pages_of_ten(count: int, requests: int, told: Told) -> None:
    starts = range(0, max(count, 1), 10)
    answers = [page(*range(at, min(at + 10, count)), token="" if at + 10 >= count else f"t{at}") for at in starts]
    script = Script(*answers)
    asked = {"limit": 10, "resource_version": "7", "resource_version_match": "Exact", "label_selector": {"a": "b"}}
    assert told(script, **asked) == names(*range(count))
    assert len(script.asked) == requests
    assert script.asked[0] == {
        "limit": "10",
        "labelSelector": "a=b",
        "resourceVersion": "7",
        "resourceVersionMatch": "Exact",
    }
    for number, query in enumerate(script.asked[1:]):
        assert query == {"limit": "10", "labelSelector": "a=b", "continue": f"t{number * 10}"}


def test_an_expired_second_page_is_replaced_by_one_list_of_the_rest(told: Told) -> None:
    script = Script(page(1, 2, token="t1"), page(3, 4, token="t2"), EXPIRED, page(0, 1, 3, 5, 2, 6))
    assert told(script, limit=2, resource_version="5", field_selector="a=b") == names(1, 2, 3, 4, 0, 5, 6)
    assert script.asked[2] == {"limit": "2", "fieldSelector": "a=b", "continue": "t2"}
    assert script.asked[3] == {"fieldSelector": "a=b", "resourceVersion": "5"}


def test_the_list_after_an_expired_page_may_have_several_pages(told: Told) -> None:
    script = Script(page(1, 2, token="t1"), EXPIRED, page(1, 3, token="t2"), page(2, 4))
    assert told(script, limit=2) == names(1, 2, 3, 4)


@pytest.mark.parametrize(
    ("answers", "requests"),
    [
        ([EXPIRED], 1),
        ([page(1, token="t"), EXPIRED, EXPIRED], 3),
        ([page(1, token="t"), (410, EXPIRED[1] | {"reason": "Gone"})], 2),
        ([page(1, token="t"), (403, EXPIRED[1] | {"reason": "Forbidden", "code": 403})], 2),
    ],
    ids=["on the first page", "also the rest", "gone is not expired", "forbidden"],
)
def test_any_other_error_is_raised(answers: list[Any], requests: int, told: Told) -> None:
    script = Script(*answers)
    with pytest.raises(errors.StatusError):
        told(script)
    assert len(script.asked) == requests


def test_pages_without_objects_have_an_end(told: Told) -> None:
    script = Script(*(page(token=f"t{number}") for number in range(2000)))
    with pytest.raises(errors.DecodeError, match="pages contained no object"):
        told(script)
    assert 900 < len(script.asked) < 1100


@pytest.mark.parametrize("tokens", [["a", "a"], ["a", "b", "a"]])
def test_a_repeated_continue_token_is_refused(tokens: list[str], told: Told) -> None:
    script = Script(*(page(number, token=token) for number, token in enumerate(tokens)))
    with pytest.raises(errors.DecodeError, match="continue token of an earlier page after"):
        told(script)


def test_the_default_page_has_500_objects_and_zero_is_all_of_them() -> None:
    script = Script(page(1))
    client: Any = script
    assert len(list(ConfigMaps(client, "x").iter())) == 1
    assert script.asked == [{"limit": "500"}]
    script.answers = [page(1)]
    assert len(list(ConfigMaps(client, "x").iter(limit=0))) == 1
    assert script.asked[1] == {"limit": "0"}


def test_a_page_is_requested_when_it_is_needed() -> None:
    script = Script(page(1, 2, token="t1"), page(3))
    client: Any = script
    found = ConfigMaps(client, "x").iter()
    assert script.asked == []
    assert [next(found).metadata.name, next(found).metadata.name] == names(1, 2)
    assert len(script.asked) == 1
    assert next(found).metadata.name == "n3"
    for _ in range(2):
        with pytest.raises(StopIteration):
            next(found)
    assert len(script.asked) == 2


def test_iteration_continues_with_the_same_page_after_a_network_error() -> None:
    script = Script(page(1, token="t1"), errors.ReadError("cut"), page(2))
    client: Any = script
    found = ConfigMaps(client, "x").iter()
    assert next(found).metadata.name == "n1"
    with pytest.raises(errors.ReadError):
        next(found)
    assert [item.metadata.name for item in found] == ["n2"]


def test_objects_without_uid_are_distinguished_by_their_names(told: Told) -> None:
    first, rest = page(1, token="t"), page(1, 2)
    for item in (*first[1]["items"], *rest[1]["items"]):
        item["metadata"]["uid"] = ""
    assert told(Script(first, EXPIRED, rest)) == names(1, 2)


def test_a_response_that_is_not_a_list_is_a_kubecore_error(told: Told) -> None:
    with pytest.raises(errors.DecodeError):
        told(Script(page(1, items=[5], token="t")))
    assert told(Script(page(1, items=None))) == []


@given(st.lists(st.integers(0, 30), unique=True, max_size=20), st.integers(1, 5), st.integers(1, 5), st.data())
def test_every_remaining_object_is_yielded_exactly_once(stored: list[int], limit: int, expires: int, data: Any) -> None:
    """Objects are created and deleted while the pages are read, and one page expires."""
    before = sorted(stored)
    gone = data.draw(st.sets(st.sampled_from(before))) if before else set()
    after = sorted((set(before) - gone) | data.draw(st.sets(st.integers(31, 40))))

    def answers() -> Iterator[tuple[int, Any]]:
        for at in range(0, max(len(before), 1), limit):
            if at // limit == expires:
                yield EXPIRED
                yield page(*data.draw(st.permutations(after)))
                return
            yield page(*before[at : at + limit], token=f"t{at}" if at + limit < len(before) else "")

    script = Script(*answers())
    client: Any = script
    pages: PageIterator[Any] = PageIterator(client, Pager(CONFIG_MAPS.list("x", ())))
    found = [int(item.metadata.name[1:]) for item in pages]
    assert len(found) == len(set(found))
    assert set(before) & set(after) <= set(found) <= set(before) | set(after)
