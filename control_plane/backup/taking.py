"""Takes a backup while the control plane runs: every table, of one snapshot."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, func, select

from bentos.contract import merkle
from bentos.contract.errors import ContractError
from bentos.contract.register import Action
from control_plane import clock
from control_plane.audit.service import Change, record
from control_plane.backup.archive import ArchiveWriter, BackupManifest
from control_plane.backup.inbox import add_inbox
from control_plane.backup.person import principal, user
from control_plane.backup.progress import Bar
from control_plane.backup.rows import read_lines, tables_of
from control_plane.config import Settings
from control_plane.db import Database
from control_plane.migrations.upgrade import newest, revision_of


def default_path(settings: Settings, note: str = "") -> Path:
    """``backups/signalbox-SHOP-TIME.zip`` in the home."""
    moment = clock.now()[:19].replace("-", "").replace(":", "")
    shop = "".join(c if c.isalnum() or c in "-." else "_" for c in settings.shop)
    return settings.home / "backups" / f"signalbox-{shop}-{moment}Z{note}.zip"


def take(settings: Settings, path: Path, *, with_keys: bool = False) -> BackupManifest:
    """Write a backup to ``path``, which must not exist yet.

    That it was done is an event, after the snapshot and so not in it. Raises ContractError for
    a database without an installation, UnavailableError, OSError.
    """
    if path.exists():
        raise ContractError(str(path), "a file that does not exist yet", "one that does")
    path.parent.mkdir(parents=True, exist_ok=True)
    database = Database(settings.database, maintenance=True)
    try:
        writer = ArchiveWriter(path)
        try:
            manifest = _write(settings, database, writer, with_keys=with_keys)
        except BaseException:
            writer.discard()
            raise
        if manifest.revision == newest():
            _tell(database, manifest, path)
        return manifest
    finally:
        database.dispose()


def _write(
    settings: Settings, database: Database, writer: ArchiveWriter, *, with_keys: bool
) -> BackupManifest:
    with database.read() as session:
        connection = session.connection()
        found = {table.name: table for table in tables_of(connection)}
        revision, about = revision_of(connection), _installation(connection, found)
        if revision is None or about is None:
            raise ContractError(str(database.address), "an initialised database", "none")
        size, root = _head(connection, found)
        bar = Bar("backup", _count(connection, found.values()))
        tables = {
            name: writer.add_table(name, _counted(read_lines(connection, table), bar))
            for name, table in found.items()
        }
        bar.end()
    keys = [each for each in sorted(settings.keys.glob("*")) if each.is_file()]
    files = keys if with_keys else []
    manifest = BackupManifest(
        at=clock.now(),
        shop=about["shop"],
        environment=about["environment"],
        engine=database.writer.dialect.name,
        revision=revision,
        epoch=about["epoch"],
        register_size=size,
        register_root=root,
        tables=tables,
        files=add_inbox(settings.home, writer),
        keys={file.name: writer.add_key(file.name, file.read_bytes()) for file in files},
    )
    writer.finish(manifest)
    return manifest


def _installation(connection: Connection, tables: dict[str, Table]) -> dict[str, Any] | None:
    if "installation" not in tables:
        return None
    row = connection.execute(select(tables["installation"])).mappings().first()
    return None if row is None else dict(row)


def _head(connection: Connection, tables: dict[str, Table]) -> tuple[int, str]:
    head = tables["register_head"]
    row = connection.execute(select(head.c.size, head.c.root)).first()
    return (0, merkle.EMPTY_ROOT.hex()) if row is None else (row.size, row.root)


def _count(connection: Connection, tables: Iterable[Table]) -> int:
    counts = (select(func.count()).select_from(table) for table in tables)
    return sum(connection.execute(count).scalar_one() for count in counts)


def _counted(lines: Iterable[bytes], bar: Bar) -> Iterator[bytes]:
    for line in lines:
        yield line
        bar.advance()


def _tell(database: Database, manifest: BackupManifest, path: Path) -> None:
    change = Change(
        action=Action.INSTALLATION_BACKUP,
        entity="installation",
        on_behalf_of=user(),
        details={
            "backup": manifest.digest(),
            "file": path.name,
            "register_size": manifest.register_size,
            "register_root": manifest.register_root,
            "with_keys": bool(manifest.keys),
        },
    )
    with database.write() as session:
        record(session, principal("backup"), change)
