"""One keep-alive HTTP/1.1 connection of a caller, one request at a time."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import Self

# Far beyond any deadline: only a gateway that hangs is this late.
ANSWER_SECONDS = 8.0


class LateError(Exception):
    """The gateway took the request and did not answer."""


@dataclass(frozen=True)
class HttpAnswer:
    """A whole answer; header names are lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


class Connection:
    """Opened by ``open``; after a ``Connection: close`` or an error it is of no more use."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._last = False
        self.port: int = writer.get_extra_info("sockname")[1]

    @classmethod
    async def open(cls, host: str, port: int) -> Self:
        """Connect; raises OSError."""
        return cls(*await asyncio.open_connection(host, port))

    @property
    def is_open(self) -> bool:
        """Whether the next request may be sent: the other side did not hang up while idle."""
        broken = self._reader.at_eof() or self._reader.exception() is not None
        return not (self._last or broken or self._writer.is_closing())

    async def ask(self, request: bytes) -> HttpAnswer:
        """Send and read; ConnectionError or IncompleteReadError if it breaks, LateError."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                self._writer.write(request)
                return await self._read()
        except TimeoutError as error:
            raise LateError(f"no answer in {ANSWER_SECONDS:g} s") from error

    async def close(self) -> None:
        """Hang up."""
        self._writer.close()
        with suppress(OSError):  # what is being given up may be broken already
            await self._writer.wait_closed()

    async def _read(self) -> HttpAnswer:
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        status_line, *lines = head.split("\r\n")
        headers = {}
        for line in lines:
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
        body = await self._reader.readexactly(int(headers.get("content-length", "0")))
        self._last = headers.get("connection", "").lower() == "close"
        return HttpAnswer(int(status_line.split(" ", 2)[1]), headers, body)
