"""The walk through a value and its schema: types, rules of each type, `allOf`, `anyOf`, `oneOf` and `not`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from kubecore.testing._schemas.json_values import is_list, is_map, same
from kubecore.testing._schemas.shapes import Schema, items_of, properties_of
from kubecore.testing._schemas.validation.faults import Fault, Findings, type_fault, value_fault
from kubecore.testing._schemas.validation.formats import FORMATS, has_format
from kubecore.testing._schemas.validation.numbers import check_number, is_whole, truncated
from kubecore.testing._schemas.validation.old_values import Old
from kubecore.testing._schemas.validation.patterns import matches
from kubecore.testing._schemas.wording import compact, quoted

__all__ = ["Checker"]


class Checker:
    """Checks a value against its schema.

    Attributes:
        unsure: Paths and texts of the rules that could not be checked.
    """

    def __init__(self) -> None:
        self.unsure: list[tuple[str, str]] = []

    def check(self, value: Any, schema: Schema, path: str, old: Old | None = None) -> Findings:
        """Return the faults of a value. Faults of values that an update does not change are left out.

        Args:
            value: The value.
            schema: The schema.
            path: The path of the value.
            old: The value before an update, if there is one.
        """
        found = self._check(value, schema, path, old)
        if found.faults and old is not None and same(value, old.value):
            accepted = Findings()
            accepted.matches = found.matches
            return accepted
        return found

    def _check(self, value: Any, schema: Schema, path: str, old: Old | None) -> Findings:
        found = Findings()
        steps: list[Callable[[], Findings]] = []
        types, form = _types(schema), _format(schema)
        if value is None:
            found.merge(_check_type(value, schema, types, form, path))
            found.merge(_check_enum(value, schema, path))
            return found
        if types or form:
            steps.append(lambda: _check_type(value, schema, types, form, path))
        steps.append(lambda: self._check_branches(value, schema, path, old))
        if isinstance(value, str):
            steps.append(lambda: self._check_text(value, schema, path))
            if form.replace("-", "") in FORMATS:
                steps.append(lambda: self._check_format(value, form, path))
        elif isinstance(value, int | float) and not isinstance(value, bool):
            steps.append(lambda: check_number(value, schema, path))
        elif is_list(value):
            steps.append(lambda: self._check_list(value, schema, path, old))
        steps.append(lambda: _check_enum(value, schema, path))
        if is_map(value):
            steps.append(lambda: self._check_map(value, schema, path, old))
        for step in steps:
            found.merge(step())
            found.matches += 1
        found.matches += 1
        return found

    def _check_text(self, value: str, schema: Schema, path: str) -> Findings:
        most, least, pattern = schema.get("maxLength"), schema.get("minLength"), schema.get("pattern")
        if most is not None and len(value) > most:
            return Findings(Fault(f"{path} in body should be at most {most} chars long", "long", path, value, most))
        if least is not None and len(value) < least:
            return Findings(value_fault(path, f"should be at least {least} chars long", value))
        if pattern:
            is_found = matches(pattern, value)
            if is_found is None:
                self.unsure.append((path, f"the pattern {pattern} is not simulated"))
            elif not is_found:
                return Findings(value_fault(path, f"should match '{pattern}'", value))
        return Findings()

    def _check_format(self, value: str, form: str, path: str) -> Findings:
        is_good = has_format(form, value)
        if is_good is None:
            self.unsure.append((path, f"the format {form} is not simulated for this value"))
        return Findings(type_fault(path, form, value)) if is_good is False else Findings()

    def _check_list(self, value: list[Any], schema: Schema, path: str, old: Old | None) -> Findings:
        found = Findings()
        items = items_of(schema)
        if is_map(items):
            for position, each in enumerate(value):
                before = None if old is None else old.item(each)
                found.merge(self.check(each, items, f"{path}[{position}]", before))
        size, least, most = len(value), schema.get("minItems"), schema.get("maxItems")
        if least is not None and size < least:
            found.add([value_fault(path, f"should have at least {least} items", size)])
        if most is not None and size > most:
            found.add([Fault(f"{path} in body should have at most {most} items", "many", path, size, most)])
        found.matches += 1
        return found

    def _check_map(self, value: dict[str, Any], schema: Schema, path: str, old: Old | None) -> Findings:
        found = Findings()
        size, least, most = len(value), schema.get("minProperties"), schema.get("maxProperties")
        if least is not None and size < least:
            found.add([value_fault(path, f"should have at least {least} properties", size)])
        if most is not None and size > most:
            found.add([Fault(f"{path} in body should have at most {most} properties", "many", path, size, most)])
        properties = properties_of(schema)
        others = schema.get("additionalProperties")
        for name, each in value.items():
            if name not in properties and is_map(others):
                found.merge(self.check(each, others, f"{path}.{name}", _before(old, name)))
        for name, part in properties.items():
            if name in value:
                below = f"{path}.{name}" if path else name
                found.merge(self.check(value[name], part, below, _before(old, name)))
        for name in schema.get("required") or ():
            if name not in value:
                found.add([Fault(f"{path}.{name} in body is required", "required", f"{path}.{name}")])
        return found

    def _check_branches(self, value: Any, schema: Schema, path: str, old: Old | None) -> Findings:
        found = Findings()
        name = quoted(path)
        if schema.get("anyOf"):
            self._check_any(found, value, schema["anyOf"], name, path, old)
        if schema.get("oneOf"):
            self._check_one(found, value, schema["oneOf"], name, path, old)
        if every := schema.get("allOf"):
            results = [self._check(value, each, path, old) for each in every]
            for each in results:
                found.merge(each)
            passed = sum(not each.faults for each in results)
            if passed != len(every):
                suffix = "" if passed else ". None validated"
                found.add([Fault(f"{name} must validate all the schemas (allOf){suffix}", "place")])
        if schema.get("not") is not None and not self._check(value, schema["not"], path, old).faults:
            found.add([Fault(f"{name} must not validate the schema (not)", "place")])
        found.matches += 1
        return found

    def _check_any(
        self, found: Findings, value: Any, schemas: Sequence[Schema], name: str, path: str, old: Old | None
    ) -> None:
        best: Findings | None = None
        for each in schemas:
            result = self._check(value, each, path, old)
            if not result.faults:
                found.merge(result)
                return
            if best is None or result.matches > best.matches:
                best = result
        found.add([Fault(f"{name} must validate at least one schema (anyOf)", "place")])
        if best is not None:
            found.merge(best)

    def _check_one(
        self, found: Findings, value: Any, schemas: Sequence[Schema], name: str, path: str, old: Old | None
    ) -> None:
        results = [self._check(value, each, path, old) for each in schemas]
        passed = [each for each in results if not each.faults]
        if len(passed) == 1:
            found.merge(passed[0])
            return
        count = f"Found {len(passed)} valid alternatives" if passed else "Found none valid"
        found.add([Fault(f"{name} must validate one and only one schema (oneOf). {count}", "place")])
        if not passed:
            found.merge(max(results, key=lambda each: each.matches))


def _before(old: Old | None, name: str) -> Old | None:
    return None if old is None else old.field(name)


_NAMES: Final = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}


def _types(schema: Schema) -> tuple[str, ...]:
    if schema.get("x-kubernetes-int-or-string"):
        return ("integer", "string")
    return (schema["type"],) if schema.get("type") else ()


def _format(schema: Schema) -> str:
    """Return the format of a schema if the server knows it for the type, else ""."""
    form: str = schema.get("format", "")
    types = _types(schema)
    named = types[0] if len(types) == 1 else ""
    known = {"integer": ("int32", "int64"), "number": ("float", "double")}.get(named)
    if known is not None:
        return form if form in known else ""
    normalised = form.replace("-", "")
    return form if named in ("", "string") and normalised in FORMATS else ""


def _check_type(value: Any, schema: Schema, types: tuple[str, ...], form: str, path: str) -> Findings:
    found = Findings()
    found.matches += 1
    if value is None:
        return Findings(type_fault(path, ",".join(types), "null")) if types and not schema.get("nullable") else found
    named = _NAMES[type(value)]
    fits = (
        named in types
        or (named == "number" and "integer" in types and is_whole(value))
        or (named == "integer" and "number" in types)
    )
    is_text = isinstance(value, str | list)
    detail = {"integer": "int64", "number": "float64"}.get(named, "")
    if not is_text and form and not (fits or detail == form):
        return Findings(type_fault(path, form, detail))
    if is_text and form and not {"number", "integer"} & set(types):
        return found
    return found if fits else Findings(type_fault(path, ",".join(types), named))


def _check_enum(value: Any, schema: Schema, path: str) -> Findings:
    allowed = schema.get("enum")
    if not allowed or any(_is_one(value, each) for each in allowed):
        return Findings()
    shown = " ".join(compact(each) for each in allowed)
    return Findings(Fault(f"{path} in body should be one of [{shown}]", "enum", path, value, allowed))


def _is_one(value: Any, allowed: Any) -> bool:
    """Return whether a value is a value of `enum`, after the conversions of Go: null never is."""
    if value is None or allowed is None:
        return False
    if same(value, allowed):
        return True
    if isinstance(value, bool) or isinstance(allowed, bool):
        return False
    if isinstance(allowed, float) and isinstance(value, int):
        return float(value) == allowed
    if isinstance(allowed, int) and isinstance(value, float):
        return truncated(value) == allowed
    if isinstance(allowed, str) and isinstance(value, int):
        is_sign = 0 <= value < 0x110000 and not 0xD800 <= value < 0xE000
        return (chr(value) if is_sign else "\ufffd") == allowed
    return False
