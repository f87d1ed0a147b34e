"""Schemas of CRDs for tests, and the fields and names of the models that they become."""

from __future__ import annotations

import copy
import json
from typing import Any, Final

from hypothesis import strategies as st

from kgen.ir import Api
from tests.kgen.documents import WrittenField, written
from tests.kgen.manifests import SPECS, change, manifest, of

STRING: Final = {"type": "string"}
SCHEMA: Final = "spec/versions/0/schema/openAPIV3Schema"


def spec_fields(properties: dict[str, Any], **more: Any) -> dict[str, WrittenField]:
    """Return the fields of a widget's spec by wire name."""
    raw = change(
        manifest(properties), f"{SCHEMA}/properties/spec", {"type": "object", "properties": properties, **more}
    )
    return fields(of(raw), "WidgetSpec")


def fields(api: Api, name: str, module: str = "example_v1") -> dict[str, WrittenField]:
    return written(api, name, module)


def names(api: Api) -> set[str]:
    """Return the names of all models and constants, with their aliases."""
    found = {f"{module.name}.{model.name}" for module in api.modules for model in module.models}
    found |= {f"{module.name}.{group.name}" for module in api.modules for m in module.models for group in m.constants}
    return found | {f"{module.name}.{alias.name}" for module in api.modules for alias in module.aliases}


def obj(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


INT_OR_STRING = {"x-kubernetes-int-or-string": True}
OPEN = {"x-kubernetes-preserve-unknown-fields": True}


POD = json.loads((SPECS / "api__v1.json").read_text())["components"]["schemas"]


def in_place(name: str, *, words: bool = True, leave_out: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return the inline schema of a Kubernetes type as controller-gen writes it, without the `leave_out` properties."""
    raw = copy.deepcopy(POD[name])
    raw.pop("x-kubernetes-group-version-kind", None)
    return _in_place(raw, words, leave_out)


def _in_place(raw: dict[str, Any], words: bool, leave_out: tuple[str, ...]) -> dict[str, Any]:
    raw = {**raw, **raw.pop("allOf", [{}])[0]}
    target = raw.get("$ref", "").rpartition("/")[2]
    if target.endswith((".Quantity", ".IntOrString")):
        return INT_OR_STRING
    if target.endswith(".Time"):
        return {"type": "string", "format": "date-time"}
    if target.endswith(".ObjectMeta"):
        return {"type": "object"}
    if target:
        return in_place(target, words=words, leave_out=leave_out)
    made: dict[str, Any] = {key: raw[key] for key in ("type", "format", "required", "enum") if key in raw}
    if words and "description" in raw:
        made["description"] = raw["description"].replace(". ", ".\n", 1)
    if "properties" in raw:
        kept = {key: value for key, value in raw["properties"].items() if key not in leave_out}
        made["properties"] = {key: _in_place(value, words, leave_out) for key, value in kept.items()}
    for key in ("items", "additionalProperties"):
        if key in raw:
            made[key] = _in_place(raw[key], words, leave_out)
    return made


CORE = "io.k8s.api.core.v1."


def enum(*values: str) -> dict[str, Any]:
    return {**STRING, "enum": list(values)}


SHAPES = st.recursive(
    st.sampled_from([STRING, {"type": "integer"}, INT_OR_STRING, OPEN, {**STRING, "enum": ["a", "b"]}]),
    lambda inner: st.one_of(
        st.dictionaries(st.sampled_from(["a", "b", "auth", "rules", "from", "x-y"]), inner, min_size=1, max_size=3).map(
            lambda made: obj(**made)
        ),
        inner.map(lambda made: {"type": "array", "items": made}),
        inner.map(lambda made: {"type": "object", "additionalProperties": made}),
    ),
    max_leaves=12,
)
SPEC = st.dictionaries(st.sampled_from(["a", "b", "auth", "rules", "size"]), SHAPES, min_size=1, max_size=4)
