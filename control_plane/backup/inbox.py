"""The ingress's inbox in a backup: deliveries that were acknowledged, which Shopify sends no more.

An inbox that is there stays as it is: it has heard more than any backup. One that is lost is put
back. Credentials of connected shops are not in a backup: a refresh token that was spent since is
worth nothing, so a shop is connected anew.
"""

import os
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

from bentos.whole_file import sync_folder
from control_plane.backup.archive import ArchiveReader, ArchiveWriter
from control_plane.backup.erased_since import leave_out_erased

NAME = "inbox.db"
BUSY_MS = 5000


def place(home: Path) -> Path:
    """Where the inbox of a home lies."""
    return home / "ingress" / NAME


def add_inbox(home: Path, writer: ArchiveWriter) -> dict[str, str]:
    """Copy it as of one moment, while an ingress may be writing; its name and digest, if any."""
    source = place(home)
    if not source.is_file():
        return {}
    with tempfile.TemporaryDirectory(dir=writer.path.parent, prefix=".inbox-") as folder:
        copy = Path(folder) / NAME
        with (
            closing(sqlite3.connect(f"file:{source.absolute()}?mode=ro", uri=True)) as there,
            closing(sqlite3.connect(copy)) as here,
        ):
            there.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
            there.backup(here)
            here.execute("PRAGMA journal_mode = DELETE")
        return {NAME: writer.add_file(NAME, copy)}


def put_back(home: Path, reader: ArchiveReader) -> bool:
    """Write the backup's inbox where there is none, without whoever was erased since; whether it
    was. Raises ContractError."""
    target = place(home)
    if NAME not in reader.manifest.files or target.exists():
        return False
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = target.with_name(f".{NAME}.part")
    try:
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as file:
            reader.copy_file(NAME, file)
            file.flush()
            os.fsync(file.fileno())
        leave_out_erased(draft, home / "lake", home / "keys")
        draft.rename(target)
    finally:
        draft.unlink(missing_ok=True)
    sync_folder(target.parent)
    return True
