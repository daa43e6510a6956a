import json
import stat

import pytest
from typer.testing import CliRunner

from control_plane.cli import output
from control_plane.cli.app import app

pytestmark = pytest.mark.acceptance


@pytest.fixture
def run(plane, monkeypatch):
    monkeypatch.setenv("SIGNALBOX_HOME", str(plane.home))
    monkeypatch.setenv("SIGNALBOX_CONTROL_PLANE_URL", plane.url)
    # Wide enough for every table, whatever terminal the tests run in.
    monkeypatch.setattr(output.console, "_width", 250)

    def invoke(*arguments, key=None):
        with monkeypatch.context() as only:
            if key is not None:
                only.setenv("SIGNALBOX_KEY_FILE", str(key))
            return CliRunner().invoke(app, [str(each) for each in arguments])

    return invoke


def told(result):
    assert result.exit_code == 0, result.output
    return json.loads(result.output)


def test_a_person_looks_after_their_own_keys(run, tmp_path):
    mine = tmp_path / "mine.key"
    told(run("people", "create", "cli-kim", "--role", "viewer", "--json"))
    first = told(run("keys", "create", "--person", "cli-kim", "--file", mine, "--json"))
    assert first["key"] == f"written to {mine}"
    assert told(run("people", "whoami", "--json", key=mine))["id"] == "cli-kim"
    scoped = ("--name", "ci", "--scope", "read", "--json")
    second = told(run("keys", "create", "--person", "cli-kim", *scoped, key=mine))
    assert second["scopes"] == ["read"]
    new = tmp_path / "new.key"
    told(run("keys", "rotate", first["id"], "--overlap", 0, "--file", new, "--json", key=mine))
    assert stat.S_IMODE(new.stat().st_mode) == 0o600
    assert run("people", "whoami", key=mine).exit_code == 3
    listed = told(run("keys", "list", "--person", "cli-kim", "--json", key=new))
    assert [each["id"] for each in listed][:2] == [first["id"], second["id"]]
    assert run("keys", "list", key=new).exit_code == 3
    assert "sbx_" in run("keys", "list", "--person", "cli-kim", key=new).output
    assert run("keys", "revoke", second["id"], key=new).exit_code == 0


def test_an_admin_gives_passwords_links_identities_and_reviews(run, tmp_path):
    told(run("people", "create", "cli-lee", "--role", "viewer", "--json"))
    given = told(run("people", "password-reset", "cli-lee", "--json"))
    assert len(given["password"]) == 24
    file = tmp_path / "lee.password"
    hidden = run("people", "password-reset", "cli-lee", "--file", file)
    assert file.read_text().strip() not in hidden.output
    issuer = ("--issuer", "https://id.example")
    told(run("people", "link", "cli-lee", "--subject", "s1", *issuer, "--json"))
    assert told(run("people", "identities", "cli-lee", "--json"))[0]["subject"] == "s1"
    # No provider is set on this plane, so whose subject it is must be said.
    assert run("people", "link", "cli-lee", "--subject", "s2").exit_code == 2
    assert run("people", "unlink", "cli-lee", "--subject", "s1", *issuer).exit_code == 0
    assert told(run("people", "identities", "cli-lee", "--json")) == []
    assert run("people", "sign-out", "cli-lee").exit_code == 0
    assert told(run("people", "disable", "cli-lee", "--json"))["disabled_at"]
    assert told(run("people", "enable", "cli-lee", "--json"))["disabled_at"] is None
    review = told(run("people", "review", "--json"))
    lee = next(each for each in review["people"] if each["id"] == "cli-lee")
    assert lee["roles"]["viewer"]["by"] == "admin"
    assert "cli-lee" in run("people", "review").output


def test_one_person_is_shown_with_the_sessions_that_are_open(run):
    told(run("people", "create", "cli-mo", "--role", "viewer", "--json"))
    assert told(run("people", "show", "cli-mo", "--json"))["roles"] == ["viewer"]
    assert told(run("people", "sessions", "cli-mo", "--json")) == []
    assert run("people", "sessions", "nobody-at-all").exit_code == 2
