"""A keep-alive HTTP/1.1 connection to the gateway: enough for JSON in, JSON out.

A general client costs about a millisecond of processor per request, which on two cores
would be taken from the very processes the demo shows.
"""

import asyncio
from dataclasses import dataclass
from typing import Any

import msgspec


@dataclass(frozen=True, slots=True)
class Response:
    """Status and decoded JSON body."""

    status: int
    body: Any


class GatewayConnection:
    """One connection, one request at a time; opened when needed, again after a break."""

    def __init__(self, host: str, port: int, key: str) -> None:
        self._host = host
        self._port = port
        self._head = (
            f"Host: {host}:{port}\r\nAuthorization: Bearer {key}\r\n"
            "Content-Type: application/json\r\n"
        )
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def post(self, path: str, body: bytes) -> Response:
        """Raises OSError or EOFError (IncompleteReadError) when the connection breaks."""
        if self._writer is None:
            self._reader, self._writer = await asyncio.open_connection(self._host, self._port)
        assert self._reader is not None
        try:
            request = f"POST {path} HTTP/1.1\r\n{self._head}Content-Length: {len(body)}\r\n\r\n"
            self._writer.write(request.encode() + body)
            return await self._read(self._reader)
        except BaseException:
            # Whatever happened, what is left in the stream belongs to no later request.
            self.close()
            raise

    def close(self) -> None:
        """Close the connection, if it is open."""
        if self._writer is not None:
            self._writer.close()
        self._reader = self._writer = None

    async def _read(self, reader: asyncio.StreamReader) -> Response:
        head = (await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")
        status = int(head[0].split()[1])
        headers = dict(line.lower().split(b":", 1) for line in head[1:] if b":" in line)
        length = int(headers.get(b"content-length", b"0"))
        data = await reader.readexactly(length)
        if headers.get(b"connection", b"").strip() == b"close":
            self.close()
        try:
            return Response(status, msgspec.json.decode(data) if data else None)
        except msgspec.DecodeError:
            return Response(status, data.decode(errors="replace"))
