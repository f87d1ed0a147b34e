"""CRD manifests of tests, and the models of them together with the Kubernetes types that they need."""

from __future__ import annotations

import copy
import functools
import json
from pathlib import Path
from typing import Any, Final

from kgen.errors import Problems
from kgen.ir import Api
from kgen.load import load
from kgen.load.crd import parse
from kgen.load.crd_openapi import convert
from kgen.resolve import Builtins, resolve
from kgen.spec import ApiSpec

__all__ = ["CRDS", "SPECS", "change", "kubernetes", "manifest", "of"]

SPECS: Final = Path(__file__).parents[2] / "specs" / "1.37"

CRDS: Final = Path(__file__).parents[1] / "crds"
"""Folder of CRD manifests."""


def manifest(schema: dict[str, Any] | None = None, **spec: Any) -> dict[str, Any]:
    """Return a CRD of widgets; `schema` are the properties of its spec."""
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "schema": {
            "openAPIV3Schema": {
                "type": "object",
                "properties": {"spec": {"type": "object", "properties": schema or {"size": {"type": "integer"}}}},
            }
        },
    }
    names = {"plural": "widgets", "singular": "widget", "kind": "Widget", "listKind": "WidgetList"}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.example.com"},
        "spec": {"group": "example.com", "scope": "Namespaced", "names": names, "versions": [version], **spec},
    }


def change(raw: dict[str, Any], path: str, value: object) -> dict[str, Any]:
    made = copy.deepcopy(raw)
    target: Any = made
    *steps, last = path.split("/")
    for step in steps:
        target = target[int(step) if step.isdigit() else step]
    if value is None:
        del target[last]
    else:
        target[int(last) if last.isdigit() else last] = value
    return made


@functools.cache
def kubernetes() -> ApiSpec:
    """Return the Kubernetes documents that CRDs need."""
    groups = ("admissionregistration.k8s.io", "apps", "autoscaling", "batch", "networking.k8s.io", "policy")
    wanted = {"api/v1", "apis/autoscaling/v2", "apis/rbac.authorization.k8s.io/v1"}
    wanted |= {f"apis/{group}/v1" for group in groups}
    return ApiSpec(tuple(document for document in load(SPECS).documents if document.name in wanted))


def of(*manifests: dict[str, Any], problems: Problems | None = None, hand: dict[str, str] | None = None) -> Api:
    """Resolve CRD manifests."""
    crds = [crd for raw in manifests for crd in parse(json.dumps(raw).encode(), "crd.json")]
    return resolve(convert(crds), hand or {}, problems or Problems(), Builtins("kubeclient", kubernetes()))
