"""UUIDv7 (RFC 9562 §5.7): decision ids that sort by time."""

import time

RANDOM_BYTES = 10
# A hex digit → the same with the two bits in front that say which kind of UUID this is.
_VARIANT = dict(zip("0123456789abcdef", "89ab" * 4, strict=True))


def new_decision_id(random: bytes) -> str:
    """48 bits of Unix milliseconds, then 74 of the 80 random bits; 36 characters."""
    time_ms, digits = f"{time.time_ns() // 1_000_000:012x}", random.hex()
    return (
        f"{time_ms[:8]}-{time_ms[8:]}-7{digits[:3]}-{_VARIANT[digits[4]]}{digits[5:8]}-{digits[8:]}"
    )
