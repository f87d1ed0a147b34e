"""The contexts of the methods of subresources, with their documentation."""

from __future__ import annotations

from typing import Final

from kgen import text
from kgen.ir import SubresourceMethod
from kgen.plan.contexts import MethodContext

__all__ = ["method_context"]


_HTTP: Final = {"apply": "PATCH", "create": "POST", "delete": "DELETE", "get": "GET", "patch": "PATCH", "update": "PUT"}


def method_context(method: SubresourceMethod) -> MethodContext:
    """Return the context of one method of a subresource."""
    return MethodContext(
        name=method.name,
        docstring=text.docstring(_method_docstring(method), indent=8),
        is_get=method.verb == "get",
        is_body=method.verb in ("create", "update"),
        is_patch=method.verb == "patch",
        is_apply=method.verb == "apply",
        verb=text.string(method.verb),
        subresource=text.string(method.subresource),
        argument=method.argument or text.code(""),
        body=text.code(str(method.body)),
        response=text.code(str(method.response)),
        path=text.string(method.path),
    )


def _method_docstring(method: SubresourceMethod) -> str:
    """Return the documentation of a method.

    Arguments that all verbs share are explained at the verb of the object itself.
    """
    own = {
        "apply": [f"{method.argument}: A model, or a mapping with the fields that the manager sets."],
        "create": [f"{method.argument}: A model, or a mapping with the API's names."],
        "patch": ["body: A patch of `kubecore.patch`; with `type`, operations or a part of the object."],
        "update": [f"{method.argument}: A model, or a mapping with the API's names."],
    }
    shared = {
        "apply": "field_manager, force, dry_run, field_validation, timeout",
        "get": "timeout",
        "patch": "type, dry_run, field_manager, field_validation, force, timeout",
    }
    arguments = [
        "name: The object's name.",
        *own.get(method.verb, []),
        f"{shared.get(method.verb, 'dry_run, field_manager, field_validation, timeout')}: As for `{method.verb}`.",
    ]
    return "\n".join(
        [
            f"{method.doc}: `{_HTTP[method.verb]} {method.path}`.",
            "\nArgs:",
            *(f"    {line}" for line in arguments),
            "\nRaises:",
            f"    KubeError: As for `{method.verb}`.",
        ]
    )
