import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.shop import result_file
from training.shop.errors import Unreadable
from training.shop.result_file import lines


@given(
    st.lists(st.binary(min_size=1, max_size=20).filter(lambda b: b.strip() and b"\n" not in b)),
    st.booleans(),
    st.data(),
)
def test_any_chunks_from_any_line_on_give_the_same_lines(parts, ended, data):
    content = b"\n".join(parts) + (b"\n" if ended and parts else b"")
    size = len(content)
    read = list(lines(chunked(content, 0, data), 0, size))
    assert [part for part, _ in read] == parts
    if read:
        _, at = data.draw(st.sampled_from(read))
        rest = list(lines(chunked(content, at, data), at, size))
        assert rest == [entry for entry in read if entry[1] > at]


def chunked(content, offset, data):
    while offset < len(content):
        step = data.draw(st.integers(1, 8))
        yield content[offset : offset + step]
        offset += step


def test_what_was_cut_short_is_no_line():
    assert list(lines([b"one\ntw"], 0, 9)) == [(b"one", 4)]
    assert list(lines([b"o\n"], 4, 9)) == [(b"o", 6)]


def test_without_a_size_the_end_is_a_line():
    assert list(lines([b"one\ntwo"], 0, None)) == [(b"one", 4), (b"two", 7)]


def test_a_line_without_end_is_not_collected(monkeypatch):
    monkeypatch.setattr(result_file, "MAX_LINE_BYTES", 10)
    with pytest.raises(Unreadable):
        list(lines([b"x" * 6, b"x" * 6], 0, None))
