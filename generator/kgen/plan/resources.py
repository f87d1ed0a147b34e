"""The contexts of the modules of clients: one module per resource."""

from __future__ import annotations

from collections.abc import Iterable

from kgen import text
from kgen.ir import Api, GroupVersion, Resource
from kgen.names import Identifier
from kgen.plan.contexts import MethodContext, ResourceContext, SideContext
from kgen.plan.headers import codes, header, imported_names, title
from kgen.plan.methods import method_context
from kgen.plan.verb_mixins import SCALE, bases, scale_model
from kgen.text import Code

__all__ = ["resource_context"]


def resource_context(resource: Resource, group: GroupVersion, root: Identifier, api: Api) -> ResourceContext:
    """Return the context of the module with the clients of one resource."""
    scale = scale_model(resource)
    methods = tuple(method_context(method) for method in resource.methods if not scale or method.subresource != SCALE)
    refs = [resource.kind, *([resource.list_kind] if resource.list_kind else [])]
    refs += [ref for method in resource.methods for ref in (method.body, method.response) if ref is not None]
    used, own = {ref.module for ref in refs}, {module.name for module in api.modules}
    names = [
        text.string(name) for name in sorted([resource.constant, f"Async{resource.class_name}", resource.class_name])
    ]
    return ResourceContext(
        header=header(group.source, f"Clients of {title(group.api_version)} {resource.kind_name}.", root),
        package=root,
        exports=tuple(names),
        modules=tuple(sorted(used & own)),
        builtins=text.code(api.builtins),
        builtin_modules=tuple(sorted(used - own)),
        imports_mapping=any(method.is_body or method.is_apply for method in methods),
        names_from_typing=codes(_typing_names(resource, methods)),
        names_from_kubecore=imported_names(["Resource", "async_verbs", "sync_verbs", *_option_names(methods)]),
        constant=resource.constant,
        parameters=text.code("" if resource.list_kind else f"[{resource.kind}, Never]"),
        group=text.string(group.group),
        version=text.string(group.version),
        plural=text.string(resource.plural),
        namespaced=text.code(str(resource.namespaced)),
        kind=text.code(str(resource.kind)),
        list_kind=text.code(str(resource.list_kind or "")),
        bases=bases(resource, group),
        docstring=_resource_docstring(resource),
        scale=text.code(str(scale or "")),
        methods=methods,
        sides=(
            SideContext(resource.class_name, text.code("sync_verbs"), text.code("def"), text.code("")),
            SideContext(
                text.code(f"Async{resource.class_name}"),
                text.code("async_verbs"),
                text.code("async def"),
                text.code("await "),
            ),
        ),
    )


def _typing_names(resource: Resource, methods: Iterable[MethodContext]) -> list[str]:
    names = ["Any"] if any(method.is_body or method.is_apply for method in methods) else []
    return names if resource.list_kind else [*names, "Never"]


def _option_names(methods: tuple[MethodContext, ...]) -> list[str]:
    if all(method.is_get for method in methods):
        return []
    names = ["DryRun", "FieldValidation"]
    return [*names, "PatchBody", "PatchType"] if any(method.is_patch for method in methods) else names


def _resource_docstring(resource: Resource) -> Code:
    where = 'of one namespace, or of all of them with the namespace ""' if resource.namespaced else "of the cluster"
    warning = resource.custom.deprecated if resource.custom is not None else None
    deprecated = f"\n\nDeprecated: {warning}" if warning else ""
    return text.docstring(f"{resource.class_name} {where}: `{resource.path}`.{deprecated}", indent=4)
