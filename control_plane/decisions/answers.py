"""What is answered about decisions, and about what makes them go."""

from typing import Annotated, Any, Literal

from pydantic import Field

from bentos.contract.decision import Reason
from control_plane.answer import Answer, Digest, Moment, Shown


class LatencyOut(Answer):
    """Microseconds."""

    total: int
    features: int
    queue: int
    lane: int


class DecisionOut(Answer):
    """The public part of a decision."""

    decision_id: str
    shop: str
    at: Moment
    gateway: str
    boot: str
    seq: int
    """Gapless in a boot, so that loss shows."""
    model: str
    release_id: str | None
    step: int | None
    revision: str
    """Of the document that decided: epoch and number."""
    assigned_version: str | None
    served_version: str | None
    """Another one than assigned where a canary failed or was late."""
    variant: str
    reason: Reason
    bucket: int | None
    """0 to 9999 where an experiment decided."""
    status: int
    rows: int
    latency_us: LatencyOut
    batch_rows: int
    feature_age_s: float | None
    schema_digest: Digest | None
    commitment: Digest
    """SHA-256 over salt and personal part."""
    personalised: bool | None
    """False where consent was missing, null everywhere else."""
    schema_: int = Field(alias="schema")


class FreshOut(Answer):
    """How far behind the lake may be."""

    newest_segment_at: Moment | None
    note: str


class DecisionsOut(FreshOut):
    """A page of decisions, newest first."""

    decisions: list[DecisionOut]
    next: str | None
    """``before`` of the next page; null: there is none."""


class ArmOut(Answer):
    """Who was assigned to one version in one step."""

    model: str
    release_id: str | None
    step: int | None
    variant: str
    assigned_version: str | None
    decisions: int
    subjects: int
    """Distinct ones; who was erased is no longer among them."""
    first_at: Moment
    last_at: Moment


class CountsOut(FreshOut):
    """Arms of a release, and the buckets of its subjects."""

    since: Moment
    arms: list[ArmOut]
    buckets: list[tuple[int, int]]
    """Bucket and distinct subjects seen in it."""


class ShadowOut(Answer):
    """What a shadow version answered."""

    decision_id: str
    version: str
    status: str
    """``ok``, ``skipped_size``, or why there is no answer."""
    latency_us: int
    outputs: dict[str, Any] = Field(default_factory=dict)
    """Only where the personal part was asked for."""
    comparison: dict[str, float]
    agrees: bool | None
    schema_: int = Field(alias="schema")


class PersonalOut(Answer):
    """The personal part, without its salt."""

    subject: str | None
    pseudonym_key_id: str
    entities: dict[str, str]
    inputs: dict[str, Any]
    outputs: dict[str, Any]
    attributes: dict[str, Any]


class OneDecisionOut(DecisionOut):
    """A decision with what its shadows answered."""

    shadows: list[ShadowOut]
    personal: PersonalOut | None = None
    """Only where it was asked for; null: it was erased."""


class RouteOut(Answer):
    """Where the route leads."""

    version: str
    variant: str
    reason: Reason
    bucket: int | None
    revision: str


class OutputOut(Answer):
    """An output then and now."""

    recorded: Any
    now: Any
    largest: float | None
    """The largest absolute difference; null: they are no numbers."""
    same: bool


class RerunOut(Answer):
    """A decision that was run again."""

    decision_id: str
    recorded_version: str | None
    version: str
    """What was run."""
    route: RouteOut | None
    """What would have served, where person or attributes were changed."""
    changed_inputs: list[str]
    defaulted: list[str]
    """What is in no record and was stood in for."""
    worker: Literal["running", "started"]
    outputs: dict[str, OutputOut]
    tolerance: float
    reproduced: bool | None
    """Null: something was changed, so it need not."""


class ErasureOut(Answer):
    """An order to erase a person from the decisions."""

    id: str
    subject_digests: list[Digest]
    """Of pseudonyms: whoever does not know them learns nobody's."""
    requested_at: Moment
    requested_by: str
    reason: str
    ticket: str | None
    shop: str | None
    """Everybody of this shop; null: those whose digests stand here."""
    done_at: Moment | None
    """Every file that was there has been through it."""
    decisions: int
    """How many were erased."""


class ExpiryOut(Answer):
    """One day of one part whose time is over."""

    part: Literal["public", "personal", "shadow"]
    day: str
    files: int
    rows: int
    size: int
    """Bytes."""


class DaysOut(Answer):
    """How long each part is kept; null: for ever."""

    public: int | None
    personal: int | None
    shadow: int | None


class RetentionOut(Answer):
    """What would be deleted now."""

    days: DaysOut
    due: list[ExpiryOut]
    notes: list[str]


class ExpiredOut(Answer):
    """What was deleted."""

    expired: list[ExpiryOut]


Decisions = Annotated[dict[str, Any], Shown(DecisionsOut)]
Counts = Annotated[dict[str, Any], Shown(CountsOut)]
OneDecision = Annotated[dict[str, Any], Shown(OneDecisionOut)]
Rerun = Annotated[dict[str, Any], Shown(RerunOut)]
Erasure = Annotated[dict[str, Any], Shown(ErasureOut)]
RetentionPlan = Annotated[dict[str, Any], Shown(RetentionOut)]
Expired = Annotated[dict[str, Any], Shown(ExpiredOut)]
