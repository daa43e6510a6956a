"""A night tells what it came to, and nothing of the rows."""

import msgspec
import pytest

from tests.training.nightly.made_up import NOW, fresh_record, night
from training.nightly import report, told
from training.nightly.errors import DeskError, PassingError
from training.nightly.finding import Finding
from training.nightly.gone import Went
from training.nightly.record import Outcome, StepRecord

ROW = {"order_id": "#1001", "currency": "USD"}
FINDING = Finding(check="currency mix", what="got {'USD': 1}", column="currency", rows=(ROW,))


class Desk:
    def __init__(self, error=None):
        self.told, self.error = [], error

    def post(self, path, body, key):
        if self.error:
            raise self.error
        self.told.append((path, body, key))


def record(*steps):
    begun = msgspec.structs.replace(fresh_record(), models=("fraud",), ended_at=NOW)
    for step in steps:
        begun = begun.with_step(step)
    return begun


def step(name, outcome, **more):
    return StepRecord(step=name, outcome=outcome, inputs={}, **more)


def test_a_night_that_was_stopped_names_check_and_column_alone():
    said = report.report_of(
        record(
            step("check", Outcome.STOPPED, findings=(FINDING,), error=str(FINDING)),
            step("features fraud", Outcome.SKIPPED),
        ),
        None,
    )
    assert said["outcome"] == "stopped"
    assert said["problems"] == [{"step": "check", "check": "currency mix", "column": "currency"}]
    assert said["models"] == [{"model": "fraud", "version": None, "state": None, "draft": None}]
    assert "USD" not in str(said)
    assert "1001" not in str(said)


def test_a_stream_that_was_not_read_is_told_of_a_good_night_too():
    begun = record(step("sync", Outcome.DONE, output={"unread": {"refunds": "given up: secret"}}))
    said = report.report_of(begun, None)
    assert said["outcome"] == "done"
    assert said["problems"] == [{"step": "sync", "check": "not read", "column": "refunds"}]
    assert "secret" not in str(said)
    assert "refunds: not read (given up: secret)" in told.summary(begun)


def test_what_could_not_be_let_go_is_told_of_a_good_night_too():
    why = {f"orders/{n:02}": "InvalidInputException: secret" for n in range(30)}
    begun = msgspec.structs.replace(record(), stuck=why)
    said = report.report_of(begun, None)
    assert said["outcome"] == "done"
    first = {"step": "let go", "check": "not let go", "column": "orders/00"}
    assert (len(said["problems"]), said["problems"][0]) == (20, first)
    assert "secret" not in str(said)
    assert "orders/00: could not be let go (InvalidInputException: secret)" in told.summary(begun)


def test_what_went_is_told_with_its_rule_and_nothing_where_nothing_went():
    went = Went(place="orders", count=1, rule="SIGNALBOX_X", days=30.0, names=("0a",))
    said = report.report_of(msgspec.structs.replace(record(), went=(went,), held="a request"), None)
    one = {"place": "orders", "count": 1, "rule": "SIGNALBOX_X", "days": 30.0, "names": ("0a",)}
    assert (said["let_go"], said["held"]) == ([one], "a request")
    assert not {"let_go", "held"} & report.report_of(record(), None).keys()


def test_a_night_that_was_good_names_its_versions():
    built = {"version": "fraud:1", "state": "registered"}
    said = report.report_of(
        record(
            step("package fraud", Outcome.DONE, output=built),
            step("draft fraud", Outcome.DONE, output={"action": "created"}),
        ),
        "2026-11-26T02:31:00Z",
    )
    assert (said["outcome"], said["problems"]) == ("done", [])
    assert said["models"] == [{"model": "fraud", **built, "draft": "created"}]
    assert said["synced_at"] == "2026-11-26T02:31:00Z"


def test_it_is_told_under_the_night_s_own_key(tmp_path):
    asked = night(tmp_path, record=record())
    asked.desk = Desk()
    assert report.tell(asked) is None
    ((path, body, key),) = asked.desk.told
    assert (path, body["id"]) == ("/api/v1/nights", asked.record.id)
    assert key == f"nightly-{asked.record.id}-report-0"


@pytest.mark.parametrize("error", [PassingError("no connection"), DeskError("403 forbidden")])
def test_a_control_plane_that_is_away_spoils_no_night(tmp_path, error):
    asked = night(tmp_path, record=record())
    asked.desk = Desk(error)
    assert report.tell(asked) == str(error)
