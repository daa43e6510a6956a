import gzip
import random
import time
import tracemalloc

import pytest

from bentos.contract.errors import ContractError
from bentos.shopify_admin import download
from bentos.shopify_admin.clock import AcceleratedClock
from bentos.shopify_admin.download import Source
from bentos.shopify_admin.errors import ResultExpired, Unavailable
from bentos.shopify_admin.transport import Limits, Transport
from tests.bentos.shopify_admin.canned import Canned, serving

CONTENT = random.Random(5).randbytes(700_000) + b'{"id":"gid"}\n' * 10_000
WHOLE = len(CONTENT)


@pytest.fixture(scope="module")
def transport():
    made = Transport()
    yield made
    made.close()


@pytest.fixture
def fetch(transport, steps):
    def get(server, offset=0, size=WHOLE):
        source = Source(f"{server.url}/result.jsonl?X-Goog-Signature=sesame", size)
        return download.pieces(transport, source, offset, steps, 600.0)

    return get


class Store:
    """Google Storage as far as it matters: parts, packing, and a connection that breaks."""

    def __init__(self, *, parts=True, packs=False, cut_at=(), packs_parts=False):
        self.parts, self.packs, self.packs_parts = parts, packs, packs_parts
        self.cuts = list(cut_at)

    def __call__(self, heard):
        assert "X-Shopify-Access-Token" not in heard.headers
        asked, headers, status, body = heard.headers.get("Range"), {}, 200, CONTENT
        if asked and self.parts:
            first = int(asked.removeprefix("bytes=").rstrip("-"))
            if first >= len(CONTENT):
                return Canned(status=416)
            body, status = CONTENT[first:], 206
            last = len(CONTENT) - 1
            headers["Content-Range"] = f"bytes {first}-{last}/{len(CONTENT)}"
        if (self.packs and "gzip" in heard.headers["Accept-Encoding"]) or self.packs_parts:
            body, headers["Content-Encoding"] = gzip.compress(body, 1), "gzip"
        return Canned(body, status, headers, cut=self.cuts.pop(0) if self.cuts else None)


@pytest.mark.parametrize("packs", [False, True])
@pytest.mark.parametrize("offset", [0, 1, 300_000, len(CONTENT) - 1])
def test_everything_from_an_offset_on_comes(fetch, packs, offset):
    with serving(Store(packs=packs)) as server:
        assert b"".join(fetch(server, offset)) == CONTENT[offset:]


@pytest.mark.parametrize(
    "store",
    [
        Store(cut_at=[200_000, 300_000, 10]),
        Store(packs=True, cut_at=[200_000, 300_000]),
        Store(parts=False, cut_at=[200_000, 300_000]),
        Store(packs_parts=True, cut_at=[200_000, 300_000]),
        Store(packs=True, parts=False, cut_at=[0]),
    ],
    ids=["parts", "packed", "whole only", "packed parts", "at once"],
)
def test_it_goes_on_where_it_broke_off(fetch, store):
    with serving(store) as server:
        assert b"".join(fetch(server)) == CONTENT
        assert len(server.heard) >= 2


def test_an_answer_that_ends_too_early_without_saying_so_is_gone_on_with(fetch):
    def short(heard):
        return Canned(CONTENT[:1000])

    with serving(short, Store()) as server:
        assert b"".join(fetch(server)) == CONTENT


def test_a_packed_answer_that_is_cut_off_is_no_end(fetch):
    packed = gzip.compress(CONTENT, 1)
    cut = Canned(packed[:300_000], headers={"Content-Encoding": "gzip"})
    with serving(cut, Store()) as server:
        assert b"".join(fetch(server, size=None)) == CONTENT


def test_an_answer_that_drips_is_broken_off(steps):
    eager = Transport(Limits(drip_s=0.2, drip_bytes=1000))
    with serving(Canned(b"x" * 5000, drip=0.02)) as server:
        source = Source(server.url + "/result", 5000)
        began = time.monotonic()
        with pytest.raises(Unavailable, match="drips"):
            list(download.pieces(eager, source, 0, steps, 600.0))
        assert time.monotonic() - began < 60
        assert len(server.heard) == download.TRIES
    eager.close()


def test_silence_costs_patience_in_real_seconds():
    clock = AcceleratedClock.starting(20_000.0)
    eager = Transport(Limits(read_s=0.1))
    with serving(Canned(b"x" * 2, drip=0.3), Canned(b"x" * 2)) as server:
        source = Source(server.url + "/result", 2)
        began = clock.monotonic()
        assert b"".join(download.pieces(eager, source, 0, clock, 900.0)) == b"xx"
        assert clock.monotonic() - began > 900
    eager.close()


def test_who_reads_slowly_is_not_taken_for_a_drip(steps):
    eager = Transport(Limits(drip_s=0.2, drip_bytes=10**9))
    with serving(Store()) as server:
        source = Source(server.url + "/result", len(CONTENT))
        got = b""
        for piece in download.pieces(eager, source, 0, steps, 600.0):
            got += piece
            time.sleep(0.05)
    eager.close()
    assert got == CONTENT


def test_at_its_end_nothing_is_left(fetch):
    with serving(Store()) as server:
        assert list(fetch(server, len(CONTENT))) == []
        assert list(fetch(server, len(CONTENT), size=None)) == []
        assert b"".join(fetch(server, 5, size=None)) == CONTENT[5:]


@pytest.mark.parametrize(
    "answer",
    [
        Canned(b"<Error><Code>ExpiredToken</Code></Error>", 400),
        Canned(b"<Error><Code>AccessDenied</Code></Error>", 403),
        Canned(b"", 404),
        Canned(b"", 410),
    ],
)
def test_a_result_that_is_gone_is_told_from_one_that_broke(fetch, answer):
    with serving(answer) as server:
        with pytest.raises(ResultExpired, match="again") as raised:
            list(fetch(server))
        assert len(server.heard) == 1
    assert "sesame" not in str(raised.value)


@pytest.mark.parametrize("answer", [Canned(b"", 503), Canned(silent=True), Canned(b"x" * 10)])
def test_without_progress_it_ends(fetch, steps, answer):
    with serving(answer) as server:
        with pytest.raises(Unavailable, match="byte") as raised:
            list(fetch(server, size=100))
        assert len(server.heard) >= download.TRIES
    assert "sesame" not in str(raised.value)
    assert 10 < steps.passed < 120


def test_memory_is_bounded_however_well_it_is_packed(transport, steps):
    zeros = 40_000_000
    bomb = Canned(gzip.compress(bytes(zeros)), headers={"Content-Encoding": "gzip"})
    with serving(bomb) as server:
        source = Source(server.url + "/zeros")
        tracemalloc.start()
        total = sum(len(piece) for piece in download.pieces(transport, source, 0, steps, 600.0))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert total == zeros
    assert peak < 8_000_000


@pytest.mark.parametrize("url", ["http://storage.example/x", "file:///etc/passwd", "ftp://x/y"])
def test_only_a_private_way_is_taken(transport, steps, url):
    with pytest.raises(ContractError, match="https"):
        next(download.pieces(transport, Source(url), 0, steps, 600.0))


def test_an_offset_beyond_it_is_refused(fetch):
    with serving(Store()) as server, pytest.raises(ContractError, match="offset"):
        next(fetch(server, len(CONTENT) + 1))
