"""A backup's file: a zip of one JSON-lines entry a table, keys if asked for, and a manifest.

The format knows no engine: what was taken from SQLite is restored into PostgreSQL and the
other way round. Every entry's SHA-256 stands in the manifest and is checked as it is read.
"""

import hashlib
import os
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, BinaryIO

import msgspec

from bentos.contract.errors import ContractError, from_decoding
from bentos.whole_file import sync_folder

FORMAT = 1
MANIFEST = "manifest.json"
BLOCK = 1024 * 1024
LEVEL = 5
"""Of deflate: half the time of the default, a few per cent larger."""


class TableEntry(msgspec.Struct, frozen=True, kw_only=True):
    """What a table's entry holds; ``sha256`` in hex, over its lines."""

    rows: int
    sha256: str


class BackupManifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup is of. ``revision``: Alembic's; ``register_root`` in hex. ``replaces``: the
    digest of the one this stands for, since people were erased from it."""

    format: int = FORMAT
    at: str
    shop: str
    environment: str
    engine: str
    revision: str
    epoch: int
    register_size: int
    register_root: str
    tables: dict[str, TableEntry]
    keys: dict[str, str] = {}
    """Key file → SHA-256 in hex."""
    files: dict[str, str] = {}
    """Other files, such as the ingress's inbox → SHA-256 in hex."""
    replaces: str = ""

    def digest(self) -> str:
        """SHA-256 hex of the manifest, which names every other digest: the backup's name."""
        return hashlib.sha256(msgspec.json.encode(self)).hexdigest()


class ArchiveWriter:
    """Writes a backup beside its place; it appears there whole, by ``finish``, or not at all."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._draft = path.with_name(f".{path.name}.part")
        handle = os.open(self._draft, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
        self._file = os.fdopen(handle, "w+b")
        self._zip = zipfile.ZipFile(self._file, "w", zipfile.ZIP_DEFLATED, compresslevel=LEVEL)

    def add_table(self, name: str, lines: Iterable[bytes]) -> TableEntry:
        """One entry, written as its lines come."""
        digest, rows = hashlib.sha256(), 0
        with self._entry(_table_entry(name)) as entry:
            for line in lines:
                entry.write(line)
                digest.update(line)
                rows += 1
        return TableEntry(rows=rows, sha256=digest.hexdigest())

    def add_key(self, name: str, content: bytes) -> str:
        """One key file; its digest."""
        self._zip.writestr(_key_entry(name), content)
        return hashlib.sha256(content).hexdigest()

    def add_file(self, name: str, source: Path) -> str:
        """One file, a block at a time; its digest."""
        digest = hashlib.sha256()
        with source.open("rb") as file, self._entry(_file_entry(name)) as entry:
            while block := file.read(BLOCK):
                entry.write(block)
                digest.update(block)
        return digest.hexdigest()

    def _entry(self, name: str) -> IO[bytes]:
        return self._zip.open(name, "w", force_zip64=True)

    def finish(self, manifest: BackupManifest) -> None:
        """Write the manifest last, and let the file appear."""
        self._zip.writestr(MANIFEST, msgspec.json.format(msgspec.json.encode(manifest)))
        self._zip.close()
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._draft.rename(self.path)
        sync_folder(self.path.parent)

    def discard(self) -> None:
        """Leave nothing behind."""
        self._file.close()
        self._draft.unlink(missing_ok=True)


class ArchiveReader:
    """Reads a backup; raises ContractError for anything that is not as the manifest says."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._zip = zipfile.ZipFile(path)
            content = self._zip.read(MANIFEST)
        except (OSError, KeyError, zipfile.BadZipFile) as error:
            raise ContractError(str(path), "a backup", type(error).__name__) from error
        self.manifest = _manifest(content)

    def lines(self, table: str) -> Iterator[bytes]:
        """A table's lines; the digest is checked once the last one was taken."""
        entry, digest, rows = self.manifest.tables[table], hashlib.sha256(), 0
        try:
            with self._zip.open(_table_entry(table)) as file:
                for line in file:
                    digest.update(line)
                    rows += 1
                    yield line
        except (KeyError, zipfile.BadZipFile, EOFError) as error:
            raise self._damaged(_table_entry(table), error) from error
        if (rows, digest.hexdigest()) != (entry.rows, entry.sha256):
            raise self._damaged(_table_entry(table), "other content")

    def key(self, name: str) -> bytes:
        """A key file's content."""
        try:
            content = self._zip.read(_key_entry(name))
        except (KeyError, zipfile.BadZipFile, EOFError) as error:
            raise self._damaged(_key_entry(name), error) from error
        if hashlib.sha256(content).hexdigest() != self.manifest.keys[name]:
            raise self._damaged(_key_entry(name), "other content")
        return content

    def copy_file(self, name: str, target: BinaryIO) -> None:
        """Write a file's content; damage is noticed once all of it was written."""
        digest = hashlib.sha256()
        try:
            with self._zip.open(_file_entry(name)) as entry:
                while block := entry.read(BLOCK):
                    target.write(block)
                    digest.update(block)
        except (KeyError, zipfile.BadZipFile, EOFError) as error:
            raise self._damaged(_file_entry(name), error) from error
        if digest.hexdigest() != self.manifest.files[name]:
            raise self._damaged(_file_entry(name), "other content")

    def close(self) -> None:
        """Done with it."""
        self._zip.close()

    def _damaged(self, entry: str, what: object) -> ContractError:
        hint = "The backup is damaged: take another one."
        got = type(what).__name__ if isinstance(what, Exception) else what
        return ContractError(f"{self.path}:{entry}", "what its manifest says", got, hint)


def _manifest(content: bytes) -> BackupManifest:
    try:
        version = msgspec.json.decode(content, type=dict[str, msgspec.Raw]).get("format")
        if version is not None and bytes(version) != str(FORMAT).encode():
            hint = "A newer Signalbox wrote it: restore it with that one."
            raise ContractError("manifest.format", str(FORMAT), bytes(version).decode(), hint)
        return msgspec.json.decode(content, type=BackupManifest)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise from_decoding(error, "manifest", "a backup's manifest") from error


def _table_entry(name: str) -> str:
    return f"tables/{name}.jsonl"


def _file_entry(name: str) -> str:
    return f"files/{name}"


def _key_entry(name: str) -> str:
    return f"keys/{name}"
