"""The fields of a CustomResourceDefinition that show whether its kinds are served. No I/O.

Source: `k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1`.
"""

from __future__ import annotations

import msgspec

from kubecore.model.model import Model

__all__ = ["Definition"]


class _Names(Model, kw_only=True):
    """The names of a kind."""

    kind: str = ""


class _Version(Model, kw_only=True):
    name: str = ""
    served: bool = False


class _Spec(Model, kw_only=True):
    """The spec of a definition."""

    group: str = ""
    names: _Names = msgspec.field(default_factory=_Names)
    versions: list[_Version] = []  # noqa: RUF012 - msgspec copies it


class _Condition(Model, kw_only=True):
    type: str = ""
    status: str = ""
    message: str = ""


class _Status(Model, kw_only=True):
    """The status of a definition."""

    conditions: list[_Condition] = []  # noqa: RUF012 - msgspec copies it


class Definition(Model, kw_only=True):
    """A CustomResourceDefinition."""

    spec: _Spec = msgspec.field(default_factory=_Spec)
    status: _Status = msgspec.field(default_factory=_Status)

    @property
    def is_established(self) -> bool:
        """Whether the server reports that it serves the kind."""
        return any(
            condition.type == "Established" and condition.status == "True" for condition in self.status.conditions
        )

    @property
    def served(self) -> list[tuple[str, str]]:
        """Kind and apiVersion of every version that is to be served."""
        spec = self.spec
        return [(spec.names.kind, f"{spec.group}/{version.name}") for version in spec.versions if version.served]

    @property
    def obstacle(self) -> str:
        """The obstacle, in the server's words."""
        messages = [
            condition.message
            for condition in self.status.conditions
            if condition.status != "True" and condition.message
        ]
        return "; ".join(messages)[:500] or "discovery does not have it yet"
