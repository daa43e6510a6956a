import json

import pytest

from load_tests.bench_propagation import main


@pytest.mark.parametrize("arguments", [["--only", "sunny"], ["--publishes", "0"], ["--idle", "-1"]])
def test_options_that_make_no_sense_are_refused(arguments, capsys):
    assert main(arguments) == 2
    assert arguments[0] in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.acceptance
def test_a_small_run_measures_every_scenario(capsys):
    sizes = ["--publishes", "2", "--slow", "1", "--workers", "2", "--idle", "20", "--models", "1"]
    # How fast it is on a busy machine is not what is tested: only that all is measured.
    main(sizes)
    report = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert set(report["scenarios"]) == {"steady", "kill", "idle", "restart", "dropped", "half-open"}
    for row in report["scenarios"].values():
        assert row["never"] == row["failed_probes"] == 0
        assert row["samples"] == 2 * row["publishes"]
        assert 0 < row["p50_ms"] <= row["max_ms"]
    assert len(report["claims"]) == 6
