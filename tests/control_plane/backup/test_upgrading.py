"""No schema is changed under data without a backup of it."""

import json

import pytest

from bentos.contract.register import Action
from control_plane.audit.service import Change, list_events, record
from control_plane.audit.verifier import verify
from control_plane.backup.__main__ import main
from control_plane.backup.archive import ArchiveReader
from control_plane.backup.restoring import restore
from control_plane.backup.upgrading import upgrade_safely
from control_plane.config import Settings
from control_plane.db import Database
from control_plane.init import initialise
from control_plane.migrations.upgrade import newest, revisions, upgrade
from control_plane.principal import system
from control_plane.storage.address import Address

EVENTS = 5


@pytest.fixture
def old(tmp_path, any_databases):
    """A home whose database is a release behind, with an installation in it."""
    address: Address = any_databases.empty()
    settings = Settings(home=tmp_path / "home", database_url=any_databases.url(address))
    (tmp_path / "home" / "keys").mkdir(parents=True)
    for name in ("documents", "pseudonym"):
        (tmp_path / "home" / "keys" / f"{name}.key").write_text("x")
    upgrade(address, revisions()[-2])
    database = Database(address)
    with database.writer.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO installation (id, epoch, shop, environment, created_at) "
            "VALUES (1, 1, 'demo-shop', 'local', 'x')"
        )
    with database.write() as session:
        for number in range(EVENTS):
            change = Change(action=Action.RELEASE_CREATE, entity="release:x", after={"n": number})
            record(session, system("test"), change)
    database.dispose()
    return settings


def events(settings):
    """All of them; the register is one that verifies."""
    database = Database(settings.database)
    with database.read() as session:
        found = list_events(session)
        verdict = verify(session)
        assert (verdict.ok, verdict.size) == (True, len(found)), verdict
    database.dispose()
    return found


def test_a_backup_of_the_old_schema_comes_first(old):
    done = upgrade_safely(old)
    assert (done.plan.before, done.plan.after) == (revisions()[-2], newest())
    reader = ArchiveReader(done.backup)
    assert (reader.manifest.revision, reader.manifest.shop) == (revisions()[-2], "demo-shop")
    reader.close()
    assert len(events(old)) == EVENTS + 1
    told = events(old)[-1]
    assert told.action == "installation:upgrade"
    assert told.diff["schema"] == [revisions()[-2], newest()]
    again = upgrade_safely(old)
    assert (again.plan.steps, again.backup) == ((), None)


def test_the_old_schema_s_backup_is_restored_into_the_new_one(old, tmp_path):
    backup = upgrade_safely(old).backup
    home = tmp_path / "after"
    initialise(Settings(home=home), "admin")
    done = restore(Settings(home=home), backup, replace=True)
    assert done.size == EVENTS
    told = events(Settings(home=home))
    assert [event.action for event in told[EVENTS:]] == ["installation:restore"]


def test_without_room_for_the_backup_nothing_is_changed(old):
    (old.home / "backups").write_text("in the way")
    with pytest.raises(OSError, match="backups"):
        upgrade_safely(old)
    (old.home / "backups").unlink()
    assert upgrade_safely(old).plan.before == revisions()[-2]


def test_the_command_says_from_and_to(old, monkeypatch, capsys):
    monkeypatch.setenv("SIGNALBOX_HOME", str(old.home))
    monkeypatch.setenv("SIGNALBOX_DATABASE_URL", old.database_url.get_secret_value())
    assert main(["upgrade", "--dry-run", "--json"]) == 0
    planned = json.loads(capsys.readouterr().out)
    assert (planned["from"], planned["to"]) == (revisions()[-2], newest())
    assert main(["upgrade"]) == 0
    assert f"went from {revisions()[-2]} to {newest()}" in capsys.readouterr().out
    assert main(["upgrade", "--dry-run", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["steps"] == []
