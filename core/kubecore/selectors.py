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
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final, Literal, NoReturn, Self, TypeAlias

import msgspec

from kubecore._support.json_types import is_json_object
from kubecore.errors import InvalidRequestError

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

Operator: TypeAlias = Literal["=", "==", "!=", "in", "notin", "exists", "!", "gt", "lt"]
"""Operators of a requirement, in the words of `k8s.io/apimachinery/pkg/selection`."""

_TOKEN: Final = re.compile(r"[ \t\r\n]*(?:(!=|==|[=!(),<>])|([^=!(),<> \t\r\n\0]+))")
_BLANK: Final = " \t\r\n"
_NAME: Final = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]", re.ASCII)
_SUBDOMAIN: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*", re.ASCII)
_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,40}", re.ASCII)
_LONGEST_NAME: Final = 63
_LONGEST_PREFIX: Final = 253

_SIGNS: Final[Mapping[str, Operator]] = {"=": "=", "==": "==", "!=": "!=", ">": "gt", "<": "lt"}
_WRITTEN: Final[Mapping[str, str]] = {"=": "=", "==": "==", "!=": "!=", "gt": ">", "lt": "<"}
_OF_MODELS: Final[Mapping[str, Operator]] = {"In": "in", "NotIn": "notin", "Exists": "exists", "DoesNotExist": "!"}


class Condition(msgspec.Struct, frozen=True):
    """A mapping's value with another operator than `=`. The functions of this module create them.

    Attributes:
        operator: The operator.
        values: Its values.
    """

    operator: Operator
    values: tuple[str, ...] = ()


def exists() -> Condition:
    """The label exists, with any value; a mapping's None means the same."""
    return Condition("exists")


def not_exists() -> Condition:
    """The label does not exist."""
    return Condition("!")


def not_equal(value: str) -> Condition:
    """The label has another value, or does not exist.

    Args:
        value: The value.
    """
    return Condition("!=", (value,))


def not_in(values: Collection[str]) -> Condition:
    """The label has none of these values, or does not exist.

    Args:
        values: The values.
    """
    return Condition("notin", _several(values))


def greater_than(value: int) -> Condition:
    """The label exists, and is a number greater than this.

    Args:
        value: The number, not negative: no label's value can begin with a sign.
    """
    return Condition("gt", (str(value),))


def less_than(value: int) -> Condition:
    """The label exists, and is a number less than this.

    Args:
        value: The number, not negative.
    """
    return Condition("lt", (str(value),))


class Requirement(msgspec.Struct, frozen=True):
    """Requirement on one label.

    Attributes:
        key: The label's name.
        operator: The operator.
        values: Sorted, each once: one for `=`, `==`, `!=`, `gt` and `lt`, none for `exists` and `!`.

    Raises:
        InvalidRequestError: Key, operator or values are invalid.
    """

    key: str
    operator: Operator
    values: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check it, and put the values in order."""
        _check_key(self.key)
        _check_count(self)
        for value in self.values:
            _check_value(self.key, value)
            if self.operator in ("gt", "lt") and _integer(value) is None:
                _refuse(f"{self.operator} must be a whole number, not {value!a}, for the label {self.key!a}")
        msgspec.structs.force_setattr(self, "values", tuple(sorted(set(self.values))))

    def __str__(self) -> str:
        """Write it as the server reads it."""
        if self.operator in ("exists", "!"):
            return "!" * (self.operator == "!") + self.key
        if self.operator in ("in", "notin"):
            return f"{self.key} {self.operator} ({','.join(self.values)})"
        return f"{self.key}{_WRITTEN[self.operator]}{self.values[0]}"

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Return whether labels meet the requirement.

        Args:
            labels: An object's labels.
        """
        found = labels.get(self.key)
        if self.operator in ("in", "=", "=="):
            return found in self.values
        if self.operator in ("notin", "!="):
            return found not in self.values
        if self.operator in ("exists", "!"):
            return (found is not None) is (self.operator == "exists")
        number, limit = None if found is None else _integer(found), _integer(self.values[0])
        if number is None or limit is None:
            return False
        return number > limit if self.operator == "gt" else number < limit


