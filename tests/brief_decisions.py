"""A decision in both parts, as a gateway would have written it: what ``expand`` gives back."""

from datetime import UTC, datetime, timedelta

from msgspec import UNSET, structs

from bentos.contract.brief_decision import BriefDecision, BriefPersonal, DecisionContext
from bentos.contract.decision import Decision, PersonalPart
from gateway.decision_log import DecisionLog

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SHARED = (
    "shop",
    "gateway",
    "boot",
    "model",
    "release_id",
    "step",
    "revision",
    "assigned_version",
    "served_version",
    "variant",
    "reason",
    "schema_digest",
)


def context_of(decision: Decision, personal: PersonalPart, number: int) -> DecisionContext:
    shared = {name: getattr(decision, name) for name in SHARED}
    return DecisionContext(
        number,
        personalised=None if decision.personalised is UNSET else decision.personalised,
        pseudonym_key_id=personal.pseudonym_key_id,
        inputs=tuple(personal.inputs),
        schema=decision.schema,
        **shared,
    )


def brief_of(decision: Decision, personal: PersonalPart, number: int) -> BriefDecision:
    """``inputs`` must have a value per row in each column."""
    return BriefDecision(
        number,
        decision.decision_id,
        (datetime.fromisoformat(decision.at) - EPOCH) // timedelta(microseconds=1),
        decision.seq,
        decision.bucket,
        decision.status,
        decision.rows,
        *structs.astuple(decision.latency_us),
        decision.batch_rows,
        decision.feature_age_s,
        BriefPersonal(
            personal.subject,
            personal.entities,
            list(zip(*personal.inputs.values(), strict=True)),
            personal.outputs,
            personal.attributes,
            bytes.fromhex(personal.salt),
        ),
    )


def brief(log: DecisionLog, decision: Decision, personal: PersonalPart) -> BriefDecision:
    """The same under the number that this log has for its context."""
    key = structs.astuple(context_of(decision, personal, 0))
    number = log.contexts.number(key)
    if number is None:
        number = log.contexts.define(key, lambda new: context_of(decision, personal, new))
    return brief_of(decision, personal, number)
