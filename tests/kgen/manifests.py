"""Resolve CRDs in tests, together with the Kubernetes types that they need."""

from __future__ import annotations

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

__all__ = ["SPECS", "kubernetes", "of"]

SPECS: Final = Path(__file__).parents[2] / "specs" / "1.37"


@functools.cache
def kubernetes() -> ApiSpec:
    """Return the Kubernetes documents that CRDs need."""
    wanted = ("api/v1", "apis/autoscaling/v1")
    return ApiSpec(tuple(document for document in load(SPECS).documents if document.name in wanted))


def of(*manifests: dict[str, Any], problems: Problems | None = None, hand: dict[str, str] | None = None) -> Api:
    """Resolve CRD manifests."""
    crds = [crd for raw in manifests for crd in parse(json.dumps(raw).encode(), "crd.json")]
    return resolve(convert(crds), hand or {}, problems or Problems(), Builtins("kubeclient", kubernetes()))
