"""Fetching a bulk operation's result: streamed, unpacked, and gone on with where it broke off.

Offsets count unpacked bytes. A packed answer cannot be entered in the middle, so only a first
one is asked for packed; what then comes whole although a part was asked for is skipped over.
The address is signed and stands for the right to read: it is in no message.
"""

import re
import time
import zlib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx

from bentos.contract.errors import ContractError
from bentos.shopify_admin import pause
from bentos.shopify_admin.clock import Clock
from bentos.shopify_admin.errors import ResultExpired, Unavailable
from bentos.shopify_admin.transport import Limits, Lost, Transport, is_private_enough

PIECE_BYTES = 256 * 1024
TRIES = 6
"In a row, without a byte in between."
MAX_REPORT_BYTES = 4096
_CONTENT_RANGE = re.compile(r"bytes (?P<first>\d+)-\d+/(?P<total>\d+|\*)")
_EXPIRED = re.compile(rb"ExpiredToken|AccessDenied|NoSuchKey|has expired|Request has expired")


@dataclass(frozen=True, slots=True)
class Source:
    """A result: its signed address, and its whole size in unpacked bytes if that is known."""

    url: str
    size: int | None = None

    def __repr__(self) -> str:
        return f"Source({urlsplit(self.url).hostname}, {self.size})"


class _Broken(Exception):
    """This answer ended too early; the next one may not."""


class _Drips(_Broken):
    """This answer came so slowly that it would never end."""


class _NoPart(Exception):
    """The other side does not give parts that can be used."""


def pieces(
    transport: Transport, source: Source, offset: int, clock: Clock, patience_s: float
) -> Iterator[bytes]:
    """The bytes from ``offset`` on; raises ContractError, ResultExpired and Unavailable.

    ``patience_s`` bounds the time without a new byte: waits by the clock, answers in real
    seconds, as the transport's limits are.
    """
    if not is_private_enough(source.url):
        raise ContractError("bulk result", "an https address", urlsplit(source.url).scheme)
    if offset < 0 or (source.size is not None and offset > source.size):
        raise ContractError("offset", f"0 to {source.size}", offset)
    at, problems, drips, silent, in_parts = offset, 0, 0, 0.0, True
    while source.size is None or at < source.size:
        heard = time.monotonic()
        try:
            for piece in _answer(transport, source, at, in_parts=in_parts):
                at, problems, silent = at + len(piece), 0, 0.0
                yield piece
                heard = time.monotonic()
            if source.size is None or at == source.size:
                return
            problem = f"it ended at byte {at} of {source.size}"
        except _NoPart:
            if in_parts:
                in_parts = False
                continue
            problem = "a part came instead of the whole"
        except (Lost, _Broken) as error:
            problem = str(error)
            drips += isinstance(error, _Drips)
        # A trickle is no progress.
        problems = max(problems + 1, drips)
        wait = pause.after(problems)
        silent += time.monotonic() - heard + wait
        if problems >= TRIES or silent > patience_s:
            raise Unavailable(f"The bulk result broke off at byte {at}: {problem}", "Resume later.")
        clock.sleep(wait)


def _answer(transport: Transport, source: Source, at: int, *, in_parts: bool) -> Iterator[bytes]:
    headers = {"Accept-Encoding": "gzip"}
    if at and in_parts:
        headers = {"Accept-Encoding": "identity", "Range": f"bytes={at}-"}
    with closing(transport.get(source.url, headers)) as answer:
        if answer.status_code == 416 and source.size is None:
            # Exactly at its end: nothing is left.
            return
        first = _first_byte(answer, at)
        skip = at - first
        for piece in _unpacked(answer, transport.limits):
            kept = piece[skip:] if skip else piece
            skip -= len(piece) - len(kept)
            if kept:
                yield kept
        if skip:
            raise _Broken(f"it is {skip} bytes shorter than before")


def _first_byte(answer: httpx.Response, at: int) -> int:
    """Where the body begins; raises ResultExpired or _Broken for what is no result."""
    if answer.status_code == 200:
        return 0
    packed = answer.headers.get("Content-Encoding", "identity") != "identity"
    if answer.status_code == 206:
        found = _CONTENT_RANGE.fullmatch(answer.headers.get("Content-Range", ""))
        if found is None or int(found["first"]) != at or packed:
            raise _NoPart
        return at
    if answer.status_code in (400, 401, 403, 404, 410):
        report = _beginning(answer)
        if answer.status_code in (404, 410) or _EXPIRED.search(report):
            hint = "Start the bulk operation again."
            raise ResultExpired(f"The result is gone (HTTP {answer.status_code})", hint)
    raise _Broken(f"HTTP {answer.status_code}")


def _beginning(answer: httpx.Response) -> bytes:
    report = b""
    try:
        for piece in answer.iter_raw(MAX_REPORT_BYTES):
            report += piece
            if len(report) >= MAX_REPORT_BYTES:
                break
    except httpx.TransportError:
        pass
    return report


def _unpacked(answer: httpx.Response, limits: Limits) -> Iterator[bytes]:
    """The body, unpacked in bounded pieces: httpx would unpack a whole piece however it grows."""
    encoding = answer.headers.get("Content-Encoding", "identity")
    raw = _raw(answer, limits)
    if encoding == "identity":
        yield from raw
        return
    if encoding != "gzip":
        raise _Broken(f"packed as {encoding[:20]!r}, which was not asked for")
    unpacker = zlib.decompressobj(wbits=31)
    for piece in raw:
        rest = piece
        while rest:
            if unpacker.eof:
                unpacker = zlib.decompressobj(wbits=31)
            try:
                yield unpacker.decompress(rest, PIECE_BYTES)
            except zlib.error as error:
                raise _Broken("it is packed wrongly") from error
            rest = unpacker.unconsumed_tail or unpacker.unused_data
    yield unpacker.flush()
    if not unpacker.eof:
        raise _Broken("it is cut off")


def _raw(answer: httpx.Response, limits: Limits) -> Iterator[bytes]:
    """The body as it comes; a trickle counts as broken. Only waiting is timed, not the reader."""
    pieces, waited, length = answer.iter_raw(), 0.0, 0
    while True:
        began = time.monotonic()
        try:
            piece = next(pieces, None)
        except httpx.TransportError as error:
            raise _Broken(f"the connection broke ({type(error).__name__})") from error
        if piece is None:
            return
        waited, length = waited + time.monotonic() - began, length + len(piece)
        if waited > limits.drip_s:
            if length < limits.drip_bytes:
                raise _Drips(f"it drips, {length} bytes in {waited:.0f} s")
            waited, length = 0.0, 0
        yield piece
