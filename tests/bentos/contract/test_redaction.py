import msgspec
import pytest

from bentos.contract.errors import ContractError
from bentos.contract.identity import Pseudonymizer
from bentos.contract.redaction import (
    MAX_DECISIONS,
    MAX_SUBJECTS,
    decode_record,
    decode_request,
    encode,
    order_digest,
    order_secret,
    redacted_ids,
    redaction_details,
    segment_entity,
    subject_digest,
    until_us,
)
from bentos.contract.register import Action, Actor, ActorType, Outcome, RegisterEvent

EVENT = RegisterEvent(
    seq=1,
    id="0193571a-7b00-7c4f-8a21-5d2f4e6a9b01",
    at="2026-11-22T08:30:00.123456Z",
    actor=Actor(type=ActorType.SERVICE, id="erasure", auth_method="api_key"),
    action=Action.DECISION_REDACT,
    entity=segment_entity("g1", "boot", 0),
    outcome=Outcome.ALLOWED,
    diff=redaction_details(["b", "a"]),
)


def test_a_redaction_names_its_segment_and_its_decisions():
    assert EVENT.entity == "segment:g1/boot/0"
    assert EVENT.diff == {"decisions": ["a", "b"]}
    assert redacted_ids([EVENT]) == {"a", "b"}


@pytest.mark.parametrize(
    "change", [{"outcome": Outcome.DENIED}, {"action": Action.SEGMENT_REGISTER}]
)
def test_only_a_redaction_that_was_done_excuses(change):
    other = msgspec.structs.replace(EVENT, **change)
    assert redacted_ids([other]) == frozenset()
    assert redacted_ids([other, EVENT]) == {"a", "b"}


@pytest.mark.parametrize(
    "ids", [[], ["a", "a"], [str(number) for number in range(MAX_DECISIONS + 1)]]
)
def test_none_too_many_or_one_twice_is_refused(ids):
    with pytest.raises(ContractError, match="decisions"):
        redaction_details(ids)


SUBJECT = "ABCDEFGHIJKLMNOPQRSTUVWX27"
REQUEST = {
    "id": "r-17",
    "kind": "customer",
    "reason": "customers/redact",
    "requested_at": "2026-11-20T10:00:00Z",
    "due_at": "2026-12-20T10:00:00Z",
    "shop": "shop-1",
    "subjects": [SUBJECT],
    "order_numbers": ["450789469"],
}
RECORD = {
    "id": "r-17",
    "at": "2026-11-21T03:00:00Z",
    "reason": "customers/redact",
    "subjects_sha256": [subject_digest(SUBJECT)],
    "snapshots": {"1" * 64: "2" * 64, "3" * 64: None},
    "features": {"4" * 64: None},
    "removed": {"orders": 2},
    "versions": [{"model": "fraud", "version": "fraud:20261120-1a2b3c4d"}],
}


def test_request_and_record_are_read_as_they_were_written():
    request = decode_request(msgspec.json.encode(REQUEST))
    record = decode_record(msgspec.json.encode(RECORD))
    assert (decode_request(encode(request)), decode_record(encode(record))) == (request, record)
    assert msgspec.to_builtins(request) == REQUEST | {
        "subjects": (SUBJECT,),
        "order_numbers": ("450789469",),
    }
    assert SUBJECT.encode() not in encode(record)


def test_a_shop_s_request_names_nobody_and_an_old_record_says_less():
    assert decode_request(msgspec.json.encode(REQUEST | {"kind": "shop", "subjects": []}))
    old = {"id": "r", "at": "2026-11-20T10:00:00Z", "snapshots": {"1" * 64: None}}
    assert decode_record(msgspec.json.encode(old)).removed == {}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", "../../etc/passwd"),
        ("id", ".hidden"),
        ("kind", "person"),
        ("requested_at", "yesterday"),
        ("due_at", "2026-12-20T10:00:00"),
        ("shop", ""),
        ("reason", "r" * 2001),
        ("subjects", ["somebody@example.com"]),
        ("subjects", [SUBJECT] * (MAX_SUBJECTS + 1)),
        ("order_numbers", ["gid://shopify/Order/1"]),
        ("mail", "somebody@example.com"),
    ],
)
def test_a_request_that_cannot_be_honoured_is_refused_by_its_field(field, value):
    with pytest.raises(ContractError, match=field):
        decode_request(msgspec.json.encode(REQUEST | {field: value}))


def test_a_request_for_nobody_is_not_one_for_everybody():
    with pytest.raises(ContractError, match="kind shop"):
        decode_request(msgspec.json.encode(REQUEST | {"subjects": [], "order_numbers": []}))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("at", "now"),
        ("subjects_sha256", [SUBJECT]),
        ("snapshots", {"1" * 64: "gone"}),
        ("features", {"views": None}),
        ("versions", [{"model": "fraud"}]),
    ],
)
def test_a_record_that_says_it_otherwise_is_refused_by_its_field(field, value):
    with pytest.raises(ContractError, match=field):
        decode_record(msgspec.json.encode(RECORD | {field: value}))


def test_what_is_no_file_of_ours_is_refused():
    with pytest.raises(ContractError, match="at most"):
        decode_request(b" " * (16 * 1024 * 1024 + 1))
    with pytest.raises(ContractError, match="redaction record"):
        decode_record(b"[]")


def test_an_order_is_told_by_its_digest_only_to_who_has_the_key():
    ours, theirs = (Pseudonymizer("k", bytes([n]) * 32) for n in (1, 2))
    number = "450789469"
    told = order_digest(order_secret(ours, "shop-1"), number)
    assert told == order_digest(order_secret(ours, "shop-1"), number)
    guessed = {order_digest(order_secret(theirs, "shop-1"), number), order_digest("", number)}
    guessed |= {order_digest(order_secret(ours, "shop-2"), number), subject_digest(number)}
    assert told not in guessed


def test_what_is_ordered_after_the_moment_asked_at_is_new_and_in_old_records_after_the_redaction():
    record = decode_record(msgspec.json.encode(RECORD | {"until": "2026-11-20T10:00:00+01:00"}))
    assert until_us(record) == 1_795_165_200_000_000
    assert until_us(decode_record(msgspec.json.encode(RECORD))) == 1_795_230_000_000_000
    with pytest.raises(ContractError, match="until"):
        decode_record(msgspec.json.encode(RECORD | {"until": "2026-11-20"}))
    with pytest.raises(ContractError, match="orders_keyed"):
        decode_record(msgspec.json.encode(RECORD | {"orders_keyed": ["450789469"]}))
