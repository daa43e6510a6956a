"""Nights over HTTP: reported once, listed newest first, counted, in the register."""

from datetime import UTC, datetime

import pytest

pytestmark = pytest.mark.acceptance
URL = "/api/v1/nights"


def night(number, outcome="done", **changes):
    return {
        "id": f"20261126T0230{number:02d}Z-0a1b2c",
        "outcome": outcome,
        "started_at": f"2026-11-26T02:30:{number:02d}Z",
        "ended_at": "2026-11-26T03:10:00Z",
        "models": [{"model": "fraud", "version": "fraud:20261126-0a1b2c3d", "state": "registered"}],
        **changes,
    }


def stopped(number):
    problem = {"step": "check", "check": "currency mix", "column": "currency"}
    return night(number, "stopped", models=[{"model": "fraud"}], problems=[problem])


def told(plane, body, code=201):
    answer = plane.holder("trainer").post(URL, json=body)
    assert answer.status_code == code, answer.text
    return answer.json()


def gauge(plane, name):
    line = f"signalbox_control_plane_{name} "
    text = plane.client(None).get("/metrics").text
    [found] = [each for each in text.splitlines() if each.startswith(line)]
    return float(found.removeprefix(line))


def test_a_night_is_told_once_and_the_newest_counts(plane):
    told(plane, night(1))
    told(plane, night(1), 200)
    ended = datetime(2026, 11, 26, 3, 10, tzinfo=UTC).timestamp()
    assert gauge(plane, "night_success_timestamp_seconds") == ended
    told(plane, stopped(2))
    assert gauge(plane, 'night_outcome{outcome="stopped"}') == 1
    assert gauge(plane, 'night_outcome{outcome="done"}') == 0
    assert gauge(plane, "night_success_timestamp_seconds") == ended
    found = plane.admin.get(URL).json()[:2]
    assert [each["id"] for each in found] == [stopped(2)["id"], night(1)["id"]]
    assert found[0]["problems"] == stopped(2)["problems"]
    assert found[0]["reported_by"] == "trainer"


def test_what_it_let_go_is_in_the_register_and_counted(plane):
    gone = {
        "place": "snapshots",
        "count": 2,
        "rule": "SIGNALBOX_NIGHTLY_KEEP_DATASETS_DAYS",
        "days": 400.0,
        "names": ["0" * 64, "1" * 64],
    }
    told(plane, night(6, let_go=[gone]))
    assert gauge(plane, 'night_let_go{place="snapshots"}') == 2
    asked = {"entity": f"night:{night(6)['id']}"}
    [event] = plane.admin.get("/api/v1/register/events", params=asked).json()
    assert event["diff"]["let_go"] == [None, [gone]]
    told(plane, night(7, held="2 open law requests"))
    found = plane.admin.get(URL).json()[:2]
    assert [(each["let_go"], each["held"]) for each in found] == [
        ([], "2 open law requests"),
        ([gone], None),
    ]
    assert "night_let_go{" not in plane.client(None).get("/metrics").text


def test_the_register_tells_of_it_and_so_do_webhooks(plane):
    told(plane, stopped(3))
    asked = {"entity": f"night:{stopped(3)['id']}"}
    [event] = plane.admin.get("/api/v1/register/events", params=asked).json()
    assert event["action"] == "night:report"
    assert event["diff"]["outcome"] == [None, "stopped"]


def test_only_who_trains_reports(plane):
    for who in (plane.person("viewer"), plane.holder("gateway"), plane.client(None)):
        assert who.post(URL, json=night(4)).status_code in {401, 403}
    assert all(each["id"] != night(4)["id"] for each in plane.admin.get(URL).json())


@pytest.mark.parametrize(
    "change",
    [{"id": "last night"}, {"outcome": "running"}, {"ended_at": "late"}, {"rows": [{"a": 1}]}],
)
def test_what_is_no_report_is_refused_by_name(plane, change):
    said = told(plane, night(5) | change, 422)
    assert next(iter(change)) in str(said)
