"""Small documents that expand to large ones, and large documents.

`python -m tests.kgen.bombs FOLDER [NAME...]` builds a package from each document, or from the named ones. Each build
runs in a separate process with limited memory. The command prints the exit code, the seconds, the peak memory in MiB
and the error output of each build.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

from kgen import stamp
from kgen.cli import run
from tests.kgen.documents import document, reference

__all__ = ["CASES", "MEMORY", "SECONDS", "main"]

SECONDS: Final = 60
"""Processor seconds that a build may use."""
MEMORY: Final = 600
"""MiB that a build may use."""

_MILLION: Final = 1_000_000
_SPEC: Final = "com.example.v1.WidgetSpec"
_DEEP: Final = {
    "fields": ('{"type":"object","properties":{"a":', "}}"),
    "items": ('{"type":"array","items":', "}"),
    "values": ('{"type":"object","additionalProperties":', "}"),
    "parts": ('{"allOf":[', "]}"),
}

Text = Callable[[], Iterable[str]]


def _crd(schema: Iterable[str]) -> Iterator[str]:
    names = '{"plural":"widgets","kind":"Widget"}'
    yield '{"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"a"},"spec":'
    yield f'{{"group":"example.com","scope":"Namespaced","names":{names},"versions":[{{"name":"v1","served":true,'
    yield '"storage":true,"schema":{"openAPIV3Schema":{"type":"object","properties":{"spec":'
    yield from schema
    yield "}}}}]}}"


def _openapi(schema: Iterable[str]) -> Iterator[str]:
    before, after = json.dumps(document(extra={_SPEC: {"here": 0}})).split('{"here": 0}')
    yield before
    yield from schema
    yield after


def _deep(wrap: Callable[[Iterable[str]], Iterator[str]], opening: str, closing: str) -> Iterator[str]:
    return wrap([opening * 10_000, '{"type":"string"}', closing * 10_000])


def _many(before: str, entry: str, after: str, count: int) -> Iterator[str]:
    yield before
    for number in range(count):
        yield ("," if number else "") + entry.replace("#", str(number))
    yield after


def _properties(count: int) -> Iterator[str]:
    return _many('{"type":"object","properties":{', '"p#":{"type":"string"}', "}}", count)


def _branches(count: int) -> Iterator[str]:
    """Yield an object of lists, with one `oneOf` branch per list that requires it."""
    yield from _many('{"type":"object","properties":{', '"p#":{"type":"array","items":{"type":"string"}}', "}", count)
    yield from _many(',"oneOf":[', '{"required":["p#"]}', "]}", count)


def _anchors() -> Iterator[str]:
    yield 'a0: &a0 {"type": "string"}\n'
    for number in range(1, 40):
        yield f"a{number}: &a{number} {{a: *a{number - 1}, b: *a{number - 1}}}\n"


def _schemas(**extra: Any) -> Text:
    return lambda: [json.dumps(document(extra={key.replace("_", "."): value for key, value in extra.items()}))]


def _doubling(make: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> Text:
    """Return forty schemas that each contain the next one twice."""
    chain = {f"com.example.v1.A{n}": make(reference(f"com.example.v1.A{n + 1}")) for n in range(40)}
    last = {"com.example.v1.A40": {"type": "object", "properties": {"a": {"type": "string"}}}}
    return lambda: [json.dumps(document(extra={**chain, **last, _SPEC: reference("com.example.v1.A0")}))]


def _chain(make: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> Text:
    """Return five thousand schemas that each contain the next one."""
    chain = {f"com.example.v1.A{n}": make(reference(f"com.example.v1.A{n + 1}")) for n in range(5000)}
    return lambda: [json.dumps(document(extra={**chain, _SPEC: reference("com.example.v1.A0")}))]


def _loops() -> Iterator[tuple[str, Text]]:
    to_self, to_other = reference(_SPEC), reference("com.example.v1.Other")
    yield "itself", _schemas(com_example_v1_WidgetSpec=to_self)
    yield "two", _schemas(com_example_v1_WidgetSpec=to_other, com_example_v1_Other=to_self)
    yield "parts", _schemas(com_example_v1_WidgetSpec={"allOf": [to_other]}, com_example_v1_Other={"allOf": [to_self]})
    yield "items", _schemas(com_example_v1_WidgetSpec={"type": "array", "items": to_self})
    yield "values", _schemas(com_example_v1_WidgetSpec={"type": "object", "additionalProperties": to_self})
    yield "choices", _schemas(com_example_v1_WidgetSpec={"anyOf": [to_self, to_self]})
    yield "fields", _schemas(com_example_v1_WidgetSpec={"type": "object", "properties": {"a": to_self}})
    yield "doubling parts", _doubling(lambda to: {"allOf": [to, to]})
    yield "doubling fields", _doubling(lambda to: {"type": "object", "properties": {"a": to, "b": to}})
    yield "long chain", _chain(dict)
    yield "long chain of lists", _chain(lambda to: {"type": "array", "items": to})
    yield "long chain of maps", _chain(lambda to: {"type": "object", "additionalProperties": to})


def _cases() -> Iterator[tuple[str, str, Text, int, str]]:
    """Yield the name, file, text, exit code and expected message of each case."""
    for name, (opening, closing) in _DEEP.items():
        for wrap, file, limit in ((_crd, "c.yaml", 100), (_crd, "c.json", 200), (_openapi, "o.json", 200)):
            deep = partial(_deep, wrap, opening, closing)
            yield f"deep {name}, {file}", file, deep, 3, f"nested deeper than {limit} levels"
    yield "deep lists of YAML", "c.yaml", lambda: ["- " * 10_000, "a"], 3, "nested deeper than 100 levels"
    yield "deep maps of YAML", "c.yaml", lambda: (" " * n + "a:\n" for n in range(10_000)), 3, "nested deeper than 100"
    yield "deep list of OpenAPI", "o.json", lambda: ["[" * 10_000, "]" * 10_000], 3, "nested deeper than 200 levels"
    yield "anchors", "c.yaml", _anchors, 3, "more than 1000000 values, with each alias counted as its target"
    for name, text in _loops():
        yield f"loop: {name}", "o.json", text, 0, ""
    there = {"$ref": "other.json#/components/schemas/a"}
    yield "another document", "o.json", _schemas(a_b_C=there), 3, "only schemas of the same document are followed"
    yield "loop of a CRD", "c.json", lambda: _crd(['{"$ref":"#/components/schemas/com.example.v1.Widget"}']), 0, ""
    yield "million properties, c.yaml", "c.yaml", lambda: _crd(_properties(_MILLION)), 3, "more than 1000000 values"
    yield "million properties, c.json", "c.json", lambda: _crd(_properties(_MILLION)), 3, "more than 1000000 values"
    yield "million properties, o.json", "o.json", lambda: _openapi(_properties(_MILLION)), 3, "more than 1000000 values"
    yield "20,000 properties, c.yaml", "c.yaml", lambda: _crd(_properties(20_000)), 3, "more than 10000 entries in one"
    yield "20,000 properties, o.json", "o.json", lambda: _openapi(_properties(20_000)), 3, "more than 10000 entries in"
    yield "as many branches as lists", "c.json", lambda: _crd(_branches(5_000)), 0, ""
    words = ('{"type":"string","enum":[', '"w#"', "]}")
    yield "20,000 words of an enum", "c.yaml", lambda: _crd(_many(*words, 20_000)), 3, "more than 10000 entries in one"
    schemas = ('{"openapi":"3.0.0","paths":{},"components":{"schemas":{', '"a.b.C#":{"type":"object"}', "}}}")
    yield "100,000 schemas", "o.json", lambda: _many(*schemas, 100_000), 3, "more than 10000 entries in one place"
    # No single place has too many entries, but the document has.
    fields = ",".join(f'"f{n}":{{"type":"string"}}' for n in range(99))
    part = '"p#":{"type":"object","properties":{"g#":{"type":"string"},' + fields + "}}"
    apart = ('{"type":"object","properties":{', part, "}}")
    yield "large parts", "o.json", lambda: _openapi(_many(*apart, 1_000)), 3, "kgen makes at most 16 MiB in one package"
    prose = [f'{{"type":"object","description":"{"word " * 5_000_000}"}}']
    yield "long description", "o.json", lambda: _openapi(prose), 3, "kgen makes at most 16 MiB in one package"
    yield "empty objects", "o.json", lambda: _many('{"a":[', "{}", "]}", 2 * _MILLION), 3, "more than 1000000 values"
    yield "many documents", "c.yaml", lambda: ("---\n" for _ in range(200_000)), 3, "more than 100000 documents"
    yield "200 MB, big.yaml", "big.yaml", list, 3, "larger than 64 MiB"
    yield "200 MB, big.json", "big.json", list, 3, "larger than 64 MiB"
    yield "no end, zero.yaml", "zero.yaml", list, 3, "it is a device, not a file"
    yield "no end, zero.json", "zero.json", list, 3, "it is a device, not a file"


CASES: Final = {name: (file, text, code, words) for name, file, text, code, words in _cases()}


def _write(file: Path, text: Text) -> None:
    if file.stem == "zero":
        file.symlink_to("/dev/zero")
        return
    with file.open("w") as stream:
        stream.writelines(text())
        if file.stem == "big":
            stream.truncate(200 << 20)  # Zeros in a sparse file use no disk space.


def _built(file: Path) -> Mapping[str, Any]:
    said = file.with_suffix(".said")
    begun = time.monotonic()
    child = os.fork()
    if child == 0:
        code = 99
        try:
            resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))  # Includes memory that is reserved but unused.
            resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
            signal.alarm(10 * SECONDS)  # Ends a build that hangs; a busy machine needs more time.
            os.dup2(os.open(said, os.O_CREAT | os.O_TRUNC | os.O_WRONLY), 2)
            code = run(
                ["build", "-q", "--specs", str(file), "--package", "made", "--output", str(file.parent / "made")]
            )
            sys.stderr.flush()
        finally:
            os._exit(code)
    _, status, used = os.wait4(child, 0)
    taken = time.monotonic() - begun
    code = os.waitstatus_to_exitcode(status)
    return {"code": code, "seconds": taken, "mib": used.ru_maxrss >> 10, "said": said.read_text()}


def main(folder: Path, names: Iterable[str]) -> None:
    """Build from each named case and print the results."""
    os.environ["XDG_CACHE_HOME"] = str(folder / "cache")
    os.chdir(folder)
    setattr(stamp, "bundled_specs", lambda: None)  # noqa: B010 - Their digest takes its time.
    _write(folder / "o.json", lambda: [json.dumps(document())])
    assert (
        run(["build", "-q", "--specs", "o.json", "--package", "warm"]) == 0
    )  # Imports the modules of a build before the first measurement.
    (folder / "o.json").unlink()
    found: dict[str, Mapping[str, Any]] = {}
    for name in names:
        file, text, _, _ = CASES[name]
        _write(folder / file, text)
        found[name] = _built(folder / file)
        (folder / file).unlink()
    print(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:] or CASES)
