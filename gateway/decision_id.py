"""UUIDv7 (RFC 9562 §5.7): decision ids that sort by time."""

import time

RANDOM_BYTES = 10


def new_decision_id(random: bytes) -> str:
    """48 bits of Unix milliseconds, then 74 of the 80 random bits; 36 characters."""
    milliseconds = time.time_ns() // 1_000_000
    bits = int.from_bytes(random, "big")
    value = (milliseconds & 0xFFFFFFFFFFFF) << 80 | 0x7 << 76 | (bits >> 68) << 64
    value |= 0x2 << 62 | (bits & 0x3FFFFFFFFFFFFFFF)
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
