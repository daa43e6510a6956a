"""A request's body as uvicorn hands it over: whole, within its limit and its time."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from gateway.errors import BadRequest, GatewayError, RequestTimeout, TooLarge

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


def too_large(limit: int, got: object) -> TooLarge:
    """The refusal of a body of more than ``limit`` bytes."""
    return TooLarge(f"body: expected at most {limit} bytes, got {got}")


async def read_whole(
    headers: dict[bytes, bytes], receive: Receive, limit: int, timeout_s: float
) -> bytes:
    """The body as it came. Where it does not come whole the connection ends.

    Raises TooLarge, RequestTimeout, or BadRequest for a client that went away.
    """
    try:
        return await _read(headers, receive, limit, timeout_s)
    except GatewayError as error:
        error.closes = True
        raise


async def _read(
    headers: dict[bytes, bytes], receive: Receive, limit: int, timeout_s: float
) -> bytes:
    declared = headers.get(b"content-length", b"0")
    if not declared.isdigit() or int(declared) > limit:
        raise too_large(limit, declared.decode("latin-1"))
    chunks, size = [], 0
    try:
        async with asyncio.timeout(timeout_s):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise BadRequest("body: expected all of it, got a disconnect")
                chunk = message.get("body", b"")
                size += len(chunk)
                if size > limit:
                    raise too_large(limit, "more")
                chunks.append(chunk)
                if not message.get("more_body", False):
                    return chunks[0] if len(chunks) == 1 else b"".join(chunks)
    except TimeoutError:
        raise RequestTimeout(
            f"body: expected within {timeout_s:g} s, got only {size} bytes"
        ) from None
