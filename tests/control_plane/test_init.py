import json
import stat

import pytest

from control_plane.audit.verifier import verify
from control_plane.config import Settings
from control_plane.db import Database
from control_plane.init import initialise, main
from control_plane.people.service import authenticate, list_keys
from control_plane.principal import Permission


@pytest.fixture
def settings(tmp_path):
    return Settings(home=tmp_path / "home")


def test_a_home_has_keys_that_only_its_owner_reads(settings):
    written = initialise(settings, "ada")
    names = {path.name for path in written}
    assert names == {
        "documents.key",
        "documents.pub",
        "pseudonym.key",
        "admin.key",
        "gateway.key",
        "fleet.key",
        "trainer.key",
    }
    for path in written:
        private = stat.S_IMODE(path.stat().st_mode) == 0o600
        assert private or path.name == "documents.pub"
    assert len(bytes.fromhex((settings.keys / "pseudonym.key").read_text())) == 32
    database = Database(settings.database)
    with database.read() as session:
        key = (settings.keys / "admin.key").read_text()
        actor, permissions, _ = authenticate(session, key)
        assert actor.id == "ada"
        assert Permission.RELEASES_APPROVE not in permissions
        assert verify(session).ok
    database.dispose()


def test_a_second_run_changes_nothing(settings):
    initialise(settings, "ada")
    before = {path.name: path.read_bytes() for path in settings.keys.iterdir()}
    assert initialise(settings, "ada") == []
    assert {path.name: path.read_bytes() for path in settings.keys.iterdir()} == before


def test_a_lost_service_key_is_replaced_and_the_old_one_revoked(settings):
    initialise(settings, "ada")
    (settings.keys / "gateway.key").unlink()
    assert [path.name for path in initialise(settings, "ada")] == ["gateway.key"]
    database = Database(settings.database)
    with database.read() as session:
        gateways = [row for row in list_keys(session) if row.service == "gateway"]
        assert [row.revoked_at is None for row in gateways] == [False, True]
    database.dispose()


def test_another_shop_is_refused(settings, monkeypatch, capsys):
    initialise(settings, "ada")
    monkeypatch.setenv("SIGNALBOX_HOME", str(settings.home))
    monkeypatch.setenv("SIGNALBOX_SHOP", "another")
    assert main([]) == 2
    assert "SIGNALBOX_SHOP" in capsys.readouterr().err


def test_it_tells_where_and_never_what(settings, monkeypatch, capsys):
    monkeypatch.setenv("SIGNALBOX_HOME", str(settings.home))
    assert main([]) == 0
    assert main(["--json"]) == 0
    output = capsys.readouterr().out
    secret = (settings.keys / "admin.key").read_text().split("_", 2)[2].strip()
    assert secret not in output
    assert str(settings.keys / "admin.key") in output
    assert json.loads(output.splitlines()[-1])["written"] == []


def test_a_wrong_setting_is_named(monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("SIGNALBOX_HOME", str(tmp_path))
    monkeypatch.setenv("SIGNALBOX_CONTROL_PLANE_PORT", "high")
    assert main([]) == 2
    assert "control_plane_port" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
