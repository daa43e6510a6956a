from hypothesis import given
from hypothesis import strategies as st

from bentos.contract.route import BUCKETS, CanaryRule, Route
from control_plane.releases.movement import version_at, who_moves

buckets = st.integers(0, BUCKETS)
seen = st.dictionaries(st.integers(0, BUCKETS - 1), st.integers(1, 5), min_size=1)


def route(weight, stable="a"):
    canary = CanaryRule(release_id="r", step=1, candidate="b", buckets=weight)
    return Route(model="m", stable=stable, canary=canary if weight is not None else None)


def test_the_subjects_between_two_weights_move_and_nobody_else():
    found = who_moves(route(500), route(2500), {0: 1, 499: 2, 500: 3, 2499: 4, 2500: 5})
    assert found == {
        "basis": "decisions",
        "subjects": 15,
        "moving": 7,
        "share": 7 / 15,
        "moves": [{"from": "a", "to": "b", "share": 7 / 15, "subjects": 7}],
    }


def test_without_decisions_it_is_an_estimate_and_says_so():
    for subjects in (None, {}):
        found = who_moves(route(500), route(2500), subjects)
        assert (found["basis"], found["subjects"], found["moving"]) == ("estimate", None, None)
        assert found["share"] == 0.2
        assert found["moves"] == [{"from": "a", "to": "b", "share": 0.2, "subjects": None}]


def test_a_promotion_moves_the_rest_and_a_rollback_all_who_were_on_it():
    promoted = Route(model="m", stable="b")
    assert who_moves(route(2500), promoted, {0: 1, 9999: 1})["moving"] == 1
    assert who_moves(promoted, Route(model="m", stable="a"), {0: 1, 9999: 1})["moving"] == 2


def test_a_first_version_moves_nobody():
    assert who_moves(None, Route(model="m", stable="a"), {1: 1})["moving"] == 0


@given(buckets, buckets, seen)
def test_raising_takes_nobody_off_and_lowering_puts_nobody_on(before, after, subjects):
    ways = {(m["from"], m["to"]) for m in who_moves(route(before), route(after), subjects)["moves"]}
    assert ways <= ({("a", "b")} if after > before else {("b", "a")})
    assert version_at(route(before), before) == "a"
