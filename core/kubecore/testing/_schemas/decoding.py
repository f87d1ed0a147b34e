"""JSON values of bodies, whose objects remember which of their keys are repeated."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

from kubecore.testing._schemas.json_values import copied, is_list, is_map
from kubecore.testing._schemas.levels import check_text

__all__ = ["decode", "plain", "repeated_keys", "repeats_of"]


class _Repeating(dict[str, Any]):
    """A JSON object in which keys are repeated. The last value counts.

    Attributes:
        repeated: How often each of these keys is repeated.
    """

    repeated: Mapping[str, int] = MappingProxyType({})


def decode(content: bytes) -> Any:
    """Return the JSON value of a body. Objects remember which keys are repeated, so that `repeats_of` reports them.

    Raises:
        ValueError: It is not JSON.
        NotSimulatedError: It is nested too deeply.
    """
    check_text(content)
    return _DECODER.decode(content.decode("utf-8", "surrogatepass"))


def _paired(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    repeating = _Repeating(found)
    counts = Counter(key for key, _ in pairs)
    repeating.repeated = {key: count - 1 for key, count in counts.items() if count > 1}
    return repeating


def repeats_of(value: dict[str, Any]) -> Mapping[str, int]:
    """Return how often each repeated key of a JSON object of `decode` is repeated."""
    return value.repeated if isinstance(value, _Repeating) else _Repeating.repeated


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON value")


_DECODER: Final = json.JSONDecoder(object_pairs_hook=_paired, parse_constant=_refuse_constant)


def repeated_keys(value: Any, place: str = "") -> Iterator[str]:
    """Yield the paths of the keys that are repeated in a value of `decode`, each once, in their order.

    Args:
        value: The value.
        place: Its path.
    """
    if is_map(value):
        repeated = repeats_of(value)
        for key, each in value.items():
            below = f"{place}.{key}" if place else key
            if key in repeated:
                yield below
            yield from repeated_keys(each, below)
    elif is_list(value):
        for at, each in enumerate(value):
            yield from repeated_keys(each, f"{place}[{at}]")


def plain(value: Any) -> Any:
    """Return a copy of a value of `decode` that does not remember repeated keys: rules look at exact types."""
    return copied(value)
