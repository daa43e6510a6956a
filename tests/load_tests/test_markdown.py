from load_tests.markdown import render

REPORT = {
    "command": "python -m load_tests.bench",
    "machine": {"cpu": "X"},
    "load_before": 0.1,
    "graph": "a graph",
    "rounds": 5,
    "seconds": 2.0,
    "connections": 128,
    "sides": {
        "gateway": {
            "label": "gateway",
            "body": "named values",
            "p50_ms": 0.4,
            "p50_ms_spread": [0.3, 0.5],
            "per_second": 12345.6,
            "per_second_spread": [12000.0, 13000.0],
            "p99_ms": 20.0,
            "cpu_us": 70.0,
        }
    },
    "absent": {"ray": "no disk"},
    "memory": {"gateway": [{"process": "a", "pss_mb": 60.0}, {"process": "b", "pss_mb": 70.0}]},
    "claims": [
        {"text": "faster", "value": 9.0, "floor": 8, "target": 15, "direction": "at least"}
        | {"floor_held": True, "reached": False},
        {"text": "echo", "value": None, "floor": 0.3, "target": 0.45, "direction": "at least"}
        | {"floor_held": None, "reached": None},
    ],
    "effects": {
        "hung": {"text": "p99", "estimate": 1.01, "interval": [0.98, 1.04], "unit": "p99 ms"}
        | {"base": 1.0, "treated": 1.01},
        "dead": {"text": "x", "estimate": None, "interval": None},
    },
    "sweeps": {
        "connections": [
            {"side": "gateway", "connections": 8, "per_second": 900.0, "p99_ms": 1.5},
            {"side": "echo", "connections": 8, "per_second": 0.0, "p99_ms": None},
        ]
    },
    "notes": ["ray is absent: no disk"],
}


def test_a_report_becomes_tables():
    lines = render(REPORT).splitlines()
    assert (
        "| gateway | named values | 0.40 [0.30–0.50] | 12,346 [12,000–13,000] | 20.0 | 70 | 130 |"
        in lines
    )
    assert "| ray | absent |  |  |  |  |  |" in lines
    assert "| faster | 9.00 | ≥ 8 | ≥ 15 | no |" in lines
    assert "| echo | not measured | ≥ 0.3 | ≥ 0.45 |  |" in lines
    assert "| p99 | 1.010 | 0.980–1.040 | 1.00 | 1.01 | p99 ms |" in lines
    assert "| 8 | 900 (1.5 ms) | 0 |" in lines
    assert "- ray is absent: no disk" in lines


def test_parts_that_were_not_measured_are_left_out():
    short = {**REPORT, "effects": {}, "sweeps": {}, "notes": []}
    assert "95 % interval" not in render(short)
