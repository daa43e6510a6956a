"""UUIDv7 (RFC 9562 §5.7): decision ids that sort by time."""

import os
import time


def new_decision_id() -> str:
    """48 bits of Unix milliseconds, then 74 random bits; 36 characters."""
    milliseconds = time.time_ns() // 1_000_000
    random = int.from_bytes(os.urandom(10), "big")
    value = (milliseconds & 0xFFFFFFFFFFFF) << 80 | 0x7 << 76 | (random >> 68) << 64
    value |= 0x2 << 62 | (random & 0x3FFFFFFFFFFFFFFF)
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
