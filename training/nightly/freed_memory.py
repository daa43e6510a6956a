"""What steps freed and libraries keep for themselves, given back to the system.

A night's steps want their memory in different libraries: what Arrow keeps of one step is of no
use to NumPy or DuckDB in the next, so without this a night's peak grows with every step before it.
"""

import ctypes
import sys


def give_back() -> None:
    """Arrow's pool and the C library's heap, where they can; takes milliseconds."""
    arrow = sys.modules.get("pyarrow")
    if arrow is not None:
        arrow.default_memory_pool().release_unused()
    # glibc's; other C libraries have no such call, or keep nothing.
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(ctypes.c_size_t(0))
