"""Plan: the files to generate, and the context of each template."""

from __future__ import annotations

from collections.abc import Mapping

from kgen import runtime, text
from kgen.ir import Api, ModelRef
from kgen.names import Identifier
from kgen.plan.contexts import RootContext
from kgen.plan.groups import clientset_context, group_files
from kgen.plan.headers import header, package_file
from kgen.plan.models_modules import models_context
from kgen.plan.planned_file import PlannedFile
from kgen.plan.tables import NAMES, kinds_context, names_context
from kgen.text import Code

__all__ = ["PlannedFile", "plan"]


def plan(
    api: Api, classes: Mapping[ModelRef, Code], package: str, sources: str, base: str = ""
) -> tuple[PlannedFile, ...]:
    """Return every file that will exist, sorted by path.

    Args:
        api: Everything with its final names.
        classes: The source of every model's class, from `kgen.models`.
        package: The import name of the generated package.
        sources: The common name of the documents, such as `specs/1.37`.
        base: The package whose clientset this one adds to, or "".
    """
    root = Identifier(package)
    files = [
        PlannedFile(f"{root}/py.typed", "", None),
        PlannedFile(
            f"{root}/__init__.py",
            "root.py.jinja",
            RootContext(
                header(sources, "Typed clients for the Kubernetes API.", root),
                root,
                text.code(str(runtime.RUNTIME_API)),
                text.string(runtime.kgen_version()),
            ),
        ),
        PlannedFile(f"{root}/clientset.py", "clientset.py.jinja", clientset_context(api, root, sources, base)),
        PlannedFile(f"{root}/_kinds.py", "kinds.py.jinja", kinds_context(api, root, sources)),
        PlannedFile(f"{root}/{NAMES}", "names.py.jinja", names_context(api, root, sources)),
        package_file(root, "models", sources, "The models, one module per group version."),
        package_file(root, "typed", sources, "The clients, one package per group version."),
    ]
    files += [
        PlannedFile(
            f"{root}/models/{module.name}.py", "models.py.jinja", models_context(module, classes, root, api, sources)
        )
        for module in api.modules
    ]
    folders = sorted({group.package[0] for group in api.groups})
    files += [package_file(root, f"typed/{folder}", sources, f"Clients of the group {folder}.") for folder in folders]
    for group in api.groups:
        files.extend(group_files(group, root, api))
    return tuple(sorted(files, key=lambda file: file.path))
