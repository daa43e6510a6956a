from gateway.shadow_comparison import Tolerance, compare
from gateway.shadow_tally import ShadowTally


def test_every_copy_shows_in_the_metrics_with_what_became_of_it():
    tally = ShadowTally()
    for theirs in (0.5, 0.9):
        tally.compare("m:1", compare({"p": [0.5]}, {"p": [theirs]}, Tolerance()))
    tally.failed["m:1", "timeout"] += 1
    tally.dropped["m:1", "queue"] += 2
    tally.unrecorded["m:1"] += 4
    tally.dropped["m:1", "sampled_out"] += 7
    assert tally.totals() == {"compared": 2, "agreed": 1, "failed": 1, "dropped": 2}
    found = {
        (name.removeprefix("signalbox_gateway_shadow_"), *labels.values()): value
        for name, _, labels, value in tally.metrics()
    }
    assert found["drops_total", "m:1", "sampled_out"] == 7
    assert found["unrecorded_total", "m:1"] == 4
    assert found["failures_total", "m:1", "timeout"] == 1
    assert found["comparisons_total", "m:1", "p", "true"] == 1
    assert found["comparisons_total", "m:1", "p", "false"] == 1
    assert found["distance_total", "m:1", "p"] == 0.4
    assert found["total", "compared"] == 2
