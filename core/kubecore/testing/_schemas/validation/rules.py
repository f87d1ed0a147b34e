"""The rules of `x-kubernetes-validations`: those that can be evaluated, and those that are not known."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from kubecore.testing._schemas.json_values import is_list, is_map, same
from kubecore.testing._schemas.shapes import Schema, items_of, part_of, properties_of
from kubecore.testing._schemas.validation.expressions import evaluate, names_of
from kubecore.testing._schemas.validation.faults import invalid_value
from kubecore.testing._schemas.validation.old_values import Old
from kubecore.testing._schemas.validation.operations import Budget, UnknownError
from kubecore.testing._server.failures import Cause

__all__ = ["RULES", "check_rules"]

RULES: Final = "x-kubernetes-validations"
_TYPED: Final = frozenset({"byte", "date", "date-time", "datetime", "duration"})
"""Formats whose values are not strings in rules."""

_REASONS: Final = {"FieldValueRequired": "Required value", "FieldValueForbidden": "Forbidden"}


def check_rules(
    value: Any, schema: Schema | None, old: Old | None, budget: Budget, path: str = ""
) -> Iterator[Cause | tuple[str, str]]:
    """Yield the causes of rules that do not hold, and paths and texts of rules that were not evaluated.

    Args:
        value: The value.
        schema: Its schema.
        old: The value before an update, if there is one.
        budget: The work that the rules may cause.
        path: The path of the value.
    """
    if schema is None:
        return
    for rule in schema.get(RULES) or ():
        try:
            holds = _holds(rule, value, schema, old, budget)
        except UnknownError:
            yield path, f"the rule {rule.get('rule', '')} is not simulated"
        else:
            if not holds:
                yield _cause(rule, value, path)
    if is_map(value):
        for name, each in value.items():
            _, part = part_of(schema, name)
            below = f"{path}.{name}" if path else name
            yield from check_rules(each, part, None if old is None else old.field(name), budget, below)
    elif is_list(value):
        for position, each in enumerate(value):
            before = None if old is None else old.item(each)
            yield from check_rules(each, items_of(schema), before, budget, f"{path}[{position}]")


def _holds(rule: dict[str, Any], value: Any, schema: Schema, old: Old | None, budget: Budget) -> bool:
    text = rule.get("rule", "")
    names = names_of(text)
    reason = rule.get("reason")
    if any(rule.get(name) for name in ("messageExpression", "fieldPath", "optionalOldSelf")):
        raise UnknownError("the rule has other fields")
    if value is None or (reason is not None and reason not in ("FieldValueInvalid", *_REASONS)):
        raise UnknownError("the result is not simulated")
    if names & set(_typed_names(schema, "self", budget)):
        raise UnknownError("a value has another type in rules")
    values = {"self": value}
    if "oldSelf" in names:
        if old is None:
            return True
        values["oldSelf"] = old.value
    return evaluate(text, values, budget) or (old is not None and same(value, old.value))


def _typed_names(schema: Any, name: str, budget: Budget) -> Iterator[str]:
    """Yield the names of the fields whose values have another type in rules than in JSON."""
    if not is_map(schema):
        return
    budget.spend(1)
    is_either = schema.get("x-kubernetes-int-or-string") or schema.get("x-kubernetes-preserve-unknown-fields")
    if is_either or schema.get("format") in _TYPED or schema.get("type") == "number" or schema.get("nullable"):
        yield name
    for inner, part in properties_of(schema).items():
        yield from _typed_names(part, inner, budget)
    for other in ("items", "additionalProperties"):
        yield from _typed_names(schema.get(other), name, budget)


def _cause(rule: dict[str, Any], value: Any, path: str) -> Cause:
    text = rule.get("message") or f"failed rule: {rule['rule'].strip()}"
    reason, where = rule.get("reason") or "FieldValueInvalid", path or "<nil>"
    if reason in _REASONS:
        return Cause(reason, f"{_REASONS[reason]}: {text}", where)
    if is_map(value) or is_list(value):
        return Cause(reason, f"Invalid value: {text}", where)
    return invalid_value(where, value, text)
