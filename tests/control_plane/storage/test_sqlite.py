"""What was deleted is in no page of the database any more, on either engine."""

import sqlite3
from pathlib import Path

import pytest

from control_plane.consents import exclusions
from control_plane.consents.models import ExclusionRow
from control_plane.db import Database
from control_plane.storage.sqlite import Sqlite

GONE, STAYS = "GONEAAAAAAAAAAAAAAAAAAAAAA", "STAYSAAAAAAAAAAAAAAAAAAAAA"
ROWS = 400


@pytest.fixture
def database(any_databases):
    database = Database(any_databases.migrated())
    yield database
    database.dispose()


def row(subject, number=0):
    return ExclusionRow(
        shop="s",
        subject=subject,
        kind=f"kind-{number}",
        reason="r" * (number % 50),
        recorded_at="t",
        recorded_by="p",
    )


def held(database, postgresql):
    """Which of the two the files hold; PostgreSQL's log belongs to its own keeper."""
    if isinstance(database.address, Path):
        files = list(database.address.parent.glob(database.address.name + "*"))
    else:
        with database.write() as session:
            session.connection().exec_driver_sql("SELECT 1")
        postgresql().run("CHECKPOINT")
        files = [path for path in (postgresql().data / "base").rglob("*") if path.is_file()]
    found = b"".join(path.read_bytes() for path in files)
    return {each for each in (GONE, STAYS) if each.encode() in found}


def test_a_deleted_row_is_in_no_page_and_the_others_are_as_before(database, postgresql):
    with database.write() as session:
        # Interleaved, so that pages are split and rearranged.
        for number in range(ROWS):
            session.add(row(GONE, number))
            session.add(row(STAYS, number))
            session.flush()
    database.rewrite(["exclusion"])
    assert held(database, postgresql) == {GONE, STAYS}
    with database.write() as session:
        assert exclusions.forget(session, "s", [GONE], "erased") == ROWS
    assert database.rewrite(["exclusion"])
    assert held(database, postgresql) == {STAYS}
    with database.read() as session:
        found = exclusions.list_exclusions(session, "s")
    assert len(found) == 2 * ROWS
    assert {each.reason for each in found if each.subject == STAYS} == {
        "r" * length for length in range(50)
    }


def test_it_says_when_somebody_still_reads_old_pages(tmp_path, monkeypatch):
    path = tmp_path / "x.db"
    store = Sqlite(path, maintenance=False)
    with store.writer.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE t (x)")
        connection.exec_driver_sql("INSERT INTO t VALUES (1)")
    reader = sqlite3.connect(path, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM t").fetchall()
    monkeypatch.setattr("control_plane.storage.sqlite.CHECKPOINT_S", 0.05)
    assert store.rewrite(["t"]) is False
    reader.close()
    assert store.rewrite(["t"]) is True
    store.dispose()
