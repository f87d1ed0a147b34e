"""Documentation of a value beyond its type: its description, how the server merges it, and its validation rules."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from kgen.ir import Merging
from kgen.shapes import is_array, is_object

__all__ = ["description", "enum_values", "merging_of", "rules_of"]

_VALUES: Final = "\n\nPossible enum values:\n"
_ITEM: Final = re.compile(r' - `"([^"`]*)"`(?: (.*)|)')

_LONGEST: Final = 200
"""Characters of a default that a docstring shows."""


def merging_of(schema: Mapping[str, Any]) -> Merging | None:
    """Return how the server merges a list or a map, or None if the schema uses the default.

    Source: `x-kubernetes-list-type` and its like, the merge strategies of server-side apply and of strategic merge
    patches.
    """
    keys = schema.get("x-kubernetes-list-map-keys")
    merging = Merging(
        list_type=_text(schema, "list-type"),
        list_map_keys=tuple(key for key in keys if isinstance(key, str)) if is_array(keys) else (),
        map_type=_text(schema, "map-type"),
        patch_strategy=_text(schema, "patch-strategy"),
        patch_merge_key=_text(schema, "patch-merge-key"),
    )
    return merging if merging != Merging() else None


def rules_of(schema: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the rules that a CRD has for a value, in the words of the server's error messages."""
    rules = schema.get("x-kubernetes-validations")
    return tuple(rule for each in rules if (rule := _rule(each))) if is_array(rules) else ()


def description(
    schema: Mapping[str, Any],
    *,
    rules: bool,
    merging: bool = True,
    default: bool = False,
    constants: str = "",
    likeness: str = "",
) -> str:
    """Return the docstring of a value.

    Args:
        schema: The schema, without the wrapping around a reference.
        rules: Whether to include the rules; those of a class are in the docstring of the class.
        merging: Whether to include how it is merged.
        default: Whether to name the value that the server sets.
        constants: The class of the constants for the known values, which are named instead of listed; "" if there is
            none.
        likeness: How its type differs from the type of Kubernetes that stands for it.
    """
    own = enum_values(schema)[0] if constants else schema.get("description")
    doc = own if isinstance(own, str) else ""
    if schema.get("deprecated") is True and "deprecated" not in doc.lower():
        doc = f"Deprecated. {doc}".strip()
    how = _merged(merging_of(schema)) if merging else ""
    doc = _joined(doc.rstrip(), how) if how else doc
    if default and "default" in schema:
        doc = _joined(doc.rstrip(), f"The server sets {_shown(schema['default'])} if it is omitted.")
    if constants:
        doc = _joined(doc.rstrip(), f"Known values: `{constants}`.")
    if likeness:
        doc = _joined(doc.rstrip(), likeness)
    listed = "\n".join(f"- {rule}" for rule in rules_of(schema)) if rules else ""
    return f"{doc}\n\nThe server holds it to:\n{listed}".strip() if listed else doc


def enum_values(schema: Mapping[str, Any]) -> tuple[str, Mapping[str, str]]:
    """Return the description of an enum without the list of its values, and the text of the list for each value.

    Source: kube-openapi, which adds a list of the values to the descriptions of enums. A list with other values than
    the enum is not taken apart.

    Args:
        schema: The schema of the enum.
    """
    own = schema.get("description")
    doc = own if isinstance(own, str) else ""
    before, mark, listed = doc.partition(_VALUES)
    items = [_ITEM.fullmatch(line) for line in listed.rstrip().split("\n")] if mark else []
    texts = {item[1]: _sentence(item[2] or "") for item in items if item is not None}
    enum = schema.get("enum")
    values = {value for value in enum if isinstance(value, str)} if is_array(enum) else set[str]()
    if not mark or len(texts) != len(items) or texts.keys() != values:
        return doc, {}
    empty = texts.get("")  # It has no constant.
    return (f'{before}\n\n`""`: {empty}' if empty else before), texts


def _sentence(words: str) -> str:
    """Return a list's text for a value as a sentence; names such as `kubeProxy` keep their small letter."""
    sentence = words.strip().removeprefix("- ")
    first = sentence.partition(" ")[0]
    sentence = f"{sentence[:1].upper()}{sentence[1:]}" if first.islower() else sentence
    return f"{sentence}." if sentence[-1:].isalnum() or sentence[-1:] in tuple("\"')") else sentence


def _shown(value: object) -> str:
    """Return a default as JSON, cut if it is long."""
    written = json.dumps(value, ensure_ascii=False, sort_keys=True)
    return f"`{written}`" if len(written) <= _LONGEST else f"`{written[:_LONGEST]}`..."


def _joined(doc: str, sentence: str) -> str:
    """Append a sentence to a text, on its last line if that is prose."""
    last = doc.rpartition("\n")[2].lstrip()
    is_prose = doc.endswith(".") and not last.startswith(("-", "*", "+", "#", "|", "`")) and not last[:1].isdigit()
    return f"{doc} {sentence}" if is_prose else f"{doc}\n\n{sentence}".strip()


def _merged(merging: Merging | None) -> str:
    """Return a sentence on how the server merges a value.

    "" if a list is replaced as a whole, or a map merged by its keys.
    """
    if merging is None:
        return ""
    clauses: list[str] = []
    if merging.list_type == "map" and merging.list_map_keys:
        clauses.append(f"apply merges it by {_listed(merging.list_map_keys)}")
    elif merging.list_type == "set":
        clauses.append("apply merges it as a set")
    elif merging.map_type == "atomic":
        clauses.append("apply replaces it as a whole")
    strategies = merging.patch_strategy.split(",")
    if "merge" in strategies and merging.patch_merge_key and merging.list_map_keys != (merging.patch_merge_key,):
        clauses.append(f"a strategic merge patch merges it by {_listed((merging.patch_merge_key,))}")
    if "retainKeys" in strategies:
        clauses.append("a strategic merge patch keeps the keys alone that it names")
    sentence = "; ".join(clauses)
    return f"{sentence[0].upper()}{sentence[1:]}." if sentence else ""


def _listed(keys: tuple[str, ...]) -> str:
    *others, last = (f"`{key}`" for key in keys)
    return f"{', '.join(others)} and {last}" if others else last


def _text(schema: Mapping[str, Any], key: str) -> str:
    value = schema.get(f"x-kubernetes-{key}")
    return value if isinstance(value, str) else ""


def _rule(rule: object) -> str:
    """Return a rule in the words of the server's error message, or the rule itself if it has no message."""
    texts = [rule.get(key) for key in ("message", "rule")] if is_object(rule) else []
    return next((" ".join(text.split()) for text in texts if isinstance(text, str) and text.strip()), "")
