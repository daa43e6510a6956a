"""What is answered about law requests."""

from typing import Annotated, Any

from control_plane.answer import Answer, Digest, Moment, Shown
from control_plane.redactions.deadline import Urgency
from control_plane.redactions.service import Topic


class PlaceOut(Answer):
    """One part that holds nothing of them any more."""

    at: Moment
    removed: dict[str, int]
    """Rows (or files) that went, by place."""


class TrainedOut(Answer):
    """A version that was trained on the request's subject."""

    model: str
    version: str


class RedactionOut(Answer):
    """A law request and how far it is. It names nobody."""

    id: str
    topic: Topic
    shop: str
    domain: str | None
    """Shopify's name of the shop; null where a person entered the request."""
    reason: str
    requested_at: Moment
    due_at: Moment
    """Thirty days later."""
    opened_at: Moment
    opened_by: str
    subject_digests: list[Digest]
    """Of every pseudonym they may be kept under."""
    orders: int
    """How many orders it names."""
    data_request: int | None
    """Shopify's number of a data request."""
    erasure: str | None
    """The order to erase them from decisions."""
    segments: list[str]
    """What gateways here had not shipped when that was given."""
    places: dict[str, PlaceOut]
    """By part: ingress, decisions, control_plane, training."""
    versions: list[TrainedOut]
    warned: Urgency | None
    """The alarm that was raised last."""
    hindrance: str | None
    """Why training could not end it when it last tried, such as a file that cannot be read."""
    exported_at: Moment | None
    closed_at: Moment | None
    closed_by: str | None
    closed_reason: str | None
    urgency: Urgency
    days_left: float | None
    """Negative once it is overdue; null once it is closed."""
    waits_for: list[str]
    """Parts that have not done their own; for a data request `export`, then `merchant`."""


class RunOut(Answer):
    """What a pass met."""

    problems: list[str]
    """What a person should look at, such as a file that cannot be read."""
    open: dict[str, list[str]]
    """By request, what it still waits for."""


class VersionOut(Answer):
    """A version that was trained on the subject, and what became of it."""

    model: str
    version: str
    state: str | None
    """Null: it was never registered here."""
    registered_at: Moment | None
    retired_at: Moment | None
    serving: bool
    """It answers by default."""


Redaction = Annotated[dict[str, Any], Shown(RedactionOut)]
Run = Annotated[dict[str, Any], Shown(RunOut)]
Version = Annotated[dict[str, Any], Shown(VersionOut)]
