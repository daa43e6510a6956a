"""What is answered about webhooks and what was sent to them."""

from typing import Annotated, Any

from control_plane.answer import Answer, Moment, Shown
from control_plane.webhooks.delivery_state import DeliveryState


class TypesOut(Answer):
    """Everything that may be subscribed to."""

    types: list[str]


class SecretOut(Answer):
    """When a secret was made and ends; the secret itself is not told."""

    id: str
    created_at: Moment
    expires_at: Moment | None


class WebhookOut(Answer):
    """A subscription: who is told of what, and whether they are reached."""

    id: str
    name: str
    url: str
    url_revision: int
    """How often its address was set."""
    events: list[str]
    """Types, or patterns such as ``release.*``."""
    created_at: Moment
    created_by: str
    disabled_at: Moment | None
    disabled_reason: str | None
    failing_since: Moment | None
    failures: int
    """Since the last success."""
    last_success_at: Moment | None
    resume_at: Moment | None
    """Nothing is sent before."""
    secrets: list[SecretOut]
    """Two while one is rotated."""


class NewWebhookOut(WebhookOut):
    """A webhook with the secret that was made just now."""

    secret: str
    """What requests are signed with: here and never again."""


class DeliveryRowOut(Answer):
    """One message for one webhook."""

    id: str
    webhook_id: str
    message_id: str
    """Sent as ``webhook-id``."""
    state: DeliveryState
    tries: int
    """Since it was ordered, or ordered again."""
    attempts: int
    due_at: Moment
    created_at: Moment
    finished_at: Moment | None
    note: str | None
    """Why it was given up."""


class DeliveryOut(DeliveryRowOut):
    """The same, with what it tells of."""

    type: str
    at: Moment
    seq: int
    """Of the event in the register."""


class AttemptOut(Answer):
    """One request that was made."""

    number: int
    at: Moment
    duration_ms: int
    status: int | None
    error: str | None


class WholeDeliveryOut(DeliveryOut):
    """A delivery with its attempts and what is sent."""

    body: str
    tried: list[AttemptOut]


class RedeliveredOut(Answer):
    """How many dead letters are sent again."""

    redelivered: int


Types = Annotated[dict[str, Any], Shown(TypesOut)]
Webhook = Annotated[dict[str, Any], Shown(WebhookOut)]
NewWebhook = Annotated[dict[str, Any], Shown(NewWebhookOut)]
DeliveryRow = Annotated[dict[str, Any], Shown(DeliveryRowOut)]
Delivery = Annotated[dict[str, Any], Shown(DeliveryOut)]
WholeDelivery = Annotated[dict[str, Any], Shown(WholeDeliveryOut)]
Redelivered = Annotated[dict[str, Any], Shown(RedeliveredOut)]
