"""Identifiers that sort by time (UUIDv7, RFC 9562 §5.7)."""

import secrets
import time
from uuid import UUID

_RANDOM_BITS = 74


def new_id() -> str:
    """A fresh UUIDv7 as text."""
    millis = time.time_ns() // 1_000_000
    random = secrets.randbits(_RANDOM_BITS)
    high, low = random >> 62, random & ((1 << 62) - 1)
    value = (millis & ((1 << 48) - 1)) << 80 | 0x7 << 76 | high << 64 | 0b10 << 62 | low
    return str(UUID(int=value))
