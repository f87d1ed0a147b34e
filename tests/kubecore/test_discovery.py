"""Discovery without a server: the responses, the resource for a name, and when requests are repeated."""

from __future__ import annotations

import logging
import time
from collections import deque
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubecore import errors
from kubecore._config.ratelimit import TokenBucket
from kubecore.calls.call import Call
from kubecore.calls.steps import Pause, Steps
from kubecore.codec import decode
from kubecore.discovery import ApiGroup, ApiResource, Catalog, mapper, responses
from kubecore.discovery.cache import DiscoveryCache
from kubecore.model.meta import Status


def resource(group: str, kind: str, *, version: str = "v1", short: tuple[str, ...] = ()) -> ApiResource:
    return ApiResource(group, version, f"{kind.lower()}s", kind.lower(), kind, namespaced=True, short_names=short)


CATALOG = Catalog(
    groups=(ApiGroup("", ("v1",), "v1"), ApiGroup("apps", ("v1", "v1beta1"), "v1"), ApiGroup("z.io", ("v1",), "v1")),
    resources=(
        resource("", "Pod", short=("po",)),
        resource("", "Service", short=("svc",)),
        resource("apps", "Deployment", short=("deploy",)),
        resource("apps", "Deployment", version="v1beta1", short=("deploy",)),
        resource("z.io", "Po", short=("pod", "svc")),
        resource("z.io", "Service"),
    ),
)


@pytest.mark.parametrize(
    ("name", "api_version", "found"),
    [
        ("Pod", "", "Pod (v1)"),
        ("pods", "", "Pod (v1)"),
        ("POD", "", "Pod (v1)"),
        ("po", "", "Po (z.io/v1)"),  # A kind comes before a short name.
        ("service", "", "Service (v1)"),
        ("service.z.io", "", "Service (z.io/v1)"),
        ("services.v1.z.io", "", "Service (z.io/v1)"),
        ("Service", "z.io/v1", "Service (z.io/v1)"),
        ("deploy", "", "Deployment (apps/v1)"),
        ("deploy.v1beta1.apps", "", "Deployment (apps/v1beta1)"),
        ("deploy", "apps/v1beta1", "Deployment (apps/v1beta1)"),
        ("svc.z.io", "", "Po (z.io/v1)"),
        ("pods.v1", "", "Pod (v1)"),
        ("pods.apps", "", None),
        ("Deployment", "v1", None),
        ("nope", "", None),
    ],
)
def test_names_are_mapped(name: str, api_version: str, found: str | None) -> None:
    mapped = mapper.find(CATALOG, name, api_version)
    assert (None if mapped is None else str(mapped)) == found


def test_an_ambiguous_short_name_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "kubecore"):
        assert mapper.find(CATALOG, "svc") is CATALOG.resources[1]
    assert caplog.messages == ["the short name 'svc' is taken for Service (v1), not for Po (z.io/v1)"]


def test_the_error_for_an_unknown_kind_suggests_similar_kinds() -> None:
    failed = Catalog(CATALOG.groups, CATALOG.resources, {"a.io/v1": errors.DiscoveryError("x")})
    error = mapper.no_match(failed, "Deploymnt")
    assert str(error) == (
        "the server has no kind or resource 'Deploymnt'; did you mean Deployment (apps/v1), Deployment (apps/v1beta1)?"
        "; these did not respond: a.io/v1"
    )
    assert isinstance(error, LookupError)
    assert (error.kind, error.nearest) == ("Deploymnt", ("Deployment (apps/v1)", "Deployment (apps/v1beta1)"))
    assert str(mapper.no_match(CATALOG, "xyz", "b/v1")) == "the server has no kind or resource 'xyz' in b/v1"


@given(st.text(max_size=40), st.text(max_size=20))
def test_any_name_is_found_or_not(name: str, api_version: str) -> None:
    try:
        found = mapper.find(CATALOG, name, api_version)
    except errors.InvalidRequestError:
        assert name == ""
    else:
        assert found is None or found in CATALOG.resources
        assert str(mapper.no_match(CATALOG, name, api_version))


def test_each_resource_is_preferred_once() -> None:
    assert [str(found) for found in CATALOG.preferred() if found.group == "apps"] == ["Deployment (apps/v1)"]
    assert [found.kind for found in CATALOG.of("z.io/v1")] == ["Po", "Service"]


class Server:
    """Responds to calls from a table and records their paths."""

    def __init__(self, table: dict[str, Any]) -> None:
        self.table = table
        self.asked: list[str] = []

    def run(self, steps: Steps[Any]) -> Any:
        try:
            step = next(steps)
            while True:
                assert isinstance(step, Call)
                self.asked.append(step.path)
                found = self.table.get(step.path, not_found())
                if isinstance(found, deque):
                    found = found.popleft()
                if isinstance(found, Exception):
                    step = steps.throw(found)
                else:
                    step = steps.send(decode.decode(decode.encode(found), step.response))  # type: ignore[arg-type]
        except StopIteration as end:
            return end.value


def not_found() -> errors.StatusError:
    return errors.status_error(Status(code=404, reason="NotFound", message="no"))


def unavailable() -> errors.StatusError:
    return errors.status_error(Status(code=503, reason="ServiceUnavailable", message="no"))


