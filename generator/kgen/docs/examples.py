"""The example of a resource: create, list and watch, with both clients."""

from __future__ import annotations

from kgen.ir import GroupVersion, Resource
from kgen.names import Identifier
from kgen.text import Code, code

__all__ = ["example"]


def example(resource: Resource, group: GroupVersion, package: Identifier, *, asynchronous: bool) -> Code:
    """Return a program that uses the clients of a resource, "" if it has none of the verbs."""
    body = _body(resource, asynchronous=asynchronous)
    if not body:
        return code("")
    clientset = "AsyncClientset" if asynchronous else "Clientset"
    namespace = '"default"' if resource.namespaced else ""
    lines = [
        f"{'async ' if asynchronous else ''}with {clientset}() as clientset:",
        f"    client = clientset.{group.accessor}.{resource.accessor}({namespace})",
        *(f"    {line}" for line in body),
    ]
    imports = [f"from {package} import {clientset}"]
    if "create" in resource.verbs:
        imports.append(f"from {package}.models import {resource.kind.module}")
    if not asynchronous:
        return code("\n".join([*imports, "", *lines]))
    main = ["async def main() -> None:", *(f"    {line}" for line in lines)]
    return code("\n".join(["import anyio", "", *imports, "", "", *main, "", "", "anyio.run(main)"]))


def _body(resource: Resource, *, asynchronous: bool) -> list[str]:
    wait, each = ("await ", "async ") if asynchronous else ("", "")
    lines: list[str] = []
    if "create" in resource.verbs:
        made = f'{resource.kind}.from_dict({{"metadata": {{"name": "example"}}}})'
        lines += ["# with more of the fields below", f"{wait}client.create({made})"]
    if "list" in resource.verbs:
        lines += [f"for item in {wait}client.list():", "    print(item.metadata.name)"]
    if resource.verbs >= {"list", "watch"}:
        lines += [
            f"{each}with client.watch() as events:",
            f"    {each}for event in events:",
            "        print(event.type, event.object.metadata.name)",
        ]
    return lines
