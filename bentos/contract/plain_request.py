"""The plainest HTTP/1.1 request there is: one whole POST, in one read, nothing unusual about it.

Servers that get one may answer it at once; whatever else arrives (pieces, pipelining, chunks,
compression, upgrades) belongs to a full HTTP parser. So this decides about speed only, never
about behaviour: in doubt it says no.
"""

import re
from typing import NamedTuple

HEAD_END = b"\r\n\r\n"
_METHOD = b"POST "
_VERSION = b" HTTP/1.1"
_LENGTH = b"content-length"
# A target that needs no decoding: no query, no escapes.
_TARGET = re.compile(rb"/[A-Za-z0-9/._:@~-]*")
_NAME = re.compile(rb"[A-Za-z0-9!#$&'*+.^_`|~-]+")
_VALUE = re.compile(rb"[\t\x20-\x7e\x80-\xff]*")
# Headers that change how a request is read or answered.
_UNUSUAL = frozenset(
    {
        b"connection",
        b"transfer-encoding",
        b"content-encoding",
        b"expect",
        b"upgrade",
        b"te",
    }
)
_USUAL_CONNECTION = b"keep-alive"


class PlainRequests:
    """Reads the requests of one connection. Callers tend to send the same head again and again,
    so the last one is kept and compared instead of read anew."""

    __slots__ = ("_head", "_max_head_bytes", "_read")

    def __init__(self, max_head_bytes: int) -> None:
        self._max_head_bytes = max_head_bytes
        self._head = b""
        self._read: PlainHead | None = None

    def split(self, data: bytes) -> "tuple[PlainHead, bytes] | None":
        """(head, body) of exactly one plain request, else None."""
        end = data.find(HEAD_END, 0, self._max_head_bytes)
        if end < 0:
            return None
        head = data[:end]
        if head != self._head:
            self._head, self._read = head, parse_head(head)
        read = self._read
        start = end + len(HEAD_END)
        if read is None or len(data) != start + read.length:
            return None
        return read, data[start:]


class PlainHead(NamedTuple):
    """A request's head: ``path`` needs no decoding, header names are lower case, each once."""

    path: str
    headers: dict[bytes, bytes]
    length: int


def parse_head(head: bytes) -> PlainHead | None:
    """Read a head (without the empty line that ends it); None if it is not plain."""
    request_line, *lines = head.split(b"\r\n")
    if not (request_line.startswith(_METHOD) and request_line.endswith(_VERSION)):
        return None
    target = request_line[len(_METHOD) : -len(_VERSION)]
    headers = _plain_headers(lines)
    if headers is None or not _TARGET.fullmatch(target):
        return None
    length = headers.get(_LENGTH, b"")
    if not (length.isdigit() and len(length) < 12):
        return None
    return PlainHead(target.decode("ascii"), headers, int(length))


def _plain_headers(lines: list[bytes]) -> dict[bytes, bytes] | None:
    """Lower-case name → value; None for any that repeats, is folded or changes the reading."""
    headers: dict[bytes, bytes] = {}
    for line in lines:
        name, separator, value = line.partition(b":")
        name, value = name.lower(), value.strip(b" \t")
        if not separator or name in headers or not _NAME.fullmatch(name):
            return None
        if not _VALUE.fullmatch(value):
            return None
        if name in _UNUSUAL and value.lower() != _USUAL_CONNECTION:
            return None
        headers[name] = value
    return headers
