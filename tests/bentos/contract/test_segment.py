"""A torn tail ends a segment quietly; damage anywhere before it is found."""

import struct
import zlib
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bentos.contract import segment
from bentos.contract.errors import ContractError
from bentos.contract.segment import (
    MAGIC,
    MAX_FRAME_BYTES,
    DecisionFrame,
    SegmentHeader,
    ShadowFrame,
    encode_frame,
    read_frames,
    whole_length,
)

GOLDEN = Path(__file__).parents[2] / "golden" / "segment.json"
KEPT = bytes.fromhex(msgspec.json.decode(GOLDEN.read_bytes())["bytes"])
HEADER = SegmentHeader(gateway="g", boot="b", first_seq=0, opened_at="2026-11-22T08:30:00.000000Z")


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("segments") / "one.open"


@pytest.fixture(scope="module")
def frames(path):
    path.write_bytes(KEPT)
    return list(read_frames(path))


def ends(frames):
    """The offsets at which a frame is whole."""
    found = [len(MAGIC)]
    for frame in frames:
        found.append(found[-1] + len(encode_frame(frame)))
    return found


def read(path, data):
    path.write_bytes(data)
    return list(read_frames(path))


def test_frames_come_back_in_order(frames):
    assert [type(frame) for frame in frames] == [SegmentHeader, DecisionFrame, ShadowFrame]
    assert MAGIC + b"".join(encode_frame(frame) for frame in frames) == KEPT


def test_torn_at_every_byte_gives_the_whole_frames_before_it(path, frames):
    whole = ends(frames)
    for size in range(len(KEPT)):
        count = max(0, sum(end <= size for end in whole) - 1)
        assert read(path, KEPT[:size]) == frames[:count]
        assert whole_length(path) == (whole[count] if count else 0)


def test_empty_file_has_no_frames(path):
    assert read(path, b"") == []


@pytest.mark.parametrize("data", [b"SBXSEG02", b"x", b"SBXSEGx", b"\0" * 8])
def test_what_is_no_segment_is_refused(path, data):
    with pytest.raises(ContractError, match="to start with"):
        read(path, data)


def test_every_damaged_byte_before_the_last_frame_is_found(path, frames):
    for offset in range(len(MAGIC), ends(frames)[-2]):
        damaged = bytearray(KEPT)
        damaged[offset] ^= 1 << offset % 8
        with pytest.raises(ContractError):
            read(path, bytes(damaged))
        with pytest.raises(ContractError):
            whole_length(path)


def test_every_flipped_bit_of_a_length_or_checksum_is_found(path, frames):
    for bit in range(64):
        damaged = bytearray(KEPT)
        damaged[ends(frames)[1] + bit // 8] ^= 1 << bit % 8
        with pytest.raises(ContractError):
            read(path, bytes(damaged))


def test_flipped_bits_in_the_last_frame_never_give_a_wrong_frame(path, frames):
    for offset in range(ends(frames)[-2], len(KEPT)):
        damaged = bytearray(KEPT)
        damaged[offset] ^= 1
        assert read(path, bytes(damaged)) == frames[:-1]


@pytest.mark.parametrize("zeros", [1, 7, 8, 9, 4096])
def test_zeros_of_a_power_cut_are_a_torn_tail(path, frames, zeros):
    assert read(path, KEPT + b"\0" * zeros) == frames


def test_zeros_before_whole_frames_are_damage(path, frames):
    with pytest.raises(ContractError, match="broken one"):
        read(path, KEPT + b"\0" * 512 + encode_frame(frames[-1]))


def test_frame_beyond_the_limit_is_not_read(path, frames):
    length = struct.pack("<II", MAX_FRAME_BYTES + 1, 0)
    assert read(path, KEPT + length) == frames
    with pytest.raises(ContractError):
        read(path, KEPT + length + encode_frame(frames[-1]))


def frame_of(payload):
    return struct.pack("<II", len(payload), zlib.crc32(payload)) + payload


@pytest.mark.parametrize(
    "payload", [b"\xc1", msgspec.msgpack.encode({"type": "later"}), msgspec.msgpack.encode([1])]
)
def test_whole_frame_of_another_kind_is_refused(path, payload):
    with pytest.raises(ContractError, match="@"):
        read(path, KEPT + frame_of(payload))


def test_first_frame_must_be_the_header(path, frames):
    with pytest.raises(ContractError, match="header"):
        read(path, MAGIC + encode_frame(frames[1]))


def test_second_header_is_refused(path):
    with pytest.raises(ContractError, match="a decision or a shadow outcome"):
        read(path, KEPT + encode_frame(HEADER))


@given(st.binary(max_size=300))
def test_any_bytes_after_the_magic_are_frames_a_tail_or_a_contract_error(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "any.open"
    try:
        assert read(path, MAGIC + data) == []
    except ContractError:
        return


def test_suffixes_tell_open_from_closed():
    assert segment.OPEN_SUFFIX != segment.CLOSED_SUFFIX
