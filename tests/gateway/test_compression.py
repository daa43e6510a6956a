"""Packed bodies, both ways: what comes out is bounded, and only who asks gets one."""

import gzip
import zlib

import pytest

from gateway.compression import MIN_COMPRESSED_BYTES, compress, decompress
from gateway.errors import BadRequest, TooLarge, UnsupportedEncoding
from gateway.reply import Reply

PACKERS = {b"gzip": gzip.compress, b"deflate": zlib.compress}
LARGE = b'{"predictions": [' + b"0.5, " * 1000 + b"0.5]}"


@pytest.mark.parametrize("coding", [*PACKERS, b" GZIP "])
def test_the_limit_is_exact(coding):
    pack = PACKERS[coding.strip().lower()]
    assert decompress(pack(b"x" * 100), coding, 100) == b"x" * 100
    with pytest.raises(TooLarge, match="at most 99 bytes once unpacked"):
        decompress(pack(b"x" * 100), coding, 99)


def test_identity_is_no_packing():
    assert decompress(b"plain", b"identity", 5) == b"plain"


@pytest.mark.parametrize("coding", PACKERS)
def test_one_stream_and_all_of_it(coding):
    packed = PACKERS[coding](b"body")
    for damaged in (packed[:-1], packed + packed, b"", b"\0" + packed):
        with pytest.raises(BadRequest):
            decompress(damaged, coding, 1000)


def test_an_unknown_coding_is_named():
    with pytest.raises(UnsupportedEncoding, match="expected gzip or deflate, got 'br'"):
        decompress(b"", b"br", 1)


@pytest.mark.parametrize(
    ("coding", "unpack"), [(b"gzip", gzip.decompress), (b"deflate", zlib.decompress)]
)
def test_a_large_answer_shrinks_and_says_how(coding, unpack):
    packed = compress(Reply(200, [(b"content-type", b"application/json")], LARGE), coding)
    assert len(packed.body) < len(LARGE) / 4
    assert unpack(packed.body) == LARGE
    assert dict(packed.headers) == {
        b"content-type": b"application/json",
        b"vary": b"accept-encoding",
        b"content-encoding": coding,
    }


def test_a_small_answer_and_an_unwilling_caller_get_it_plain():
    small = Reply(200, [], b"x" * (MIN_COMPRESSED_BYTES - 1))
    assert compress(small, b"gzip") is small
    for accepted in (b"br", b"gzip;q=0", b"identity", b"*"):
        plain = compress(Reply(200, [], LARGE), accepted)
        assert plain.body == LARGE
        assert plain.headers == [(b"vary", b"accept-encoding")]