class Selector(msgspec.Struct, frozen=True):
    """Requirements on an object's labels, all of which must be met.

    Attributes:
        requirements: By key.
        nothing: Whether it selects nothing, regardless of the requirements, as a null `LabelSelector` does.
    """

    requirements: tuple[Requirement, ...] = ()
    nothing: bool = False

    def __post_init__(self) -> None:
        """Put the requirements in order."""
        ordered = tuple(sorted(self.requirements, key=lambda requirement: requirement.key))
        msgspec.structs.force_setattr(self, "requirements", ordered)

    def __str__(self) -> str:
        """Write it as the server reads it; "" selects everything."""
        return "<nothing>" if self.nothing else ",".join(map(str, self.requirements))

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Return whether the selector matches labels, as on the server.

        Args:
            labels: An object's labels.
        """
        return not self.nothing and all(requirement.matches(labels) for requirement in self.requirements)

    def add(self, *requirements: Requirement) -> Self:
        """Add requirements.

        Args:
            *requirements: The additional requirements.

        Returns:
            A new selector.
        """
        return type(self)((*self.requirements, *requirements), self.nothing)


EVERYTHING: Final = Selector()
"""Selects every object."""

NOTHING: Final = Selector(nothing=True)
"""Selects no object; it can't be sent, since a selector that is left out selects everything."""


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
    return Requirement(key, "in", _several(value))


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
            _refuse(f"a label selector's operator is one of {', '.join(_OF_MODELS)}, not {str(operator)[:100]!a}")
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
            _refuse("this label selector selects nothing, which can't be sent: an empty one selects everything")
        return str(value)
    also = " or a Selector" if option == "label_selector" else ""
    raise InvalidRequestError(f"{option} must be text, a mapping{also}, not {type(value).__name__}")


def _field(name: Any, value: Any) -> str:
    if not isinstance(name, str) or not name or re.search(r"[=!,\\\s]", name):
        _refuse(f"{str(name)[:100]!a} can't be a field in a field selector")
    if isinstance(value, Condition) and value.operator == "!=":
        return f"{name}!={_escaped(name, value.values[0])}"
    return f"{name}={_escaped(name, value)}"


def _escaped(name: str, value: Any) -> str:
    if not isinstance(value, str):
        _refuse(f"a field selector knows text and not_equal() alone, not {type(value).__name__}, for {name!a}")
    return re.sub(r"[\\,=]", r"\\\g<0>", value)


def parse(selector: str) -> Selector:
    """Parse a label selector, such as `app=web,tier in (a, b),!canary,size>3`.

    Args:
        selector: The text; "" selects everything.

    Returns:
        The selector; its text is the canonical form.

    Raises:
        InvalidRequestError: It is not a selector; the error has the position.
    """
    return _Parser(selector).selector()


