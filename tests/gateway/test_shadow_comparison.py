import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.shadow_comparison import Tolerance, compare, overlap_at_k

EXACT = Tolerance(0.0, 1.0)


def test_numbers_are_measured_by_absolute_and_relative_distance():
    found = compare({"p": [0.5, 100.0]}, {"p": [0.52, 90.0]}, Tolerance(0.1, 0.8))
    assert found.measures == pytest.approx({"p": 10.0, "p.relative": 0.1})
    assert found.distances == pytest.approx({"p": 5.01})
    assert found.agrees == {"p": True}
    assert compare({"p": [0.5]}, {"p": [0.52]}, Tolerance(0.01, 0.8)).agrees == {"p": False}


def test_rankings_are_measured_by_what_they_share_not_by_place():
    ours, theirs = {"ids": [[1, 2, 3, 4]]}, {"ids": [[2, 1, 3, 9]]}
    found = compare(ours, theirs, Tolerance(0.05, 0.75))
    assert found.measures == {"ids": 0.25, "ids.overlap": 0.75}
    assert (found.agrees["ids"], found.distances["ids"]) == (True, 0.25)
    assert not compare(ours, theirs, Tolerance(0.05, 0.8)).agrees["ids"]


def test_labels_are_measured_by_equality():
    found = compare({"label": ["a", "b"]}, {"label": ["a", "c"]}, Tolerance(0.05, 0.8))
    assert found.measures == {"label": 0.5}
    assert found.agrees == {"label": False}


@pytest.mark.parametrize("theirs", [{}, {"p": []}, {"p": [0.5, 0.5]}, {"p": [[0.5, 0.5]]}])
def test_an_output_that_is_missing_or_of_another_size_never_agrees(theirs):
    found = compare({"p": [0.5]}, theirs, Tolerance(1e9, 0.0))
    assert found.agrees == {"p": False}
    assert found.distances == {"p": 1.0}


@given(st.lists(st.lists(st.integers(-1, 50), min_size=1, max_size=12), min_size=1, max_size=5))
def test_everything_agrees_with_itself(rankings):
    numbers = [float(sum(row)) for row in rankings]
    outputs = {"ids": rankings, "score": numbers, "label": [str(n) for n in numbers]}
    found = compare(outputs, outputs, EXACT)
    assert all(found.agrees.values())
    assert not any(found.distances.values())


@given(st.lists(st.integers()), st.lists(st.integers()))
def test_overlap_is_a_share_and_has_no_sides(ours, theirs):
    assert 0.0 <= overlap_at_k(ours, theirs) == overlap_at_k(theirs, ours) <= 1.0
