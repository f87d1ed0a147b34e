"""Arguments of `wait`: conditions, creation, deletion, paths, functions, and their spelling as text.

Source: `condition.go`, `json.go`, `delete.go` and `conditionFuncsFor` of `k8s.io/kubectl/pkg/cmd/wait`.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Literal

from kubecore._support.coroutines import is_unawaited
from kubecore._support.json_types import is_json_array, is_json_object
from kubecore.calls.resource import Body
from kubecore.errors import DecodeError, InvalidRequestError
from kubecore.jsonpath import JSONPath, go_text, parse
from kubecore.waiting import observation, terminal_states
from kubecore.waiting.observation import Observation

__all__ = [
    "Condition",
    "Created",
    "Deleted",
    "Goal",
    "Matches",
    "Predicate",
    "condition",
    "created",
    "deleted",
    "goal",
    "jsonpath",
]

_FORMS: Final = "'condition=Ready', 'condition=Ready=False', 'jsonpath={.status.phase}=Running', 'create', 'delete'"
_SINGLE_EQUALS: Final = re.compile(r"==|=")


class Goal(ABC):
    """Base of the goals that `wait` accepts.

    Attributes:
        absent: The meaning of a missing object: an error, a reason to wait, or the goal.
    """

    absent: ClassVar[Literal["error", "wait", "done"]] = "error"

    @property
    @abstractmethod
    def words(self) -> str:
        """Description of the goal, for people."""

    @property
    def brief(self) -> str:
        """The same without values, which may be secret."""
        return self.words

    @abstractmethod
    def observe(self, item: Any) -> Observation:
        """Compare the object with the goal.

        Args:
            item: The object, a model.

        Returns:
            How far it is.
        """


@dataclass(frozen=True, slots=True)
class Condition(Goal):
    """A condition of the object's status, of its latest generation.

    Attributes:
        type: The condition, such as `Ready`; upper and lower case are alike.
        status: The status that it must have; likewise.
    """

    type: str
    status: str = "True"

    @property
    def words(self) -> str:
        """Description of the goal, for people."""
        return f"condition {self.type}={self.status}"

    def observe(self, item: Body) -> Observation:
        """Compare the object: a condition that speaks of an older generation does not count."""
        data = observation.document(item)
        current = observation.condition(data, self.type)
        if current is None:
            there = ", ".join(observation.text(other, "type") for other in observation.conditions(data)) or "none"
            return Observation(
                done=False,
                seen=f"no such condition; existing conditions: {there}",
                failure=terminal_states.of_condition(data, self.type, self.status),
            )
        seen = observation.describe_condition(current)
        generation, observed = observation.number(data, "metadata", "generation"), _observed(data, current)
        if observed is not None and observed < generation:
            return Observation(
                done=False, seen=f"{seen}; but that is of generation {observed}, the object has {generation}"
            )
        if observation.text(current, "status").casefold() == self.status.casefold():
            return Observation(done=True, seen=seen)
        return Observation(done=False, seen=seen, failure=terminal_states.of_condition(data, self.type, self.status))


def _observed(data: Any, current: Any) -> int | None:
    for found in (
        observation.field(current, "observedGeneration"),
        observation.field(data, "status", "observedGeneration"),
    ):
        if isinstance(found, int):
            return found
    return None


@dataclass(frozen=True, slots=True)
class Created(Goal):
    """The object exists."""

    absent: ClassVar[Literal["error", "wait", "done"]] = "wait"

    @property
    def words(self) -> str:
        """Description of the goal, for people."""
        return "creation"

    def observe(self, item: Body) -> Observation:
        """Compare the object: it exists."""
        return Observation(done=True, seen="it exists")


@dataclass(frozen=True, slots=True)
class Deleted(Goal):
    """The object no longer exists; one that was recreated with its name does not count.

    Attributes:
        uid: The UID of the object; "" for that of the one which is seen first.
    """

    uid: str = ""
    absent: ClassVar[Literal["error", "wait", "done"]] = "done"

    @property
    def words(self) -> str:
        """Description of the goal, for people."""
        return "deletion"

    def observe(self, item: Body) -> Observation:
        """Compare the object: as long as there is one it is not deleted."""
        data = observation.document(item)
        if not observation.text(data, "metadata", "deletionTimestamp"):
            return Observation(done=False, seen="it exists, and was not deleted")
        names = observation.field(data, "metadata", "finalizers")
        held = ", ".join(str(name) for name in names) if is_json_array(names) else ""
        return Observation(
            done=False, seen="it is being deleted" + (f", held by the finalizers {held}" if held else "")
        )


@dataclass(frozen=True, slots=True)
class Matches(Goal):
    """The value of a JSONPath.

    Attributes:
        path: The path.
        value: The one value that it must find, as text; None for any value.
    """

    path: JSONPath
    value: str | None = None

    @property
    def words(self) -> str:
        """Description of the goal, for people."""
        return self.brief if self.value is None else f"{self.brief}={self.value[:200]!r}"

    @property
    def brief(self) -> str:
        """The same without the value."""
        return self.path.text[:200]

    def observe(self, item: Body) -> Observation:
        """Compare the object with the goal.

        Raises:
            InvalidRequestError: A value is waited for, and the path finds several, or an object or list.
        """
        data = observation.document(item)
        try:
            values = self.path.find(data)
        except DecodeError as error:
            return Observation(done=False, seen=str(error))
        if not values:
            return Observation(done=False, seen="it finds nothing")
        if self.value is None:
            return Observation(done=True, seen=f"it finds {len(values)} values")
        text = go_text(self._only(values))
        done = text.strip() == self.value.strip()
        return Observation(
            done=done,
            seen=f"it is {text[:200]!r}",
            failure=None if done else terminal_states.of_path(data, self.path.text),
        )

    def _only(self, values: list[Any]) -> Any:
        if len(values) > 1:
            raise InvalidRequestError(f"{self.brief} finds {len(values)} values; only one can be waited for")
        if is_json_object(values[0]) or is_json_array(values[0]):
            raise InvalidRequestError(f"{self.brief} finds an object or a list; only a plain value can be waited for")
        return values[0]


@dataclass(frozen=True, slots=True)
class Predicate(Goal):
    """A function returns a true value for the object.

    Attributes:
        function: The function; its exceptions end the waiting.
    """

    function: Callable[[Any], bool]

    @property
    def words(self) -> str:
        """The name of the goal, for error messages."""
        name: str = getattr(self.function, "__name__", type(self.function).__name__)
        return f"a true result of {'a lambda' if name == '<lambda>' else name}"

    def observe(self, item: Body) -> Observation:
        """Compare the object: call the function."""
        result = self.function(item)
        if is_unawaited(result):
            raise InvalidRequestError("the function of a wait is async, but nothing awaits it: use a plain function")
        if result:
            return Observation(done=True, seen="the function returned a true value")
        version = observation.text(observation.document(item), "metadata", "resourceVersion")
        return Observation(done=False, seen=f"the function returned a false value for version {version}")


def condition(type: str, status: str = "True") -> Goal:  # noqa: A002 - the field's name
    """Wait for a condition.

    Args:
        type: The condition, such as `Ready`; upper and lower case are alike.
        status: The status that it must have: `True`, `False`, `Unknown`.

    Returns:
        A goal for `wait(for_=...)`.
    """
    return Condition(type, status)


def created() -> Goal:
    """Wait until the object exists.

    Returns:
        A goal for `wait(for_=...)`.
    """
    return Created()


def deleted(*, uid: str = "") -> Deleted:
    """Wait until the object no longer exists.

    Args:
        uid: Its UID: another UID under its name means that it is gone; "" uses the UID of the first observed object.

    Returns:
        A goal for `wait(for_=...)`.
    """
    return Deleted(uid)


def jsonpath(path: str, value: str | float | bool | None = None) -> Goal:
    """Wait for a value at a JSONPath of kubectl's dialect.

    Args:
        path: The path, such as `{.status.phase}`.
        value: The one value that it must find; None for any value.

    Returns:
        A goal for `wait(for_=...)`.

    Raises:
        InvalidRequestError: The path is invalid.
    """
    return Matches(parse(path), None if value is None else go_text(value))


def goal(for_: str | Goal | Callable[[Any], bool]) -> Goal:
    """Parse the goal of `wait`.

    Args:
        for_: Text as in `kubectl wait --for`, one of the helpers' results, or a function.

    Returns:
        The goal.

    Raises:
        InvalidRequestError: It is not a goal.
    """
    if isinstance(for_, Goal):
        return for_
    if isinstance(for_, str):
        return _read(for_)
    if callable(for_):
        return Predicate(for_)
    raise InvalidRequestError(f"for_ must be text, a goal or a function, not {type(for_).__name__}")


def _read(text: str) -> Goal:
    kind, equals, rest = text.partition("=")
    if text.lower() in ("create", "delete"):
        return Created() if text.lower() == "create" else Deleted()
    if kind == "condition" and rest:
        name, _, status = rest.partition("=")
        return Condition(name, status or "True")
    if kind == "jsonpath" and equals:
        return _read_path(rest)
    raise InvalidRequestError(f"{text[:200]!r} can't be waited for; it is one of {_FORMS}")


def _read_path(text: str) -> Goal:
    at = next((match.start() for match in _SINGLE_EQUALS.finditer(text) if match[0] == "="), None)
    path = _unquoted(text if at is None else text[:at])
    if at is None:
        return Matches(parse(path))
    value = text[at + 1 :].strip("'\"")
    if not value:
        raise InvalidRequestError(f"a value must follow the last '=' of {text[:200]!r}")
    return Matches(parse(path), value)


def _unquoted(path: str) -> str:
    """Take the quotes away that a shell would have taken."""
    return path[1:-1] if len(path) > 1 and path[0] == path[-1] and path[0] in "'\"" else path
