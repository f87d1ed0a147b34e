"""Methods of a resource with a scale."""

from __future__ import annotations

import json

from tests.conftest import ROOT
from tests.kgen.documents import generated, resolved


def test_a_scale_without_patch_gets_only_its_declared_methods() -> None:
    raw = json.loads((ROOT / "specs/1.37/apis__apps__v1.json").read_bytes())
    del raw["paths"]["/apis/apps/v1/namespaces/{namespace}/deployments/{name}/scale"]["patch"]
    files = generated(resolved(raw, names=("apis/apps/v1",)), quickly=True)
    whole, part = (files[f"made/typed/apps/v1/{kind}.py"] for kind in ("statefulset", "deployment"))
    assert "sync_verbs.Scale[autoscaling_v1.Scale]" in whole
    assert "_scale = autoscaling_v1.Scale" in whole
    assert "get_scale" not in whole
    assert "Scale[" not in part
    assert "_scale = " not in part
    assert [name for name in ("get", "update", "patch", "apply") if f"def {name}_scale(" in part] == ["get", "update"]
