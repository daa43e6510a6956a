import json
from unittest.mock import ANY

from control_plane.backup.__main__ import main


def test_the_commands_speak_for_people_and_for_scripts(prepared, tmp_path, monkeypatch, capsys):
    settings = prepared("sqlite")
    monkeypatch.setenv("SIGNALBOX_HOME", str(settings.home))
    assert main(["backup"]) == 0
    [path] = (settings.home / "backups").glob("signalbox-demo-shop-*.zip")
    assert f"{path}: " in capsys.readouterr().out
    assert main(["backup", "--to", str(path)]) == 2
    assert "does not exist yet" in capsys.readouterr().err
    assert main(["backup", "--to", str(tmp_path / "b.zip"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["file"] == str(tmp_path / "b.zip")
    assert told["tables"]["person"]["rows"] == 1
    assert main(["restore", str(path)]) == 4
    assert "--replace" in capsys.readouterr().err
    assert main(["restore", str(path), "--replace", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["lost"] == {
        "since": ANY,
        "events": 2,
        "exact": True,
    }
    assert main(["restore", str(path), "--replace"]) == 0
    told = capsys.readouterr().out
    assert "roles, passwords and keys are as of" in told
    assert "whoever lost a role since has it again" in told
    assert main(["restore", str(tmp_path / "none.zip")]) == 2
    assert main(["upgrade", "--dry-run"]) == 0
    assert "nothing to do" in capsys.readouterr().out
