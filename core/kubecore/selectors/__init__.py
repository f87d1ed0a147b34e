"""Selectors: built from mappings, read and written as text, and matched here as the server matches them.

Every verb with `label_selector` and `field_selector` accepts text or a mapping, and the former a `Selector` too:

```python
from kubecore import selectors

pods.list(label_selector={"app": "web", "tier": ["front", "back"], "canary": selectors.not_exists()})
pods.list(field_selector={"spec.nodeName": "node-1", "status.phase": selectors.not_equal("Running")})
chosen = selectors.parse("app=web,tier in (front,back),!canary")
web = [pod for pod in cached if chosen.matches(pod.metadata.labels)]
```

Source: `k8s.io/apimachinery/pkg/labels`, `fields`, and `LabelSelectorAsSelector` of `pkg/apis/meta/v1`.
`tests/kubecore/gotables/selectors.jsonl` has Go's results.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any, Final, TypeAlias

from kubecore._support.json_types import is_json_object
from kubecore.errors import InvalidRequestError
from kubecore.selectors.conditions import (
    Condition,
    Operator,
    exists,
    greater_than,
    less_than,
    not_equal,
    not_exists,
    not_in,
    values_of,
)
from kubecore.selectors.parser import parse
from kubecore.selectors.requirements import EVERYTHING, NOTHING, Requirement, Selector
from kubecore.selectors.syntax import refuse

__all__ = [
    "EVERYTHING",
    "NOTHING",
    "Condition",
    "FieldSelector",
    "LabelSelector",
    "Operator",
    "Requirement",
    "Selector",
    "build",
    "exists",
    "from_label_selector",
    "greater_than",
    "less_than",
    "not_equal",
    "not_exists",
    "not_in",
    "parse",
    "to_query",
]


LabelSelector: TypeAlias = "str | Mapping[str, str | Collection[str] | Condition | None] | Selector"
"""Which labels objects must have: text, a mapping, or a `Selector`."""

FieldSelector: TypeAlias = "str | Mapping[str, str | Condition]"
"""Which fields objects must have, of those that the server can select by: text or a mapping."""

_OF_MODELS: Final[Mapping[str, Operator]] = {"In": "in", "NotIn": "notin", "Exists": "exists", "DoesNotExist": "!"}


def build(labels: Mapping[str, str | Collection[str] | Condition | None]) -> Selector:
    """Make a selector from a mapping.

    Args:
        labels: By label: its value, several possible values, None if the label must only exist, or a condition such as
            `not_in(["a", "b"])`. An empty mapping selects everything.

    Returns:
        The selector.

    Raises:
        InvalidRequestError: A key or value is not valid for labels.
    """
    return Selector(tuple(_requirement(key, value) for key, value in labels.items()))


def _requirement(key: str, value: str | Collection[str] | Condition | None) -> Requirement:
    if isinstance(value, str):
        return Requirement(key, "=", (value,))
    if value is None:
        return Requirement(key, "exists")
    if isinstance(value, Condition):
        return Requirement(key, value.operator, value.values)
    return Requirement(key, "in", values_of(value, key))


def from_label_selector(selector: Any) -> Selector:
    """Make a selector from the `LabelSelector` of an object, such as a Deployment's `spec.selector`.

    Args:
        selector: A model with `match_labels` and `match_expressions`, a mapping with the API's names, or None.

    Returns:
        The selector: of everything if the model is empty, of nothing for None, as in the API.

    Raises:
        InvalidRequestError: It contains invalid requirements.
    """
    if selector is None:
        return NOTHING
    found = [Requirement(key, "=", (value,)) for key, value in _part(selector, "matchLabels", "match_labels").items()]
    for expression in _part(selector, "matchExpressions", "match_expressions"):
        operator = _part(expression, "operator", "operator")
        if operator not in _OF_MODELS:
            refuse(f"a label selector's operator is one of {', '.join(_OF_MODELS)}, not {str(operator)[:100]!a}")
        values = tuple(_part(expression, "values", "values") or ())
        found.append(Requirement(_part(expression, "key", "key"), _OF_MODELS[operator], values))
    return Selector(tuple(found))


def _part(value: Any, wire_name: str, name: str) -> Any:
    found = value.get(wire_name) if is_json_object(value) else getattr(value, name)
    return {} if found is None else found


def to_query(option: str, value: LabelSelector | FieldSelector) -> str:
    """Write the value of an option that is a selector.

    Args:
        option: `label_selector` or `field_selector`.
        value: Text, which is not changed, a mapping, or a selector.

    Returns:
        The text.

    Raises:
        InvalidRequestError: The value is invalid, or is not a selector.
    """
    if isinstance(value, str):
        return value
    if option == "field_selector" and is_json_object(value):
        return ",".join(_field(name, expected) for name, expected in value.items())
    if option == "label_selector" and is_json_object(value):
        return str(build(value))
    if option == "label_selector" and isinstance(value, Selector):
        if value.nothing:
            refuse("this label selector selects nothing, which can't be sent: an empty one selects everything")
        return str(value)
    also = " or a Selector" if option == "label_selector" else ""
    raise InvalidRequestError(f"{option} must be text, a mapping{also}, not {type(value).__name__}")


def _field(name: Any, value: Any) -> str:
    if not isinstance(name, str) or not name or re.search(r"[=!,\\\s]", name):
        refuse(f"{str(name)[:100]!a} can't be a field in a field selector")
    if isinstance(value, Condition) and value.operator == "!=":
        return f"{name}!={_escaped(name, value.values[0])}"
    return f"{name}={_escaped(name, value)}"


def _escaped(name: str, value: Any) -> str:
    if not isinstance(value, str):
        refuse(f"a field selector knows text and not_equal() alone, not {type(value).__name__}, for {name!a}")
    return re.sub(r"[\\,=]", r"\\\g<0>", value)
