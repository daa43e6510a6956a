"""``GET`` of a bulk operation's rows: ranges, gzip, and a connection that breaks on request."""

import asyncio
import re
import zlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from tests.stand_in.shopify.bulk_operations import BulkOperations
from tests.stand_in.shopify.signed_address import EXPIRED, NO_SUCH_KEY

PIECE = 256 * 1024
_RANGE = re.compile(r"bytes=(?P<first>\d*)-(?P<last>\d*)")


class Part(NamedTuple):
    """Bytes ``first`` up to, but without, ``end`` of a file of ``size``."""

    first: int
    end: int
    size: int

    @property
    def header(self) -> str:
        """``Content-Range``."""
        return f"bytes {self.first}-{self.end - 1}/{self.size}"


def part_of(header: str | None, size: int) -> Part | None:
    """What a ``Range`` asks for; None if no such bytes exist."""
    asked = _RANGE.fullmatch(header or "")
    if asked is None or not (asked["first"] or asked["last"]):
        return Part(0, size, size)
    if not asked["first"]:
        part = Part(max(0, size - int(asked["last"])), size, size)
    else:
        last = int(asked["last"]) if asked["last"] else size - 1
        part = Part(int(asked["first"]), min(last + 1, size), size)
    return part if part.first < part.end else None


class BulkDownload:
    """The route, over all operations."""

    def __init__(self, operations: BulkOperations) -> None:
        self._operations = operations

    async def answer(self, request: Request) -> Response:
        """The rows; or no, as Google's storage says it."""
        operations, name = self._operations, request.path_params["name"]
        asked = request.query_params
        number = operations.address.number(name)
        operation = operations.get(number) if number is not None else None
        if operation is None:
            refused = NO_SUCH_KEY
        else:
            expires, signature = asked.get("Expires", ""), asked.get("Signature", "")
            now = operations.clock()
            gone = EXPIRED if operation.is_gone(now) else None
            refused = operations.address.check(name, expires, signature, now) or gone
        if refused is not None or operation is None:
            refused = refused or NO_SUCH_KEY
            return Response(refused.xml, refused.status, media_type="application/xml")
        file, size = operations.file(operation.number), operation.progress.bytes
        return self._rows(request, file, size)

    def _rows(self, request: Request, file: Path, size: int) -> Response:
        asked = request.headers.get("range")
        part = part_of(asked, size)
        headers = {"Accept-Ranges": "bytes", "Content-Type": "application/jsonl"}
        if part is None:
            return Response(status_code=416, headers={"Content-Range": f"bytes */{size}"})
        partial = part.end - part.first < size
        if partial:
            headers["Content-Range"] = part.header
        squeezed = not asked and "gzip" in request.headers.get("accept-encoding", "")
        if squeezed:
            headers |= {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
        else:
            headers["Content-Length"] = str(part.end - part.first)
        breaks = self._operations.faults.next_truncation()
        return _Rows(file, part, headers, 206 if partial else 200, breaks, squeezed=squeezed)


class _Rows(Response):
    """Sends a part of a file; breaks off after ``breaks`` bytes if there are as many."""

    def __init__(
        self,
        file: Path,
        part: Part,
        headers: dict[str, str],
        status: int,
        breaks: int | None,
        *,
        squeezed: bool,
    ) -> None:
        self.status_code, self.background = status, None
        self.body, self._file, self._part = b"", file, part
        self._breaks, self._squeezed = breaks, squeezed
        self.raw_headers = [(k.lower().encode(), v.encode()) for k, v in headers.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send; a promised length that is not reached makes the server cut the connection."""
        start = {"type": "http.response.start", "status": self.status_code}
        await send({**start, "headers": self.raw_headers})
        left = self._breaks
        async for piece in self._pieces():
            if left is not None and len(piece) > left:
                await send({"type": "http.response.body", "body": piece[:left], "more_body": True})
                return
            left = left if left is None else left - len(piece)
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _pieces(self) -> AsyncIterator[bytes]:
        packer = zlib.compressobj(1, wbits=31) if self._squeezed else None
        with self._file.open("rb") as file:
            file.seek(self._part.first)
            left = self._part.end - self._part.first
            while left > 0:
                piece = await asyncio.to_thread(file.read, min(PIECE, left))
                left -= len(piece)
                yield await asyncio.to_thread(packer.compress, piece) if packer else piece
        if packer:
            yield packer.flush()