class _Parser:
    """Reads a selector from left to right; `in` and `notin` are keywords only if an operator is expected."""

    def __init__(self, selector: str) -> None:
        self._selector = selector
        self._tokens = list(_tokens(selector))
        self._at = 0

    def selector(self) -> Selector:
        found: list[Requirement] = []
        while self._look() != "":
            found.append(self._requirement())
            if self._take() == "":
                break
            self._back(",", "a comma or the end")
            if self._look() in ("", *"=,()<>", "==", "!="):
                self._fail("a label after the comma")
        return Selector(tuple(found))

    def _requirement(self) -> Requirement:
        absent = self._look() == "!"
        if absent:
            self._take()
        key = self._word("a label")
        _check_key(key)
        if absent:
            return Requirement(key, "!") if self._look() in ("", ",") else self._fail("a comma or the end")
        if self._look() in ("", ","):
            return Requirement(key, "exists")
        operator = self._take()
        if operator in ("in", "notin"):
            return Requirement(key, "in" if operator == "in" else "notin", self._values())
        if operator not in _SIGNS:
            self._at -= 1
            self._fail("=, ==, !=, in, notin, < or >")
        value = "" if self._look() in ("", ",") else self._word("a value")
        return Requirement(key, _SIGNS[operator], (value,))

    def _values(self) -> tuple[str, ...]:
        """Parse `(a, b)`; nothing between parentheses and commas is the empty value."""
        self._take()
        self._back("(", "(")
        found: list[str] = []
        expects_value = True
        while True:
            word = self._look()
            if word == ")":
                self._take()
                return (*found, "") if expects_value else tuple(found)
            if word == ",":
                self._take()
                if expects_value:
                    found.append("")
                expects_value = True
                continue
            if not expects_value:
                self._fail("a comma or )")
            found.append(self._word("a value, a comma or )"))
            expects_value = False

    def _look(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _take(self) -> str:
        word = self._look()
        self._at += 1
        return word

    def _back(self, wanted: str, words: str) -> None:
        """Check the word that was taken last."""
        if self._tokens[self._at - 1 : self._at] != [wanted]:
            self._at -= 1
            self._fail(words)

    def _word(self, wanted: str) -> str:
        word = self._look()
        if word == "" or word in "=!(),<>" or word in ("==", "!="):
            self._fail(wanted)
        return self._take()

    def _fail(self, wanted: str) -> NoReturn:
        found = repr(ascii(self._look())[1:-1]) if self._look() else "the end"
        _refuse(f"can't read the label selector {self._selector[:200]!a}: expected {wanted}, found {found[:100]}")


def _tokens(selector: Any) -> Iterator[str]:
    if not isinstance(selector, str):
        _refuse(f"a label selector is text, not {type(selector).__name__}")
    at = 0
    end = len(selector.rstrip(_BLANK))
    while at < end:
        match = _TOKEN.match(selector, at)
        if match is None:
            _refuse(f"can't read the label selector {selector[:200]!a}: it holds {selector[at : at + 1]!a}")
        yield match[1] or match[2]
        at = match.end()


def _check_key(key: Any) -> None:
    if not isinstance(key, str):
        _refuse(f"a label's name is text, not {type(key).__name__}")
    prefix, slash, name = key.rpartition("/")
    if slash and not (len(prefix) <= _LONGEST_PREFIX and _SUBDOMAIN.fullmatch(prefix)):
        _refuse(f"{key[:300]!a} can't be a label's name: before the slash stands a domain in lower case")
    if len(name) > _LONGEST_NAME or not _NAME.fullmatch(name):
        _refuse(
            f"{key[:300]!a} can't be a label's name: that is at most 63 letters, digits, '-', '_' and '.', "
            "the first and the last a letter or digit"
        )


def _check_value(key: str, value: Any) -> None:
    if not isinstance(value, str):
        _refuse(f"the label {key!a} is compared with text, not with {type(value).__name__}")
    if value and not (len(value) <= _LONGEST_NAME and _NAME.fullmatch(value)):
        _refuse(
            f"{value[:300]!a} can't be the value of the label {key!a}: that is at most 63 letters, digits, '-', '_' "
            "and '.', the first and the last a letter or digit, or nothing at all"
        )


def _check_count(requirement: Requirement) -> None:
    operator, count = requirement.operator, len(requirement.values)
    if operator in ("in", "notin"):
        if count == 0:
            _refuse(f"{operator} needs a value, for the label {requirement.key!a}")
    elif operator in ("exists", "!"):
        if count:
            _refuse(f"{operator} has no value, for the label {requirement.key!a}")
    elif operator not in _WRITTEN:
        _refuse(f"there is no operator {str(operator)[:100]!a}, for the label {requirement.key!a}")
    elif count != 1:
        _refuse(f"{operator} has exactly one value, for the label {requirement.key!a}")


def _several(values: Any) -> tuple[str, ...]:
    if isinstance(values, (str, bytes)) or not isinstance(values, Collection):
        _refuse(f"expected several values of a label, not {type(values).__name__}")
    return tuple(values)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]


def _integer(value: str) -> int | None:
    """Parse an integer as Go's ParseInt does: 64 bits."""
    number = int(value) if _INTEGER.fullmatch(value) else None
    return number if number is not None and -(1 << 63) <= number < 1 << 63 else None


def _refuse(message: str) -> NoReturn:
    raise InvalidRequestError(message)
