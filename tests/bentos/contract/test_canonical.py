"""Canonical JSON against RFC 8785's vectors and the rfc8785 package."""

import hashlib
import json
import struct
from enum import IntEnum, StrEnum
from typing import Any

import msgspec
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from bentos.contract.canonical import MAX_INTEGER, _canonical, as_builtins, canonical_json, digest
from bentos.contract.errors import ContractError

# RFC 8785 appendix B: the double's bits and what they serialise to.
NUMBERS = [
    ("0000000000000000", "0"),
    ("8000000000000000", "0"),
    ("0000000000000001", "5e-324"),
    ("8000000000000001", "-5e-324"),
    ("7fefffffffffffff", "1.7976931348623157e+308"),
    ("ffefffffffffffff", "-1.7976931348623157e+308"),
    ("4340000000000000", "9007199254740992"),
    ("c340000000000000", "-9007199254740992"),
    ("4430000000000000", "295147905179352830000"),
    ("44b52d02c7e14af5", "9.999999999999997e+22"),
    ("44b52d02c7e14af6", "1e+23"),
    ("44b52d02c7e14af7", "1.0000000000000001e+23"),
    ("444b1ae4d6e2ef4e", "999999999999999700000"),
    ("444b1ae4d6e2ef4f", "999999999999999900000"),
    ("444b1ae4d6e2ef50", "1e+21"),
    ("3eb0c6f7a0b5ed8c", "9.999999999999997e-7"),
    ("3eb0c6f7a0b5ed8d", "0.000001"),
    ("41b3de4355555553", "333333333.3333332"),
    ("41b3de4355555554", "333333333.33333325"),
    ("41b3de4355555555", "333333333.3333333"),
    ("41b3de4355555556", "333333333.3333334"),
    ("41b3de4355555557", "333333333.33333343"),
    ("becbf647612f3696", "-0.0000033333333333333333"),
    ("43143ff3c1cb0959", "1424953923781206.2"),
]

# github.com/cyberphone/json-canonicalization, testdata/input and testdata/output.
DOCUMENTS = [
    ('[56,{"d":true,"10":null,"1":[ ]}]', '[56,{"1":[],"10":null,"d":true}]'),
    (
        (
            '{"peach":"This sorting order","péché":"is wrong according to French",'
            '"pêche":"but canonicalization MUST","sin":"ignore locale"}'
        ),
        (
            '{"peach":"This sorting order","péché":"is wrong according to French",'
            '"pêche":"but canonicalization MUST","sin":"ignore locale"}'
        ),
    ),
    (
        (
            '{"1":{"f":{"f":"hi","F":5},"\\n":56.0},"10":{},"":"empty","a":{},'
            '"111":[{"e":"yes","E":"no"}],"A":{}}'
        ),
        (
            '{"":"empty","1":{"\\n":56,"f":{"F":5,"f":"hi"}},"10":{},'
            '"111":[{"E":"no","e":"yes"}],"A":{},"a":{}}'
        ),
    ),
    ('{"Unnormalized Unicode":"A\\u030a"}', '{"Unnormalized Unicode":"A\u030a"}'),
    (
        (
            '{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],'
            '"string":"\\u20ac$\\u000F\\u000aA\'\\u0042\\u0022\\u005c\\\\\\"\\/",'
            '"literals":[null,true,false]}'
        ),
        (
            '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
            '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
        ),
    ),
    (
        (
            '{"\\u20ac":"Euro Sign","\\r":"Carriage Return","\\u000a":"Newline","1":"One",'
            '"\\u0080":"Control\\u007f","\\ud83d\\ude02":"Smiley",'
            '"\\u00f6":"Latin Small Letter O With Diaeresis",'
            '"\\ufb33":"Hebrew Letter Dalet With Dagesh","</script>":"Browser Challenge"}'
        ),
        (
            '{"\\n":"Newline","\\r":"Carriage Return","1":"One","</script>":"Browser Challenge",'
            '"\u0080":"Control\u007f","ö":"Latin Small Letter O With Diaeresis",'
            '"€":"Euro Sign","😂":"Smiley","\ufb33":"Hebrew Letter Dalet With Dagesh"}'
        ),
    ),
]

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
INTEGERS = st.integers(-MAX_INTEGER, MAX_INTEGER)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | INTEGERS | FLOATS | TEXT,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(TEXT, inner, max_size=5),
    max_leaves=20,
)


