import json

import pytest

from load_tests import audit_events, bench_audit, bench_nightly, bench_shop
from load_tests.audit_part import Part, percentile
from load_tests.floors import Claim


def test_events_are_appended_and_verified_for_real(capsys, tmp_path, monkeypatch):
    monkeypatch.setattr(audit_events, "PROOFS", 3)
    code = bench_audit.main(["events", "--events", "30", "--folder", str(tmp_path)])
    report = json.loads(capsys.readouterr().out.splitlines()[-1])
    claims = {claim["name"]: claim for claim in report["parts"]["events"]["claims"]}
    # On a busy machine thirty appends say nothing of a thousand a second.
    assert code == (0 if claims["append"]["floor_held"] else 1)
    assert set(claims) == {"append", "proof", "verify"}
    assert all(claim["value"] > 0 for claim in claims.values())
    assert claims["verify"]["floor_held"] is True
    assert report["parts"]["events"]["figures"]["events"] == 30
    # Nothing is left behind.
    assert list(tmp_path.iterdir()) == []


def test_a_missed_floor_fails_the_run(capsys, monkeypatch, tmp_path):
    part = Part([Claim("x", "things", 2.0, 2.0, 1.0)])
    monkeypatch.setitem(bench_audit.PARTS, "events", lambda *_: part)
    assert bench_audit.main(["events", "--folder", str(tmp_path)]) == 1
    assert "things: expected at least 2, got 1.000" in capsys.readouterr().err


def test_a_folder_that_is_not_there_yet_is_made(monkeypatch, tmp_path):
    told = []

    def measure(_options, folder, _console):
        told.append(folder.parent)
        return Part([])

    monkeypatch.setitem(bench_audit.PARTS, "events", measure)
    wanted = tmp_path / "not" / "yet"
    assert bench_audit.main(["events", "--folder", str(wanted)]) == 0
    assert told == [wanted]


@pytest.mark.parametrize("bench", [bench_audit, bench_nightly, bench_shop])
def test_a_folder_that_cannot_be_made_is_named(capsys, tmp_path, bench):
    file = tmp_path / "file"
    file.write_text("")
    assert bench.main(["--folder", str(file)]) == 2
    said = capsys.readouterr().err
    assert said.startswith("bench: --folder: expected a folder")
    assert said.endswith("File exists.\n")


def test_the_percentile_is_a_value_that_was_seen():
    assert percentile([3.0, 1.0, 2.0], 0.95) == 3.0
    assert percentile([1.0], 0.5) == 1.0
