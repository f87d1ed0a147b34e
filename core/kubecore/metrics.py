"""Counters, gauges and histograms that a program can read, and their text in the format of Prometheus.

```python
from kubecore import metrics

RETRIES = metrics.REGISTRY.counter("shop_retries_total", "Retried orders.", ["shop"])
RETRIES.labels("north").inc()
print(metrics.REGISTRY.text())
```

Everything is safe to use from many threads. Nothing is sent anywhere: the program serves or prints the text.
"""

from __future__ import annotations

import itertools
import math
import operator
import threading
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, Generic, NamedTuple, Protocol, TypeVar, cast

__all__ = [
    "CONTENT_TYPE",
    "DEFAULT_BUCKETS",
    "REGISTRY",
    "Counter",
    "Family",
    "Gauge",
    "Histogram",
    "Metric",
    "Registry",
    "Sample",
    "exponential_buckets",
]

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
"""The `Content-Type` of `Registry.text`."""

DEFAULT_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""The upper bounds of Go's Prometheus client, in seconds."""

Labels = tuple[tuple[str, str], ...]


class Sample(NamedTuple):
    """One line of the text.

    Attributes:
        name: The name of the metric; samples of histograms have `_bucket`, `_sum` or `_count` at its end.
        labels: Names and values of its labels.
        value: The number.
    """

    name: str
    labels: Labels
    value: float


class Metric(Protocol):
    """A counter, gauge or histogram."""

    def samples(self, name: str, labels: Labels) -> Iterator[Sample]:
        """Yield the samples.

        Args:
            name: The name of the family.
            labels: The names and values of the labels.
        """
        ...


M = TypeVar("M", bound=Metric)
N = TypeVar("N", bound=Metric)


class Counter:
    """A number that only grows. `Registry.counter` creates the families that contain counters."""

    __slots__ = ("_parts",)

    def __init__(self) -> None:
        self._parts: dict[int, float] = {}  # By thread: each changes only its own part, so that no lock is needed.

    def inc(self, amount: float = 1.0) -> None:
        """Add to the number.

        Args:
            amount: The number to add, 0 or more.

        Raises:
            ValueError: The amount is negative or not a number.
        """
        if not amount >= 0:
            raise ValueError(f"a counter can't grow by {amount}: use a gauge for a number that may fall")
        _add(self._parts, amount)

    @property
    def value(self) -> float:
        """The current number."""
        return sum(self._parts.copy().values())

    def samples(self, name: str, labels: Labels) -> Iterator[Sample]:
        """Yield the one sample of a counter."""
        yield Sample(name, labels, self.value)


class Gauge:
    """A number that may fall. `Registry.gauge` creates the families that contain gauges."""

    __slots__ = ("_function", "_parts")

    def __init__(self) -> None:
        self._parts: dict[int, float] = {}  # See Counter.
        self._function: Callable[[], float] | None = None

    def set(self, value: float) -> None:
        """Replace the number, or the function that computes it."""
        self._parts = {threading.get_ident(): value}
        self._function = None

    def inc(self, amount: float = 1.0) -> None:
        """Add to the number; a negative amount is subtracted."""
        _add(self._parts, amount)

    def dec(self, amount: float = 1.0) -> None:
        """Subtract from the number."""
        _add(self._parts, -amount)

    def set_function(self, function: Callable[[], float]) -> None:
        """Compute the number whenever it is read.

        Args:
            function: Returns the number. The thread that reads calls it. If it raises an exception, the number is NaN,
                so that a fault in one metric does not hide the others.
        """
        self._function = function

    @property
    def value(self) -> float:
        """The current number."""
        if self._function is None:
            return sum(self._parts.copy().values())
        try:
            return float(self._function())
        except Exception:  # It is code of the program, and the reader can't do anything about its faults.
            return math.nan

    def samples(self, name: str, labels: Labels) -> Iterator[Sample]:
        """Yield the one sample of a gauge."""
        yield Sample(name, labels, self.value)


