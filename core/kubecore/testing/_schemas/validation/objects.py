"""The whole treatment of a custom resource: defaults, removal of unknown fields, and all checks of its schema."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from kubecore.testing._schemas.defaulting import default
from kubecore.testing._schemas.json_values import is_list, is_map
from kubecore.testing._schemas.pruning import prune, prune_nulls
from kubecore.testing._schemas.shapes import Schema, part_of, properties_of
from kubecore.testing._schemas.validation.embedded import check_embedded, clean_embedded
from kubecore.testing._schemas.validation.faults import cause_of
from kubecore.testing._schemas.validation.lists import check_lists
from kubecore.testing._schemas.validation.numbers import LARGEST, SMALLEST
from kubecore.testing._schemas.validation.old_values import Old
from kubecore.testing._schemas.validation.operations import Budget
from kubecore.testing._schemas.validation.rules import RULES, check_rules
from kubecore.testing._schemas.validation.schemas import Checker
from kubecore.testing._server.failures import Cause, RequestError

__all__ = ["Verdict", "check", "read"]

_BLOCKING: Final = frozenset(
    {
        "FieldValueNotSupported",
        "FieldValueRequired",
        "FieldValueTooLong",
        "FieldValueTooMany",
        "FieldValueTypeInvalid",
    }
)
_SKIPPED: Final = Cause(
    "FieldValueInvalid",
    "Invalid value: null: some validation rules were not checked because the object was invalid; "
    "correct the existing errors to complete validation",
    "<nil>",
)


@dataclass(slots=True)
class Verdict:
    """The outcome of the checks of a custom resource.

    Attributes:
        causes: The causes for which the API server refuses it; none if it is valid.
        unsure: Paths and texts of the rules that were not checked, such as those of `x-kubernetes-validations`.
    """

    causes: list[Cause] = field(default_factory=list[Cause])
    unsure: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])


def read(value: dict[str, Any], schema: Schema) -> list[str]:
    """Set defaults and remove unknown fields and wrong nulls, in place, as the API server does when it reads an object.

    `metadata` of the object is left alone.

    Args:
        value: The object.
        schema: The schema of the version of the object.

    Returns:
        The paths of the unknown fields, sorted.
    """
    _fit_numbers(value)
    default(value, schema)
    unknown = prune(value, schema)
    prune_nulls(value, schema)
    return unknown + sorted(clean_embedded(value, schema))


def check(value: dict[str, Any], schema: Schema, old: dict[str, Any] | None = None, *, part: str = "") -> Verdict:
    """Check an object against the schema of its version. `metadata` is checked by the schema only.

    Args:
        value: The object, after `read`.
        schema: The schema of the version.
        old: The stored object, for an update: faults in values that do not change are accepted.
        part: `status` to check an update of the subresource; "" for the whole object.
    """
    checker, verdict = Checker(), Verdict()
    if part:
        _, below = part_of(schema, part)
        if part in value:
            before = None if old is None or part not in old or below is None else Old(old[part], below)
            found = checker.check(value[part], below or {}, "", before)
            verdict.causes += [cause_of(fault, part) for fault in found.faults]
    else:
        before = None if old is None else Old(old, schema, is_root=True)
        verdict.causes += [cause_of(fault) for fault in checker.check(value, schema, "", before).faults]
        verdict.causes += check_embedded(value, schema)
    if old is None or not list(check_lists(old, schema)):
        verdict.causes += check_lists(value, schema)
    verdict.unsure += checker.unsure
    if _has_rules(schema):
        if any(cause.reason in _BLOCKING for cause in verdict.causes):
            verdict.causes.append(_SKIPPED)
        else:
            before = None if old is None else Old(old, schema, is_root=True)
            for each in check_rules(value, schema, before, Budget()):
                if isinstance(each, Cause):
                    verdict.causes.append(each)
                else:
                    verdict.unsure.append(each)
    return verdict


def _fit_numbers(value: Any) -> None:
    """Convert integers of more than 64 bits to floating point, in place, as the API server reads them."""
    waiting: list[Any] = [value]
    while waiting:
        each: Any = waiting.pop()
        places: list[tuple[Any, Any]] = [*each.items()] if is_map(each) else [*enumerate(each)]
        for place, one in places:
            if is_map(one) or is_list(one):
                waiting.append(one)
            elif isinstance(one, int) and not SMALLEST <= one <= LARGEST:
                each[place] = _float(one)


def _float(value: int) -> float:
    try:
        return float(value)
    except OverflowError:
        raise RequestError(400, "BadRequest", "a number of the object is too large") from None


def _has_rules(schema: Schema) -> bool:
    """Return whether a schema has rules in the Common Expression Language anywhere."""
    waiting: list[Any] = [schema]
    while waiting:
        each = waiting.pop()
        if not is_map(each):
            continue
        if each.get(RULES):
            return True
        waiting += [*properties_of(each).values(), each.get("additionalProperties"), each.get("items")]
    return False
