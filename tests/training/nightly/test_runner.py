"""Steps are done once, tried again where it may help, taken up where a run broke off."""

import pytest

from bentos.contract.errors import ContractError
from tests.training.nightly.made_up import fresh_record, night, steps
from training.errors import ConsentError, OrderError
from training.nightly import record as records
from training.nightly import runner
from training.nightly.errors import BadDataError, DeskError, PassingError
from training.nightly.finding import Finding
from training.nightly.record import Outcome


class Counted:
    """A function that counts its calls and fails as told before it answers."""

    def __init__(self, answer, *errors):
        self.calls, self._answer, self._errors = 0, answer, list(errors)

    def __call__(self, *inputs):
        self.calls += 1
        if self._errors:
            raise self._errors.pop(0)
        return self._answer(*inputs)


@pytest.fixture
def parts():
    return Counted(lambda: 3), Counted(lambda n: "x" * n), Counted(lambda n, w: n + len(w))


def outcomes(record):
    return {step.step: step.outcome.value for step in record.steps}


def test_every_step_is_written_down_with_what_it_took_and_gave(tmp_path, parts):
    told = []
    record = runner.run(steps(*parts), night(tmp_path, told=told))
    assert outcomes(record) == {"one": "done", "two": "done", "three": "done"}
    assert record.step("three").output == {"value": 6}
    assert record.step("three").inputs == {
        "one": record.digests["one"],
        "two": record.digests["two"],
    }
    assert records.load(tmp_path / "lake/runs/nightly" / f"{record.id}.json") == record
    assert [step.outcome.value for step in told] == ["running", "done"] * 3


def test_the_next_night_takes_what_its_inputs_left_unchanged(tmp_path, parts):
    first = runner.run(steps(*parts), night(tmp_path))
    second = runner.run(steps(*parts), night(tmp_path, fresh_record("20261127T023000Z-000000")))
    assert outcomes(second) == {"one": "done", "two": "cached", "three": "cached"}
    assert second.digests == first.digests
    assert [part.calls for part in parts] == [2, 1, 1]


def test_another_input_is_another_result(tmp_path, parts):
    runner.run(steps(*parts), night(tmp_path))
    other = Counted(lambda: 4)
    record = runner.run(steps(other, *parts[1:]), night(tmp_path, fresh_record("2-1")))
    assert outcomes(record) == {"one": "done", "two": "done", "three": "done"}
    assert record.step("two").output == {"text": "xxxx"}


def test_what_decides_a_step_decides_whether_it_is_kept(tmp_path, parts):
    runner.run(steps(*parts, two={"decides": {"seed": 1}}), night(tmp_path))
    runner.run(steps(*parts, two={"decides": {"seed": 2}}), night(tmp_path, fresh_record("2-1")))
    assert parts[1].calls == 2


def test_files_that_are_gone_are_made_again(tmp_path, parts):
    there = []
    listed = steps(*parts, two={"present": lambda _: bool(there)})
    runner.run(listed, night(tmp_path))
    runner.run(listed, night(tmp_path, fresh_record("2-1")))
    there.append(True)
    runner.run(listed, night(tmp_path, fresh_record("2-2")))
    assert parts[1].calls == 2


def test_a_broken_off_run_goes_on_after_its_last_step(tmp_path, parts):
    class Killed(BaseException):
        pass

    dying = Counted(lambda n, w: n + len(w), Killed())
    with pytest.raises(Killed):
        runner.run(steps(*parts[:2], dying), night(tmp_path))
    left = records.newest(tmp_path / "lake")
    assert outcomes(left) == {"one": "done", "two": "done", "three": "running"}
    record = runner.run(steps(*parts), night(tmp_path, left))
    assert outcomes(record) == {"one": "done", "two": "done", "three": "done"}
    # Step one asks the world, and was asked before the kill: not again in the same run.
    assert [part.calls for part in parts] == [1, 1, 1]


def test_what_must_be_asked_anew_is_not_even_taken_from_the_same_run(tmp_path, parts):
    steps_of = steps(*parts, one={"anew": True})
    left = runner.run(steps_of, night(tmp_path))
    record = runner.run(steps_of, night(tmp_path, left))
    assert [part.calls for part in parts] == [2, 1, 1]
    # Another answer than before the kill: what came of the old one is not taken.
    other = Counted(lambda: 5)
    record = runner.run(steps(other, *parts[1:], one={"anew": True}), night(tmp_path, record))
    assert record.step("two").output == {"text": "xxxxx"}


def test_what_may_pass_is_tried_again_after_growing_waits(tmp_path, parts):
    waited = []
    flaky = Counted(lambda n: "ok", PassingError("busy"), PassingError("busy", 7.5))
    record = runner.run(steps(parts[0], flaky, parts[2]), night(tmp_path, waited=waited))
    assert record.step("two").attempts == 3
    assert record.step("two").outcome is Outcome.DONE
    assert 0.5 <= waited[0] <= 1.0
    assert waited[1] == 7.5


def test_what_does_not_pass_fails_at_last_and_what_needs_it_is_skipped(tmp_path, parts):
    waited = []
    down = Counted(lambda n: "ok", *[PassingError("no connection")] * 10)
    record = runner.run(steps(parts[0], down, parts[2]), night(tmp_path, waited=waited))
    assert outcomes(record) == {"one": "done", "two": "failed", "three": "skipped"}
    assert (down.calls, len(waited)) == (6, 5)
    assert record.step("two").error == "no connection"
    assert record.worst() is Outcome.FAILED
    assert parts[2].calls == 0


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (DeskError("403 forbidden"), "failed"),
        (ContractError("seed", "a number", "x"), "failed"),
        (ConsentError("--consent-basis", "a basis", "none"), "failed"),
        (OrderError("f.csv column 'Price' row 3", "no negative price", "-1"), "stopped"),
    ],
)
def test_what_cannot_pass_is_not_tried_again(tmp_path, parts, error, outcome):
    refused = Counted(lambda n: "ok", error)
    record = runner.run(steps(parts[0], refused, parts[2]), night(tmp_path))
    assert (refused.calls, record.step("two").outcome.value) == (1, outcome)
    assert str(error) in record.step("two").error


def test_bad_data_is_written_down_with_its_rows(tmp_path, parts):
    finding = Finding(check="currency mix", what="expected one", rows=({"currency": "USD"},))
    bad = Counted(lambda n: "ok", BadDataError((finding,)))
    record = runner.run(steps(parts[0], bad, parts[2]), night(tmp_path))
    assert record.step("two").outcome is Outcome.STOPPED
    assert record.step("two").findings == (finding,)
    assert record.worst() is Outcome.STOPPED


def test_a_defect_of_ours_is_not_swallowed(tmp_path, parts):
    broken = Counted(lambda n: "ok", ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        runner.run(steps(parts[0], broken, parts[2]), night(tmp_path))
