"""A decision written briefly is read whole, or not at all."""

from datetime import datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bentos.contract.brief_decision import columns, expand
from bentos.contract.decision import Decision, Latency, PersonalPart, Reason
from bentos.contract.documents import Revision
from bentos.contract.errors import ContractError
from bentos.contract.segment import (
    MAGIC,
    DecisionFrame,
    SegmentHeader,
    encode_frame,
    read_frames,
    whole_length,
)
from tests.brief_decisions import brief_of, context_of
from tests.gateway.made_decision import make_decision, make_personal

HEADER = SegmentHeader(gateway="g", boot="b", first_seq=0, opened_at="2026-11-22T08:30:00.000000Z")

texts = st.text(max_size=8)
counts = st.integers(0, 2**40)
values = st.none() | st.booleans() | counts | st.floats(allow_nan=False) | texts
moments = st.datetimes(datetime(1970, 1, 1), datetime(9999, 12, 31, 23, 59, 59))  # noqa: DTZ001
decisions = st.builds(
    Decision,
    decision_id=texts,
    shop=texts,
    at=moments.map(lambda moment: f"{moment.isoformat(timespec='microseconds')}+00:00"),
    gateway=texts,
    boot=texts,
    seq=counts,
    model=texts,
    release_id=st.none() | texts,
    step=st.none() | counts,
    revision=st.builds(Revision, counts, counts),
    assigned_version=st.none() | texts,
    served_version=st.none() | texts,
    variant=texts,
    reason=st.sampled_from(Reason),
    bucket=st.none() | st.integers(0, 9999),
    status=st.integers(100, 599),
    rows=st.just(2),
    latency_us=st.builds(Latency, counts, counts, counts, counts),
    batch_rows=counts,
    feature_age_s=st.none() | st.floats(0, 1e6),
    schema_digest=st.none() | texts,
    commitment=st.just(""),
    personalised=st.sampled_from([msgspec.UNSET, False, True]),
    schema=st.integers(1, 9),
)
personals = st.builds(
    PersonalPart,
    subject=st.none() | texts,
    pseudonym_key_id=texts,
    entities=st.dictionaries(texts, texts, max_size=2),
    inputs=st.dictionaries(texts, st.lists(values, min_size=2, max_size=2), max_size=4),
    outputs=st.dictionaries(texts, st.lists(values, max_size=2), max_size=2),
    attributes=st.dictionaries(texts, values, max_size=2),
    salt=st.binary(min_size=16, max_size=16).map(bytes.hex),
)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("segments") / "one.open"


def read(path, *frames):
    path.write_bytes(MAGIC + b"".join(map(encode_frame, (HEADER, *frames))))
    return list(read_frames(path))[1:]


@given(decision=decisions, personal=personals)
def test_what_is_written_briefly_is_read_as_it_was(path, decision, personal):
    written = context_of(decision, personal, 7), brief_of(decision, personal, 7)
    assert read(path, *written) == [DecisionFrame(decision, personal)]


def parts(number=0, seq=0):
    decision, personal = make_decision(seq), make_personal()
    return context_of(decision, personal, number), brief_of(decision, personal, number)


def test_either_way_of_writing_gives_the_same(path):
    context, brief = parts()
    [read_back] = read(path, context, brief)
    assert [read_back] == read(path, DecisionFrame(make_decision(0), make_personal()))


def test_both_ways_may_lie_in_one_segment(path):
    context, brief = parts(seq=0)
    whole = DecisionFrame(make_decision(1), make_personal())
    assert [f.decision.seq for f in read(path, context, brief, whole)] == [0, 1]


def test_a_decision_whose_context_was_not_written_is_refused(path):
    context, brief = parts()
    other = msgspec.structs.replace(brief, context=1)
    with pytest.raises(ContractError, match="a decision whose context was written, got 1"):
        read(path, context, other)
    with pytest.raises(ContractError, match="whose context was written"):
        read(path, brief, context)


def test_a_context_that_is_said_again_changes_nothing(path):
    context, brief = parts()
    assert read(path, context, context, brief, context) == read(path, context, brief)


def test_torn_within_a_context_or_its_decision_is_a_torn_tail(path):
    context, brief = parts()
    whole = read(path, context, brief)
    data = path.read_bytes()
    start = len(MAGIC + encode_frame(HEADER))
    with_context = start + len(encode_frame(context))
    for size in range(start, len(data)):
        path.write_bytes(data[:size])
        assert list(read_frames(path))[1:] == []
        assert whole_length(path) == (start if size < with_context else with_context)
    path.write_bytes(data)
    assert list(read_frames(path))[1:] == whole


def test_every_flipped_bit_of_a_context_before_its_decision_is_found(path):
    context, brief = parts()
    read(path, context, brief)
    data = path.read_bytes()
    start = len(MAGIC + encode_frame(HEADER))
    for offset in range(start, start + len(encode_frame(context))):
        damaged = bytearray(data)
        damaged[offset] ^= 1 << offset % 8
        path.write_bytes(damaged)
        with pytest.raises(ContractError):
            list(read_frames(path))


@pytest.mark.parametrize(
    "change",
    [
        {"at_us": -1},
        {"at_us": 253_402_300_800_000_000},
        {"seq": "one"},
        {"status": None},
        {"decision_id": 5},
    ],
)
def test_a_member_that_no_gateway_writes_is_refused(path, change):
    context, brief = parts()
    with pytest.raises(ContractError, match=r"one\.open@"):
        read(path, context, msgspec.structs.replace(brief, **change))


def test_a_salt_of_another_length_is_refused(path):
    context, brief = parts()
    personal = msgspec.structs.replace(brief.personal, salt=b"short")
    with pytest.raises(ContractError, match=r"one\.open@"):
        read(path, context, msgspec.structs.replace(brief, personal=personal))


@pytest.mark.parametrize("row", [(), (1.0, 2.0)])
def test_a_row_of_another_width_than_the_names_is_refused(row):
    context, brief = parts()
    personal = msgspec.structs.replace(brief.personal, rows=[row])
    with pytest.raises(ContractError, match=f"1 values a row, got {len(row)}"):
        expand(context, msgspec.structs.replace(brief, personal=personal))


def test_columns_have_a_value_per_row():
    assert columns(("a", "b"), [(1, "x"), (2, None)]) == {"a": [1, 2], "b": ["x", None]}
    assert columns(("a",), []) == {"a": []}
    assert columns((), [(), ()]) == {}
