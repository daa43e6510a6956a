"""Reviews of kills: somebody else says whether it was right."""

from dataclasses import dataclass
from functools import partial
from typing import Any

from nicegui import html

from bentos.contract.register import Action
from control_plane.console.desk import Desk
from control_plane.console.elements.button import button
from control_plane.console.elements.deed import Deed, ask_deed
from control_plane.console.elements.field import choice_field, text_field
from control_plane.console.elements.moment import spoken
from control_plane.console.elements.notice import notice
from control_plane.console.frame import ROOT
from control_plane.console.seat import Attempt
from control_plane.db import ReadSession
from control_plane.principal import Permission, Principal
from control_plane.releases import reviews
from control_plane.releases.schemas import AnswerIn

OUTCOMES = (
    (reviews.Finding.JUSTIFIED.value, "It was justified"),
    (reviews.Finding.FOLLOW_UP.value, "It was justified, and something is to be changed"),
    (reviews.Finding.UNJUSTIFIED.value, "It was not justified"),
)


@dataclass(frozen=True)
class Review:
    """An open review; ``mine``: this person may answer it."""

    review: dict[str, Any]
    mine: bool


def open_reviews(session: ReadSession, principal: Principal) -> list[Review]:
    """Reviews that wait, by the time they are due."""
    may = Permission.KILLS_REVIEW in principal.permissions
    views = (
        reviews.review_view(session, row)
        for row in reviews.list_reviews(session, reviews.Standing.OPEN)
    )
    return [Review(v, may and principal.person in v["answerable_by"]) for v in views]


def review_notice(desk: Desk, waiting: Review) -> None:
    """A line for a review, with a button for whoever may answer it."""
    review = waiting.review
    overdue = review["overdue"]
    due = f"{'was due' if overdue else 'due'} {spoken(review['due_at'])}"
    who = review["on_behalf_of"] or review["killed_by"]
    text = f"{review['model']} was killed by {who}: {review['reason']}"
    with notice(text, "tone-red" if overdue else "tone-orange", "in_review"):
        html.a(f"Its review is {due}", href=f"{ROOT}/reviews")
        if waiting.mine:
            html.span(" ")
            key = f"review-{review['id']}"
            label = f"Review the kill of {review['model']}"
            button("Review…", partial(ask_review, desk, review), kind="small", key=key, label=label)


async def ask_review(desk: Desk, review: dict[str, Any]) -> None:
    """What did somebody else find?"""

    def fields() -> None:
        choice_field("outcome", "What did you find?", OUTCOMES)
        text_field("notes", "Notes", required=True, focus=True, maxlength="2000")

    deed = Deed(
        title=f"Review of the kill: {review['model']}",
        confirm="Answer",
        fields=fields,
        attempt=Attempt(
            action=Action.REVIEW_CLOSE,
            entity=f"review:{review['id']}",
            permission=Permission.KILLS_REVIEW,
        ),
        read=lambda values: AnswerIn.model_validate(
            {"outcome": values.get("outcome", ""), "notes": values.text("notes")}
        ),
        change=lambda session, who, body: reviews.close_review(
            session, who, review["id"], body.outcome, body.notes
        ),
        done="The review is answered.",
    )
    ask_deed(desk, deed)
