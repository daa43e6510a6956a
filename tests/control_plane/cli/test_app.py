import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from typer.testing import CliRunner

from control_plane import clock
from control_plane.audit.offline.notes import parse_vkey
from control_plane.audit.witness import Witness, WitnessServer
from control_plane.cli import output
from control_plane.cli.app import app

pytestmark = pytest.mark.acceptance


@pytest.fixture
def run(plane, monkeypatch):
    monkeypatch.setenv("SIGNALBOX_HOME", str(plane.home))
    monkeypatch.setenv("SIGNALBOX_CONTROL_PLANE_URL", plane.url)
    # Wide enough for every table, whatever terminal the tests run in.
    monkeypatch.setattr(output.console, "_width", 200)

    def invoke(*arguments, key=None):
        if key is not None:
            monkeypatch.setenv("SIGNALBOX_KEY_FILE", str(key))
        result = CliRunner().invoke(app, [str(each) for each in arguments])
        monkeypatch.delenv("SIGNALBOX_KEY_FILE", raising=False)
        return result

    return invoke


@pytest.fixture
def signalbox():
    """The command in a process of its own: some of it becomes another program."""

    def run(*arguments):
        command = [sys.executable, "-m", "control_plane.cli", *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    return run


def test_two_persons_release_a_first_version(run, plane, tmp_path, manifest):
    model = "clibox"
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps(manifest(model)))
    trainer = plane.home / "keys" / "trainer.key"
    version = json.loads(run("versions", "register", path, "--json", key=trainer).output)["version"]
    author, approver = tmp_path / "author.key", tmp_path / "approver.key"
    assert run("people", "create", "cli-author", "--role", "release_manager").exit_code == 0
    assert run("keys", "create", "--person", "cli-author", "--file", author).exit_code == 0
    assert run("people", "create", "cli-approver", "--role", "approver").exit_code == 0
    made = run("keys", "create", "--person", "cli-approver", "--file", approver)
    assert approver.read_text().strip() not in made.output.replace("\n", "")
    assert approver.stat().st_mode & 0o077 == 0

    first = ("--bootstrap", "--reason", "x", "--json")
    created = run("releases", "create", model, version, *first, key=author)
    release = json.loads(created.output)["id"]
    assert run("releases", "submit", release, "--reason", "x", key=author).exit_code == 0
    assert run("releases", "approve", release, "--reason", "x").exit_code == 3
    approve = ("releases", "approve", release, "--reason", "x")
    assert run(*approve, key=approver).exit_code == 2
    assert run(*approve, "--expected-revision", "1", key=approver).exit_code == 4
    assert run(*approve, "--expected-revision", "2", key=approver).exit_code == 0
    assert run("releases", "promote", release, "--reason", "x").exit_code == 4
    assert "promoted" in run("releases", "preview", release, "start", "--json").output
    assert "allowed" in run("releases", "preview", release, "start").output
    assert run("releases", "start", release, "--reason", "x").exit_code == 0
    models = json.loads(run("models", "list", "--json").output)
    assert next(each for each in models if each["model"] == model)["stable"] == version
    assert version in run("models", "list").output
    # By the author: who made the approver could not have its kill reviewed by them.
    kill = ("kill", model, version, "--reason", "x", "--expires-in", "60", "--json")
    killed = run(*kill, key=author)
    assert json.loads(killed.output)["version"] == version
    happened = json.loads(run("releases", "timeline", release, "--json").output)
    assert ["release:approve", "denied"] in [[e["action"], e["outcome"]] for e in happened]
    assert "release:start" in run("releases", "timeline", release).output
    told = json.loads(run("kills", "--json").output)
    assert [each["version"] for each in told if each["model"] == model] == [version]
    assert version in run("kills").output
    assert run("unkill", model, "--reason", "x").exit_code == 0
    reviews = json.loads(run("reviews", "list", "--state", "open", "--json").output)
    review = next(each["id"] for each in reviews if each["model"] == model)
    answer = ("reviews", "close", review, "justified", "--notes", "seen")
    assert run(*answer).exit_code == 3
    assert run(*answer, key=approver).exit_code == 0


