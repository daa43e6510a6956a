"""Puts a backup in force: filled, verified, given a new epoch; only then does it go live.

On PostgreSQL all of it is one transaction. On SQLite it happens in a file beside the old one,
which then takes its place. Until the last step whatever was there is untouched.
"""

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from dataclasses import replace as with_changes
from pathlib import Path

from sqlalchemy import Connection, inspect, select
from sqlmodel import Session, col
from sqlmodel import select as select_rows

from bentos.contract.errors import ContractError
from bentos.contract.register import Action
from bentos.whole_file import sync_folder
from control_plane import clock
from control_plane.audit.service import Change, record
from control_plane.audit.verifier import Verification, verify
from control_plane.backup import lost, revocations
from control_plane.backup.archive import ArchiveReader, BackupManifest
from control_plane.backup.forgetting import Erased, erased_by, lines_without
from control_plane.backup.inbox import put_back
from control_plane.backup.keys import check_keys, restore_keys
from control_plane.backup.lost import Lost
from control_plane.backup.person import principal, user
from control_plane.backup.progress import Bar
from control_plane.backup.revocations import Taken
from control_plane.backup.rows import settle_sequences, tables_of, write_lines
from control_plane.config import Settings
from control_plane.db import Database, ReadSession, WriteSession
from control_plane.errors import ConflictError
from control_plane.in_use import holding, refuse_if_served
from control_plane.migrations.tables import METADATA
from control_plane.migrations.upgrade import migrate, revisions
from control_plane.people.models import SessionRow
from control_plane.publish.archive import installation


@dataclass(frozen=True, kw_only=True)
class Restored:
    """What was done. ``kept``: where the replaced SQLite file lies now; ``inbox``: whether the
    ingress's was put back."""

    epoch: int
    size: int
    lost: Lost
    sessions_ended: int
    revoked_again: list[str]
    keys_written: list[str]
    kept: Path | None
    inbox: bool = False


def restore(settings: Settings, path: Path, *, replace: bool = False) -> Restored:
    """Restore a backup into the database of ``settings``.

    Raises ContractError (damaged, another shop's, of a newer release, keys missing or the
    register does not verify), ConflictError (there is something already, or a control plane is
    running), UnavailableError.
    """
    reader = ArchiveReader(path)
    try:
        with holding(settings.home, alone=True):
            _check_manifest(settings, reader.manifest)
            check_keys(settings.keys, reader, replace=replace)
            before = _look_before(settings, replace=replace)
            missing = lost.compare(settings, reader.manifest, before)
            put = _into_file if isinstance(settings.database, Path) else _into_server
            taken, erased = before.taken if before else {}, erased_by(settings.home / "lake")
            done = put(_Work(settings, reader, missing, taken, erased))
            return with_changes(done, inbox=put_back(settings.home, reader))
    finally:
        reader.close()


@dataclass(frozen=True)
class _Work:
    settings: Settings
    reader: ArchiveReader
    lost: Lost
    taken: Taken
    erased: Erased


def _check_manifest(settings: Settings, manifest: BackupManifest) -> None:
    if manifest.shop != settings.shop:
        raise ContractError("SIGNALBOX_SHOP", f"the backup's shop, {manifest.shop}", settings.shop)
    if manifest.revision not in revisions():
        raise ContractError(
            "backup",
            f"schema revision {revisions()[-1]} or an earlier one",
            manifest.revision,
            "A newer Signalbox wrote it: restore it with that one.",
        )


def _look_before(settings: Settings, *, replace: bool) -> lost.Before | None:
    """What there is now; raises ConflictError unless it may be replaced."""
    address = settings.database
    if isinstance(address, Path) and not address.exists():
        return None
    database = Database(address, maintenance=True)
    try:
        refuse_if_served(database)
        with database.read() as session:
            before = lost.look(session.connection())
    finally:
        database.dispose()
    if before is not None and not replace:
        raise ConflictError(
            f"{address} holds an installation already, of {before.size} register events: "
            "say --replace to give it up"
        )
    return before


def _into_file(work: _Work) -> Restored:
    address = work.settings.database
    assert isinstance(address, Path)
    draft = address.with_name(f"{address.name}.restoring")
    _remove(draft)
    try:
        database = Database(draft, maintenance=True)
        try:
            with database.bounded(), database.writer.begin() as connection:
                report = _fill(work, connection, database.unresolved)
        finally:
            database.dispose()
        kept = _set_aside(address)
        draft.replace(address)
        sync_folder(address.parent)
    finally:
        _remove(draft)
    return report(kept)


