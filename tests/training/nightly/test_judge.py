"""Gates over two real graphs: better, the same, not comparable, too little data."""

from pathlib import Path

import msgspec
import pytest

from bentos.contract.manifest import OfflineMetrics
from training.nightly.bootstrap import Verdict
from training.nightly.judge import judge
from training.nightly.outputs import Champion
from training.nightly.window import window_of


@pytest.fixture(scope="module")
def parts(trained):
    """Window of the newer fraud version, both graphs, offline figures."""
    older, newer = trained.manifest(0), trained.manifest(1)
    graphs = [
        trained.home / "bentoml/models/fraud" / each["version"].partition(":")[2] / "model.onnx"
        for each in (older, newer)
    ]
    window = window_of("fraud", trained.home / "lake/snapshots" / newer["dataset"]["digest"])
    return window, graphs, msgspec.convert(newer["offline"], OfflineMetrics)


def judged(parts, graph=None, *, schema="s", margin=0.0, min_rows=10, version="fraud:old"):
    window, (older, newer), offline = parts
    champion = Champion(
        version=version,
        onnx_digest="d",
        schema_digest="s",
        graph=None if graph is False else str(graph or older),
    )
    return judge(
        window,
        Path(newer),
        champion,
        offline,
        schema_digest=schema,
        margin=margin,
        min_rows=min_rows,
        seed=1,
    )


def gates(found):
    return {gate.name: gate.passed for gate in found.gates}


def test_both_are_measured_on_the_same_rows(parts):
    found = judged(parts)
    assert found.champion == "fraud:old"
    assert found.improvement.rows == len(parts[0].groups)
    offline = parts[2]
    assert found.improvement.challenger == pytest.approx(
        offline.model["average_precision"], abs=1e-4
    )
    assert found.improvement.low <= found.improvement.middle <= found.improvement.high
    assert judged(parts) == found


def test_a_model_is_not_better_than_itself(parts):
    found = judged(parts, graph=parts[1][1])
    assert (found.improvement.low, found.improvement.high) == (0.0, 0.0)
    assert found.verdict is Verdict.UNDECIDED
    assert gates(found)["champion"] is None
    # Unless no loss is what is asked for.
    assert judged(parts, graph=parts[1][1], margin=-0.01).verdict is Verdict.BETTER


def test_worse_fails_the_gate(parts):
    window, (older, newer), offline = parts
    swapped = (window, (newer, older), offline)
    one, other = judged(parts), judged(swapped)
    assert one.improvement.middle == pytest.approx(-other.improvement.middle, abs=1e-9)
    worse = one if one.improvement.middle < 0 else other
    strict = Verdict.WORSE if worse.improvement.high < 0 else Verdict.UNDECIDED
    assert worse.verdict is strict
    assert bool(worse.failures) == (strict is Verdict.WORSE)


def test_without_a_champion_the_baseline_decides(parts):
    found = judged(parts, version=None)
    assert (found.champion, found.verdict) == (None, Verdict.BETTER)
    assert gates(found) == {"baseline": True, "minimum data": True, "champion": None}


@pytest.mark.parametrize(
    ("options", "why"),
    [({"graph": False}, "its graph is not in this home"), ({"schema": "t"}, "other features")],
)
def test_what_cannot_be_compared_is_undecided_and_says_why(parts, options, why):
    found = judged(parts, **options)
    assert found.verdict is Verdict.UNDECIDED
    assert why in found.gates[-1].said
    assert found.failures == ()


def test_too_few_rows_fail(parts):
    found = judged(parts, min_rows=10_000)
    assert gates(found)["minimum data"] is False
    assert "at least 10000" in found.failures[0]
