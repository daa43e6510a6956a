import hashlib

from hypothesis import given
from hypothesis import strategies as st

from bentos.contract.bento_digest import bento_digest

PATHS = st.text("abc/.", min_size=1, max_size=8)
FILES = st.dictionaries(PATHS, st.binary(max_size=16), max_size=6)


def test_known_value():
    expected = hashlib.sha256(b"a\x00" + hashlib.sha256(b"1").digest()).hexdigest()
    assert bento_digest({"a": b"1"}) == expected


def test_no_files():
    assert bento_digest({}) == hashlib.sha256(b"").hexdigest()


@given(FILES, st.randoms(use_true_random=False))
def test_order_does_not_matter(files, random):
    shuffled = list(files.items())
    random.shuffle(shuffled)
    assert bento_digest(dict(shuffled)) == bento_digest(files)


@given(FILES, FILES)
def test_different_files_have_different_digests(one, other):
    assert (bento_digest(one) == bento_digest(other)) == (one == other)
