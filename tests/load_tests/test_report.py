import argparse

import pytest

from load_tests import report as floors
from load_tests.http_load import LoadResult, Target
from load_tests.report import Figures
from load_tests.sides import Side


def row(per_second, p50_ms, failed=0, answered=10):
    return {
        "per_second": per_second,
        "p50_ms": p50_ms,
        "failed": failed,
        "failures": [],
        "answered": answered,
    }


def made(gateway, bentoml, written=10):
    return {
        "sides": {"gateway": gateway, "bentoml": bentoml},
        "gateway": {"decisions_written": written, "decisions_lost": 0},
        "ratio": gateway["per_second"] / bentoml["per_second"],
    }


@pytest.mark.parametrize(
    ("report", "missed"),
    [
        (made(row(500, 0.5), row(100, 1.0)), []),
        (made(row(499, 0.5), row(100, 1.0)), ["throughput"]),
        (made(row(500, 1.0), row(100, 1.0)), ["c=1 p50"]),
        (made(row(500, 0.5, failed=1), row(100, 1.0)), ["gateway"]),
        (made(row(500, 0.5), row(100, 1.0, failed=1)), ["bentoml"]),
        (made(row(500, 0.5), row(100, 1.0), written=9), ["gateway"]),
        (made(row(500, 0.5), row(100, 1.0, answered=0)), ["bentoml"]),
    ],
)
def test_floors(report, missed):
    assert [text.partition(":")[0] for text in floors.missed(report)] == missed


def test_medians_and_spread_over_rounds():
    def round_(answers, milliseconds):
        return LoadResult(1, 1.0, [int(milliseconds * 1e6)] * answers)

    taken = Figures(
        single=[round_(10, 1.0), round_(10, 3.0), round_(10, 2.0)],
        many=[round_(100, 5.0), round_(300, 5.0), round_(200, 5.0)],
        warm=[LoadResult(1, 1.0, [], failed=1, failures=["lost"])],
    )
    side = Side("gateway", "gateway", Target(), ())
    status = {
        "lanes": {"a": {"answered": 630, "batches": 63}},
        "decisions": {"written": 630, "lost": 0},
    }
    options = argparse.Namespace(rounds=3, seconds=1.0, connections=128)
    composed = floors.compose({"gateway": (side, taken)}, status, options, "a graph", 0.1)
    row = composed["sides"]["gateway"]
    assert (row["p50_ms"], row["p50_ms_spread"]) == (2.0, [1.0, 3.0])
    assert (row["per_second"], row["per_second_spread"]) == (200.0, [100.0, 300.0])
    assert (row["answered"], row["failed"]) == (630, 1)
    assert composed["gateway"]["rows_per_batch"] == 10.0
    assert composed["missed"] == ["gateway: 1 requests failed: ['lost']"]
