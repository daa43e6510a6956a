"""What auditors' named questions are answered with."""

from typing import Annotated, Any

from bentos.contract.register import Action
from control_plane.answer import Answer, Moment, Shown
from control_plane.inquiry.publishes import Verdict


class PublishOut(Answer):
    """One model's published change, and what explains it; null where nothing does."""

    seq: int
    at: Moment
    revision: int | None
    model: str | None
    verdict: Verdict
    release: str | None
    cause: str | None
    cause_seq: int | None
    """Of the event that led to it."""
    by: str | None
    approvers: list[str]
    same_hand: list[str]
    """Persons who, when it was approved, could lately have acted as author and approver alike."""
    reason: str | None


class StaleApprovalOut(Answer):
    """A move forward on an approval older than the release's last edit."""

    seq: int
    at: Moment
    release: str
    action: Action
    approver: str
    approved_seq: int | None
    """Null: that person never approved the release at all."""
    edit_seq: int


class EntitledOut(Answer):
    """Somebody who had a permission then."""

    id: str
    type: str
    roles: list[str]
    keys: list[str]
    """Ids of the keys that were good then."""
    since_seq: int | None
    """The event that gave it."""


class CanaryOut(Answer):
    """The part of the calls that went elsewhere."""

    release: str
    version: str
    weight: float
    condition: dict[str, Any] | None


class KilledOut(Answer):
    """What overrode the route."""

    version: str
    reason: str
    id: str


class ServedOut(Answer):
    """What a model's route and kill were at a time."""

    model: str
    at: Moment
    version: str
    """Got all calls, or with a canary those outside of it."""
    shadow: list[str]
    canary: CanaryOut | None
    kill: KilledOut | None
    revision: int | None
    """Of the routes document, which every decision made by it carries."""
    routes_at: Moment
    routes_seq: int
    kill_seq: int | None


PublishAnswer = Annotated[dict[str, Any], Shown(PublishOut)]
StaleApprovalAnswer = Annotated[dict[str, Any], Shown(StaleApprovalOut)]
EntitledAnswer = Annotated[dict[str, Any], Shown(EntitledOut)]
ServedAnswer = Annotated[dict[str, Any], Shown(ServedOut)]