class Histogram:
    """How many observed values are below each of some bounds. `Registry.histogram` creates their families."""

    __slots__ = ("_bounds", "_parts")

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = bounds
        self._parts: dict[int, list[float]] = {}  # By thread, see Counter: the count of each bucket, then the sum.

    def observe(self, value: float) -> None:
        """Count a value; most histograms count seconds."""
        try:
            part = self._parts[threading.get_ident()]
        except KeyError:
            part = self._parts[threading.get_ident()] = [0.0] * (len(self._bounds) + 2)
        # NaN is above every bound, as in Go: no comparison with it is true.
        part[bisect_left(self._bounds, value) if value == value else -2] += 1
        part[-1] += value

    @property
    def count(self) -> int:
        """The number of observed values."""
        return int(sum(self._totals()[:-1]))

    @property
    def sum(self) -> float:
        """The sum of the observed values."""
        return self._totals()[-1]

    def samples(self, name: str, labels: Labels) -> Iterator[Sample]:
        """Yield the samples of all buckets, then sum and count."""
        *counts, total = self._totals()
        below = 0.0
        for bound, count in zip([*self._bounds, math.inf], counts, strict=True):
            below += count
            yield Sample(f"{name}_bucket", (*labels, ("le", _number(bound))), below)
        yield Sample(f"{name}_sum", labels, total)
        yield Sample(f"{name}_count", labels, below)

    def _totals(self) -> list[float]:
        empty = [0.0] * (len(self._bounds) + 2)
        return [sum(numbers) for numbers in zip(empty, *self._parts.copy().values(), strict=True)]


def _add(parts: dict[int, float], amount: float) -> None:
    """Add to the part of the running thread. A lock would need three times as long."""
    try:
        parts[threading.get_ident()] += amount
    except KeyError:
        parts[threading.get_ident()] = amount


class Family(Generic[M]):
    """All metrics of one name: one for each combination of label values. A `Registry` creates it.

    Attributes:
        name: The name.
        help: The sentence that explains it.
        kind: "counter", "gauge" or "histogram".
        label_names: The names of its labels.
    """

    def __init__(
        self, name: str, help_text: str, kind: str, label_names: tuple[str, ...], new: Callable[[], M]
    ) -> None:
        self.name = name
        self.help = help_text
        self.kind = kind
        self.label_names = label_names
        self._new = new
        self._metrics: dict[tuple[str, ...], M] = {}
        if not label_names:
            self.labels()  # As in Go: a metric without labels exists, and is 0, before its first use.

    def labels(self, *values: str) -> M:
        """Return the metric with these label values; the first call creates it.

        Keep the returned metric if it is used often: this is faster than looking it up each time.

        Args:
            values: A value for each label, in the order of `label_names`. Invalid Unicode is replaced.

        Raises:
            ValueError: There are more or fewer values than labels.
            TypeError: A value is not a string.
        """
        metric = self._metrics.get(values)
        if metric is None:
            metric = self._metrics.setdefault(self._checked(values), self._new())
        return metric

    def remove(self, *values: str) -> None:
        """Forget the metric with these label values, if it exists."""
        self._metrics.pop(self._checked(values), None)

    def samples(self) -> Iterator[Sample]:
        """Yield the samples of all metrics, ordered by their label values."""
        for values, metric in sorted(self._metrics.copy().items()):
            yield from metric.samples(self.name, tuple(zip(self.label_names, values, strict=True)))

    def _checked(self, values: tuple[str, ...]) -> tuple[str, ...]:
        if len(values) != len(self.label_names):
            raise ValueError(f"metric {self.name}: {len(values)} label values for the labels {list(self.label_names)}")
        for name, value in zip(self.label_names, values, strict=True):
            if not isinstance(value, str):  # pyright: ignore[reportUnnecessaryIsInstance]  # Programs without types.
                raise TypeError(f"metric {self.name}: label {name} must be a string, not {value!r}")
        return tuple(value.encode("utf-8", "replace").decode("utf-8") for value in values)


