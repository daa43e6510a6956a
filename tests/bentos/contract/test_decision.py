import hashlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bentos.contract import canonical, decision, merkle
from bentos.contract.decision import Decision, Latency, PersonalPart, Reason, ShadowOutcome
from bentos.contract.documents import Revision
from bentos.contract.errors import ContractError

PERSONAL = PersonalPart(
    subject="ABC",
    pseudonym_key_id="k1",
    entities={"shopper": "DEF"},
    inputs={"value": [1.5]},
    outputs={"probability": [0.25]},
    attributes={"country": "DE"},
    salt="00112233445566778899aabbccddeeff",
)
DECISION = Decision(
    decision_id="0193571a-7b00-7c4f-8a21-5d2f4e6a9b01",
    shop="demo-shop",
    at="2026-11-22T08:30:00.123456Z",
    gateway="g",
    boot="b",
    seq=0,
    model="fraud",
    release_id=None,
    step=None,
    revision=Revision(1, 2),
    assigned_version="fraud:a",
    served_version="fraud:a",
    variant="stable",
    reason=Reason.STATIC,
    bucket=None,
    status=200,
    rows=1,
    latency_us=Latency(1, 2, 3, 4),
    batch_rows=1,
    feature_age_s=None,
    schema_digest=None,
    commitment=decision.commitment(PERSONAL),
)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
TEXT = st.text(st.characters(exclude_categories=["Cs"]))
OTHERS = {
    "decision_id": "0193571a-7b00-7c4f-8a21-5d2f4e6a9b02",
    "shop": "other",
    "at": "2026-11-22T08:30:00.123457Z",
    "gateway": "h",
    "boot": "c",
    "seq": 1,
    "model": "pricing",
    "release_id": "r",
    "step": 1,
    "revision": Revision(2, 2),
    "assigned_version": None,
    "served_version": "fraud:b",
    "variant": "canary",
    "reason": Reason.FALLBACK,
    "bucket": 0,
    "status": 500,
    "rows": 2,
    "latency_us": Latency(1, 2, 3, 5),
    "batch_rows": 2,
    "feature_age_s": 0.5,
    "schema_digest": "0",
    "commitment": "1",
    "personalised": False,
    "schema": 2,
}


def test_reasons_are_those_of_the_contract():
    assert [reason.value for reason in Reason] == (
        [
            "STATIC",
            "SPLIT",
            "TARGETING_MATCH",
            "FALLBACK",
            "BUDGET",
            "KILLED",
            "PINNED",
            "SHED",
            "DEADLINE",
            "ERROR",
        ]
    )


def test_commitment_is_salt_then_canonical_json():
    text = canonical.canonical_json(canonical.as_builtins(PERSONAL))
    expected = hashlib.sha256(bytes.fromhex(PERSONAL.salt) + text).hexdigest()
    assert decision.commitment(PERSONAL) == expected


@pytest.mark.parametrize("salt", ["", "zz", "0" * 31, "0" * 33, "0" * 30 + "G0", "A" * 32])
def test_commitment_needs_a_whole_salt(salt):
    with pytest.raises(ContractError, match="salt"):
        decision.commitment(msgspec.structs.replace(PERSONAL, salt=salt))


def test_commitment_refuses_what_has_no_canonical_form():
    with pytest.raises(ContractError):
        decision.commitment(msgspec.structs.replace(PERSONAL, inputs={"ids": [2**60]}))


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("subject", None),
        ("pseudonym_key_id", "k2"),
        ("entities", {}),
        ("inputs", {"value": [1.25]}),
        ("outputs", {}),
        ("attributes", {"country": "FR"}),
        ("salt", "10112233445566778899aabbccddeeff"),
    ],
)
def test_commitment_follows_every_member_of_the_personal_part(member, value):
    changed = msgspec.structs.replace(PERSONAL, **{member: value})
    assert decision.commitment(changed) != decision.commitment(PERSONAL)


def test_leaf_is_the_tree_s_hash_of_the_public_part():
    text = canonical.canonical_json(canonical.as_builtins(DECISION))
    assert decision.leaf(DECISION) == merkle.leaf_hash(text)


@pytest.mark.parametrize("member", Decision.__struct_fields__)
def test_leaf_follows_every_member_of_the_public_part(member):
    changed = msgspec.structs.replace(DECISION, **{member: OTHERS[member]})
    assert decision.leaf(changed) != decision.leaf(DECISION)


def test_leaf_is_refused_before_the_commitment_is_made():
    with pytest.raises(ContractError, match="commitment"):
        decision.leaf(msgspec.structs.replace(DECISION, commitment=""))


def test_erasing_the_personal_part_leaves_every_proof():
    leaves = [decision.leaf(DECISION)]
    root = merkle.merkle_root(leaves)
    # What remains after an erasure: the public part as it was shipped, nothing else.
    shipped = canonical.canonical_json(canonical.as_builtins(DECISION))
    assert PERSONAL.subject.encode() not in shipped
    assert PERSONAL.salt.encode() not in shipped
    remaining = msgspec.json.decode(shipped, type=Decision)
    assert merkle.merkle_root([decision.leaf(remaining)]) == root


def test_equal_personal_parts_do_not_show_in_the_commitment():
    other = msgspec.structs.replace(PERSONAL, salt="ff112233445566778899aabbccddeeff")
    assert decision.commitment(other) != decision.commitment(PERSONAL)


@given(
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(exclude_categories=["Cs"])),
)
def test_commitment_survives_the_wire(number, text):
    personal = msgspec.structs.replace(PERSONAL, outputs={"a": [number]}, attributes={"b": text})
    read = msgspec.msgpack.decode(msgspec.msgpack.encode(personal), type=PersonalPart)
    assert decision.commitment(read) == decision.commitment(personal)


def test_shadow_outcome_reads_back():
    outcome = ShadowOutcome(
        decision_id="d",
        version="fraud:b",
        status="ok",
        latency_us=1,
        outputs={},
        comparison={"probability": 0.5},
        agrees=None,
    )
    assert msgspec.json.decode(msgspec.json.encode(outcome), type=ShadowOutcome) == outcome
