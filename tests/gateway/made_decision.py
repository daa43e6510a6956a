"""One decision, made up, and how it is kept."""

from bentos.contract.decision import Decision, Latency, PersonalPart, Reason
from bentos.contract.documents import Revision
from gateway.decision_log import DecisionLog
from gateway.flush import Flush
from tests.brief_decisions import brief
from tests.gateway.installation import STABLE


async def keep(log: DecisionLog, make_decision, personal) -> bool:
    """Write a decision and wait until it is kept."""
    kept = await log.write(lambda seq: brief(log, make_decision(seq), personal))
    return await log.on_disk(kept) if isinstance(kept, Flush) else kept


def make_decision(seq: int) -> Decision:
    return Decision(
        decision_id=f"id-{seq}",
        shop="demo-shop",
        at="2026-01-01T00:00:00.000000+00:00",
        gateway="g",
        boot="b1",
        seq=seq,
        model="fraud",
        release_id=None,
        step=None,
        revision=Revision(1, 1),
        assigned_version=STABLE,
        served_version=STABLE,
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


def make_personal() -> PersonalPart:
    return PersonalPart(
        subject="S",
        pseudonym_key_id="k",
        entities={},
        inputs={"amount": [1.0]},
        outputs={"fraud_probability": [0.5]},
        attributes={},
        salt="00" * 16,
    )
