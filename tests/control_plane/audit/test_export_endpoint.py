import json
import subprocess
import sys

import pytest

pytestmark = pytest.mark.acceptance
PATH = "/api/v1/register/exports"


def verify(plane, path):
    command = [sys.executable, "-m", "control_plane.audit.offline", str(path)]
    command += ["--key", str(plane.home / "keys" / "register.pub")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, json.loads(done.stdout)


def test_an_export_is_streamed_recorded_and_verifies(plane, tmp_path):
    auditor = plane.person("compliance")
    answer = auditor.post(PATH, json={"form": "csv"})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/zip"
    path = tmp_path / "export.zip"
    path.write_bytes(answer.content)
    code, report = verify(plane, path)
    assert (code, report["complete"]) == (0, True)
    wanted = {"actor": auditor.person, "action": "register:export"}
    (event,) = plane.admin.get("/api/v1/register/events", params=wanted).json()
    # It is the last event of its own export.
    assert event["seq"] == report["events"]
    assert event["diff"]["asked"] == {"what": "export", "form": "csv"}
    assert f"register-1-{event['seq']}.zip" in answer.headers["content-disposition"]
    # One at a time, but the next one may.
    selected = auditor.post(PATH, json={"actor": auditor.person, "first": 1, "last": event["seq"]})
    path.write_bytes(selected.content)
    assert verify(plane, path)[1]["events"] == 1


def test_an_export_that_nobody_fetches_to_its_end_blocks_no_other(plane):
    for _ in range(3):
        with plane.admin.stream("POST", PATH, json={}) as answer:
            next(answer.iter_raw(100))
        plane.wait(lambda: plane.admin.post(PATH, json={"last": 1}).status_code == 200)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"form": "xml"}, "form"),
        ({"first": 0}, "first"),
        ({"first": 5, "last": 4}, "first"),
        ({"last": 10**9}, "last"),
        ({"colour": "red"}, "colour"),
        ({"action": "release:vanish"}, "action"),
    ],
)
def test_a_bad_export_names_its_field_and_blocks_no_other(plane, body, field):
    answer = plane.admin.post(PATH, json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field
    assert plane.admin.get("/api/v1/register/verify").status_code == 200
