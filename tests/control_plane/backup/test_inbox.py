"""What the ingress had acknowledged survives the loss of its home."""

import sqlite3

import pytest

from bentos.contract.errors import ContractError
from bentos.shopify_admin.connection import Connection, ConnectionStore
from control_plane.backup import inbox
from control_plane.backup.archive import ArchiveReader
from control_plane.backup.restoring import restore
from control_plane.backup.taking import take
from control_plane.config import Settings
from control_plane.init import initialise
from control_plane.shopify.inbox import open_inbox, read_inbox, transaction

ROW = "INSERT INTO uninstalled VALUES ('{}.myshopify.com', '2026-11-26T00:00:00.000000Z')"


def shops(home):
    connection = read_inbox(inbox.place(home))
    found = [row["domain"] for row in connection.execute("SELECT domain FROM uninstalled")]
    connection.close()
    return found


@pytest.fixture
def settings(tmp_path):
    made = Settings(home=tmp_path / "home")
    initialise(made, "admin")
    return made


@pytest.fixture
def taken(settings, tmp_path):
    """A backup of an inbox whose last delivery lies in its write-ahead log alone."""
    writing = open_inbox(inbox.place(settings.home))
    with transaction(writing):
        writing.execute(ROW.format("one"))
    assert inbox.place(settings.home).with_name("inbox.db-wal").stat().st_size
    path = tmp_path / "backup.zip"
    connection = Connection(shop="one.myshopify.com", grant="static", access_token="shpat_1")
    ConnectionStore(settings.keys).write(connection)
    take(settings, path, with_keys=True)
    with transaction(writing):
        writing.execute(ROW.format("two"))
    writing.close()
    return path


def test_a_lost_inbox_is_put_back_and_the_ingress_takes_it(taken, tmp_path):
    other = Settings(home=tmp_path / "other")
    assert restore(other, taken).inbox
    assert shops(other.home) == ["one.myshopify.com"]
    assert inbox.place(other.home).stat().st_mode & 0o777 == 0o600
    open_inbox(inbox.place(other.home)).close()
    assert ConnectionStore(other.keys).shops() == []
    assert not list(taken.parent.glob(".inbox-*"))


def test_one_that_is_there_knows_more(taken, settings):
    assert not restore(settings, taken, replace=True).inbox
    assert shops(settings.home) == ["one.myshopify.com", "two.myshopify.com"]


def test_a_home_without_an_ingress_has_none(settings, tmp_path):
    path = tmp_path / "backup.zip"
    assert take(settings, path).files == {}
    assert not restore(settings, path, replace=True).inbox


def test_a_damaged_one_is_not_put_back(taken, tmp_path):
    reader = ArchiveReader(taken)
    reader.manifest.files[inbox.NAME] = "0" * 64
    with pytest.raises(ContractError, match="damaged"):
        inbox.put_back(tmp_path / "other", reader)
    reader.close()
    assert not any((tmp_path / "other" / "ingress").iterdir())


def test_a_copy_is_of_one_moment(taken):
    reader = ArchiveReader(taken)
    target = taken.with_name("copy.db")
    with target.open("wb") as file:
        reader.copy_file(inbox.NAME, file)
    reader.close()
    with sqlite3.connect(target) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
