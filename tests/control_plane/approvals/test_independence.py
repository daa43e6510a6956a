"""Whoever could act as another person is no second pair of eyes."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from control_plane.approvals.independence import Hand, chains, same_hand, ties, told

PEOPLE = "abcde"
pairs = st.lists(
    st.tuples(st.sampled_from(PEOPLE), st.sampled_from(PEOPLE)).filter(lambda p: p[0] != p[1]),
    max_size=12,
)


def hands(*links):
    return [
        Hand(seq=seq, at=f"2026-11-{seq:02}", giver=link[0], taker=link[1], what="key:create")
        for seq, link in enumerate(links, 1)
    ]


def test_whoever_gave_and_whoever_was_given_are_not_independent():
    given = hands("ab")
    assert ties("b", {"a", "c"}, given).keys() == {"a"}
    assert ties("a", {"b"}, given).keys() == {"b"}
    assert not ties("c", {"a", "b"}, given)


def test_a_puppet_s_puppet_is_one_too():
    assert ties("c", {"a"}, hands("ab", "bc")).keys() == {"a"}
    assert ties("a", {"c"}, hands("ab", "bc")).keys() == {"c"}


def test_what_somebody_gave_before_they_were_anybody_s_is_their_own_doing():
    assert not ties("c", {"a"}, hands("bc", "ab"))


def test_nobody_is_tied_to_themselves():
    assert not ties("a", {"a"}, hands("ab", "ba"))


def test_two_whom_a_third_person_made_are_told_of_and_not_refused():
    given = hands("xa", "xb")
    assert not ties("b", {"a"}, given)
    assert same_hand("b", {"a"}, given) == ("x",)
    assert same_hand("b", {"c"}, given) == ()


def test_a_refusal_names_who_gave_what_and_where_it_is_recorded():
    text = told("b", ties("b", {"a"}, hands("cd", "ab")))
    assert text.startswith("b is not independent of a: a did key:create for b")
    assert "event 2" in text


def naive(giver, taker, links):
    """Some subsequence of the links leads from one to the other."""
    return any(
        chosen[0][0] == giver
        and chosen[-1][1] == taker
        and all(one[1] == next_[0] for one, next_ in itertools.pairwise(chosen))
        for length in range(1, len(links) + 1)
        for chosen in itertools.combinations(links, length)
    )


@given(pairs)
def test_a_chain_is_any_way_through_time_from_one_to_the_other(links):
    for giver in PEOPLE:
        found = chains(giver, hands(*links))
        for taker in PEOPLE:
            assert (taker in found) == (taker != giver and naive(giver, taker, links))
    for chain in chains("a", hands(*links)).values():
        assert chain[0].giver == "a"
        assert [h.seq for h in chain] == sorted({h.seq for h in chain})
