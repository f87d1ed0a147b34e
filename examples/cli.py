"""A command line like kubectl, for any kind that the server has, with typer.

Run it: python examples/cli.py get deployments -n default
        python examples/cli.py --context prod scale deployment/web 3
It needs typer.
"""

from __future__ import annotations

import sys
from typing import Annotated, cast

import typer

from kubeclient import Clientset
from kubecore import errors, kubeconfig

app = typer.Typer(help="Look at a cluster, and scale what is in it.", no_args_is_help=True)
Namespace = Annotated[str, typer.Option("--namespace", "-n", help="The namespace; by default the context's.")]


@app.callback()
def connect(
    context: typer.Context, name: Annotated[str, typer.Option("--context", help="Which context to use.")] = ""
) -> None:
    """Read the kubeconfig before any command runs."""
    context.obj = kubeconfig.load(context=name)


@app.command()
def get(context: typer.Context, kind: str, namespace: Namespace = "") -> None:
    """Print the objects of a kind as a table: pods, deploy, widgets.example.com, ..."""
    kube = cast("kubeconfig.KubeConfig", context.obj)
    with Clientset(kube) as clientset:
        is_namespaced = clientset.discovery.find(kind).namespaced
        print(clientset.dynamic.resource(kind, (namespace or clientset.namespace) if is_namespaced else "").table())


@app.command()
def scale(context: typer.Context, target: str, replicas: int, namespace: Namespace = "") -> None:
    """Set the number of replicas of KIND/NAME."""
    kube = cast("kubeconfig.KubeConfig", context.obj)
    kind, _, name = target.partition("/")
    with Clientset(kube) as clientset:
        objects = clientset.dynamic.resource(kind, namespace or clientset.namespace)
        objects.patch_subresource(name, "scale", {"spec": {"replicas": replicas}}, type="merge")
        print(f"{target} scaled to {replicas}")


if __name__ == "__main__":
    try:
        app()
    except errors.KubeError as error:
        sys.exit(f"error: {error}")
