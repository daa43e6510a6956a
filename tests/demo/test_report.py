import pytest

from demo.report import problems

STEP = {
    "step": "canary 5 %",
    "model": "fraud",
    "release": "r",
    "variant_mismatches": 0,
    "share_within_plan": True,
    "observed_share": 0.05,
    "planned_share": 0.05,
    "distinct_keys": 2500,
}
RIGHT = {
    "steps": [STEP],
    "between_the_steps": {"variant_mismatches": 0},
    "requests": {"failures": 0},
    "decisions": {"acknowledged": 10, "found": 10, "unlogged_answers": 0},
    "register": {"ok": True},
    "versions": [{"version": "fraud:1", "parity": {"passed": True}}],
    "shadow": {"fraud:2": {}},
    "killed_worker": {"back_after_s": 2.0},
}


def test_nothing_is_off():
    assert problems(RIGHT) == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"requests": {"failures": 3}}, "3 requests failed"),
        ({"between_the_steps": {"variant_mismatches": 2}}, "between the steps 2 answers"),
        (
            {"decisions": {"acknowledged": 10, "found": 8, "unlogged_answers": 0}},
            "2 decisions are lost",
        ),
        (
            {"decisions": {"acknowledged": 9, "found": 9, "unlogged_answers": 1}},
            "1 answers were not logged",
        ),
        ({"register": {"ok": False, "first_bad": 7}}, "the register does not verify"),
        (
            {"versions": [{"version": "fraud:1", "parity": {"passed": False}}]},
            "fraud:1 failed its parity gate",
        ),
        ({"steps": [{**STEP, "variant_mismatches": 1}]}, "differ from the routes"),
        ({"steps": [{**STEP, "share_within_plan": False}]}, "share 0.05 off 0.05"),
        ({"steps": [{**STEP, "distinct_keys": 10}]}, "only 10 distinct keys"),
        ({"steps": [{**STEP, "step": "shadow"}], "shadow": {}}, "no shadow outcome"),
        ({"killed_worker": {"back_after_s": None}}, "did not come back"),
    ],
)
def test_whatever_is_off_is_told(change, told):
    (problem,) = problems({**RIGHT, **change})
    assert told in problem