def test_freezes_and_groups_are_kept_by_command(run, shop, open_shop):
    other = open_shop(shop.plane)
    versions = {each.model: each.register(1) for each in (shop, other)}
    until = "2026-01-01T00:00:00Z"
    assert run("freezes", "create", until, "--model", shop.model, "--reason", "x").exit_code == 2
    until = clock.later(3600)
    made = run("freezes", "create", until, "--model", shop.model, "--reason", "sale", "--json")
    freeze = json.loads(made.output)["id"]
    assert freeze in run("freezes", "list", "--json").output
    assert json.loads(run("freezes", "show", freeze, "--json").output)["exemptions"] == []
    assert run("freezes", "cancel", freeze, "--reason", "x").exit_code == 4

    ids = []
    for model, version in versions.items():
        steps = ("--step", "0.1,hold=60,sample=5,gate", "--bootstrap")
        made = run("releases", "create", model, version, *steps, "--reason", "x", "--json")
        ids.append(json.loads(made.output)["id"])
    group = json.loads(run("groups", "create", *ids, "--reason", "x", "--json").output)
    assert "id" in run("groups", "list").output
    submitted = run("groups", "submit", group["id"], "--reason", "x", "--json")
    revision = json.loads(submitted.output)["revision"]
    assert shop.model in run("groups", "show", group["id"]).output
    shown = run("groups", "preview", group["id"], "abort", "--json")
    assert json.loads(shown.output)["releases"][0]["state"] == ["in_review", "aborted"]
    dissolve = ("groups", "dissolve", group["id"], "--reason", "x", "--expected-revision")
    assert run(*dissolve, "1").exit_code == 4
    assert run(*dissolve, str(revision)).exit_code == 0


def test_the_register_is_read_and_verified(run):
    assert json.loads(run("audit", "verify", "--json").output)["ok"] is True
    events = json.loads(run("audit", "list", "--limit", "3", "--json").output)
    assert [each["seq"] for each in events] == [1, 2, 3]
    assert "installation:create" in run("audit", "list").output
    newest = json.loads(run("audit", "list", "--newest-first", "--limit", "1", "--json").output)
    assert newest[0]["seq"] > 3
    # What the command was called before.
    assert json.loads(run("register", "verify", "--json").output)["ok"] is True


def test_evidence_is_taken_away_and_verified_offline(run, plane, tmp_path, signalbox):
    note, proof, export = (tmp_path / name for name in ("note", "one.tlog-proof", "all.zip"))
    told = json.loads(run("audit", "checkpoint", "--sign", "--out", note, "--json").output)
    assert note.read_text() == told["note"]
    assert run("audit", "verify", "--checkpoint", note).exit_code == 0
    assert run("audit", "prove", "2", "--out", proof).exit_code == 0
    assert run("audit", "export", "--out", export, "--form", "parquet").exit_code == 0
    # What is taken away may be of a person: nobody else on the machine reads it.
    assert export.stat().st_mode & 0o077 == 0
    key = plane.home / "keys" / "register.pub"
    for file in (proof, export):
        assert signalbox("audit", "verify", file, "--key", key).returncode == 0
    proof.write_text(proof.read_text().replace("index 1", "index 2"))
    assert signalbox("audit", "verify", proof, "--key", told["keys"][-1]).returncode == 1
    assert run("audit", "verify", proof).exit_code == 2
    note.write_text(note.read_text().replace(f"\n{told['size']}\n", "\n1\n"))
    assert run("audit", "verify", "--checkpoint", note).exit_code == 1
    assert run("audit", "prove", "999999999").exit_code == 2


def test_a_witness_is_asked_and_an_older_register_is_refused(run, tmp_path):
    told = json.loads(run("audit", "checkpoint", "--sign", "--json").output)
    witness = Witness("w.example/cli", tmp_path / "w", [parse_vkey(told["keys"][-1])])
    server = WitnessServer(witness, "127.0.0.1", 0)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        url = f"http://127.0.0.1:{server.server_address[1]}"
        for _ in range(2):
            asked = run("audit", "witness", "ask", url, "--witness", witness.vkey, "--json")
            assert asked.exit_code == 0, asked.output
            assert json.loads(asked.stdout)["witness"] == str(witness.vkey)
        # The witness has seen more than there is: what a cut register looks like from outside.
        seen = witness.last(told["origin"])
        path = next((tmp_path / "w").glob("*.checkpoint"))
        path.write_text(path.read_text().replace(f"\n{seen.size}\n", f"\n{seen.size + 50}\n"))
        refused = run("audit", "witness", "ask", url, "--witness", witness.vkey)
        assert refused.exit_code == 1
        assert f"it saw {seen.size + 50} events" in refused.output
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        witness.close()
    assert run("audit", "witness", "ask", url, "--witness", witness.vkey).exit_code == 5
    assert run("audit", "witness", "ask", url, "--witness", "nonsense").exit_code == 2


