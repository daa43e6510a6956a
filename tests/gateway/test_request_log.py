"""Slow and failed requests get a line; a flood of them does not flood the log."""

import structlog.testing

from gateway.request_log import LINES_PER_S, RequestLog
from gateway.stopwatch import Stopwatch

LABELS = ("fraud", "fraud:1", "stable", "STATIC", "200")


def watch(started: float, total_s: float = 1.5) -> Stopwatch:
    return Stopwatch(started, total_s=total_s)


def test_a_line_names_the_decision_and_says_slow_or_failed():
    log = RequestLog(1.0)
    with structlog.testing.capture_logs() as lines:
        log.note("d1", LABELS, watch(10.0))
        log.note("d2", (*LABELS[:4], "503"), watch(10.0))
    assert [(line["event"], line["decision_id"]) for line in lines] == [
        ("request_slow", "d1"),
        ("request_failed", "d2"),
    ]
    assert lines[0]["total_ms"] == 1500


def test_at_most_so_many_lines_a_second_and_the_rest_is_counted():
    log = RequestLog(1.0)
    with structlog.testing.capture_logs() as lines:
        for number in range(50):
            log.note(f"d{number}", LABELS, watch(10.0))
        log.note("later", LABELS, watch(20.0))
    assert len(lines) == LINES_PER_S + 1
    assert log.suppressed == 50 - LINES_PER_S
    assert lines[-1]["suppressed_before"] == log.suppressed
