"""What backups hold of people who were erased since: out of their files, or left out on restoring.

Only two of the control plane's tables name shoppers (``redactions/tables.py``): opt-outs, which
stay in force under a digest, and kept answers. The ingress's inbox does too. A backup that is
written anew says which one it stands for.
"""

import json
import re
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from bentos import redaction_files
from bentos.contract.redaction import RedactionRequest, subject_digest
from control_plane.backup import inbox
from control_plane.backup.archive import ArchiveReader, ArchiveWriter
from control_plane.consents.models import ExclusionRow
from control_plane.idempotency.models import AnswerRow
from control_plane.shopify import erased_rows

OPT_OUTS, ANSWERS = str(ExclusionRow.__tablename__), str(AnswerRow.__tablename__)
LEFT_BEHIND_S = 60.0
"""A draft that grows no more was left by a backup that was killed."""
_PSEUDONYM = re.compile(r"(?<![A-Z2-7])[A-Z2-7]{26}(?![A-Z2-7])")


class Erased(NamedTuple):
    """``digests`` of people's pseudonyms; ``shop``: everybody of it as well. ``wish``: what the
    inbox is asked for, which knows people by their names and orders."""

    digests: frozenset[str]
    shop: str | None = None
    wish: RedactionRequest | None = None
    domain: str = ""


class BackupUnderWay(Exception):
    """Somebody is writing a backup that may hold whom we forget: to be tried again."""


def erased_by(lake: Path) -> Erased:
    """Everybody the lake's records know as erased; raises ContractError for a damaged one."""
    records = map(redaction_files.read_record, redaction_files.record_files(lake))
    return Erased(frozenset(digest for record in records for digest in record.subjects_sha256))


def lines_without(table: str, lines: Iterable[bytes], erased: Erased) -> Iterator[bytes]:
    """A table's lines, without those who were erased."""
    for line in lines:
        kept = _line_without(table, line, erased)
        if kept is not None:
            yield kept


def forget_in(folder: Path, erased: Erased) -> int:
    """Write every backup of a folder anew that names one of them; how many did.

    Raises ContractError for a file that is no backup, BackupUnderWay.
    """
    for draft in [*folder.glob(".*.part"), *folder.glob(".inbox-*")]:
        if time.time() - draft.stat().st_mtime < LEFT_BEHIND_S:
            raise BackupUnderWay(draft.name)
        shutil.rmtree(draft) if draft.is_dir() else draft.unlink(missing_ok=True)
    return sum(_forget(path, erased) for path in sorted(folder.glob("*.zip")))


def _forget(path: Path, erased: Erased) -> bool:
    reader = ArchiveReader(path)
    try:
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".inbox-") as folder:
            changed = _inbox_without(reader, Path(folder), erased)
            if changed is None and not _names_any(reader, erased):
                return False
            _write_anew(reader, Path(folder), erased)
    finally:
        reader.close()
    return True


def _write_anew(reader: ArchiveReader, folder: Path, erased: Erased) -> None:
    writer, manifest = ArchiveWriter(reader.path), reader.manifest
    try:
        written = msgspec.structs.replace(
            manifest,
            tables={
                name: writer.add_table(name, lines_without(name, reader.lines(name), erased))
                for name in manifest.tables
            },
            keys={name: writer.add_key(name, reader.key(name)) for name in manifest.keys},
            files={name: writer.add_file(name, folder / name) for name in manifest.files},
            replaces=manifest.replaces or manifest.digest(),
        )
        writer.finish(written)
    except BaseException:
        writer.discard()
        raise


def _inbox_without(reader: ArchiveReader, folder: Path, erased: Erased) -> Path | None:
    """Copy the backup's files to ``folder``; the inbox, if it held them and holds them no more."""
    for name in reader.manifest.files:
        with (folder / name).open("wb") as file:
            reader.copy_file(name, file)
    path = folder / inbox.NAME
    if erased.wish is None or not path.exists():
        return None
    with closing(sqlite3.connect(path, isolation_level=None)) as copy:
        copy.row_factory = sqlite3.Row
        if erased.shop is not None:
            removed = erased_rows.of_shop(copy, erased.shop, erased.domain)
        else:
            found = erased_rows.Found.of(copy, erased.wish, erased.domain)
            removed = erased_rows.of_customer(copy, found)
        removed |= erased_rows.of_requests(copy, erased.wish)
        copy.execute("VACUUM")
    return path if removed else None


def _names_any(reader: ArchiveReader, erased: Erased) -> bool:
    return any(
        _line_without(name, line, erased) != line
        for name in (OPT_OUTS, ANSWERS)
        if name in reader.manifest.tables
        for line in reader.lines(name)
    )


def _line_without(table: str, line: bytes, erased: Erased) -> bytes | None:
    if table not in {OPT_OUTS, ANSWERS}:
        return line
    names = _PSEUDONYM.findall(line.decode())
    row = json.loads(line)
    if erased.shop is not None and names and _is_of(erased.shop, table, row):
        return None
    if not any(subject_digest(name) in erased.digests for name in names):
        return line
    if table == ANSWERS:
        return None
    return msgspec.json.encode(row | {"subject": subject_digest(row["subject"])}) + b"\n"


def _is_of(shop: str, table: str, row: dict[str, Any]) -> bool:
    if table == OPT_OUTS:
        return bool(row["shop"] == shop)
    return json.dumps(shop) in (row["body"] or "")
