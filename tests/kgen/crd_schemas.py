"""Schemas of CRDs for tests, and the fields and names of the models that they become."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from hypothesis import strategies as st

from kgen.ir import Api
from tests.kgen.documents import WrittenField, written
from tests.kgen.manifests import change, kubernetes, manifest, of

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


KUBERNETES: Final = {name: raw for document in kubernetes().documents for name, raw in document.schemas.items()}


def in_place(
    name: str,
    *,
    words: bool = True,
    leave_out: tuple[str, ...] = (),
    metadata: tuple[str, ...] = (),
    required: bool = True,
) -> dict[str, Any]:
    """Return the inline schema of a Kubernetes type as controller-gen writes it.

    Args:
        name: The type.
        words: Whether it has descriptions.
        leave_out: Properties that it lacks.
        metadata: The properties of the metadata of templates.
        required: Whether objects require properties, unlike those that are generated from Java.
    """
    return _InPlace(words, leave_out, metadata, required).of(KUBERNETES[name])


@dataclass(frozen=True)
class _InPlace:
    words: bool
    leave_out: tuple[str, ...]
    metadata: tuple[str, ...]
    required: bool

    def of(self, raw: Mapping[str, Any]) -> dict[str, Any]:
        raw = {**raw, **raw.get("allOf", [{}])[0]}
        target = raw.get("$ref", "").rpartition("/")[2]
        if target:
            return self._named(target)
        kept = ("type", "format", "enum", *(["required"] if self.required else []))
        made: dict[str, Any] = {key: raw[key] for key in kept if key in raw}
        if self.words and "description" in raw:
            made["description"] = raw["description"].replace(". ", ".\n", 1)
        if "properties" in raw:
            own = {key: value for key, value in raw["properties"].items() if key not in self.leave_out}
            made["properties"] = {key: self.of(value) for key, value in own.items()}
        for key in ("items", "additionalProperties"):
            if key in raw:
                made[key] = self.of(raw[key])
        return made

    def _named(self, target: str) -> dict[str, Any]:
        if target.endswith((".Quantity", ".IntOrString")):
            return INT_OR_STRING
        if target.endswith(".Time"):
            return {"type": "string", "format": "date-time"}
        if target.endswith(".ObjectMeta"):
            own = KUBERNETES[target]["properties"]
            return obj(**{key: self.of(own[key]) for key in self.metadata}) if self.metadata else {"type": "object"}
        return self.of(KUBERNETES[target])


CORE = "io.k8s.api.core.v1."


def enum(*values: str) -> dict[str, Any]:
    return {**STRING, "enum": list(values)}


def _with(properties: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    return {**obj(**properties), **more}


SHAPES = st.recursive(
    st.sampled_from([STRING, {"type": "integer"}, INT_OR_STRING, OPEN, {**STRING, "enum": ["a", "b"]}]),
    lambda inner: st.one_of(
        st.builds(
            _with,
            st.dictionaries(st.sampled_from(["a", "b", "auth", "rules", "from", "x-y"]), inner, min_size=1, max_size=3),
            st.sampled_from([{}, {}, OPEN]),
        ),
        inner.map(lambda made: {"type": "array", "items": made}),
        inner.map(lambda made: {"type": "object", "additionalProperties": made}),
    ),
    max_leaves=12,
)
SPEC = st.dictionaries(st.sampled_from(["a", "b", "auth", "rules", "size"]), SHAPES, min_size=1, max_size=4)
