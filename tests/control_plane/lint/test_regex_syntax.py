import json
import re
import subprocess
import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from control_plane.lint.regex_syntax import MAX_DEPTH, MAX_LENGTH, DialectError, parse_regex
from tests.routing import javascript_sdk

PIECES = [
    *"abz019 _-/|^$.()[]{}*+?,\\é😀",
    *["(?:", "(?=", "(?!", "[^", "a-z", "{2}", "{1,3}", "{2,}", "{,2}", "*?", "++"],
    *[f"\\{each}" for each in "dDwWsSbBnrtAZx0k1.*"],
    *["\\x41", "\\u0041", "(?i)", "(?P<n>", "(?<n>", "(?<=", "(?>"],
]
PATTERNS = st.lists(st.sampled_from(PIECES), max_size=8).map("".join)
NODE = (
    'const p=JSON.parse(require("fs").readFileSync(0,"utf8"));'
    "process.stdout.write(JSON.stringify(p.map(x=>{try{new RegExp(x);return null}"
    "catch(e){return String(e)}})))"
)


def is_shared(pattern):
    try:
        parse_regex(pattern)
    except DialectError:
        return False
    return True


def compile_in_javascript(patterns):
    done = subprocess.run(
        [javascript_sdk.node(), "-e", NODE],
        input=json.dumps(patterns).encode(),
        capture_output=True,
        check=True,
    )
    return json.loads(done.stdout)


@given(PATTERNS)
@settings(max_examples=400)
def test_what_is_let_through_compiles_in_python(pattern):
    if is_shared(pattern):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            re.compile(pattern)


def test_what_is_let_through_compiles_in_javascript():
    found = []

    @given(PATTERNS)
    @settings(max_examples=800, database=None)
    def gather(pattern):
        if is_shared(pattern):
            found.append(pattern)

    gather()
    assert len(found) > 100
    refused = compile_in_javascript(found)
    assert [each for each in zip(found, refused, strict=True) if each[1]] == []


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("(?P<n>a)", "a group other than"),
        ("(?<n>a)", "a group other than"),
        ("(?<=a)b", "a group other than"),
        ("(?i)a", "a group other than"),
        ("a++", "possessive"),
        (r"\Aa\Z", r"\A"),
        (r"(a)\1", r"\1"),
        ("[]a]", "empty class"),
        ("[^]", "empty class"),
        ("[z-a]", "upside down"),
        (r"[a-\d]", "ends in a class"),
        ("a{3,1}", "upside down"),
        ("a{,2}", "{,n}"),
        ("*a", "nothing before it"),
        ("a|{2}", "nothing before it"),
        ("^*", "matches no character"),
        ("(?=a)+", "matches no character"),
        ("a{2}{3}", "repetition of a repetition"),
        ("(", "nothing closes"),
        (")", "closes nothing"),
        ("[a", "middle of something"),
        ("\\", "middle of something"),
        (r"\x4", "hex digits"),
        ("[😀]", "cuts in two"),
        ("😀+", "half of which"),
        ("a" * (MAX_LENGTH + 1), "more than"),
        ("(" * MAX_DEPTH + "a" + ")" * MAX_DEPTH, "deep"),
    ],
)
def test_what_only_one_of_them_reads_is_refused(pattern, why):
    with pytest.raises(DialectError, match=re.escape(why)):
        parse_regex(pattern)


@pytest.mark.parametrize(
    "pattern",
    ["", "a{b", "a{1,x}", "}]", "[-a]", "[a-]", r"[\b\]^]", "a||b", "😀", r"\.\-\/", "(?:a|b)*?"],
)
def test_what_both_read_is_let_through(pattern):
    assert is_shared(pattern)
    assert compile_in_javascript([pattern]) == [None]