def as_ecmascript(digits: str) -> int | float:
    """Beyond 2**53 every number is a double, whatever it looks like."""
    return int(digits) if abs(int(digits)) <= MAX_INTEGER else float(digits)


@pytest.mark.parametrize(("bits", "expected"), NUMBERS)
def test_numbers_of_appendix_b(bits, expected):
    (value,) = struct.unpack(">d", bytes.fromhex(bits))
    assert canonical_json(value) == expected.encode()


@pytest.mark.parametrize(("source", "expected"), DOCUMENTS)
def test_published_documents(source, expected):
    assert canonical_json(json.loads(source)) == expected.encode()


@given(VALUES)
def test_equals_the_rfc8785_package(value):
    assert canonical_json(value) == rfc8785.dumps(value)


@given(st.binary(min_size=8, max_size=8).map(lambda raw: struct.unpack("<d", raw)[0]))
def test_any_double_is_written_as_the_oracle_does_or_refused(value):
    try:
        expected = rfc8785.dumps(value)
    except rfc8785.FloatDomainError:
        with pytest.raises(ContractError):
            canonical_json(value)
    else:
        assert canonical_json(value) == expected
        assert float(expected) == value


@given(VALUES)
def test_reading_it_back_and_writing_again_changes_nothing(value):
    written = canonical_json(value)
    assert canonical_json(json.loads(written, parse_int=as_ecmascript)) == written


@given(st.dictionaries(TEXT, INTEGERS), st.randoms(use_true_random=False))
def test_order_of_keys_does_not_matter(members, random):
    shuffled = list(members.items())
    random.shuffle(shuffled)
    assert canonical_json(dict(shuffled)) == canonical_json(members)


def test_keys_are_sorted_by_utf16_units_not_code_points():
    assert canonical_json({"\ufb33": 1, "😀": 2}) == '{"😀":2,"\ufb33":1}'.encode()


def test_tuples_are_arrays_and_enums_their_values():
    class Size(IntEnum):
        BIG = 3

    class Colour(StrEnum):
        RED = "red"

    assert canonical_json((Size.BIG, Colour.RED, ())) == b'[3,"red",[]]'


@pytest.mark.parametrize(
    ("value", "path"),
    [
        (float("nan"), "$"),
        ({"a": [1, float("inf")]}, "$.a[1]"),
        ([float("-inf")], "$[0]"),
        (MAX_INTEGER + 1, "$"),
        ({"a": -MAX_INTEGER - 1}, "$.a"),
        ({"a": {1: 2}}, "$.a"),
        ([b"bytes"], "$[0]"),
        ({"a": {1, 2}}, "$.a"),
        ("\ud800", "$"),
        ({"\udfff": 1}, "$"),
    ],
)
def test_refuses_what_json_cannot_say_and_says_where(value: Any, path):
    with pytest.raises(ContractError) as caught:
        canonical_json(value)
    assert caught.value.field == path


def test_refuses_nesting_deeper_than_the_stack():
    nested: list[Any] = []
    for _ in range(100_000):
        nested = [nested]
    with pytest.raises(ContractError, match="nesting"):
        canonical_json(nested)


@pytest.mark.parametrize("value", [{(1, 2): 3}, [object()], msgspec.msgpack.Ext(5, b"x")])
def test_refuses_to_turn_into_builtins_what_has_no_such_form(value):
    with pytest.raises(ContractError, match="what JSON has a form for"):
        as_builtins({"a": value})


def test_largest_integers_are_written():
    assert canonical_json([MAX_INTEGER, -MAX_INTEGER]) == b"[9007199254740991,-9007199254740991]"


def test_digest_of_a_struct_is_that_of_its_members():
    class Pair(msgspec.Struct):
        b: int
        a: float

    expected = hashlib.sha256(b'{"a":1,"b":2}').hexdigest()
    assert digest(Pair(b=2, a=1.0)) == digest({"a": 1, "b": 2}) == expected
    assert as_builtins(Pair(b=2, a=1.0)) == {"b": 2, "a": 1.0}


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(max_size=2),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text(max_size=3) | st.integers(), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(ANYTHING)
def test_the_short_way_writes_and_refuses_what_the_long_one_does(value):
    assert outcome(canonical_json, value) == outcome(_canonical, value)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_float_is_written_the_same_both_ways(number):
    assert canonical_json([number]) == _canonical([number]) == rfc8785.dumps([number])


def outcome(encode, value):
    try:
        return encode(value)
    except ContractError as error:
        return str(error)
