"""Code that parses or prints untrusted text runs in linear time, with whole texts and byte by byte.

Each case is measured at one size and at eight times that size. Ratios near 8 are linear, those near 64 quadratic.
"""

from __future__ import annotations

import random
import struct
import time
import zlib
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any, Final, NamedTuple

import msgspec
import pytest

from kgen import difference
from kgen.errors import InputError
from kgen.load import crd
from kgen.package_names import NamedClass, NamedModule, PackageNames
from kubeclient.models import authentication_v1, core_v1, meta_v1
from kubecore import errors, kubeconfig, manifests
from kubecore._config.config import Server
from kubecore._http import gzip, http1, proxy
from kubecore._support.nearest import nearest
from kubecore.calls import modify, table
from kubecore.codec import decode, encode, yaml, yaml_builder
from kubecore.logs.lines import Lines
from kubecore.model import display, hints
from kubecore.streams.copy import untar
from kubecore.streams.port_forward import spdy, tunnel
from kubecore.streams.websocket import frames as websocket_frames
from kubecore.testing._schemas import decoding
from kubecore.watch import decoder as watch_decoder

pytestmark = pytest.mark.thorough

_TIMES: Final = 8
_MOST: Final = 20.0
"""Largest ratio of the two times."""

_NOTHING: Final = 0.02
"""Seconds below which the ratio is ignored."""

_REFUSED: Final = (ValueError, AttributeError, errors.KubeError, http1.MalformedError, InputError)


class Case(NamedTuple):
    """A growing text and the function that reads it."""

    name: str
    work: Callable[[Any], Any]
    make: Callable[[int], Any]
    size: int = 16_000


def seconds(work: Callable[[], Any]) -> float:
    best = float("inf")
    for _ in range(3):
        began = time.thread_time()
        try:
            work()
        except _REFUSED:
            pass
        best = min(best, time.thread_time() - began)
        if best < _NOTHING:
            break
    return best


def is_linear(case: Case) -> bool:
    large = case.make(case.size * _TIMES)
    long = seconds(lambda: case.work(large))
    small = case.make(case.size)
    return long < _NOTHING or long < _MOST * max(seconds(lambda: case.work(small)), 0.0005)


def repeated_keys(size: int) -> bytes:
    return ("{" + ",".join(f'"{number % (size // 2)}":1' for number in range(size)) + "}").encode()


