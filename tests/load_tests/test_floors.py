import pytest

from load_tests.floors import Claim, claims


@pytest.mark.parametrize(
    ("value", "at_least", "missed", "reached"),
    [
        (2.0, True, False, True),
        (1.5, True, False, False),
        (0.9, True, True, False),
        (0.9, False, False, True),
        (2.1, False, True, False),
    ],
)
def test_a_claim_knows_floor_and_target(value, at_least, missed, reached):
    floor, target = (1.0, 2.0) if at_least else (2.0, 1.0)
    claim = Claim("name", "text", floor, target, value, at_least=at_least)
    assert claim.missed is missed
    assert claim.row()["reached"] is reached


def test_what_was_not_measured_is_neither_missed_nor_reached():
    row = Claim("name", "text", 1.0, 2.0, None).row()
    assert (row["value"], row["floor_held"], row["reached"]) == (None, None, None)


def test_every_figure_of_the_comparison_has_its_claim():
    figures = dict.fromkeys(
        [
            *("per_bentoml", "per_mlserver", "per_echo", "p50_per_bentoml"),
            *("overload_p99", "overload_goodput"),
        ],
        1.0,
    )
    assert all(claim.value == 1.0 for claim in claims(figures))
