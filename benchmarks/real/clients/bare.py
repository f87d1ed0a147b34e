"""HTTP alone, as a baseline: responses are read and discarded."""

from __future__ import annotations

import asyncio
import socket
import ssl
from urllib.parse import urlsplit

from benchmarks.real.clients import measure
from benchmarks.real.clients.measure import Case, Stopwatch, longest_pause, repeat

TOKEN = "bench"
LIST = "/api/v1/pods"


def context(case: Case) -> ssl.SSLContext:
    made = ssl.create_default_context(cafile=str(case.folder / "ca.pem"))
    made.verify_flags &= ~ssl.VERIFY_X509_STRICT  # The CA of the cluster has no key identifiers.
    return made


def listed(case: Case) -> Stopwatch:
    """Read the list into one buffer, to the end of its last chunk, with nothing but a socket."""
    host = urlsplit(case.url)
    buffer = memoryview(bytearray(1 << 20))
    with (
        socket.create_connection((str(host.hostname), host.port or 443)) as plain,
        context(case).wrap_socket(plain, server_hostname=host.hostname) as connection,
    ):

        def read(query: str) -> None:
            headers = f"Host: {host.netloc}\r\nAuthorization: Bearer {TOKEN}\r\nAccept: application/json\r\n\r\n"
            connection.sendall(f"GET {LIST}{query} HTTP/1.1\r\n{headers}".encode())
            end, seen = b"", 0
            while not end.endswith(b"\r\n0\r\n\r\n"):
                count = connection.recv_into(buffer)
                assert count, "the connection ended"
                assert seen or bytes(buffer[:13]) == b"HTTP/1.1 200 ", bytes(buffer[:100])
                seen += count
                end = (end + bytes(buffer[max(0, count - 16) : count]))[-16:]

        read("?limit=20")  # Enough pods for a chunked response.
        return repeat(lambda: read(""), 1)


def fan_out(case: Case) -> Stopwatch:
    import aiohttp

    async def main() -> Stopwatch:
        connector = aiohttp.TCPConnector(ssl=context(case), limit=case.connections)
        headers = {"Authorization": f"Bearer {TOKEN}", "Accept": "application/json"}
        async with aiohttp.ClientSession(connector=connector, headers=headers) as session:
            url = f"{case.url}/api/v1/namespaces/{case.namespace}/pods/{measure.POD}"

            async def get() -> bytes:
                async with session.get(url) as response:
                    assert response.status == 200
                    body: bytes = await response.read()
                    return body

            return await measure.fan_out(get, case)

    return asyncio.run(main())


def pause(case: Case) -> Stopwatch:
    import aiohttp

    async def main() -> Stopwatch:
        connector = aiohttp.TCPConnector(ssl=context(case))
        headers = {"Authorization": f"Bearer {TOKEN}", "Accept": "application/json", "Accept-Encoding": "identity"}
        async with aiohttp.ClientSession(connector=connector, headers=headers) as session:

            async def read() -> None:
                async with session.get(case.url + LIST) as response:
                    async for _ in response.content.iter_any():
                        pass

            return await longest_pause(read)

    return asyncio.run(main())


CASES = {"list": listed, "fan_out": fan_out, "pause": pause}

if __name__ == "__main__":
    measure.run(CASES)
