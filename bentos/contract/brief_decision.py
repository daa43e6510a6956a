"""A decision as the request path writes it: what it has in common with others is said once.

Of 24 names and the dozen facts that a release, a version and a gateway share, a busy gateway would
write the same text thousands of times a second. They stand in a ``DecisionContext``, once in
every segment before the first decision that names its number; the decision holds what is its own,
by place. ``expand`` gives both parts back whole, as the contract has them (§5).
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec

from bentos.contract.decision import SCHEMA_VERSION, Decision, Latency, PersonalPart, Reason
from bentos.contract.documents import Revision
from bentos.contract.errors import ContractError

SALT_BYTES = 16
_MICROSECONDS = 1_000_000
# The last microsecond of the year 9999, the last that ``datetime`` can say.
_LAST_US = 253_402_300_799_999_999

Salt = Annotated[bytes, msgspec.Meta(min_length=SALT_BYTES, max_length=SALT_BYTES)]
Moment = Annotated[int, msgspec.Meta(ge=0, le=_LAST_US)]


class DecisionContext(msgspec.Struct, frozen=True, array_like=True, tag="context"):
    """What decisions share. ``number`` is one writer's: it never means two things in one segment.

    ``inputs`` names the values of each of ``BriefPersonal.rows``, in their order; ``personalised``
    is null where a decision does not have it.
    """

    number: int
    shop: str
    gateway: str
    boot: str
    model: str
    release_id: str | None
    step: int | None
    revision: Revision
    assigned_version: str | None
    served_version: str | None
    variant: str
    reason: Reason
    schema_digest: str | None
    personalised: bool | None
    pseudonym_key_id: str
    inputs: tuple[str, ...]
    schema: int = SCHEMA_VERSION


class BriefPersonal(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What erasure removes; its inputs row by row."""

    subject: str | None
    entities: dict[str, str]
    rows: list[tuple[Any, ...]]
    outputs: dict[str, Any]
    attributes: dict[str, Any]
    salt: Salt


class BriefDecision(msgspec.Struct, frozen=True, array_like=True, tag="decided", gc=False):
    """One decision's own facts: ``at_us`` in microseconds since 1970, the rest as in Decision."""

    context: int
    decision_id: str
    at_us: Moment
    seq: int
    bucket: int | None
    status: int
    rows: int
    total_us: int
    features_us: int
    queue_us: int
    lane_us: int
    batch_rows: int
    feature_age_s: float | None
    personal: BriefPersonal


def expand(context: DecisionContext, brief: BriefDecision) -> tuple[Decision, PersonalPart]:
    """Both parts as the contract has them; ContractError where a row's values are not as many as
    their names."""
    mine = brief.personal
    decision = Decision(
        decision_id=brief.decision_id,
        shop=context.shop,
        at=_timestamp(brief.at_us),
        gateway=context.gateway,
        boot=context.boot,
        seq=brief.seq,
        model=context.model,
        release_id=context.release_id,
        step=context.step,
        revision=context.revision,
        assigned_version=context.assigned_version,
        served_version=context.served_version,
        variant=context.variant,
        reason=context.reason,
        bucket=brief.bucket,
        status=brief.status,
        rows=brief.rows,
        latency_us=Latency(brief.total_us, brief.features_us, brief.queue_us, brief.lane_us),
        batch_rows=brief.batch_rows,
        feature_age_s=brief.feature_age_s,
        schema_digest=context.schema_digest,
        personalised=msgspec.UNSET if context.personalised is None else context.personalised,
        schema=context.schema,
    )
    personal = PersonalPart(
        subject=mine.subject,
        pseudonym_key_id=context.pseudonym_key_id,
        entities=mine.entities,
        inputs=columns(context.inputs, mine.rows),
        outputs=mine.outputs,
        attributes=mine.attributes,
        salt=mine.salt.hex(),
    )
    return decision, personal


def columns(names: tuple[str, ...], rows: Sequence[Sequence[Any]]) -> dict[str, list[Any]]:
    """``{name: [a value per row, …], …}``; ContractError where a row has more values or fewer."""
    for row in rows:
        if len(row) != len(names):
            raise ContractError("decision.inputs", f"{len(names)} values a row", len(row))
    return {name: [row[place] for row in rows] for place, name in enumerate(names)}


def _timestamp(at_us: int) -> str:
    """``2026-01-31T23:59:59.000001+00:00``, as ``datetime.isoformat`` has it."""
    second, microsecond = divmod(at_us, _MICROSECONDS)
    moment = datetime.fromtimestamp(second, UTC).replace(microsecond=microsecond)
    return moment.isoformat(timespec="microseconds")
