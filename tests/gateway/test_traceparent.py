from hypothesis import given
from hypothesis import strategies as st

from gateway.traceparent import read

TRACE, SPAN = b"0af7651916cd43dd8448eb211c80319c", b"b7ad6b7169203331"


def test_a_caller_s_context_is_read_and_written_as_version_00():
    found = read(b"00-%b-%b-01" % (TRACE, SPAN))
    assert (found.trace, found.span, found.sampled) == (TRACE, SPAN, True)
    assert found.header() == b"00-%b-%b-01" % (TRACE, SPAN)


def test_of_a_later_version_only_what_is_known_goes_on():
    found = read(b"cc-%b-%b-03-jane@example.com" % (TRACE, SPAN))
    assert found.header() == b"00-%b-%b-01" % (TRACE, SPAN)


def test_what_is_not_sampled_says_so():
    assert not read(b"00-%b-%b-00" % (TRACE, SPAN)).sampled


def test_what_is_no_context_is_none():
    zeros = b"0" * 32
    for header in (
        None, b"", b"nonsense", b"ff-%b-%b-01" % (TRACE, SPAN), b"00-%b-%b-01" % (zeros, SPAN),
        b"00-%b-%b-01" % (TRACE, zeros[:16]), b"00-%b-%b-01" % (TRACE.upper(), SPAN),
        b"00-%b-%b-01\r\nx: y" % (TRACE, SPAN), b"00-%b-%b-1" % (TRACE, SPAN),
    ):  # fmt: skip
        assert read(header) is None


@given(st.binary(max_size=80))
def test_nothing_but_a_context_ever_goes_on(header):
    found = read(header)
    assert found is None or read(found.header()) is not None