def aggregated(*groups: Any) -> Any:
    return {"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "items": list(groups)}


def discovered(name: str, kind: str, **more: Any) -> Any:
    return {"resource": name, "responseKind": {"group": "", "version": "", "kind": kind}, "scope": "Namespaced", **more}


APPS = {
    "metadata": {"name": "apps"},
    "versions": [
        {"version": "v2", "freshness": "Stale"},
        {
            "version": "v1",
            "freshness": "Current",
            "newField": {"x": [1]},
            "resources": [
                discovered(
                    "deployments",
                    "Deployment",
                    shortNames=["deploy"],
                    subresources=[
                        {"subresource": "status", "responseKind": {"kind": "Deployment"}, "verbs": ["get"]},
                        {
                            "subresource": "scale",
                            "responseKind": {"group": "autoscaling", "version": "v1", "kind": "Scale"},
                        },
                    ],
                ),
                {"resource": "nothing", "subresources": [{"subresource": "x", "responseKind": None}]},
            ],
        },
    ],
}


def test_aggregated_responses_are_read_and_a_missing_api_is_an_empty_one() -> None:
    server = Server({"/apis": aggregated(APPS)})
    found: Catalog = server.run(DiscoveryCache().catalog())
    assert server.asked == ["/api", "/apis"]
    assert found.groups == (ApiGroup("apps", ("v2", "v1"), "v1"),)
    assert list(found.failed) == ["apps/v2"]
    (deployments,) = found.resources
    assert (deployments.plural, deployments.short_names) == ("deployments", ("deploy",))
    assert [(sub.name, sub.group, sub.version) for sub in deployments.subresources] == [
        ("status", "apps", "v1"),
        ("scale", "autoscaling", "v1"),
    ]


def plain(*, broken: Any) -> dict[str, Any]:
    versions = [{"groupVersion": f"apps/{name}", "version": name} for name in ("v1beta1", "v1")]
    listed = {"kind": "APIResourceList", "resources": [{"name": "ds", "kind": "D"}, {"name": "ds/scale", "kind": "S"}]}
    return {
        "/api": {"kind": "APIVersions", "versions": ["v1"]},
        "/apis": {
            "kind": "APIGroupList",
            "groups": [{"name": "apps", "versions": versions, "preferredVersion": versions[0]}],
        },
        "/api/v1": {"kind": "APIResourceList", "resources": [{"name": "pods", "kind": "Pod", "namespaced": True}]},
        "/apis/apps/v1": listed,
        "/apis/apps/v1beta1": broken,
    }


def test_discovery_without_aggregation_retries_failed_groups_once() -> None:
    server = Server(plain(broken=unavailable()))
    found: Catalog = server.run(DiscoveryCache().catalog())
    assert server.asked.count("/apis/apps/v1beta1") == 2
    assert found.groups == (ApiGroup("", ("v1",), "v1"), ApiGroup("apps", ("v1beta1", "v1"), "v1"))
    assert [str(one) for one in found.resources] == ["Pod (v1)", "D (apps/v1)"]
    assert [sub.name for sub in found.resources[1].subresources] == ["scale"]
    assert isinstance(found.failed["apps/v1beta1"], errors.ServiceUnavailableError)


def test_a_group_that_fails_once_is_found_by_the_retry() -> None:
    server = Server(plain(broken=unavailable()))
    server.table["/apis/apps/v1beta1"] = deque([unavailable(), server.table["/apis/apps/v1"]])
    found: Catalog = server.run(DiscoveryCache().catalog())
    assert found.failed == {}
    assert [str(one) for one in found.resources] == ["Pod (v1)", "D (apps/v1beta1)", "D (apps/v1)"]


def test_without_apis_there_is_no_server() -> None:
    with pytest.raises(errors.NotFoundError):
        Server({"/api": {"kind": "APIVersions", "versions": []}}).run(DiscoveryCache().catalog())


def test_a_hostile_group_version_does_not_change_the_path() -> None:
    table = plain(broken=unavailable())
    table["/apis"]["groups"][0]["versions"] = [{"version": "../../api/v1/secrets"}]
    found: Catalog = Server(table).run(DiscoveryCache().catalog())
    assert isinstance(found.failed["apps/../../api/v1/secrets"], errors.InvalidRequestError)


def test_an_unknown_kind_refreshes_the_discovery_a_limited_number_of_times() -> None:
    server, cache = Server({"/apis": aggregated(APPS)}), DiscoveryCache()
    with pytest.raises(errors.NoMatchError):
        server.run(cache.find("Widget"))
    assert len(server.asked) == 2, "what was asked just now is not asked again"
    for _ in range(50):
        with pytest.raises(errors.NoMatchError):
            server.run(cache.find("Widget"))
    assert 12 <= len(server.asked) <= 16
    assert server.run(cache.find("deploy")).kind == "Deployment"
    server.table["/apis"] = aggregated()
    assert server.run(cache.find("deploy")).kind == "Deployment", "what was found is remembered"
    cache.forget()
    with pytest.raises(errors.NoMatchError):
        server.run(cache.find("deploy"))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["kind", "items", "versions", "groups", "metadata", "name", "resources", "version"]), inner
        )
    ),
    max_leaves=12,
)


@given(json_values, json_values)
def test_any_response_is_read_or_refused(api: Any, apis: Any) -> None:
    try:
        found = Server({"/api": api, "/apis": apis}).run(DiscoveryCache().catalog())
    except errors.KubeError:
        return
    assert isinstance(found, Catalog)


def test_steps_may_pause() -> None:
    from kubecore.rest import run_steps

    def work() -> Steps[str]:
        yield Pause(0.0)
        return "done"

    assert run_steps.run(None, work()) == "done"  # type: ignore[arg-type]
    assert responses.Root().items == []


def test_try_take_returns_false_if_the_bucket_is_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    bucket = TokenBucket(qps=2, burst=2)
    assert [bucket.try_take() for _ in range(3)] == [True, True, False]
    now += 0.5
    assert [bucket.try_take() for _ in range(2)] == [True, False], "a refused token is not owed"