def _into_server(work: _Work) -> Restored:
    database = Database(work.settings.database, maintenance=True)
    try:
        with database.bounded(), database.writer.begin() as connection:
            names = {*METADATA.tables, *work.reader.manifest.tables, "alembic_version"}
            for name in names & set(inspect(connection).get_table_names()):
                connection.exec_driver_sql(f'DROP TABLE "{name}" CASCADE')
            return _fill(work, connection, database.unresolved)(None)
    finally:
        database.dispose()


def _fill(
    work: _Work, connection: Connection, unresolved: Callable[[Connection], list[str]]
) -> Callable[[Path | None], Restored]:
    manifest = work.reader.manifest
    migrate(connection, manifest.revision)
    _load(connection, work.reader, work.erased)
    migrate(connection)
    dangling = unresolved(connection)
    if dangling:
        raise ContractError("backup", "no references to nowhere", dangling)
    with Session(connection, expire_on_commit=False) as plain:
        session = WriteSession(ReadSession(plain))
        _check_register(session, manifest.register_size, manifest.register_root)
        ended = _end_sessions(session)
        epoch = _begin_epoch(session, work.lost.epoch + 1)
        _tell(session, work, epoch, ended)
        again = revocations.carry_over(session, principal("restore"), work.taken)
        plain.flush()
    # Last: until here everything can still be undone.
    written = restore_keys(work.settings.keys, work.reader)

    def report(kept: Path | None) -> Restored:
        return Restored(
            epoch=epoch,
            size=manifest.register_size,
            lost=work.lost,
            sessions_ended=ended,
            revoked_again=again,
            keys_written=written,
            kept=kept,
        )

    return report


def _load(connection: Connection, reader: ArchiveReader, erased: Erased) -> None:
    tables = {table.name: table for table in tables_of(connection)}
    held = reader.manifest.tables
    if tables.keys() != held.keys():
        raise ContractError("backup", f"tables {sorted(tables)}", sorted(held))
    bar = Bar("restore", sum(entry.rows for entry in held.values()))
    for name, table in tables.items():
        if connection.execute(select(table).limit(1)).first() is not None:
            # What a migration put into its new table: the backup has its own.
            connection.execute(table.delete())
        for count in write_lines(
            connection, table, lines_without(name, reader.lines(name), erased)
        ):
            bar.advance(count)
        settle_sequences(connection, table)
    bar.end()


def _check_register(session: WriteSession, size: int, root: str) -> None:
    found: Verification = verify(session)
    if not found.ok or (found.size, found.root) != (size, root):
        problem = found.problem or f"size {found.size}, root {found.root}"
        raise ContractError("register", f"the backup's, size {size}, root {root}", problem)


def _begin_epoch(session: WriteSession, at_least: int) -> int:
    """The restored history is another one than the lost: its revisions get an epoch of their own.

    Gateways refuse an older revision of the epoch they are in (contract §3); the publisher says
    everything again in a new one. It is the time in Unix seconds: one more than the backup's
    would be given twice if the same backup were restored twice, and two histories be one.
    """
    row = installation(session)
    row.epoch = max(int(time.time()), at_least)
    session.add(row)
    session.flush()
    return row.epoch


def _end_sessions(session: WriteSession) -> int:
    """Browsers that were signed out since must not be signed in again."""
    rows = list(session.exec(select_rows(SessionRow).where(col(SessionRow.ended_at).is_(None))))
    for row in rows:
        row.ended_at = clock.now()
        session.add(row)
    return len(rows)


def _tell(session: WriteSession, work: _Work, epoch: int, ended: int) -> None:
    manifest = work.reader.manifest
    change = Change(
        action=Action.INSTALLATION_RESTORE,
        entity="installation",
        before={"epoch": manifest.epoch},
        after={"epoch": epoch},
        on_behalf_of=user(),
        details={
            "backup": manifest.digest(),
            "taken_at": manifest.at,
            "register_size": manifest.register_size,
            "register_root": manifest.register_root,
            "lost": work.lost.told(),
            "sessions_ended": ended,
        },
    )
    record(session, principal("restore"), change)


def _set_aside(address: Path) -> Path | None:
    """The old file keeps everything, its write-ahead log written back into it."""
    if not address.exists():
        return None
    with closing(sqlite3.connect(address)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    kept = address.with_name(f"{address.name}.replaced-{clock.now()[:19].replace(':', '')}")
    address.rename(kept)
    _remove(address)
    return kept


def _remove(path: Path) -> None:
    for each in (path, Path(f"{path}-wal"), Path(f"{path}-shm")):
        each.unlink(missing_ok=True)
