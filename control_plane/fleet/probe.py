"""Is a worker ready? One GET /v2/health/ready over its address, without an HTTP library."""

import asyncio
from urllib.parse import urlsplit

READY_PATH = "/v2/health/ready"
_UNIX = "unix:"


async def is_ready(address: str, timeout_s: float) -> bool:
    """True for an HTTP 200; False when it refuses, says otherwise or takes too long."""
    try:
        async with asyncio.timeout(timeout_s):
            return await _status(address) == b"200"
    except (OSError, TimeoutError):
        return False


async def _status(address: str) -> bytes:
    reader, writer = await _connect(address)
    try:
        request = f"GET {READY_PATH} HTTP/1.1\r\nHost: worker\r\nConnection: close\r\n\r\n"
        writer.write(request.encode())
        await writer.drain()
        status_line = await reader.readline()
    finally:
        writer.close()
    words = status_line.split(maxsplit=2)
    return words[1] if len(words) > 1 else b""


async def _connect(address: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    if address.startswith(_UNIX):
        return await asyncio.open_unix_connection(address.removeprefix(_UNIX))
    parts = urlsplit(address)
    return await asyncio.open_connection(parts.hostname, parts.port or 80)
