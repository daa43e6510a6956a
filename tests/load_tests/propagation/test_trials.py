from load_tests.propagation.trials import Latencies


def test_a_quantile_is_a_value_that_was_measured():
    found = Latencies(values=[float(n) for n in range(100, 0, -1)])
    assert found.quantile(0.5) == 51.0
    assert found.quantile(0.99) == 100.0
    assert found.quantile(1.0) == 100.0