def pump(text: str, prefix: str = "", end: str = "") -> Callable[[int], str]:
    return lambda size: prefix + text * (size // len(text)) + end


def counted(form: str) -> Callable[[int], str]:
    return lambda size: "".join(form % number for number in range(size // len(form)))


def fed(feed: Callable[[bytes], Any], data: bytes, by: int) -> None:
    for at in range(0, len(data), by or len(data)):
        found = feed(data[at : at + (by or len(data))])
        if isinstance(found, Iterator):
            for _ in found:
                pass


def websocket_by(by: int) -> Callable[[bytes], None]:
    return lambda data: fed(websocket_frames.WebSocket().feed, data, by)


def documents(text: str | bytes) -> None:
    for _ in yaml.documents(text):
        pass


YAML: Final = {
    "flow lists": pump("["),
    "flow mappings": pump("{"),
    "flow pairs": pump("[a: "),
    "block lists": pump("- "),
    "block keys": pump("? "),
    "pairs in a line": pump("a: "),
    "anchors in a line": pump("&a "),
    "anchors": counted("- &a%d x\n"),
    "aliases": pump("- *a\n", "- &a x\n"),
    "aliases of a long text": lambda size: f"- &a {'x' * (size // 2)}\n" + "- *a\n" * (size // 10),
    "merges": lambda size: "a: &a {b: 1}\nc:\n" + "  <<: *a\n" * (size // 10),
    "merges of many keys": lambda size: (
        "a: &a {" + ",".join(f"k{n}: 1" for n in range(size // 20)) + "}\nb:\n" + "  <<: *a\n" * (size // 20)
    ),
    "tags": counted("%%TAG !a%d! tag:x\n"),
    "empty documents": pump("---\n"),
    "documents": pump("a\n---\n"),
    "ends of documents": pump("...\n"),
    "comments": pump("#a\n"),
    "words": pump("a "),
    "lines": pump("a\n\n"),
    "a literal": pump("  x\n", "a: |\n"),
    "a folded text": pump("  x\n\n", "a: >\n"),
    "a text of many lines": pump("  x\n\n", "a: b\n"),
    "a quoted text of many lines": pump("  x\n\n", 'a: "b\n', '"'),
    "an open quote": pump("x\\", '"'),
    "spaces": pump(" ", "a: b", "c"),
    "digits": pump("1", "a: "),
    "fractions": pump("1", "a: 0."),
    "underscores": pump("1_", "a: "),
    "keys": counted("k%06d: v\n"),
    "JSON objects": pump('{"a":1}\n'),
    "JSON objects and documents": lambda size: '{"a":1}\n---\n' * (size // 24) + "a: b\n---\n" * (size // 20),
    "JSON objects and others": pump('{"a":1}\n{a:1}\n'),
    "open JSON objects": pump('{"a":'),
    "open JSON lists": pump('{"a":['),
    "JSON lists": pump("1,", '{"a":[', "1]}"),
    "JSON digits": pump("1", '{"a":', "}"),
    "JSON fractions": pump("1", '{"a":0.', "}"),
    "JSON backslashes": pump("\\\\", '{"a":"', '"} x'),
    "JSON characters of two escapes": pump("\\ud83d\\ude00", '{"a":"', '"} x'),
    "JSON of repeated keys": pump('"a":1,', "{", '"b":2}'),
}


def head(data: bytes, by: int = 0) -> None:
    answer = http1.ResponseParser("GET")
    for at in range(0, len(data), by or len(data)):
        if answer.feed_head(data[at : at + (by or len(data))]):
            return


_CHUNKED: Final = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def chunked(data: bytes, by: int) -> None:
    answer = http1.ResponseParser("GET")
    answer.feed_head(_CHUNKED)
    fed(answer.body.feed, data, by)


CHUNKS: Final[dict[str, Callable[[int], bytes]]] = {
    "small chunks": lambda size: b"1\r\nx\r\n" * (size // 6),
    "chunk extensions": lambda size: b'1;aaaaaaaaa="b\\"b"\r\nx\r\n' * (size // 22),
    "long chunk extensions": lambda size: (b"1;" + b"a" * 4000 + b"\r\nx\r\n") * (size // 4000),
    "trailers": lambda size: b"0\r\n" + (b"a:" + b"b" * 4000 + b"\r\n") * (size // 4000),
    "a large chunk": lambda size: b"%x\r\n" % size + b"x" * size,
    "a long size": lambda size: b"1" * size,
}

_SERVER: Final = Server("https", "a.example", 6443, "")


def no_proxy(text: str) -> None:
    proxy._is_excepted(_SERVER, text)


_PING: Final = struct.pack(">HHII", 0x8003, 6, 4, 2)
_OPENED: Final = struct.pack(">HHIIIH", 0x8003, 1, 10, 2, 0, 0)
_SAID: Final = struct.pack(">II", 1, 1) + b"x"


def frames(data: bytes, by: int = 0) -> None:
    fed(spdy.Decoder().feed, data, by)


def tunnelled(data: bytes) -> None:
    tunnel.Tunnel(80, "x").feed(data)


def read_by_bytes(data: bytes) -> None:
    opened = tunnel.Tunnel(80, "x")
    opened.feed(struct.pack(">II", 3, len(data)) + data)
    while opened.take(1):
        pass


def compressed(size: int) -> bytes:
    pack = zlib.compressobj(1, zlib.DEFLATED, 31)
    return pack.compress(random.Random(1).randbytes(size) + bytes(size)) + pack.flush()


def rows(cells: list[Any], count: int, columns: int = 2) -> table.Table:
    return table.Table(
        column_definitions=[table.TableColumn(name="a", type="string")] * columns,
        rows=[table.TableRow(cells=cells), *[table.TableRow(cells=["a", "b"])] * count],
    )


def crds(size: int) -> bytes:
    properties = "".join(f"                k{number}: {{type: string, propertys: x}}\n" for number in range(size // 50))
    return (
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: as.b.c}\nspec:\n"
        "  group: b.c\n  names: {plural: as, kind: A}\n  scope: Namespaced\n  versions:\n  - name: v1\n    served: true\n"
        f"    storage: true\n    schema:\n      openAPIV3Schema:\n        type: object\n        properties:\n{properties}"
    ).encode()


def of_long_key(size: int) -> bytes:
    extra = {"k" * (size // 2): [None, *["a"] * (size // 8)]}  # The null selects the lenient decoder.
    return msgspec.json.encode({"spec": {"token": "t"}, "status": {"user": {"extra": extra}}})


def tolerations(size: int) -> tuple[dict[str, Any], core_v1.PodSpec, core_v1.PodSpec]:
    made = [core_v1.Toleration(operator="Exists", toleration_seconds=number) for number in range(size)]
    before = core_v1.PodSpec(containers=[], tolerations=made)
    after = core_v1.PodSpec.from_dict(before.to_dict())
    after.tolerations.reverse()
    return before.to_dict(), before, after


def pods(size: int) -> core_v1.PodList:
    container = core_v1.Container(name="c", env=[core_v1.EnvVar(name="A", value="b")])
    pod = core_v1.Pod(
        metadata=meta_v1.ObjectMeta(name="p", labels={"a": "b" * 50}), spec=core_v1.PodSpec(containers=[container])
    )
    return core_v1.PodList(items=[pod] * (size // 200))


def config_map(size: int) -> core_v1.ConfigMap:
    return core_v1.ConfigMap(metadata=meta_v1.ObjectMeta(name="a"), data={str(n): "x" for n in range(size // 8)})


def kubeconfigs(size: int) -> str:
    entries = "".join(f"- {{name: c{n}, cluster: {{server: 'https://x'}}}}\n" for n in range(size // 40))
    return f"apiVersion: v1\nkind: Config\nclusters:\n{entries}"


def before(size: int) -> PackageNames:
    """Return the names of many similar objects, which all have one part in common."""
    shared = {"Owner": NamedClass({"part": "part"}, {"part": ("OwnerPart",)}, ""), "OwnerPart": NamedClass({}, {}, "")}
    aliases = {f"O{number}x": "Owner" for number in range(size)} | {
        f"O{number}xPart": "OwnerPart" for number in range(size)
    }
    return PackageNames({}, lambda _: NamedModule(shared, {}, aliases))


def api(models: int, annotation: str) -> Any:
    fields = tuple(_Named(f"f{number}", annotation=annotation, required=False, doc="") for number in range(3))
    made = tuple(_Named(f"M{number}", fields=fields) for number in range(models))
    return _Named("api", groups=(), modules=(_Named("m", models=made, aliases=()),))


class _Named:
    def __init__(self, name: str, **more: Any) -> None:
        self.name = name
        self.__dict__.update(more)


CASES: Final = [
    *(Case(f"YAML: {name}", documents, make) for name, make in YAML.items()),
    Case("YAML: UTF-16", documents, lambda size: counted("%%TAG !a%d! tag:x\n")(size).encode("utf-16")),
    Case("YAML written: lines", yaml.dump, lambda size: {"a": "x\n" * (size // 2)}),
    Case("YAML written: quotes", yaml.dump, lambda size: {"a": '\0"' * (size // 2)}),
    Case("YAML written: list", yaml.dump, lambda size: {"a": ["1"] * (size // 2)}),
    Case("manifests", manifests.load_manifests, pump("apiVersion: v1\nkind: Foo\n---\n")),
    Case("manifests: list", manifests.load_manifests, pump("- {kind: A}\n", "apiVersion: v1\nkind: AList\nitems:\n")),
    Case("kubeconfig", kubeconfig.loads, kubeconfigs),
    Case("head: names", head, lambda size: b"HTTP/1.1 200 OK\r\n" + b"a:b\r\n" * (size // 5) + b"\r\n", 32_000),
    Case("head: byte by byte", lambda data: head(data, 1), lambda n: b"HTTP/1.1 200 OK\r\na: " + b"x" * n, 32_000),
    Case(
        "head: line ends", lambda data: head(data, 1), lambda n: b"HTTP/1.1 200 OK\r\n" + b"\r\n\r" * (n // 3), 32_000
    ),
    *(
        Case(f"body: {name} by {by or 'all'}", lambda data, by=by: chunked(data, by), make)  # type: ignore[misc]
        for name, make in CHUNKS.items()
        for by in (0, 1)
    ),
    *(
        Case(f"NO_PROXY: {name}", no_proxy, pump(text, prefix))
        for name, text, prefix in (
            ("names", "a.b,", ""),
            ("labels", "a.", ""),
            ("digits", "1", "a:"),
            ("brackets", "[", ""),
            ("other letters", "ä", ""),
            ("other names", "ä.", ""),
            ("networks", "10.0.0.0/8,", ""),
        )
    ),
    Case("log: one line", lambda data: fed(Lines().feed, data, 1), lambda size: b"x" * size),
    Case("log: cut lines", lambda data: fed(Lines(10).feed, data, 1), lambda size: b"\x80" * size),
    Case("log: a large chunk", lambda data: fed(Lines(4).feed, data, 0), lambda size: b"x" * size),
    Case("log: line ends", lambda data: fed(Lines().feed, data, 0), lambda size: b"\n" * size),
    Case(
        "watch: one line",
        lambda data: fed(watch_decoder.Decoder(dict).feed, data, 1),
        lambda size: b'{"type":"ADDED","object":{"metadata":{"name":"' + b"x" * size,
    ),
    Case("watch: line ends", lambda data: fed(watch_decoder.Decoder(dict).feed, data, 1), lambda size: b"\n" * size),
    Case("archive: records", lambda data: list(untar._records(data)), lambda size: b"6 a=b\n" * (size // 6), 32_000),
    *(
        Case(
            f"websocket: {name} by {by or 'all'}",
            websocket_by(by),
            make,
            4000,
        )
        for by in (0, 1)
        for name, make in (
            ("empty messages", lambda size: b"\x82\0" * (size // 2)),
            ("messages", lambda size: b"\x82\1x" * (size // 3)),
            ("fragments", lambda size: b"\x02\1x" + (b"\0\x41" + b"x" * 65) * (size // 67)),
            ("a message", lambda size: b"\x82\x7e" + size.to_bytes(2, "big") + b"x" * size),
        )
    ),
    Case("SPDY: pings", frames, lambda size: _PING * (size // 12)),
    Case(
        "SPDY: a control frame",
        lambda data: frames(data, 1),
        lambda n: struct.pack(">HHI", 0x8003, 4, n) + b"x" * n,
        8_000,
    ),
    Case("SPDY: data", lambda data: frames(data, 1), lambda n: struct.pack(">II", 3, n) + b"x" * n),
    Case("port-forward: pings", tunnelled, lambda size: _PING * (size // 12), 100_000),
    Case("port-forward: streams", tunnelled, lambda size: _OPENED * (size // 18), 100_000),
    Case("port-forward: errors", tunnelled, lambda size: _SAID * (size // 9)),
    Case("port-forward: read byte by byte", read_by_bytes, lambda size: b"x" * size, 50_000),
    Case("gzip: a large chunk", lambda data: fed(gzip.Inflater("x").feed, data, 0), compressed, 8_000_000),
    Case("table: a long cell", table.Table.format, lambda size: rows(["x" * size, "b"], size // 50)),
    Case("table: missing cells", table.Table.format, lambda size: rows([], size // 100, size // 100), 32_000),
    Case("table: escapes", table.Table.format, lambda size: rows(["\x1b" * size], 1)),
    Case("table: HTML", table.Table._repr_html_, lambda size: rows([], size // 100, size // 100), 32_000),
    Case("shown: repr", repr, pods, 8_000),
    Case("shown: YAML", display.shown_yaml, pods, 8_000),
    Case("shown: a large mapping", repr, config_map),
    Case("sent: a large mapping", encode.to_dict, config_map),
    Case("read: a long key", lambda data: decode.decode(data, authentication_v1.TokenReview), of_long_key, 64_000),
    Case(
        "sent: a long key",
        lambda size: encode.to_dict({"k" * size: [Decimal(1)] * (size // 8)}),
        lambda n: n,
        64_000,
    ),
    Case("modify: a list in another order", lambda given: modify.merge(*given), tolerations, 100),
    Case("fake: repeated keys", decoding.decode, repeated_keys, 8_000),
    Case("fake: levels", decoding.decode, lambda size: b"[" + b"[]," * (size // 3) + b"0]"),
    Case("CRD: keys", lambda data: crd.parse(data, "x", []), crds),
    Case("names: nearest", lambda name: nearest(name, ["pods", "nodes"]), lambda size: "pods" * (size // 4)),
    Case("names: verbs", lambda name: hints.missing_in_client(object(), name), lambda size: "list_a" * (size // 6)),
    Case("names: of a package", lambda size: before(size).name_of("m", "O1x", "part"), int, 200),
    Case("diff", lambda given: difference.changes(*given), lambda size: (api(size, "a"), api(size, "b")), 500),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_time_of_a_reader_is_linear(case: Case) -> None:
    assert is_linear(case), f"{case.name} takes more than linear time"


def test_the_measure_finds_a_square() -> None:
    def square(data: bytes) -> None:
        held = b""
        for at in range(len(data)):
            held = held + data[at : at + 1]

    assert not is_linear(Case("square", square, lambda size: b"x" * size, 20_000))
    assert is_linear(Case("line", lambda data: fed(bytearray().extend, data, 1), lambda size: b"x" * size, 20_000))


def test_text_of_aliases_counts_once_per_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_builder, "MAX_BYTES", 1 << 20)
    text = f"- &a {'x' * 100_000}\n- &b [*a, *a, *a]\n"
    assert len(yaml.load(text + "- [*a, *b]\n")) == 3
    with pytest.raises(errors.DecodeError, match=r"line 4, column 3: more than 1 MiB of text, with each alias counted"):
        yaml.load(text + "- [*b, *b]\n- *a\n")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", None])
@pytest.mark.parametrize("end", ["\n", "\r", "\x85", "\u2028"])
def test_a_text_has_few_tag_lines(encoding: str | None, end: str) -> None:
    def text(count: int) -> Any:
        written = "".join(f"%TAG !a{number}! tag:x{end}" for number in range(count)) + "--- !a1!y x\n"
        return written if encoding is None else written.encode(encoding)

    with pytest.raises(errors.DecodeError, match="more than 100 %TAG lines"):
        yaml.load(text(101))
    with pytest.raises(errors.DecodeError, match="the tag"):
        yaml.load(text(100))
    assert yaml.load("a: |\n" + "  %TAG !a! tag:x\n" * 200)
