"""What was freed is the system's again."""

import platform

import numpy as np
import psutil
import pyarrow as pa
import pytest

from training.nightly import freed_memory

PIECE, PIECES = 64 * 1024, 2_000


def held():
    return psutil.Process().memory_info().rss


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries keep nothing")
def test_the_heap_gives_back_what_lies_between_what_is_still_held():
    pieces = [np.ones(PIECE, dtype=np.uint8) for _ in range(PIECES)]
    some = pieces[::50]
    full = held()
    del pieces
    freed_memory.give_back()
    assert full - held() > 0.9 * PIECE * PIECES
    assert all(piece.all() for piece in some)


def test_arrow_gives_back_what_it_kept():
    pool = pa.default_memory_pool()
    before = pool.bytes_allocated()
    buffers = [pa.py_buffer(bytes(PIECE)) for _ in range(10)]
    columns = [pa.array(np.arange(PIECE)).cast(pa.float64()) for _ in range(100)]
    full = held()
    del buffers, columns
    freed_memory.give_back()
    assert pool.bytes_allocated() <= before
    assert full - held() > 0.9 * 100 * PIECE * 8
