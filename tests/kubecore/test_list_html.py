"""Lists are tables in notebooks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from kubeclient.models import apps_v1, core_v1
from kubecore.model import list_html

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def pods(*names: str) -> core_v1.PodList:
    ready = {
        "conditions": [{"type": "Initialized", "status": "x"}, {"type": "Ready", "status": "True"}],
        "phase": "Running",
    }
    metadata = {"namespace": "<ns>", "creationTimestamp": "2026-01-01T00:00:00Z"}
    return core_v1.PodList.from_dict(
        {"items": [{"metadata": {**metadata, "name": name}, "status": ready} for name in names]}
    )


def test_a_list_is_a_table_of_its_fields() -> None:
    assert list_html.shown(pods("web\x1b[31m").items, now=NOW) == (
        "<table><thead><tr><th>Namespace</th><th>Name</th><th>Ready</th><th>Phase</th><th>Age</th></tr></thead>"
        "<tbody><tr><td>&lt;ns&gt;</td><td>web\\x1b[31m</td><td>True</td><td>Running</td><td>1d3h</td></tr></tbody></table>"
    )


def test_columns_without_values_are_left_out() -> None:
    deployments = apps_v1.DeploymentList.from_dict({"items": [{"metadata": {"name": "web"}, "spec": {"replicas": 3}}]})
    page = deployments._repr_html_()
    assert "<th>Name</th><th>Ready</th></tr>" in page
    assert "<td>web</td><td>0/3</td>" in page
    assert (
        core_v1.PodList(items=[])._repr_html_() == "<table><thead><tr><th>Name</th></tr></thead><tbody></tbody></table>"
    )


def test_long_lists_and_pages_name_the_number_of_the_others() -> None:
    found = pods(*map(str, range(203)))
    found.metadata.remaining_item_count = 1000
    page = found._repr_html_()
    assert page.count("<tr>") == 201
    assert page.endswith("<p>1,003 more</p>")


def test_a_secret_does_not_show_its_data() -> None:
    secrets = core_v1.SecretList.from_dict(
        {"items": [{"metadata": {"name": "db"}, "stringData": {"password": "hunter2"}}]}
    )
    assert "hunter2" not in secrets._repr_html_()


def test_objects_without_a_model_have_the_same_columns_and_hide_their_data() -> None:
    for found in (pods("web"), apps_v1.DeploymentList.from_dict({"items": [{"spec": {"replicas": 3}}]})):
        items = [item.to_dict() for item in found.items]
        assert list_html.shown(items, now=NOW) == list_html.shown(found.items, now=NOW)
    times: tuple[object, ...] = ("2026-01-01", "", 5, {})
    for time in times:
        secret = {"metadata": {"name": "db", "creationTimestamp": time}, "stringData": {"password": "hunter2"}}
        assert list_html.shown([secret]).endswith(
            "<tr><th>Name</th></tr></thead><tbody><tr><td>db</td></tr></tbody></table>"
        )
    assert "hunter2" not in list_html.shown([{"stringData": {"password": "hunter2"}}])
    assert "hunter2" not in list_html.shown([{"metadata": "hunter2", "status": ["hunter2"]}])


def test_items_without_metadata_are_shown_by_their_repr() -> None:
    assert "<td>(1, &#x27;a&#x27;)</td>" in list_html.shown([(1, "a")])


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "0s"),
        (0, "0s"),
        (59, "59s"),
        (60, "1m"),
        (3599, "59m59s"),
        (3600, "1h"),
        (86_400, "1d"),
        (90_061, "1d1h"),
        (86_401, "1d"),
    ],
)
def test_ages(seconds: int, text: str) -> None:
    assert list_html.age(NOW - timedelta(seconds=seconds), NOW) == text
