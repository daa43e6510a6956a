"""The write-ahead segment: the file format between a gateway worker and whoever ships it.

    magic "SBXSEG01", then frames of: uint32 LE length, uint32 LE CRC-32 of the payload, payload

The first frame is the SegmentHeader, every later one a decision, a shadow's outcome or a context
that decisions name, in MessagePack. A decision is written as a BriefDecision and read as a
DecisionFrame; that segments of older gateways hold whole DecisionFrames is the reader's matter
alone. A torn tail (a killed process) ends the readable part and is no error.
"""

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import msgspec

from bentos.contract.brief_decision import BriefDecision, DecisionContext, expand
from bentos.contract.decision import Decision, PersonalPart, ShadowOutcome
from bentos.contract.errors import ContractError, from_decoding

MAGIC = b"SBXSEG01"
OPEN_SUFFIX = ".open"
CLOSED_SUFFIX = ".segment"
# Set aside because it cannot be shipped as it is: a person must look at it.
HELD_SUFFIX = ".held"
MAX_FRAME_BYTES = 16 * 1024 * 1024
_FRAME = struct.Struct("<II")
_FIRST_PAYLOAD = len(MAGIC) + _FRAME.size


class SegmentHeader(msgspec.Struct, frozen=True, tag="segment", kw_only=True):
    """Who wrote the segment; ``first_seq`` is the sequence number of its first decision."""

    gateway: str
    boot: str
    first_seq: int
    opened_at: str
    schema: int = 1


class DecisionFrame(msgspec.Struct, frozen=True, tag="decision"):
    """One decision with its personal part, whole."""

    decision: Decision
    personal: PersonalPart


class ShadowFrame(msgspec.Struct, frozen=True, tag="shadow"):
    """One shadow outcome; it may lie in a later segment than its decision."""

    outcome: ShadowOutcome


F = TypeVar("F")
Frame = SegmentHeader | DecisionFrame | ShadowFrame
BriefFrame = DecisionContext | BriefDecision
_encode = msgspec.msgpack.Encoder().encode
_decoder: msgspec.msgpack.Decoder[Frame] = msgspec.msgpack.Decoder(Frame)
_brief_decoder: msgspec.msgpack.Decoder[BriefFrame] = msgspec.msgpack.Decoder(BriefFrame)
# The first byte of a MessagePack map of up to 15 members: a frame with names.
_MAPS = range(0x80, 0x90)


def encode_frame(frame: Frame | BriefFrame) -> bytes:
    """One frame's bytes, ready for a single write(2)."""
    payload = _encode(frame)
    return _FRAME.pack(len(payload), zlib.crc32(payload)) + payload


def read_frames(path: Path) -> Iterator[Frame]:
    """Yield every whole frame, a decision whole however it was written; stop at a torn tail.

    Raises ContractError if the file is no segment, if a broken frame is followed by a whole one
    (that is damage, not a torn tail), or if a decision names a context that was not written.
    """
    data = path.read_bytes()
    contexts: dict[int, DecisionContext] = {}
    for start, end in _whole_frames(data, path):
        field, payload = f"{path}@{start - _FRAME.size}", data[start:end]
        first = start == _FIRST_PAYLOAD
        if first or payload[0] in _MAPS:
            yield _decode(payload, field, first)
            continue
        brief = _decoded(_brief_decoder, payload, field)
        if isinstance(brief, DecisionContext):
            contexts[brief.number] = brief
            continue
        context = contexts.get(brief.context)
        if context is None:
            raise ContractError(field, "a decision whose context was written", brief.context)
        yield DecisionFrame(*expand(context, brief))


def whole_length(path: Path) -> int:
    """Bytes up to the end of the last whole frame: what to cut a torn tail off at.

    0 when not even the header is whole. Raises ContractError as ``read_frames`` does.
    """
    return max((end for _, end in _whole_frames(path.read_bytes(), path)), default=0)


def _whole_frames(data: bytes, path: Path) -> Iterator[tuple[int, int]]:
    """Where each whole frame's payload begins and ends."""
    if not data.startswith(MAGIC):
        if MAGIC.startswith(data):
            return
        raise ContractError(str(path), f"to start with {MAGIC!r}", data[:8])
    offset = len(MAGIC)
    while (end := _whole_frame_end(data, offset)) is not None:
        yield offset + _FRAME.size, end
        offset = end
    if any(_whole_frame_end(data, later) for later in range(offset + 1, len(data))):
        raise ContractError(f"{path}@{offset}", "an undamaged frame", "a broken one before others")


def _whole_frame_end(data: bytes, offset: int) -> int | None:
    """Where the frame at ``offset`` ends, or None where no whole, undamaged frame lies."""
    start = offset + _FRAME.size
    if start > len(data):
        return None
    length, checksum = _FRAME.unpack_from(data, offset)
    end: int = start + length
    # No frame is empty: a run of zeros is what a power cut leaves of a file's last block.
    if not 0 < length <= MAX_FRAME_BYTES or end > len(data):
        return None
    return end if zlib.crc32(data[start:end]) == checksum else None


def _decode(payload: bytes, field: str, first: bool) -> Frame:
    frame = _decoded(_decoder, payload, field)
    if first != isinstance(frame, SegmentHeader):
        expected = "the segment's header" if first else "a decision or a shadow outcome"
        raise ContractError(field, expected, type(frame).__name__)
    return frame


def _decoded(decoder: msgspec.msgpack.Decoder[F], payload: bytes, field: str) -> F:
    try:
        return decoder.decode(payload)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise from_decoding(error, field, "a segment's frame") from error
