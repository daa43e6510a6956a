"""What is answered about releases, their groups, and what stands in their way."""

from typing import Annotated, Any, Literal

from pydantic import Field

from bentos.contract.register import Action, ActorType, Outcome
from control_plane.answer import Answer, Digest, Moment, Shown
from control_plane.lint.answers import FindingOut
from control_plane.releases.kill_answers import KillOut
from control_plane.releases.lifecycle import State, Verb
from control_plane.releases.plan import Kind

Weight = Annotated[float, Field(ge=0, le=1, examples=[0.05])]
"""Share of the targeting keys that gets the candidate."""


class PublishedOut(Answer):
    """What gateways have been sent of a model."""

    published: bool
    """What the tables say is what gateways were sent."""
    published_revision: str | None
    """Of the routes document they were sent last; null: never one."""
    waiting_for: list[str]
    """Versions that no fleet reports ready yet: the route is held back for them."""
    warnings: list[str]
    """What somebody should see to although the version goes on serving."""


class ModelOut(PublishedOut):
    """A model: what serves it, its open release, its kill."""

    model: str
    stable: str | None
    previous: str | None
    """What was stable before."""
    release: str | None
    killed: KillOut | None
    visibility: Literal["public", "server"]


class StepOut(Answer):
    """A step of a plan, and what must be met before the canary leaves it upwards."""

    weight: Weight
    hold_s: int
    minimum_sample: int
    """Distinct subjects assigned to the candidate in this step."""
    manual_gate: bool


class ApprovalOut(Answer):
    """Somebody agreed to a content. Once ``live`` is false it counts no more."""

    person: str
    at: Moment
    reason: str
    content_digest: Digest
    live: bool


class FrozenOut(Answer):
    """The window that keeps a release from going forward."""

    freeze: str
    until: Moment
    reason: str


class ReleaseContentOut(Answer):
    """A release as the register knows it."""

    id: str
    model: str
    candidate: str
    stable: str | None
    kind: Kind
    shadow: bool
    steps: list[Weight]
    plan: list[StepOut]
    condition: dict[str, Any] | None
    """Whom the canary is for, in GrowthBook's terms; null: everybody."""
    state: State
    step: int
    """How often the weight changed."""
    weight: Weight
    step_since: Moment | None
    gate_opened_by: str | None
    gate_opened_at: Moment | None
    revision: int
    """For ``If-Match`` and ``expected_revision``."""
    content_digest: Digest
    author: str
    reason: str
    ticket: str | None
    group_id: str | None
    starts_at: Moment | None
    created_at: Moment
    updated_at: Moment


class ReleaseOut(ReleaseContentOut, PublishedOut):
    """A release with its approvals, and with what is published of it."""

    approvals: list[ApprovalOut]
    contributors: list[str]
    """Who shaped the content, and so may not approve it."""
    frozen: FrozenOut | None


class TimelineOut(Answer):
    """What was done to a release, or was tried and denied."""

    seq: int
    """Of the event in the register."""
    at: Moment
    actor: str
    actor_type: ActorType
    action: Action
    outcome: Outcome
    reason: str | None
    ticket: str | None
    state: State | None
    """What it became; null: it stayed what it was."""
    weight: Weight | None
    changed: list[str]
    """Names of the members that changed."""


class DissolvedGroupOut(Answer):
    """Releases of several models that move together."""

    id: str
    author: str
    reason: str
    ticket: str | None
    revision: int
    created_at: Moment
    updated_at: Moment
    dissolved_at: Moment | None
    members: list[str]
    content_digest: Digest


class GroupOut(DissolvedGroupOut):
    """A group with its releases."""

    releases: list[ReleaseOut]


class FreezeOut(Answer):
    """A window in which nothing of some models goes forward."""

    id: str
    starts_at: Moment
    ends_at: Moment
    models: list[str] | None
    """Null: all, also those to come."""
    reason: str
    ticket: str | None
    created_at: Moment
    created_by: str
    ended_at: Moment | None
    ended_by: str | None


class ExemptionOut(Answer):
    """One content of one release goes forward all the same."""

    id: str
    freeze: str
    release: str
    content_digest: Digest
    person: str
    at: Moment
    reason: str


class OneFreezeOut(FreezeOut):
    """A window with its exemptions."""

    exemptions: list[ExemptionOut]


class TriedReleaseOut(Answer):
    """A release before and after."""

    release: str
    model: str
    state: tuple[State, State]
    weight: tuple[Weight, Weight]


class RouteChangeOut(Answer):
    """A feature of the routes document before and after; null: it is not in it."""

    before: dict[str, Any] | None
    after: dict[str, Any] | None


class MoveOut(Answer):
    """Who goes from one version to another."""

    from_: str = Field(alias="from")
    to: str
    share: float
    subjects: int | None


class WhoMovesOut(Answer):
    """Subjects of the last 24 hours by where they go."""

    basis: Literal["decisions", "estimate"]
    subjects: int | None
    """Null: an estimate, by the share of all keys."""
    moving: int | None
    share: float
    moves: list[MoveOut]
    notes: list[str]


class PreviewOut(Answer):
    """What a verb would do; nothing was written."""

    verb: Verb
    allowed: bool
    against: list[str]
    """Everything that stands against it now."""
    releases: list[TriedReleaseOut]
    routes: dict[str, RouteChangeOut]
    lint: list[FindingOut]
    waiting_for: dict[str, list[str]]
    """Model → versions that no fleet reports ready."""
    since: Moment
    who_moves: dict[str, WhoMovesOut]
    """By model."""


Model = Annotated[dict[str, Any], Shown(ModelOut)]
Release = Annotated[dict[str, Any], Shown(ReleaseOut)]
TimelineEvent = Annotated[dict[str, Any], Shown(TimelineOut)]
Group = Annotated[dict[str, Any], Shown(GroupOut)]
DissolvedGroup = Annotated[dict[str, Any], Shown(DissolvedGroupOut)]
Freeze = Annotated[dict[str, Any], Shown(FreezeOut)]
OneFreeze = Annotated[dict[str, Any], Shown(OneFreezeOut)]
Exemption = Annotated[dict[str, Any], Shown(ExemptionOut)]
Preview = Annotated[dict[str, Any], Shown(PreviewOut)]
