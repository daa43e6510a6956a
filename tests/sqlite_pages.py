"""Texts SQLite has cut in pieces: a long value goes on in overflow pages, each named by the first
four bytes of the one before it (file format, §1.6). Free pages and the WAL hold such chains too."""

import struct
from collections.abc import Iterator

import numpy as np

MAGIC = b"SQLite format 3\x00"
WAL_HEADER, FRAME_HEADER = 32, 24
SHORTEST = 3


def seams(database: bytes, logs: list[bytes], texts: list[str]) -> Iterator[bytes]:
    """Pieces that may belong together: around each place that may name an overflow page, what
    stands before it and that page's beginning; and where a page ends with the beginning of a text,
    whose chain may be gone as the page was freed, each page that begins with the rest of it.
    """
    size = struct.unpack(">H", database[16:18])[0]
    images = _images(database, logs, 65536 if size == 1 else size)
    reach = 2 * max(map(len, texts))
    pages = [page for kept in images.values() for page in kept]
    for page in pages:
        yield from _joined(page, images, reach)
    heads = [page[4 : 4 + reach].lower() for page in pages]
    for page in pages:
        tail = page[-reach:].lower()
        for text in (each.lower().encode() for each in texts):
            for cut in range(SHORTEST, len(text)):
                if tail.endswith(text[:cut]):
                    yield from (tail + head for head in heads if head.startswith(text[cut:]))


def _images(database: bytes, logs: list[bytes], size: int) -> dict[int, list[bytes]]:
    """Page number → all that is kept of it, in the database and in logs."""
    found: dict[int, list[bytes]] = {}
    for number in range(len(database) // size):
        found.setdefault(number + 1, []).append(database[number * size : (number + 1) * size])
    for log in logs:
        step = size + FRAME_HEADER
        for at in range(WAL_HEADER, len(log) - step + 1, step):
            number = struct.unpack(">I", log[at : at + 4])[0]
            found.setdefault(number, []).append(log[at + FRAME_HEADER : at + step])
    return found


def _joined(page: bytes, images: dict[int, list[bytes]], reach: int) -> Iterator[bytes]:
    for shift in range(4):
        words = np.frombuffer(page[shift : shift + (len(page) - shift) // 4 * 4], ">u4")
        # Page 1 is no overflow page.
        for index in np.flatnonzero((words > 1) & (words <= max(images))):
            at = shift + 4 * int(index)
            for following in images.get(int(words[index]), ()):
                # A cell's end, or an overflow page's own end, which its first word continues.
                before = page[-reach:] if at == 0 else page[max(0, at - reach) : at]
                yield before + following[4 : 4 + reach]
