"""What is answered about kills and the reviews that follow them."""

from typing import Annotated, Any

from control_plane.answer import Answer, Moment, Shown
from control_plane.releases.reviews import Finding


class KillOut(Answer):
    """A model that is forced onto a version until ``cleared_at``."""

    id: str
    model: str
    version: str
    reason: str
    set_at: Moment
    set_by: str
    expires_at: Moment | None
    cleared_at: Moment | None
    cleared_by: str | None


class ReviewOut(Answer):
    """What a kill left to be answered by somebody else."""

    id: str
    kill: str
    model: str
    version: str
    """What the kill forced."""
    reason: str
    """Of the kill."""
    killed_by: str
    on_behalf_of: str | None
    """Who set it on a gateway's machine."""
    opened_at: Moment
    due_at: Moment
    overdue: bool
    answerable_by: list[str]
    """Persons who may answer it; none once it is answered."""
    outcome: Finding | None
    notes: str | None
    closed_at: Moment | None
    closed_by: str | None


Kill = Annotated[dict[str, Any], Shown(KillOut)]
Review = Annotated[dict[str, Any], Shown(ReviewOut)]
