"""What changes from one set of documents to another, as it concerns users of the client: `kgen diff`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Final, Literal, TypeVar, get_args

from kgen.errors import printable
from kgen.fields import FieldWriter
from kgen.ir import Api, Constants, Field, GroupVersion, Model, Resource
from kgen.names import Identifier

__all__ = ["Change", "changes", "in_order", "shown"]


_What = Literal["group", "resource", "verb", "model", "field", "constants", "constant"]
_Action = Literal["removed", "changed", "deprecated", "added"]
_RANKS: Final[tuple[_What, ...]] = get_args(_What)
_ORDER: Final[tuple[_Action, ...]] = get_args(_Action)
_DEPRECATED: Final = re.compile(r"\bdeprecated\b", re.IGNORECASE)

_T = TypeVar("_T")

_Placed = tuple[Identifier, Model]
"""A model and the module that it is in."""


@dataclass(frozen=True, slots=True, order=True)
class Change:
    """One difference.

    Attributes:
        what: `group`, `resource`, `verb`, `model`, `field`, `constants` or `constant`.
        name: The thing in the words of the client, such as `core_v1.PodSpec.node_name`.
        action: `added`, `removed`, `changed` or `deprecated`.
        detail: The old and the new value, the kinds of a group version, or "".
    """

    what: _What
    name: str
    action: _Action
    detail: str = ""


def changes(old: Api, new: Api) -> tuple[Change, ...]:
    """Return the differences, sorted. The parts of anything that was added or removed as a whole are not listed."""
    return tuple(sorted({*_of_groups(old, new), *_of_models(old, new), *_of_constants(old, new)}))


def in_order(differences: Iterable[Change]) -> list[Change]:
    """Return changes in the order in which they are shown: by their action, then by the kind of name."""
    return sorted(differences, key=lambda change: (_ORDER.index(change.action), _RANKS.index(change.what), change))


def shown(differences: Iterable[Change], format_: str) -> str:
    """Return changes as text, as Markdown, or as JSON."""
    listed = in_order(differences)
    if format_ == "json":
        return json.dumps([asdict(change) for change in listed], indent=2)
    is_markdown = format_ == "markdown"
    lines: list[str] = []
    for action in _ORDER:
        part = [change for change in listed if change.action == action]
        if part:
            lines += ["", *([f"### {action.capitalize()}", ""] if is_markdown else [f"{action}:"])]
            lines += [_line(change, is_markdown=is_markdown) for change in part]
    return "\n".join(lines[1:]) or "no differences"


def _line(change: Change, *, is_markdown: bool) -> str:
    texts = [printable(text, 300) for text in (change.name, change.detail) if text]
    return f"{'-' if is_markdown else ' '} {change.what} {': '.join(map(_span, texts) if is_markdown else texts)}"


def _span(text: str) -> str:
    """Return text as a code span; a kind of a document may contain backticks."""
    if "`" not in text:
        return f"`{text}`"
    fence = "`" * (max(map(len, re.findall("`+", text))) + 1)
    return f"{fence} {text} {fence}"


def _sides(what: _What, old: Mapping[str, _T], new: Mapping[str, _T]) -> tuple[list[Change], list[tuple[str, _T, _T]]]:
    """Return the items that exist on one side only, and the pairs of items that exist on both."""
    alone = [Change(what, name, "removed") for name in old.keys() - new.keys()]
    alone += [Change(what, name, "added") for name in new.keys() - old.keys()]
    return alone, [(name, old[name], new[name]) for name in sorted(old.keys() & new.keys())]


def _of_groups(old: Api, new: Api) -> Iterator[Change]:
    groups_of_old, groups_of_new = _groups(old), _groups(new)
    alone, both = _sides("group", groups_of_old, groups_of_new)
    for change in alone:
        group = (groups_of_old if change.action == "removed" else groups_of_new)[change.name]
        yield replace(change, detail=", ".join(sorted({resource.kind_name for resource in group.resources})))
    for name, before, after in both:
        different, same = _sides("resource", _resources(name, before), _resources(name, after))
        yield from different
        for place, old_resource, new_resource in same:
            yield from _sides("verb", _verbs(place, old_resource), _verbs(place, new_resource))[0]


def _groups(api: Api) -> Mapping[str, GroupVersion]:
    return {group.api_version: group for group in api.groups}


def _resources(group: str, version: GroupVersion) -> Mapping[str, Resource]:
    return {f"{group} {resource.plural}": resource for resource in version.resources}


def _verbs(place: str, resource: Resource) -> Mapping[str, str]:
    verbs = {*resource.verbs, *(f"{verb}_status" for verb in resource.status_verbs)}
    return {f"{place} {verb}": verb for verb in verbs | {str(method.name) for method in resource.methods}}


def _of_models(old: Api, new: Api) -> Iterator[Change]:
    alone, both = _sides("model", _models(old), _models(new))
    yield from _in_both(alone, old, new)
    for name, before, after in both:
        if isinstance(before, str) or isinstance(after, str):
            if before != after:
                yield Change("model", name, "changed", f"{_class(before)} -> {_class(after)}")
            continue
        different, same = _sides("field", _fields(name, before), _fields(name, after))
        yield from different
        for place, old_field, new_field in same:
            yield from _of_field(place, old_field, new_field)


def _of_constants(old: Api, new: Api) -> Iterator[Change]:
    alone, both = _sides("constants", _constants(old), _constants(new))
    yield from _in_both(alone, old, new)
    for name, before, after in both:
        # Existing names are kept: a name never moves from one value to another.
        yield from _sides("constant", _values(name, before), _values(name, after))[0]


def _in_both(changes: Iterable[Change], old: Api, new: Api) -> Iterator[Change]:
    """Yield the changes in group versions that exist on both sides. The models of others are not listed."""
    whole = {group.accessor for group in old.groups} ^ {group.accessor for group in new.groups}
    return (change for change in changes if change.name.partition(".")[0] not in whole)


def _models(api: Api) -> Mapping[str, _Placed | str]:
    """Return the models under all their names, each with its module; for a type of Kubernetes its name."""
    models: dict[str, _Placed | str] = {
        f"{module.name}.{model.name}": (module.name, model) for module in api.modules for model in module.models
    }
    constants = _constants(api)
    aliases = {name: target for name, target in _aliases(api).items() if name not in constants}
    return models | {name: models.get(target, target) for name, target in aliases.items()}


def _constants(api: Api) -> Mapping[str, Constants]:
    """Return the constants under all their names."""
    groups = [(module, group) for module in api.modules for model in module.models for group in model.constants]
    constants = {f"{module.name}.{group.name}": group for module, group in groups}
    return constants | {name: constants[target] for name, target in _aliases(api).items() if target in constants}


def _aliases(api: Api) -> Mapping[str, str]:
    return {f"{module.name}.{alias.name}": str(alias.target) for module in api.modules for alias in module.aliases}


def _class(model: _Placed | str) -> str:
    return model if isinstance(model, str) else str(model[1].name)


def _values(name: str, constants: Constants) -> Mapping[str, str]:
    return {f"{name}.{member.name}": member.value for member in constants.members}


def _fields(name: str, placed: _Placed) -> Mapping[str, tuple[str, Field]]:
    module, model = placed
    return {f"{name}.{field.name}": (_type(field, FieldWriter(model, module)), field) for field in model.fields}


def _of_field(place: str, old: tuple[str, Field], new: tuple[str, Field]) -> Iterator[Change]:
    (old_type, before), (new_type, after) = old, new
    if old_type != new_type:
        yield Change("field", place, "changed", f"{old_type} -> {new_type}")
    if _DEPRECATED.search(after.doc) and not _DEPRECATED.search(before.doc):
        yield Change("field", place, "deprecated")


def _type(field: Field, writer: FieldWriter) -> str:
    return f"{writer.annotation(field)}, required" if field.required else str(writer.annotation(field))
