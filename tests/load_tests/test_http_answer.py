import pytest

from load_tests.http_answer import AnswerShape, answer_size, parse_answer


def answer(body=b"{}", name="content-length", more=""):
    return f"HTTP/1.1 200 OK\r\n{more}{name}: {len(body)}\r\n\r\n".encode() + body


CHUNKED = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"5\r\nhello\r\n6;name=value\r\n world\r\n0\r\n\r\n"
)


def test_answer_size_needs_the_whole_head():
    whole = answer(b"abc", "Content-Length")
    assert answer_size(whole[:20]) is None
    assert answer_size(whole) == len(whole)
    lane = answer(b"abc", more="inference-header-content-length: 1\r\n")
    assert answer_size(lane) == len(lane)
    with pytest.raises(ValueError, match="neither content-length nor chunks"):
        answer_size(b"HTTP/1.1 200 OK\r\n\r\n")


@pytest.mark.parametrize("cut", range(1, len(CHUNKED)))
def test_a_chunked_answer_ends_with_its_last_chunk(cut):
    assert answer_size(CHUNKED[:cut]) in (None, len(CHUNKED))
    assert answer_size(CHUNKED) == len(CHUNKED)


def test_chunks_are_joined():
    parsed = parse_answer(CHUNKED)
    assert parsed.status == 200
    assert parsed.body == b"hello world"


def test_headers_are_lower_case():
    parsed = parse_answer(answer(b"x", more="Retry-After: 2\r\n"))
    assert parsed.headers == {"retry-after": "2", "content-length": "1"}


def test_a_shape_fits_answers_that_differ_in_content_only():
    shape = AnswerShape()
    assert not shape.fits(answer(b"123"))
    shape.learn(answer(b"123"))
    assert shape.fits(answer(b"456"))
    assert not shape.fits(answer(b"4567"))
    assert not shape.fits(answer(b"456")[:-1])


def test_a_longer_answer_cut_to_the_same_size_does_not_fit():
    shape = AnswerShape()
    shape.learn(answer(b"x" * 12))
    longer = answer(b"x" * 345)
    assert not shape.fits(longer[: len(answer(b"x" * 12))])
