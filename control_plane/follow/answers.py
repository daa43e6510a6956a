"""What is answered about the upstream that is followed."""

from typing import Annotated, Any, Literal

from control_plane.answer import Answer, Moment, Shown


class FollowOut(Answer):
    """An upstream that is, was or is to be followed; its keys are references."""

    id: str
    state: Literal["proposed", "in_force", "ended"]
    url: str
    client_key: str
    decryption_key: str | None
    models: list[str]
    reason: str
    ticket: str | None
    proposed_by: str
    proposed_at: Moment
    approved_by: str | None
    approved_at: Moment | None
    ended_by: str | None
    ended_at: Moment | None
    revision: int
    accepted: dict[str, Any]
    """Model → its last good feature, as routes have it."""
    accepted_at: Moment | None
    upstream_date: str | None
    """Of the payload that was taken last."""
    refused: dict[str, str]
    """Model → why what came later was not taken; ``*``: the whole payload."""
    late_since: Moment | None
    """Since when nothing good was heard for too long."""


class ContactOut(Answer):
    """What the process that answers knows of the upstream."""

    heard_s_ago: float
    failing: str | None
    """Why the last question failed; null: it did not."""
    streaming: bool


class ListedFollowOut(FollowOut):
    """The same, with the contact of what is in force."""

    contact: ContactOut | None


Follow = Annotated[dict[str, Any], Shown(FollowOut)]
ListedFollow = Annotated[dict[str, Any], Shown(ListedFollowOut)]
