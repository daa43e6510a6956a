import json
import stat

import pytest

from control_plane import clock
from control_plane.approvals.policy import independence_days
from control_plane.audit.service import list_events
from control_plane.audit.verifier import verify
from control_plane.config import Settings
from control_plane.db import Database
from control_plane.errors import UnauthorizedError
from control_plane.init import initialise, main
from control_plane.people.keys import authenticate, list_keys
from control_plane.people.models import PasswordRow
from control_plane.people.sessions import Lifetime
from control_plane.people.sign_in import sign_in
from control_plane.principal import Permission, Source


@pytest.fixture
def settings(tmp_path, databases):
    return Settings(home=tmp_path / "home", database_url=databases.url(databases.empty()))


def test_a_home_has_keys_that_only_its_owner_reads(settings):
    written = initialise(settings, "ada")
    names = {path.name for path in written}
    assert names == {
        "documents.key",
        "documents.pub",
        "register.key",
        "register.pub",
        "pseudonym.key",
        "webhooks.key",
        "admin.key",
        "gateway.key",
        "fleet.key",
        "trainer.key",
    }
    for path in written:
        private = stat.S_IMODE(path.stat().st_mode) == 0o600
        assert private or path.suffix == ".pub"
    assert len(bytes.fromhex((settings.keys / "pseudonym.key").read_text())) == 32
    database = Database(settings.database)
    with database.read() as session:
        key = (settings.keys / "admin.key").read_text()
        actor, permissions, *_ = authenticate(session, key)
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
    monkeypatch.setenv("SIGNALBOX_DATABASE_URL", settings.database_url.get_secret_value())
    monkeypatch.setenv("SIGNALBOX_SHOP", "another")
    assert main([]) == 2
    assert "SIGNALBOX_SHOP" in capsys.readouterr().err


def test_it_tells_where_and_never_what(settings, monkeypatch, capsys):
    monkeypatch.setenv("SIGNALBOX_HOME", str(settings.home))
    monkeypatch.setenv("SIGNALBOX_DATABASE_URL", settings.database_url.get_secret_value())
    assert main([]) == 0
    assert main(["--json"]) == 0
    output = capsys.readouterr().out
    assert json.loads(output.splitlines()[-1])["one_time_password"] is None
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


def test_the_first_admin_gets_a_one_time_password_printed_once(settings, monkeypatch, capsys):
    monkeypatch.setenv("SIGNALBOX_HOME", str(settings.home))
    monkeypatch.setenv("SIGNALBOX_DATABASE_URL", settings.database_url.get_secret_value())
    assert main(["--json", "--admin", "ada"]) == 0
    told = json.loads(capsys.readouterr().out)["one_time_password"]
    assert told["person"] == "ada"
    assert main(["--json", "--admin", "ada"]) == 0
    assert json.loads(capsys.readouterr().out)["one_time_password"] is None
    database = Database(settings.database)
    with database.write() as session:
        row = session.get(PasswordRow, "ada")
        assert row.digest.startswith("$argon2id$")
        assert row.one_time
        assert told["password"] not in str(list_events(session, limit=1000))
    lifetime = Lifetime(idle_s=60, at_most_s=60)
    signed_in = sign_in(database, "ada", told["password"], lifetime, Source())
    assert signed_in.principal.must_change_password
    assert signed_in.principal.permissions == frozenset()
    # Nobody used it in time: whoever owns the home gets another.
    with database.write() as session:
        row = session.get(PasswordRow, "ada")
        row.expires_at = clock.now()
        session.add(row)
    with pytest.raises(UnauthorizedError):
        sign_in(database, "ada", told["password"], lifetime, Source())
    assert main(["--json", "--admin", "ada"]) == 0
    assert json.loads(capsys.readouterr().out)["one_time_password"]["password"]
    database.dispose()


def test_two_homes_have_two_passwords(monkeypatch, capsys, tmp_path):
    told = set()
    for home in ("one", "two"):
        monkeypatch.setenv("SIGNALBOX_HOME", str(tmp_path / home))
        assert main([]) == 0
        told.add(capsys.readouterr().out.split("shown this once:\n")[1].splitlines()[0].strip())
    assert len(told) == 2
    assert all(len(password) == 24 for password in told)


def test_what_approvals_are_asked_is_kept_with_the_installation(settings):
    initialise(settings.model_copy(update={"independence_days": 3}), "admin")
    database = Database(settings.database)
    with database.read() as session:
        assert independence_days(session) == 3
    database.dispose()
