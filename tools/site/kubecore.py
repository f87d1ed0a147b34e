"""The pages of kubecore's public modules: Markdown that mkdocstrings fills with signatures and docstrings."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Final, NamedTuple

import griffe

from tools.site.docstrings import escaped
from tools.site.pages import ROOT
from tools.site.public_modules import PUBLIC

__all__ = ["Name", "exported", "inherited", "methods", "module", "names", "pages", "summary"]

_PATHS: Final = tuple(path for paths in PUBLIC.values() for path in paths)
_SECTIONS: Final = ("Classes", "Functions", "Constants and types")


class Name(NamedTuple):
    """A public name.

    Attributes:
        module: The module whose page describes it, and from which programs import it.
        name: The name in the module.
        target: Its definition.
    """

    module: str
    name: str
    target: griffe.Object

    @property
    def path(self) -> str:
        """The anchor of the name on its page."""
        return f"{self.module}.{self.name}"

    @property
    def section(self) -> str:
        """The heading below which it is."""
        kinds = {griffe.Kind.CLASS: _SECTIONS[0], griffe.Kind.FUNCTION: _SECTIONS[1]}
        return kinds.get(self.target.kind, _SECTIONS[2])


@functools.cache
def source() -> griffe.Object:
    """Return kubecore as griffe reads it from its source, without importing it."""
    return _final(griffe.load("kubecore", search_paths=[ROOT / "core"], allow_inspection=False))


def module(path: str) -> griffe.Object:
    """Return a module of kubecore by its full name."""
    return source() if path == "kubecore" else _final(source()[path.removeprefix("kubecore.")])


def _final(found: griffe.Object | griffe.Alias) -> griffe.Object:
    return found.final_target if isinstance(found, griffe.Alias) else found


@functools.cache
def names() -> dict[str, Name]:
    """Return the public names by the path of their definition. Each is on one page, that of its first module."""
    found: dict[str, Name] = {}
    for path in _PATHS:
        for name, target in exported(path):
            found.setdefault(target.path, Name(path, name, target))
    return found


def exported(path: str) -> Iterator[tuple[str, griffe.Object]]:
    """Yield the names in `__all__` of a module, with their definitions."""
    holder = module(path)
    for name in map(str, holder.exports or ()):
        yield name, _final(holder[name])


def pages() -> dict[str, str]:
    """Return the pages by their file names."""
    found = {_file(path): _page(path) for path in _PATHS}
    return {**found, "index.md": _index() + found["index.md"]}


def _index() -> str:
    lines = ["# kubecore", "", "The runtime below kubeclient: what programs import besides models and clientsets.", ""]
    for subject, paths in PUBLIC.items():
        lines += [f"## {subject}", "", "| module | contents |", "|---|---|"]
        lines += [f"| [`{path}`]({_file(path)}) | {_cell(summary(path))} |" for path in paths if path != "kubecore"]
        lines.append("")
    return "\n".join(lines)


def _page(path: str) -> str:
    lines = [""]
    if path != "kubecore":  # The index has its heading.
        docstring = _directive(path, members=False, show_root_heading=False, show_root_toc_entry=False)
        lines = [f"# {path}", "", *docstring, ""]
    own = [name for name in names().values() if name.module == path]
    other = [(name, names()[target.path]) for name, target in exported(path) if names()[target.path].module != path]
    if own:
        lines += ["| name | contents |", "|---|---|"]
        lines += [f"| [`{each.name}`](#{each.path}) | {_cell(_summary(each.target))}{_advice(each)} |" for each in own]
        lines.append("")
    if other:
        links = ", ".join(f"[`{name}`]({_file(there.module)}#{there.path})" for name, there in other)
        lines += [f"Also in this module: {links}.", ""]
    for section in _SECTIONS:
        found = [each for each in own if each.section == section]
        lines += [f"## {section}", ""] if found else []
        for each in found:
            lines += [*_directive(each.path, **_options(each.target)), ""]
    return "\n".join(lines)


def _advice(each: Name) -> str:
    """Return a link to the page about an error, if there is one."""
    has_page = each.name.endswith("Error") and (ROOT / "docs" / "errors" / f"{each.name}.md").is_file()
    return f" [Causes and remedies](../../errors/{each.name}.md)." if has_page else ""


def _file(path: str) -> str:
    return "index.md" if path == "kubecore" else f"{path.removeprefix('kubecore.')}.md"


def _directive(path: str, **options: object) -> list[str]:
    words = {option: str(value).lower() if isinstance(value, bool) else value for option, value in options.items()}
    lines = [f"      {option}: {value}" for option, value in words.items()]
    return [f"::: {path}", *(["    options:", *lines] if lines else [])]


def _options(target: griffe.Object) -> dict[str, object]:
    """Return the options of a class: members of bases without a page are shown, and bases only if they have one."""
    if not isinstance(target, griffe.Class):
        return {}
    return {
        "inherited_members": sorted(inherited(target)),
        "show_bases": any(base.path in names() for base in target.mro()),
    }


def inherited(target: griffe.Class) -> dict[str, griffe.Object]:
    """Return the public members that a class has from bases without a page, by their names."""
    found: dict[str, griffe.Object] = {}
    for base in target.mro():
        if base.path.startswith("kubecore.") and base.path not in names():
            for name, member in base.members.items():
                if isinstance(member, griffe.Object) and not name.startswith("_") and name not in target.members:
                    found.setdefault(name, member)
    return found


@functools.cache
def methods(path: str) -> dict[str, list[Name]]:
    """Return the public classes of a module that have each method, by the name of the method."""
    found: dict[str, list[Name]] = {}
    for each in names().values():
        if each.module == path and isinstance(each.target, griffe.Class):
            members = {**each.target.members, **inherited(each.target)}
            for name in (name for name, member in members.items() if member.is_function and name[0] != "_"):
                found.setdefault(name, []).append(each)
    return found


def summary(path: str) -> str:
    """Return the first paragraph of a module's docstring."""
    return _summary(module(path))


def _summary(target: griffe.Object) -> str:
    text = target.docstring.value if target.docstring else ""
    return " ".join(text.split("\n\n")[0].split())


def _cell(text: str) -> str:
    return escaped(text).replace("|", "&#124;")
