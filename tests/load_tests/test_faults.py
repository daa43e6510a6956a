import json

import pytest
from rich.console import Console

from load_tests.fault_list import NAMES
from load_tests.fault_list.verdict import Verdict
from load_tests.faults import EXIT_BAD_INPUT, EXIT_MISSED, conclude, main, run

HELD = Verdict("canary-hung", "hangs", requests=10, acknowledged=10, found=10, felt="3 fallbacks")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--only", "canary-hung,nonsense"], "--only: expected some of canary-killed"),
        (["--seconds", "0.5"], "--seconds: expected 1 or more"),
        (["--seconds", "nan"], "--seconds: expected 1 or more"),
    ],
)
def test_bad_options_end_with_two(capsys, arguments, said):
    assert main(arguments) == EXIT_BAD_INPUT
    assert said in capsys.readouterr().err


def test_what_held_ends_with_zero_and_json(capsys):
    assert conclude([HELD], Console(width=140)) == 0
    report = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert report["missed"] == []
    assert report["faults"][0]["found"] == 10


def test_a_miss_ends_with_one_and_is_named(capsys):
    missed = Verdict("canary-nan", "NaN", missed=["1 acknowledged decisions are not in the log"])
    assert conclude([HELD, missed], Console(width=140)) == EXIT_MISSED
    printed = capsys.readouterr()
    assert "canary-nan: 1 acknowledged decisions" in printed.err
    assert json.loads(printed.out.splitlines()[-1])["missed"]


def test_what_a_machine_lacks_is_a_miss_that_says_so(monkeypatch):
    monkeypatch.setenv("PATH", "")
    (verdict,) = run(["clock-forward"], 1.0)
    assert "not tried out: clock faults: expected a C compiler" in verdict.missed[0]


def test_every_fault_has_a_name_of_its_own():
    assert len(set(NAMES)) == len(NAMES)