class Registry:
    """Metrics of a program, by name. Most programs use `REGISTRY`; tests create their own."""

    def __init__(self) -> None:
        self._families: dict[str, tuple[object, Family[Metric]]] = {}

    def counter(self, name: str, help_text: str, labels: Iterable[str] = ()) -> Family[Counter]:
        """Return the family of counters of this name; the first call creates it.

        Args:
            name: Its name; by convention it ends with `_total`.
            help_text: A sentence that explains it.
            labels: Names of its labels.

        Raises:
            ValueError: A name is invalid, or the name belongs to a metric of another kind or with other labels.
            TypeError: The labels are a string instead of a list.
        """
        return self._family(name, help_text, "counter", labels, (), Counter)

    def gauge(self, name: str, help_text: str, labels: Iterable[str] = ()) -> Family[Gauge]:
        """Return the family of gauges of this name; the first call creates it.

        Args:
            name: Its name.
            help_text: A sentence that explains it.
            labels: Names of its labels.

        Raises:
            ValueError: See `counter`.
            TypeError: See `counter`.
        """
        return self._family(name, help_text, "gauge", labels, (), Gauge)

    def histogram(
        self, name: str, help_text: str, labels: Iterable[str] = (), *, buckets: Iterable[float] = DEFAULT_BUCKETS
    ) -> Family[Histogram]:
        """Return the family of histograms of this name; the first call creates it.

        Args:
            name: Its name; it ends with the unit, such as `_seconds`.
            help_text: A sentence that explains it.
            labels: Names of its labels; `le` is reserved.
            buckets: Upper bounds in ascending order, without infinity.

        Raises:
            ValueError: See `counter`; or the bounds do not ascend.
            TypeError: See `counter`.
        """
        bounds = tuple(map(float, buckets))
        if not all(map(math.isfinite, bounds)) or any(low >= high for low, high in itertools.pairwise(bounds)):
            raise ValueError(f"metric {name}: the bounds of buckets must be finite and ascend: {list(bounds)}")
        return self._family(name, help_text, "histogram", labels, bounds, lambda: Histogram(bounds))

    def families(self) -> list[Family[Metric]]:
        """Return all families, ordered by name."""
        return [family for _, (_, family) in sorted(self._families.copy().items())]

    def text(self) -> str:
        """Return all metrics in Prometheus' text format, version 0.0.4; see `CONTENT_TYPE`."""
        return "".join(line for family in self.families() for line in _lines(family))

    def _family(
        self,
        name: str,
        help_text: str,
        kind: str,
        labels: Iterable[str],
        bounds: tuple[float, ...],
        new: Callable[[], N],
    ) -> Family[N]:
        if isinstance(labels, str):
            raise TypeError(f"metric {name}: the labels must be a list of names, not the string {labels!r}")
        label_names = tuple(labels)
        definition = (kind, label_names, bounds)
        if name not in self._families:
            _check_names(name, label_names, "le" if kind == "histogram" else None)
            family = cast("Family[Metric]", Family(name, help_text, kind, label_names, new))
            self._families.setdefault(name, (definition, family))
        existing, family = self._families[name]
        if existing != definition:
            raise ValueError(f"metric {name} exists as {existing}, which differs from {definition}")
        return cast("Family[N]", family)


REGISTRY: Final = Registry()
"""The metrics of this process, unless a registry is given."""


def exponential_buckets(start: float, factor: float, count: int) -> tuple[float, ...]:
    """Return bounds of buckets that grow by a factor.

    Args:
        start: The lowest bound, above 0.
        factor: The factor from each bound to the next, above 1.
        count: The number of bounds, 1 or more.

    Raises:
        ValueError: A number is out of range.
    """
    if not (start > 0 and factor > 1 and count >= 1):
        raise ValueError(f"buckets need start > 0, factor > 1 and count >= 1, not {start}, {factor} and {count}")
    # Go multiplies in this order: the bounds must be equal to the last digit, since they are values of labels.
    return tuple(itertools.accumulate([factor] * (count - 1), operator.mul, initial=start))


def _check_names(name: str, labels: tuple[str, ...], reserved: str | None) -> None:
    if not (name.isascii() and name.replace(":", "_").isidentifier()):
        raise ValueError(f"invalid metric name {name!r}: expected letters, digits, underscores and colons")
    for label in labels:
        if not (label.isascii() and label.isidentifier()) or label.startswith("__") or label == reserved:
            raise ValueError(f"metric {name}: invalid label {label!r}; expected letters, digits and underscores")
    if len({*labels}) < len(labels):
        raise ValueError(f"metric {name}: two labels have one name: {list(labels)}")


def _lines(family: Family[Metric]) -> Iterator[str]:
    samples = [*family.samples()]
    if samples:
        yield f"# HELP {family.name} {_escape(family.help)}\n# TYPE {family.name} {family.kind}\n"
    for name, labels, value in samples:
        pairs = ",".join(f'{label}="{_escape(text, quote=True)}"' for label, text in labels)
        yield f"{name}{{{pairs}}} {_number(value)}\n" if pairs else f"{name} {_number(value)}\n"


def _escape(text: str, *, quote: bool = False) -> str:
    text = text.replace("\\", r"\\").replace("\n", r"\n")
    return text.replace('"', r"\"") if quote else text


def _number(value: float) -> str:
    """Write a number as Go does: `3`, `0.5`, `+Inf`, `NaN`."""
    if math.isfinite(value):
        return str(int(value)) if value == int(value) and abs(value) < 2**53 else repr(float(value))
    return "NaN" if math.isnan(value) else "+Inf" if value > 0 else "-Inf"
