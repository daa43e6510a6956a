from uuid import UUID

from bentos.contract.decision import Decision, Latency, PersonalPart, Reason, ShadowOutcome
from bentos.contract.documents import Revision
from bentos.contract.segment import (
    MAGIC,
    DecisionFrame,
    SegmentHeader,
    ShadowFrame,
    encode_frame,
)
from demo.records import Records

HEADER = SegmentHeader(gateway="g", boot="b", first_seq=0, opened_at="2026-01-01T00:00:00Z")


def decision(identifier: UUID) -> DecisionFrame:
    public = Decision(
        decision_id=str(identifier),
        shop="s",
        at="2026-01-01T00:00:00Z",
        gateway="g",
        boot="b",
        seq=0,
        model="fraud",
        release_id=None,
        step=None,
        revision=Revision(1, 1),
        assigned_version="v",
        served_version="v",
        variant="stable",
        reason=Reason.STATIC,
        bucket=None,
        status=200,
        rows=1,
        latency_us=Latency(1, 1, 1, 1),
        batch_rows=1,
        feature_age_s=None,
        schema_digest=None,
    )
    personal = PersonalPart(
        subject=None,
        pseudonym_key_id="k",
        entities={},
        inputs={},
        outputs={},
        attributes={},
        salt="00",
    )
    return DecisionFrame(public, personal)


def outcome(agrees: bool | None) -> ShadowFrame:
    return ShadowFrame(
        ShadowOutcome(
            decision_id="d",
            version="v2",
            status="late" if agrees is None else "ok",
            latency_us=1,
            outputs={},
            comparison={},
            agrees=agrees,
        )
    )


def write(path, *frames):
    path.write_bytes(MAGIC + b"".join(map(encode_frame, (HEADER, *frames))))


def test_decisions_of_this_run_are_found_and_older_ones_are_not(tmp_path):
    old, new, lost = UUID(int=1), UUID(int=2), UUID(int=3)
    write(tmp_path / "g-old-000000.open", decision(old))
    records = Records(tmp_path)
    # The next gateway closes what a dead one left open.
    (tmp_path / "g-old-000000.open").rename(tmp_path / "g-old-000000.segment")
    write(tmp_path / "g-new-000000.open", decision(new))
    assert records.found([new]) == 1
    assert records.found([old, new, lost]) == 1


def test_shadow_outcomes_are_told_apart_by_version_and_fate(tmp_path):
    records = Records(tmp_path)
    write(tmp_path / "g-new-000000.segment", outcome(True), outcome(True), outcome(False))
    write(tmp_path / "g-new-000001.open", outcome(None))
    tally = records.shadows()["v2"]
    assert (tally.outcomes, tally.ok, tally.compared, tally.agreed) == (4, 3, 3, 2)
    assert tally.agreement == 2 / 3
