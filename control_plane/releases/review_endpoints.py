"""HTTP of the reviews that kills open."""

from typing import Annotated

from bentos.contract.register import Action
from control_plane.auth import allow
from control_plane.paging import Paged
from control_plane.parts import Reading, Writing
from control_plane.principal import Permission, Principal
from control_plane.releases import reviews
from control_plane.releases.kill_answers import Review
from control_plane.releases.schemas import AnswerIn
from control_plane.router import Router

router = Router(prefix="/api/v1/reviews")


@router.get("")
def get_reviews(
    session: Reading,
    page: Paged,
    _: Annotated[Principal, allow(Permission.READ)],
    state: reviews.Standing | None = None,
) -> list[Review]:
    """Reviews by the time they are due; ``state``: open, overdue or closed."""
    found = reviews.list_reviews(session, state, page)
    return [reviews.review_view(session, row) for row in found]


@router.get("/{review_id}")
def get_review(
    session: Reading, review_id: str, _: Annotated[Principal, allow(Permission.READ)]
) -> Review:
    """One review."""
    return reviews.review_view(session, reviews.get_review(session, review_id))


@router.post("/{review_id}/close")
def post_answer(
    session: Writing,
    review_id: str,
    body: AnswerIn,
    principal: Annotated[
        Principal, allow(Permission.KILLS_REVIEW, Action.REVIEW_CLOSE, "review:{review_id}")
    ],
) -> Review:
    """Answer the review of somebody else's kill."""
    row = reviews.close_review(session, principal, review_id, body.outcome, body.notes)
    return reviews.review_view(session, row)
