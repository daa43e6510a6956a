import asyncio
from contextlib import asynccontextmanager, suppress

import pytest

from load_tests.propagation.wire import HOST, Wire


@asynccontextmanager
async def echo_behind_a_wire():
    async def echo(reader, writer):
        with suppress(ConnectionError):
            while data := await reader.read(100):
                writer.write(data)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    server = await asyncio.start_server(echo, HOST, 0)
    wire = await Wire.open(server.sockets[0].getsockname()[1])
    try:
        yield wire
    finally:
        await wire.close()
        server.close()
        await server.wait_closed()


@asynccontextmanager
async def connected(wire):
    reader, writer = await asyncio.open_connection(HOST, wire.port)
    try:
        yield reader, writer
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def says(connection, text):
    reader, writer = connection
    writer.write(text)
    async with asyncio.timeout(60):
        return await reader.readexactly(len(text))


async def test_it_passes_on_what_comes():
    async with echo_behind_a_wire() as wire, connected(wire) as connection:
        assert await says(connection, b"hello") == b"hello"


async def test_dropping_resets_and_the_next_connection_passes():
    async with echo_behind_a_wire() as wire:
        async with connected(wire) as connection:
            await says(connection, b"hello")
            wire.drop()
            with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
                await says(connection, b"again")
        async with connected(wire) as connection:
            assert await says(connection, b"hello") == b"hello"


async def test_swallowing_leaves_open_and_silent_and_the_next_connection_passes():
    async with echo_behind_a_wire() as wire, connected(wire) as connection:
        await says(connection, b"hello")
        wire.swallow()
        connection[1].write(b"again")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(connection[0].read(1), 0.2)
        async with connected(wire) as other:
            assert await says(other, b"hello") == b"hello"


async def test_what_is_silent_is_dropped_and_nothing_else():
    async with (
        echo_behind_a_wire() as wire,
        connected(wire) as silent,
    ):
        await says(silent, b"hello")
        wire.swallow()
        async with connected(wire) as other:
            await says(other, b"hello")
            wire.drop_silent()
            async with asyncio.timeout(60):
                with suppress(ConnectionError):
                    assert await silent[0].read(1) == b""
            assert await says(other, b"again") == b"again"
