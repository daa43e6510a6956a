"""Values PostgreSQL keeps compressed (pglz) or in pieces (TOAST), in pages of a table's file, also
those of dead rows. Short texts stand in the raw bytes.

Forms: storage/bufpage.h, varatt.h (little-endian), common/pg_lzcompress.c.
"""

import struct
from collections.abc import Iterator

PAGE = 8192
VERSION = 4
LINE_POINTERS = 24
MOST = 1 << 26
TAG_BITS = 30


def values(data: bytes) -> Iterator[tuple[str, bytes]]:
    """What can be unpacked in a table's file; nothing for other files."""
    if not data or len(data) % PAGE or not _is_page(data[:PAGE]):
        return
    chunks: dict[int, dict[int, bytes]] = {}
    for number in range(len(data) // PAGE):
        page = data[number * PAGE : (number + 1) * PAGE]
        if not _is_page(page):
            continue
        for at, row in _rows(page):
            yield from _compressed(row, f"pglz@{number}.{at}")
            _note_chunk(row, chunks)
    for value, parts in chunks.items():
        whole = b"".join(parts[seq] for seq in sorted(parts))
        yield f"toast {value}", whole
        raw_size = struct.unpack("<I", whole[:4])[0] & ((1 << TAG_BITS) - 1) if whole[4:] else 0
        if 0 < raw_size < MOST and (unpacked := unpack(whole[4:], raw_size)):
            yield f"toast {value} pglz", unpacked


def unpack(data: bytes, size: int) -> bytes:
    """Pglz: groups of eight items, each a byte or (offset, length) into what is unpacked so far.

    Empty for what is no such stream of this size.
    """
    found, at = bytearray(), 0
    while at < len(data) and len(found) < size:
        control, at = data[at], at + 1
        for bit in range(8):
            if at >= len(data) or len(found) >= size:
                break
            if not control >> bit & 1:
                found.append(data[at])
                at += 1
                continue
            if at + 2 > len(data):
                return b""
            length, offset = (data[at] & 0x0F) + 3, (data[at] & 0xF0) << 4 | data[at + 1]
            at += 2
            if length == 18:
                if at >= len(data):
                    return b""
                length, at = length + data[at], at + 1
            if not 0 < offset <= len(found):
                return b""
            for _ in range(length):
                found.append(found[-offset])
    return bytes(found) if len(found) >= size else b""


def _is_page(page: bytes) -> bool:
    lower, upper, special, size_version = struct.unpack("<HHHH", page[12:20])
    is_it = size_version == PAGE | VERSION and LINE_POINTERS <= lower <= upper <= special <= PAGE
    return bool(is_it)


def _rows(page: bytes) -> Iterator[tuple[int, bytes]]:
    """Rows by their line pointers, and what lies where none points any more."""
    lower, upper, special = struct.unpack("<HHH", page[12:18])
    for at in range(LINE_POINTERS, lower - 3, 4):
        pointer = struct.unpack("<I", page[at : at + 4])[0]
        offset, length = pointer & 0x7FFF, pointer >> 17
        if length and upper <= offset <= special - length:
            yield offset, page[offset : offset + length]
    yield upper, page[lower:special]


def _compressed(row: bytes, name: str) -> Iterator[tuple[str, bytes]]:
    """Values that are compressed within the row: a four-byte header whose low bits are 10."""
    for at in range(len(row) - 8):
        if row[at] & 3 != 2:
            continue
        header, info = struct.unpack("<II", row[at : at + 8])
        length, size = header >> 2, info & ((1 << TAG_BITS) - 1)
        if 8 < length <= len(row) - at and length < size < MOST and not info >> TAG_BITS:
            unpacked = unpack(row[at + 8 : at + length], size)
            if unpacked:
                yield f"{name}+{at}", unpacked


def _note_chunk(row: bytes, chunks: dict[int, dict[int, bytes]]) -> None:
    """A row of a TOAST table: (oid, sequence, bytes) behind its header."""
    if len(row) < 24 or struct.unpack("<H", row[18:20])[0] & 0x07FF != 3:
        return
    begin = row[22]
    if begin + 9 > len(row):
        return
    value, seq = struct.unpack("<II", row[begin : begin + 8])
    at = begin + 8
    if row[at] & 1:
        length, data = row[at] >> 1, row[at + 1 :]
        data = data[: length - 1]
    else:
        header = struct.unpack("<I", row[at : at + 4].ljust(4, b"\x00"))[0]
        if header & 3:
            return
        data = row[at + 4 : at + (header >> 2)]
    if data and seq < 1 << 20:
        chunks.setdefault(value, {})[seq] = data
