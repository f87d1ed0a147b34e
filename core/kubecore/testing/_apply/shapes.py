"""How the value of one place is owned, merged and compared: a schema type, read once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kubecore.testing._apply.elements import quoted, scalar_text, value_of
from kubecore.testing._schemas.json_values import is_list, is_map
from kubecore.testing._schemas.schema_type import SchemaType

__all__ = ["ANY", "KEYED", "LEAF", "MAP", "SET", "Shape", "UntypedError", "shape_of"]

LEAF, MAP, SET, KEYED, ANY = range(5)

_TYPES: Mapping[str, type] = {"boolean": bool, "integer": int, "number": float, "string": str}

_KEPT = 256
_roots: dict[int, tuple[SchemaType, Shape]] = {}


class UntypedError(Exception):
    """The value does not have the type of its place.

    Attributes:
        faults: Pairs of a path and a message.
    """

    def __init__(self, faults: list[tuple[str, str]]) -> None:
        self.faults = faults
        lines = [f"{path}: {message}" if path else message for path, message in faults]
        super().__init__(lines[0] if len(lines) == 1 else "errors:\n" + "\n".join("  " + line for line in lines))


class Shape:
    """The type of one place.

    Attributes:
        type: The schema type, or None if nothing is known.
        mode: `LEAF` for scalars and atomic maps and lists, `MAP`, `SET` and `KEYED` for maps and lists with several
            owners, `ANY` if the value decides.
        named: The names of the properties.
        keys: Names and defaults of the keys of a list, sorted by name, and the names as elements contain them.
        kept: The Python type whose values all have the type of a scalar; None if there is none.
    """

    __slots__ = ("_fields", "_items", "_values", "kept", "keys", "mode", "named", "type")

    def __init__(self, known: SchemaType | None) -> None:
        self.type = known
        self.named: Mapping[str, SchemaType] = known.fields if known is not None and known.kind == "map" else {}
        self.keys: tuple[tuple[str, Any, str], ...] = ()
        self.kept: type | None = None if known is None else _TYPES.get(known.scalar)
        self.mode = ANY if known is None else _mode(known)
        self._fields: dict[str, Shape] = {}
        self._values: Shape | None = None
        self._items: Shape | None = None
        if known is not None and self.mode == KEYED:
            fields: Mapping[str, SchemaType] = known.items.fields if known.items is not None else {}
            self.keys = tuple(
                (key, fields[key].default if key in fields else None, f"{quoted(key)}:")
                for key in sorted(known.list_keys)
            )

    def field(self, name: str) -> Shape | None:
        """Return the type of a property or of a value of the map; None if the type does not know it."""
        found = self._fields.get(name)
        if found is not None:
            return found
        named = self.named.get(name)
        if named is None:
            return self.values
        made = self._fields[name] = Shape(named)
        return made

    @property
    def values(self) -> Shape | None:
        """The type of the values of the map beyond its properties, or None."""
        if self._values is None:
            if self.type is None or self.type.kind == "any":
                return UNKNOWN
            if self.type.values is not None:
                self._values = Shape(self.type.values)
            elif self.type.keeps_unknown:
                self._values = UNKNOWN
        return self._values

    @property
    def items(self) -> Shape:
        """The type of the items of the list."""
        if self._items is None:
            items = self.type.items if self.type is not None else None
            self._items = UNKNOWN if items is None else Shape(items)
        return self._items

    def element(self, item: Any) -> str:
        """Return the element of an item of a set or of a list with keys.

        Raises:
            UntypedError: The item has no key, or is not of the type.
        """
        if self.mode == SET:
            if item is None or is_map(item) or is_list(item):
                raise UntypedError([("", "associative list without keys has an element that is not a scalar")])
            return value_of(item)
        if not is_map(item):
            shown = "a null element" if item is None else "non-map elements"
            raise UntypedError([("", f"associative list with keys may not have {shown}")])
        pairs = [
            start + scalar_text(item.get(key, default))
            for key, default, start in self.keys
            if key in item or default is not None
        ]
        if not pairs:
            raise UntypedError([("", self._missing_keys())])
        return "k:{" + ",".join(pairs) + "}"

    def _missing_keys(self) -> str:
        names = ",".join(f'"{key}"' for key, _, _ in self.keys)
        return (
            f"associative list with keys has an element that omits all key fields [{names}]"
            " (and doesn't have default values for any key fields)"
        )


def _mode(known: SchemaType) -> int:
    kind = known.kind
    if kind == "map":
        return LEAF if known.is_atomic else MAP
    if kind == "list":
        return {"set": SET, "map": KEYED}.get(known.list_type, LEAF)
    return LEAF if kind == "scalar" else ANY


UNKNOWN = Shape(None)


def shape_of(schema: SchemaType) -> Shape:
    """Return the shape of the objects of a kind; equal arguments return the same shape."""
    found = _roots.get(id(schema))
    if found is not None:
        return found[1]
    if len(_roots) >= _KEPT:
        _roots.clear()
    made = Shape(schema)
    _roots[id(schema)] = (schema, made)
    return made