def test_the_named_questions_are_commands(run):
    now = "2100-01-01T00:00:00Z"
    for command in (
        ("publishes", "--unapproved"),
        ("stale-approvals", "--until", now),
        ("who-could-publish", now),
    ):
        found = run("audit", *command, "--json")
        assert found.exit_code == 0, found.output
        assert isinstance(json.loads(found.output), list)
    assert run("audit", "served", "no-such-model", now).exit_code == 2


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["people", "create", "x", "--role", "king"], 2, "roles[0]"),
        (["people", "create", "x"], 2, "--role"),
        (["releases", "show", "none"], 2, "no release none"),
        (["releases", "create", "m", "c", "--reason", "x", "--condition", "{"], 2, "--condition"),
        (["attributes", "declare", "country"], 2, "NAME=TYPE"),
        (["keys", "create"], 2, "--person"),
        (["versions", "register", "nowhere.json"], 2, "nowhere.json"),
        (["models", "visibility", "m", "public", "--reason", "x"], 3, "models:expose"),
    ],
)
def test_what_goes_wrong_has_its_exit_code_and_a_reason(run, arguments, code, message):
    result = run(*arguments)
    assert result.exit_code == code
    assert message in result.output


def test_an_unreachable_control_plane_is_5(run, monkeypatch):
    monkeypatch.setenv("SIGNALBOX_CONTROL_PLANE_URL", "http://127.0.0.1:9")
    result = run("models", "list")
    assert result.exit_code == 5
    assert "http://127.0.0.1:9" in result.output


def test_a_missing_key_file_is_named(run, tmp_path):
    result = run("models", "list", key=tmp_path / "no.key")
    assert result.exit_code == 2
    assert "no.key" in result.output


def test_the_command_imports_no_slice():
    script = (
        "import sys, control_plane.cli.app\n"
        # The offline verifier and the writing of files are no part of a slice.
        "ours = ('control_plane.cli', 'control_plane.audit.offline', 'control_plane.key_files')\n"
        "found = [m for m in sys.modules if m.startswith('control_plane.') "
        "and not m.startswith(ours) and m != 'control_plane.audit']\n"
        "assert found == [], found\n"
        "assert 'sqlmodel' not in sys.modules and 'fastapi' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_init_runs_and_passes_its_arguments_on(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "control_plane.cli", "init", "--admin", "ada", "--json"],
        env={**os.environ, "SIGNALBOX_HOME": str(tmp_path / "home")},
        check=True,
        capture_output=True,
        text=True,
    )
    written = {Path(each).name for each in json.loads(done.stdout)["written"]}
    assert written == {
        *("documents.key", "documents.pub", "register.key", "register.pub", "pseudonym.key"),
        "webhooks.key",
        *("admin.key", "gateway.key", "fleet.key", "trainer.key"),
    }


def test_serving_a_home_that_was_never_made_is_refused(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "control_plane.cli", "serve", "control-plane"],
        env={**os.environ, "SIGNALBOX_HOME": str(tmp_path / "home")},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert "signalbox init" in done.stderr
    assert not (tmp_path / "home").exists()


def test_a_payload_is_linted_by_command(run, tmp_path):
    file = tmp_path / "payload.json"
    file.write_text(json.dumps({"features": {"f": {"defaultValue": 1, "rules": [{"force": "x"}]}}}))
    found = run("lint", file, "--json")
    assert found.exit_code == 1
    assert [each["code"] for each in json.loads(found.output)["findings"]] == ["mixed-values"]
    assert "rules[0].force" in run("lint", file).output
    file.write_text('{"features": {}}')
    assert run("lint", file).output.strip() == "none"
    assert run("lint", "--json").exit_code == 0
    file.write_text("{")
    assert run("lint", file).exit_code == 2
