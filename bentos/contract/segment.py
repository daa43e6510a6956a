"""The write-ahead segment: the file format between a gateway worker and whoever ships it.

    magic "SBXSEG01", then frames of: uint32 LE length, uint32 LE CRC-32 of the payload, payload

The first frame is the SegmentHeader, every later one a DecisionFrame or ShadowFrame, in
MessagePack. A torn tail (a killed process) ends the readable part and is no error.
"""

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import msgspec

from bentos.contract.decision import Decision, PersonalPart, ShadowOutcome
from bentos.contract.errors import ContractError

MAGIC = b"SBXSEG01"
OPEN_SUFFIX = ".open"
CLOSED_SUFFIX = ".segment"
MAX_FRAME_BYTES = 16 * 1024 * 1024
_FRAME = struct.Struct("<II")


class SegmentHeader(msgspec.Struct, frozen=True, tag="segment", kw_only=True):
    """Who wrote the segment; ``first_seq`` is the sequence number of its first decision."""

    gateway: str
    boot: str
    first_seq: int
    opened_at: str
    schema: int = 1


class DecisionFrame(msgspec.Struct, frozen=True, tag="decision"):
    """One decision with its personal part, as the request path wrote it."""

    decision: Decision
    personal: PersonalPart


class ShadowFrame(msgspec.Struct, frozen=True, tag="shadow"):
    """One shadow outcome; it may lie in a later segment than its decision."""

    outcome: ShadowOutcome


Frame = SegmentHeader | DecisionFrame | ShadowFrame
_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[Frame] = msgspec.msgpack.Decoder(Frame)


def encode_frame(frame: Frame) -> bytes:
    """One frame's bytes, ready for a single write(2)."""
    payload = _encoder.encode(frame)
    return _FRAME.pack(len(payload), zlib.crc32(payload)) + payload


def read_frames(path: Path) -> Iterator[Frame]:
    """Yield every whole frame; stop at a torn tail.

    Raises ContractError if the file is no segment, or if a broken frame is followed by
    more data: that is damage, not a torn tail.
    """
    data = path.read_bytes()
    if not data.startswith(MAGIC):
        if MAGIC.startswith(data):
            return
        raise ContractError(str(path), f"to start with {MAGIC!r}", data[:8])
    offset = len(MAGIC)
    while offset + _FRAME.size <= len(data):
        length, checksum = _FRAME.unpack_from(data, offset)
        start, end = offset + _FRAME.size, offset + _FRAME.size + length
        if length > MAX_FRAME_BYTES:
            raise ContractError(f"{path}@{offset}", f"a frame ≤ {MAX_FRAME_BYTES} bytes", length)
        if end > len(data):
            return
        payload = data[start:end]
        if zlib.crc32(payload) != checksum:
            if end == len(data):
                return
            raise ContractError(f"{path}@{offset}", "an undamaged frame", "a wrong checksum")
        yield _decoder.decode(payload)
        offset = end
