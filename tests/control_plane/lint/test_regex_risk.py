import contextlib
import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from control_plane.lint.regex_risk import ExponentialError, TooComplexError, degree
from control_plane.lint.regex_syntax import parse_regex

ATOMS = ["a", "b", "[ab]", ".", r"\w", "(?:a|b)", "(?:ab)"]
QUANTIFIERS = ["", "", "", "*", "+", "?", "{2}", "{1,3}"]
TERMS = st.tuples(st.sampled_from(ATOMS), st.sampled_from(QUANTIFIERS)).map("".join)
BODIES = st.lists(TERMS, min_size=1, max_size=3).map("".join)
GROUPS = st.tuples(BODIES, BODIES, st.sampled_from(QUANTIFIERS)).map(
    lambda parts: f"(?:{parts[0]}|{parts[1]}){parts[2]}"
)
PATTERNS = st.lists(st.one_of(TERMS, GROUPS), min_size=1, max_size=3).map(
    lambda parts: f"^{''.join(parts)}!$"
)


@pytest.mark.parametrize(
    "pattern",
    [
        "(a+)+$",
        "(a*)*",
        "(a|a)*b",
        "(a|aa)+$",
        "(x+x+)+y",
        r"(\w+\s?)*$",
        "(a?){30}a{30}",
        "(a|a){30}b",
        "((a|a){3}){9}b",
        "(a{1,9}){1,9}b",
        "(?=(a+)+b)",
        "([a-z]|[A-Z]b?)*!",
        r"^(([a-z])+.)+[A-Z]([a-z])+$",
        # No loop at all: two to the power of how often it is written.
        "^" + "(?:a.|.)" * 30 + "X$",
        "^" + "(?:ab|a|b)" * 30 + "X$",
        "^(?:(?:ab|a.){40}){1}X$",
    ],
)
def test_two_ways_over_the_same_text_are_exponential(pattern):
    ignore_case = "A-Z" in pattern
    with pytest.raises(ExponentialError):
        degree(parse_regex(pattern), ignore_case=ignore_case)


@pytest.mark.parametrize(
    ("pattern", "power"),
    [
        (r"^[a-z]+@example\.com$", 1),
        (r"^\d+-\d+-\d+$", 1),
        (r"^\d{4}\d{2}\d{2}$", 1),
        ("^([0-9a-f]{2}){4}$", 1),
        ("^(?:[^,]*,){3}x", 1),
        ("DE|FR", 1),
        ("^(ab?c)+$", 1),
        (r"^v?\d+(?:\.\d+)?(?:\.\d+)?(?:-(?:alpha|beta|rc)\.?\d*)?$", 1),
        ("^(?:" + "|".join(f"shop-{n}" for n in range(15)) + ")$", 1),
        ("^" + "(?:a|b)" * 40 + "$", 1),
        (r"\s+$", 2),
        (r"^a*a*b", 2),
        (r"@.*\.com$", 2),
        (r".*@.*\.com$", 3),
        ("^a*a*a*b", 3),
    ],
)
def test_the_degree_is_the_chain_of_loops_that_share_a_text(pattern, power):
    assert degree(parse_regex(pattern)) == power


def test_case_counts_only_where_it_is_told_apart():
    tree = parse_regex("^[a-z]*[A-Z]*!")
    assert (degree(tree), degree(tree, ignore_case=True)) == (1, 2)


@pytest.mark.parametrize("pattern", ["[ab]{1000}" * 3, "(" + "|".join(["[a-z]"] * 80) + "){2}x"])
def test_what_cannot_be_looked_through_is_said_so_in_a_moment(pattern):
    started = time.process_time()
    with contextlib.suppress(TooComplexError, ExponentialError):
        degree(parse_regex(pattern))
    assert time.process_time() - started < 2


@given(PATTERNS, st.text("ab", min_size=1, max_size=4))
@settings(max_examples=300)
def test_what_is_let_through_ends_soon(pattern, word):
    """Python's own engine, on the longest attribute there may be."""
    try:
        power = degree(parse_regex(pattern))
    except ExponentialError:
        return
    if power <= 2:
        started = time.process_time()
        re.search(pattern, (word * 1024)[:1024])
        assert time.process_time() - started < 1
