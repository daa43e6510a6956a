import pytest

from load_tests.propagation.prober import Effort
from load_tests.propagation.propagation_report import Run, make_report
from load_tests.propagation.trials import Latencies


def run(name, worst, *, late=0, failures=()):
    found = Latencies(values=[1.0] * 50 + [worst] * 2, publishes=13, late=late)
    effort = Effort(seconds=2.0, cpu_seconds=0.5, answers=3000, per_worker=[1400, 1600])
    return Run(name, found, effort, list(failures))


def test_figures_and_what_probing_took():
    report = make_report([run("steady", 20.0)], workers=2, load=0.1)
    row = report["scenarios"]["steady"]
    assert (row["p50_ms"], row["p99_ms"], row["max_ms"]) == (1.0, 20.0, 20.0)
    assert row["answers_per_second"] == {"least": 700, "most": 800}
    assert row["prober_cpu_share"] == 0.25
    assert report["problems"] == []
    assert report["claims"][0]["reached"]


@pytest.mark.parametrize(
    ("name", "floor"),
    [("steady", 100), ("kill", 50), ("idle", 2000), ("restart", 2000), ("dropped", 2000)],
)
def test_a_figure_beyond_its_floor_is_a_problem(name, floor):
    assert make_report([run(name, float(floor))], 2, 0)["problems"] == []
    (problem,) = make_report([run(name, floor + 1.0)], 2, 0)["problems"]
    assert name in problem


def test_a_publish_that_was_never_obeyed_and_a_failed_probe_are_problems():
    problems = make_report([run("half-open", 9.0, late=1, failures=["HTTP 503"])], 2, 0)["problems"]
    assert len(problems) == 2
    assert "never obeyed" in problems[0]
    assert "503" in problems[1]
