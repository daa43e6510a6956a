"""Connects to a worker and asks it how it wants its tensors: a worker that answers is alive."""

import asyncio

import msgspec

from gateway.lane_connection import HttpAnswer, LaneConnection
from gateway.lane_request import BINARY_EXTENSION, Encoding

CONNECT_TIMEOUT_S = 2.0
# Routers differ on whether the root carries a slash (a mounted application redirects the first,
# MLServer the second): ask for both before giving up.
METADATA_PATHS = ("/v2", "/v2/")


class _Metadata(msgspec.Struct):
    """The part of the server metadata that matters here."""

    extensions: list[str] = []


async def open_connection(connection: LaneConnection) -> None:
    """Connect and learn the worker's encoding; raises OSError when no one answers in time."""
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            await _connect(connection)
            await _learn_encoding(connection)
    except BaseException:
        connection.close()
        raise


async def _connect(connection: LaneConnection) -> None:
    loop = asyncio.get_running_loop()
    address = connection.worker.address
    if address.path is not None:
        await loop.create_unix_connection(lambda: connection, address.path)
    else:
        await loop.create_connection(lambda: connection, address.host, address.port)


async def _learn_encoding(connection: LaneConnection) -> None:
    """A server that does not say is first sent binary tensors, and JSON once it refuses them."""
    worker = connection.worker
    for path in METADATA_PATHS:
        answer = await connection.get(path)
        extensions = _extensions(answer)
        if extensions is not None:
            can_binary = BINARY_EXTENSION in extensions
            worker.encoding = Encoding.BINARY if can_binary else Encoding.JSON
            worker.encoding_is_sure = True
            return
        if not connection.is_open:
            raise ConnectionError(f"{worker.address.text} closes after each answer")


def _extensions(answer: HttpAnswer) -> list[str] | None:
    if answer.status != 200:
        return None
    try:
        return msgspec.json.decode(answer.body, type=_Metadata).extensions
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
