"""UUIDv7 as RFC 9562 has it."""

import time
import uuid

from gateway.decision_id import new_decision_id


def test_an_id_is_a_version_7_uuid_of_now():
    before = time.time_ns() // 1_000_000
    made = uuid.UUID(new_decision_id(b"\xff" * 10))
    after = time.time_ns() // 1_000_000
    assert made.version == 7
    assert made.variant == uuid.RFC_4122
    assert before <= made.int >> 80 <= after


def test_the_random_bits_are_the_ones_given():
    made = uuid.UUID(new_decision_id(bytes(range(10)))).int
    bits = int.from_bytes(bytes(range(10)), "big")
    assert made & 0x3FFFFFFFFFFFFFFF == bits & 0x3FFFFFFFFFFFFFFF
    assert (made >> 64) & 0xFFF == bits >> 68
