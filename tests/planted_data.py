"""Looks for planted texts in whatever lies below a folder, whatever it is packed in.

Raw bytes of every file first, which shows what databases have freed and not overwritten
(SQLite's free list and WAL, LMDB's and PostgreSQL's pages), then what is packed: gzip, zstd and
zlib frames at any place of a file (Parquet's pages are such frames, also those no footer names any
more), zip members, Parquet's values, texts SQLite has cut in pieces, PostgreSQL's compressed and
outlined values, DuckDB's rows (freed ones where they were not compressed). Names of files count.

A search that finds nothing shows nothing by itself: plant, find, then erase and look again.
"""

import base64
import io
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from tests import duckdb_values, postgresql_pages, sqlite_pages
from tests.needles import Needles

GZIP, ZSTD = b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd"
# What zlib streams begin with at its usual levels.
ZLIB = re.compile(rb"\x78[\x01\x5e\x9c\xda]")
DEEPEST = 4
MOST_BYTES = 1 << 28


class Finding(NamedTuple):
    """A text that was found: where (file, then what it was packed in) and how it was written."""

    place: str
    text: str
    written: str


class PlantedData:
    """Searches for these texts, at least six characters each, in any case and usual encoding.

    ``binary``: bytes that say what a text says, such as a number as a database writes it.
    """

    def __init__(self, texts: Iterable[str], binary: Iterable[tuple[str, bytes]] = ()) -> None:
        self.texts = sorted(set(texts))
        short = [text for text in self.texts if len(text) < 6]
        assert not short, f"too short to mean anything when found: {short}"
        self._plain = Needles(
            (form, (text, how)) for text in self.texts for how, form in _plain(text)
        )
        coded = [(form, (text, how)) for text in self.texts for how, form in _coded(text)]
        self._coded = Needles([*coded, *((form, (text, "bytes")) for text, form in binary)])

    def found_below(self, folder: Path) -> list[Finding]:
        """Everything that is found in the files below a folder, and in their names."""
        found = []
        for path in sorted(folder.rglob("*")):
            name = path.relative_to(folder).as_posix()
            found += [Finding(name, text, "a file's name") for text in self._in_name(name)]
            if path.is_file() and not path.is_symlink():
                found += self.found_in_file(path, name)
        return found

    def found_in_file(self, path: Path, name: str | None = None) -> list[Finding]:
        """What one file holds. ``-wal`` and ``-journal`` are looked at with their database too."""
        place, data = name or path.name, path.read_bytes()
        found = [*self.found_in(data, place)]
        if data.startswith(sqlite_pages.MAGIC):
            beside = [path.with_name(path.name + end) for end in ("-wal", "-journal")]
            logs = [each.read_bytes() for each in beside if each.is_file()]
            for joined in sqlite_pages.seams(data, logs, self.texts):
                found += self._scan(joined, f"{place}!seam")
        if data[8:12] == b"DUCK":
            for table, values in duckdb_values.values(path):
                found += self._scan(values, f"{place}!{table}")
        return sorted(set(found))

    def found_in(self, data: bytes, place: str, depth: int = 0) -> Iterator[Finding]:
        """What these bytes hold, however they are packed."""
        yield from self._scan(data, place)
        if depth < DEEPEST:
            for inner, unpacked in _unpacked(data):
                yield from self.found_in(unpacked, f"{place}!{inner}", depth + 1)

    def texts_below(self, folder: Path) -> set[str]:
        """Which of the texts are found at all."""
        return {each.text for each in self.found_below(folder)}

    def _in_name(self, name: str) -> list[str]:
        return [text for text in self.texts if text.lower() in name.lower()]

    def _scan(self, data: bytes, place: str) -> Iterator[Finding]:
        for text, how in sorted(self._plain.found(data.lower()) | self._coded.found(data)):
            yield Finding(place, text, how)


def _plain(text: str) -> Iterator[tuple[str, bytes]]:
    """Forms that are looked for in any case."""
    lowered = text.lower()
    yield "UTF-8", lowered.encode()
    yield "UTF-16", lowered.encode("utf-16-le")
    yield "hex digits", text.encode().hex().encode()
    if text != lowered:
        yield "hex digits", lowered.encode().hex().encode()
        yield "hex digits", text.lower().encode().hex().encode()


def _coded(text: str) -> Iterator[tuple[str, bytes]]:
    """Base64 of the text wherever it begins in what was encoded: the inner characters, which do
    not depend on its neighbours."""
    for each in {text, text.lower()}:
        raw = each.encode()
        for before in range(3):
            whole = base64.b64encode(b"\x00" * before + raw)
            begin = (0, 2, 3)[before]
            end = (before + len(raw)) * 8 // 6
            yield "base64", whole[begin:end]


def _unpacked(data: bytes) -> Iterator[tuple[str, bytes]]:
    if data[:4] == b"PK\x03\x04":
        yield from _members(data)
    if data[:4] == data[-4:] == b"PAR1":
        yield from _values(data)
    for at in _places(data, GZIP):
        yield from _named(f"gzip@{at}", _inflated(data[at:], 31))
    for at in _places(data, ZSTD):
        yield from _named(f"zstd@{at}", _zstd(data[at:]))
    for match in ZLIB.finditer(data):
        yield from _named(f"zlib@{match.start()}", _inflated(data[match.start() :], 15))
    yield from postgresql_pages.values(data)


def _named(name: str, data: bytes) -> Iterator[tuple[str, bytes]]:
    if data:
        yield name, data


def _places(data: bytes, magic: bytes) -> Iterator[int]:
    at = data.find(magic)
    while at >= 0:
        yield at
        at = data.find(magic, at + 1)


def _inflated(data: bytes, window: int) -> bytes:
    """As much as can be had: a stream cut off, or overwritten behind, shows its beginning."""
    try:
        return zlib.decompressobj(window).decompress(data, MOST_BYTES)
    except zlib.error:
        return _bit_by_bit(data, window)


def _bit_by_bit(data: bytes, window: int) -> bytes:
    unpacker, found = zlib.decompressobj(window), bytearray()
    try:
        for start in range(0, min(len(data), 1 << 16), 64):
            found += unpacker.decompress(data[start : start + 64])
    except zlib.error:
        pass
    return bytes(found)


def _zstd(data: bytes) -> bytes:
    found = bytearray()
    try:
        with pa.CompressedInputStream(pa.BufferReader(data), "zstd") as stream:
            while len(found) < MOST_BYTES and (part := stream.read(4096)):
                found += part
    except OSError:
        pass  # the end of the frame: what follows is none
    return bytes(found)


def _members(data: bytes) -> Iterator[tuple[str, bytes]]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            yield "names", "\n".join(archive.namelist()).encode() + archive.comment
            for member in archive.infolist():
                yield member.filename, archive.read(member)
    except (zipfile.BadZipFile, RuntimeError):
        return


def _values(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Every value of a Parquet file as text, whatever codec its pages have, and its metadata."""
    try:
        table = pq.read_table(io.BytesIO(data))
    except (pa.ArrowException, OSError):
        return
    yield "metadata", repr(table.schema.metadata).encode()
    for name in table.column_names:
        values = table.column(name)
        if pa.types.is_primitive(values.type) or pa.types.is_string(values.type):
            values = values.unique()
        yield f"column {name}", "\n".join(map(str, values.to_pylist())).encode()
