"""After a write, fields belong to the manager that changed them."""

from __future__ import annotations

from typing import Any

from kubecore.testing._apply.managed import keep_times, track_update
from tests.testing.document_types import builtin

CONFIG_MAP = builtin("v1", "ConfigMap")
NOW, LATER = "2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z"


def config_map(**data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": data}


def entry(manager: str, fields: dict[str, Any], time: str = NOW) -> dict[str, Any]:
    return {
        "manager": manager,
        "operation": "Update",
        "apiVersion": "v1",
        "time": time,
        "fieldsType": "FieldsV1",
        "fieldsV1": fields,
    }


def update(live: dict[str, Any] | None, new: dict[str, Any], manager: str, now: str = NOW) -> dict[str, Any]:
    return track_update(live, new, CONFIG_MAP, manager=manager, api_version="v1", now=now)


def managed(document: dict[str, Any]) -> Any:
    return document["metadata"].get("managedFields")


def test_a_create_gives_all_fields_to_its_manager() -> None:
    made = update(None, config_map(b="1", a="2"), "m")
    assert managed(made) == [entry("m", {"f:data": {".": {}, "f:a": {}, "f:b": {}}})]
    assert list(managed(made)[0]["fieldsV1"]["f:data"]) == [".", "f:a", "f:b"]


def test_an_update_removes_the_changed_fields_from_other_managers() -> None:
    live = update(None, config_map(a="1", b="1"), "m")
    made = update(live, config_map(a="2", b="1"), "n", LATER)
    assert managed(made) == [
        entry("m", {"f:data": {".": {}, "f:b": {}}}),
        entry("n", {"f:data": {"f:a": {}}}, LATER),
    ]


def test_arguments_are_never_changed() -> None:
    live, new = update(None, config_map(a="1"), "m"), config_map(b="2")
    before = repr((live, new))
    update(live, new, "n")
    assert repr((live, new)) == before


def test_an_update_that_changes_nothing_moves_no_time() -> None:
    live = update(None, config_map(a="1"), "m")
    assert update(live, config_map(a="1"), "m", LATER) == live


def test_an_entry_that_changed_only_its_time_is_kept() -> None:
    live = update(None, config_map(a="1"), "m")
    new = update(None, config_map(a="1"), "m", LATER)
    assert keep_times(live, new) is live
    other = update(None, config_map(a="2"), "m", LATER)
    assert keep_times(live, other) is other


def test_one_empty_entry_removes_all_managers() -> None:
    live = update(None, config_map(a="1"), "m")
    live["metadata"]["uid"] = "u"
    new = config_map(a="2")
    new["metadata"] |= {"uid": "u", "managedFields": [{}]}
    made = update(live, new, "m", LATER)
    assert managed(made) is None
    # No managers are tracked from then on, until the first apply.
    assert managed(update(made, config_map(a="3"), "m", LATER)) is None


def test_path_element_of_many_levels_is_not_read() -> None:
    live = update(None, config_map(a="1"), "m")
    live["metadata"]["uid"] = "u"
    new = config_map(a="1")
    new["metadata"] |= {"uid": "u", "managedFields": [entry("n", {"f:data": {"v:" + "[" * 50_000: {}}})]}
    assert managed(update(live, new, "n")) == managed(live)
