"""The public API of kubecore as one text: a class for each public module, with signatures and without code."""

from __future__ import annotations

import keyword
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import griffe

__all__ = ["breakages", "text_of"]

_DEEPER: Final = ("generated", "model", "testing")
"""Packages whose modules are public, too. Of other packages, only the package itself is, and the modules below."""
_ALSO: Final = ("kubecore.calls.call", "kubecore.codec.yaml")
_KINDS: Final = (griffe.ParameterKind.var_positional, griffe.ParameterKind.keyword_only)


def text_of(folder: Path, package: str = "kubecore") -> str:
    """Return the public API of a package.

    Args:
        folder: The folder that contains the package.
        package: Its name.
    """
    loader = griffe.GriffeLoader(search_paths=[folder])
    root = _module_of(loader.load(package))
    loader.resolve_aliases(implicit=True, external=False)
    modules = [root, *_below(root)]
    return "\n".join(line for module in sorted(modules, key=lambda it: it.path) for line in _module(module))


def _below(package: griffe.Module) -> Iterator[griffe.Module]:
    for name, module in package.modules.items():
        if not name.startswith("_"):
            yield module
            for inner, it in module.modules.items():
                if (name in _DEEPER and not inner.startswith("_")) or it.path in _ALSO:
                    yield it


def _module(module: griffe.Module) -> Iterator[str]:
    exports = sorted(str(name) for name in module.exports or ())
    names = [name for name in exports if name in module.members and not name.startswith("__")]
    if not names:
        return
    yield f"class {module.path.replace('.', '__')}:"
    for name in names:
        yield from _member(name, module.members[name], "    ")
    yield ""


def _member(name: str, member: griffe.Object | griffe.Alias, indent: str) -> Iterator[str]:
    found = _target(member)
    if isinstance(found, griffe.Class):
        yield f"{indent}class {name}:"
        members = list(_members(found))
        for inner, each in members:
            if isinstance(_target(each), griffe.Class):
                yield f"{indent}    {inner} = ..."
            else:
                yield from _member(inner, each, f"{indent}    ")
        if not members:
            yield f"{indent}    pass"
    elif isinstance(found, griffe.Function):
        yield f"{indent}def {name}({_signature(found)}): ..."
    elif not isinstance(found, griffe.Module):
        yield f"{indent}{name} = ..."


def _target(member: griffe.Object | griffe.Alias) -> griffe.Object | None:
    """Return the object that a name stands for; None for one of another package."""
    try:
        return member.final_target if isinstance(member, griffe.Alias) else member
    except (griffe.AliasResolutionError, griffe.CyclicAliasError):
        return None


def _members(cls: griffe.Class) -> Iterator[tuple[str, griffe.Object | griffe.Alias]]:
    """Yield the public members of a class, those of its bases included, and its constructor."""
    members = dict(cls.all_members)
    for name in sorted(members):
        if name == "__init__" or not (name.startswith("_") or keyword.iskeyword(name)):
            yield name, members[name]


def _signature(function: griffe.Function) -> str:
    words: list[str] = []
    kinds = griffe.ParameterKind
    parameters = list(function.parameters)
    for index, parameter in enumerate(parameters):
        if parameter.kind is kinds.keyword_only and not any(it.kind in _KINDS for it in parameters[:index]):
            words.append("*")
        star = {kinds.var_positional: "*", kinds.var_keyword: "**"}.get(parameter.kind or kinds.keyword_only, "")
        is_optional = parameter.default is not None and not star
        words.append(f"{star}{parameter.name}{'=...' if is_optional else ''}")
        after = parameters[index + 1].kind if index + 1 < len(parameters) else None
        if parameter.kind is kinds.positional_only and after is not kinds.positional_only:
            words.append("/")
    return ", ".join(words)


def breakages(old: str, new: str) -> list[tuple[str, str]]:
    """Return the incompatible changes between two texts: the name, such as `kubecore.poll(timeout)`, and the change."""
    before, after = _loaded(old), _loaded(new)
    found = {(_name(breakage), breakage.kind.value) for breakage in griffe.find_breaking_changes(before, after)}
    return sorted(found)


def _loaded(text: str) -> griffe.Module:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "recorded.py").write_text(text, "utf-8")
        return _module_of(griffe.load("recorded", search_paths=[folder]))


def _module_of(loaded: griffe.Object | griffe.Alias) -> griffe.Module:
    if not isinstance(loaded, griffe.Module):
        msg = f"{loaded.path} is not a module"
        raise TypeError(msg)
    return loaded


def _name(breakage: griffe.Breakage) -> str:
    old, new = breakage.old_value, breakage.new_value
    module, _, rest = breakage.obj.path.removeprefix("recorded.").partition(".")
    path = f"{module.replace('__', '.')}{f'.{rest}' if rest else ''}"
    parameter = next((it.name for it in (old, new) if isinstance(it, griffe.Parameter)), "")
    return f"{path}({parameter})" if parameter else path
