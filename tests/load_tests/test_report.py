import pytest

from load_tests import report
from load_tests.http_connection import Target
from load_tests.load_result import LoadResult
from load_tests.rounds import Figures
from load_tests.sides import Side


def figures(name, *rounds, connections=128):
    side = Side(name, name, Target(), (), ())
    return Figures(side, connections, list(rounds))


def round_(answers, milliseconds=1.0, **more):
    return LoadResult(1, 1.0, [int(milliseconds * 1e6)] * answers, **more)


def row(single=(1.0,), many=(100,), **more):
    return report.figure_row(
        figures("x", *(round_(10, ms) for ms in single), connections=1),
        figures("x", *(round_(answers, **more) for answers in many)),
    )


def made(rows, **more):
    composed = {"sides": rows, "absent": {}, "gateway": None, "overload": None, **more}
    composed["compared"] = report.compared(rows, composed["overload"])
    report.judge(composed)
    return composed


FACTS = {"decisions_written": 10_000, "decisions_lost": 0}


def test_a_row_has_medians_and_spread_over_rounds():
    found = row(
        single=(1.0, 3.0, 2.0), many=(100, 300, 200), busy=0.95, server_cpu_s=0.06, late=100
    )
    assert (found["p50_ms"], found["p50_ms_spread"]) == (2.0, [1.0, 3.0])
    assert (found["per_second"], found["per_second_spread"]) == (200.0, [100.0, 300.0])
    assert found["answered"] == 630
    assert found["client_busy"] == 0.95
    assert found["cpu_us"] == pytest.approx(0.18 / 900 * 1e6)


def test_ratios_are_taken_round_by_round():
    """Both halve when the machine is busy; medians of each side alone would say 10 and 10."""
    rows = {"gateway": row(many=(1000, 500, 900)), "bentoml": row(many=(100, 50, 300))}
    assert report.compared(rows, None)["per_bentoml"] == 10.0


def test_the_faster_mlserver_counts():
    rows = {
        "gateway": row(many=(1000,)),
        "mlserver_0": row(many=(200,)),
        "mlserver_1": row(many=(100,)),
    }
    assert report.compared(rows, None)["per_mlserver"] == 5.0


@pytest.mark.parametrize(
    ("gateway", "bentoml", "missed"),
    [
        (row((0.6,), (800,)), row((1.0,), (100,)), []),
        (row((0.6,), (799,)), row((1.0,), (100,)), ["req/s against bentoml serve"]),
        (row((0.61,), (800,)), row((1.0,), (100,)), ["c=1 p50 against bentoml serve"]),
    ],
)
def test_floors_fail_the_run(gateway, bentoml, missed):
    composed = made({"gateway": gateway, "bentoml": bentoml}, gateway=FACTS)
    assert [text.partition(":")[0] for text in composed["missed"]] == missed


def test_a_target_that_is_not_reached_fails_nothing_but_is_told():
    composed = made({"gateway": row((0.5,), (800,)), "bentoml": row()}, gateway=FACTS)
    (claim,) = (claim for claim in composed["claims"] if claim["name"] == "bentoml")
    assert (claim["value"], claim["floor_held"], claim["reached"]) == (8.0, True, False)
    assert composed["missed"] == []


@pytest.mark.parametrize("count", ["failed", "shed"])
def test_a_side_that_fails_or_sheds_makes_the_run_void(count):
    composed = made({"worker": row(**{count: 1})})
    (problem,) = composed["missed"]
    assert problem.startswith("worker: 1 requests")


def test_a_side_without_an_answer_makes_the_run_void():
    composed = made({"echo": row(single=(), many=(0,))})
    assert composed["missed"] == ["echo: expected answers, got none"]


def test_a_missing_decision_makes_the_run_void():
    facts = {"decisions_written": 109, "decisions_lost": 0}
    (problem,) = made({"gateway": row()}, gateway=facts)["missed"]
    assert "not every answer has its decision" in problem


def test_overload_is_compared_round_by_round():
    many = figures("gateway", round_(100, 10.0), round_(200, 20.0))
    overload = figures("gateway", round_(90, 14.0), round_(190, 30.0, shed=7))
    found = report.overload_row(many, overload)
    assert found["p99_ratio"] == pytest.approx(1.45)
    assert found["goodput_ratio"] == pytest.approx(0.925)
    assert (found["shed"], found["answered"]) == (7, 280)


def test_overload_that_is_too_slow_misses_its_floor():
    overload = {"p99_ratio": 1.6, "goodput_ratio": 0.8, "answered": 1, "failed": 0, "shed": 3}
    missed = made({"gateway": row()}, gateway=FACTS, overload=overload)["missed"]
    assert len(missed) == 2


def test_an_effect_fails_only_where_its_whole_interval_is_beyond_a_tenth():
    def effect(low, claimed=True):
        return {"text": "p99", "interval": [low, 2.0], "claimed": claimed, "failed": 0}

    assert made({}, effects={"a": effect(1.09)})["missed"] == []
    assert made({}, effects={"a": effect(1.11, claimed=False)})["missed"] == []
    assert len(made({}, effects={"a": effect(1.11)})["missed"]) == 1


def test_a_request_that_failed_beside_a_shadow_makes_the_run_void():
    effect = {"text": "p99", "interval": [1.0, 1.0], "claimed": True, "failed": 2}
    assert made({}, effects={"hung": effect})["missed"] == ["effect hung: 2 requests failed"]


def test_who_is_absent_and_where_the_client_was_the_limit_is_noted():
    notes = made({"echo": row(busy=0.97)}, absent={"ray": "no disk"})["notes"]
    assert "ray is absent: no disk" in notes
    assert any(note.startswith("echo: the client was 97%") for note in notes)


def test_the_gateways_status_becomes_what_proves_that_all_was_on():
    status = {
        "lanes": {"v:a": {"answered": 95, "batches": 10}, "v:b": {"answered": 5, "batches": 10}},
        "decisions": {"written": 100, "lost": 0},
    }
    facts = report.gateway_facts(status)
    assert facts["canary_answers"] == 0.05
    assert facts["rows_per_batch"] == 5.0
    assert facts["decisions_written"] == 100
