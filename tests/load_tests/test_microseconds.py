"""The profile runs and knows every step of a request."""

import json

from load_tests import microseconds


def test_every_step_has_a_figure_and_they_fit_into_the_whole(monkeypatch, capsys):
    monkeypatch.setattr(microseconds, "REQUESTS", 64)
    monkeypatch.setattr(microseconds, "ROUNDS", 2)
    assert microseconds.main([]) == 0
    report = json.loads(capsys.readouterr().out.splitlines()[-1])
    steps = report["steps"]
    assert len(steps) == 11
    assert all(value >= 0 for value in steps.values())
    assert steps["whole call, lane at once"] == max(steps.values())
