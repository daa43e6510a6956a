from gateway.latency import FIRST_ESTIMATE_AT, WINDOW, LatencyWindow


def test_the_estimate_starts_at_the_minimum_and_follows_the_window():
    window = LatencyWindow()
    assert window.p99_ms == 5.0
    for milliseconds in range(FIRST_ESTIMATE_AT):
        window.observe(float(milliseconds))
    assert window.p99_ms == 63.0
    for _ in range(WINDOW - FIRST_ESTIMATE_AT):
        window.observe(1.0)
    assert window.count == WINDOW
    assert window.p99_ms == 58.0


def test_old_answers_leave_the_window():
    window = LatencyWindow()
    for _ in range(WINDOW):
        window.observe(100.0)
    for _ in range(WINDOW):
        window.observe(2.0)
    assert window.p99_ms == 2.0
