"""Who would move."""

import pytest

from bentos.contract.errors import ContractError
from control_plane.console.preview import preview_of

RELEASE = {"weight": 0.05, "candidate": "m:2", "stable": "m:1"}


def test_upwards_people_move_to_the_candidate_and_none_away():
    found = preview_of(RELEASE, 0.25)
    assert found.moving == 2000
    assert found.lines() == [
        "5 % → 25 % of visitors get the candidate.",
        "20 % of visitors move to m:2.",
        "Nobody who has the candidate leaves it.",
    ]


def test_downwards_people_move_to_stable_and_none_away():
    found = preview_of(RELEASE, 0.0123)
    assert found.moving == 377
    assert found.lines()[1:] == [
        "3.77 % of visitors move to m:1.",
        "Nobody who has the stable version leaves it.",
    ]


def test_the_same_share_moves_nobody():
    assert preview_of(RELEASE, 0.05).lines() == ["Nobody moves: this is the present share."]


@pytest.mark.parametrize("weight", [1.1, -0.1, 0.00001])
def test_what_is_no_share_is_refused(weight):
    with pytest.raises(ContractError):
        preview_of(RELEASE, weight)
