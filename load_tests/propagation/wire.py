"""The wire between gateways and a control plane: passes bytes on until it is told to break."""

import asyncio
from contextlib import suppress
from typing import Self

HOST = "127.0.0.1"
CHUNK = 65536


class Wire:
    """A TCP proxy. Made by ``open``; new connections always pass."""

    def __init__(self, upstream: int) -> None:
        self.connections = 0
        self._upstream = upstream
        self._server: asyncio.Server | None = None
        self._links: set[_Link] = set()

    @classmethod
    async def open(cls, upstream: int) -> Self:
        """Listen in front of the local port ``upstream``."""
        wire = cls(upstream)
        wire._server = await asyncio.start_server(wire._connect, HOST, 0)
        return wire

    @property
    def port(self) -> int:
        """Where it listens."""
        assert self._server is not None
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    def drop(self) -> None:
        """Reset every connection there is."""
        for link in list(self._links):
            link.reset()

    def drop_silent(self) -> None:
        """Reset those that pass nothing on; the others stay."""
        for link in [link for link in self._links if link.swallows]:
            link.reset()

    def swallow(self) -> None:
        """Leave every connection there is open, and pass on nothing more: half-open."""
        for link in self._links:
            link.swallows = True

    async def close(self) -> None:
        """Stop listening and end everything."""
        assert self._server is not None
        self._server.close()
        while self._links:
            self.drop()
            await asyncio.sleep(0)
        await self._server.wait_closed()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            theirs = await asyncio.open_connection(HOST, self._upstream)
        except OSError:
            writer.transport.abort()
            return
        self.connections += 1
        link = _Link((reader, writer), theirs)
        self._links.add(link)
        try:
            await link.run()
        finally:
            self._links.discard(link)


class _Link:
    """One connection through the wire, both ways."""

    def __init__(
        self,
        ours: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        theirs: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    ) -> None:
        self.swallows = False
        self._ours, self._theirs = ours, theirs

    async def run(self) -> None:
        """Until both ends are done, or it is reset."""
        there = asyncio.create_task(self._pass(self._ours[0], self._theirs[1]))
        back = asyncio.create_task(self._pass(self._theirs[0], self._ours[1]))
        await asyncio.wait({there, back}, return_when=asyncio.FIRST_COMPLETED)
        for task in (there, back):
            task.cancel()
        await asyncio.gather(there, back, return_exceptions=True)
        self.reset()

    def reset(self) -> None:
        """End it at once, on both sides."""
        for _, writer in (self._ours, self._theirs):
            writer.transport.abort()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(CHUNK):
                if not self.swallows:
                    writer.write(data)
                    await writer.drain()
