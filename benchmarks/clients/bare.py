"""HTTP libraries alone, as a baseline for the clients. The body is read and discarded."""

from __future__ import annotations

import time

STARTED = time.perf_counter()

import asyncio
import ssl

from benchmarks.clients.measure import CONNECTIONS, GETS, WARM_UP, Case, fan_out, repeat, run

PATH = "/api/v1/namespaces/bench/pods/web-0"


def httpcore2_get(case: Case) -> list[float]:
    import httpcore2

    context = ssl.create_default_context(cafile=str(case.folder / "ca.pem"))
    with httpcore2.ConnectionPool(ssl_context=context) as pool:
        return repeat(lambda: pool.request("GET", case.url + PATH).content, GETS, WARM_UP)


def aiohttp_fan_out(case: Case) -> list[float]:
    import aiohttp

    context = ssl.create_default_context(cafile=str(case.folder / "ca.pem"))

    async def main() -> list[float]:
        connector = aiohttp.TCPConnector(ssl=context, limit=CONNECTIONS)
        async with aiohttp.ClientSession(connector=connector) as session:

            async def get() -> bytes:
                async with session.get(case.url + PATH) as answer:
                    body: bytes = await answer.read()
                    return body

            return await fan_out(get)

    return asyncio.run(main())


if __name__ == "__main__":
    run({"get": httpcore2_get, "fan_out": aiohttp_fan_out}, STARTED)
