"""A web application with one AsyncClientset for its whole life: list, create, and follow logs of pods.

Run it: uvicorn --app-dir examples fastapi_app:app
It needs fastapi and uvicorn, and has no authentication: anyone who reaches it acts with your rights.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Body, Depends, FastAPI, Request
from fastapi.responses import JSONResponse, StreamingResponse

from kubeclient import AsyncClientset
from kubeclient.models import core_v1
from kubecore import errors


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
    """Open the clientset when the application starts, and close it when it ends."""
    async with AsyncClientset() as clientset:
        app.state.clientset = clientset
        yield


app = FastAPI(lifespan=lifespan)


def clientset_of(request: Request) -> AsyncClientset:
    """Return the application's clientset."""
    clientset: AsyncClientset = request.app.state.clientset
    return clientset


Clients = Annotated[AsyncClientset, Depends(clientset_of)]


@app.exception_handler(errors.StatusError)
async def failed(request: Request, error: errors.StatusError) -> JSONResponse:
    """Pass on the API server's code and message."""
    return JSONResponse({"detail": str(error)}, status_code=error.code or 502)


@app.get("/namespaces/{namespace}/configmaps")
async def names(namespace: str, clientset: Clients) -> list[str]:
    """List the names of a namespace's ConfigMaps."""
    found = await clientset.core_v1.config_maps(namespace).list_metadata()
    return [item.metadata.name or "" for item in found]


@app.post("/namespaces/{namespace}/configmaps", status_code=201)
async def create(namespace: str, body: Annotated[core_v1.ConfigMap, Body()], clientset: Clients) -> core_v1.ConfigMap:
    """Create a ConfigMap. Without `Body()`, FastAPI treats a model as a query parameter."""
    return await clientset.core_v1.config_maps(namespace).create(body)


@app.get("/namespaces/{namespace}/pods/{name}/logs")
async def logs(namespace: str, name: str, clientset: Clients) -> StreamingResponse:
    """Stream a pod's log. If the client disconnects, the request to the API server ends as well."""

    async def lines() -> AsyncIterator[bytes]:
        async with clientset.core_v1.pods(namespace).stream_logs(name) as log:
            async for line in log:
                yield line + b"\n"

    return StreamingResponse(lines(), media_type="text/plain")
