"""Moves forward that lean on an approval older than the release's last edit or refusal."""

from collections.abc import Iterator
from dataclasses import dataclass

from bentos.contract.register import Action
from control_plane.db import ReadSession
from control_plane.inquiry.history import Period, walk
from control_plane.inquiry.publishes import FORWARD

VOIDING = frozenset({Action.RELEASE_CREATE, Action.RELEASE_EDIT, Action.RELEASE_REFUSE})


@dataclass(frozen=True)
class StaleApproval:
    """``approved_seq`` is None when that person never approved the release at all."""

    seq: int
    at: str
    release: str
    action: str
    approver: str
    approved_seq: int | None
    edit_seq: int


def stale_approvals(session: ReadSession, period: Period) -> Iterator[StaleApproval]:
    """Oldest first. The interlocking refuses such a move, so none should ever be found."""
    voided: dict[str, int] = {}
    approved: dict[tuple[str, str], int] = {}
    for event in walk(session, "release:", until=period.until):
        release = event.entity
        if event.action in VOIDING:
            voided[release] = event.seq
        elif event.action is Action.RELEASE_APPROVE:
            approved[release, event.actor.id] = event.seq
        elif event.action.value in FORWARD and period.holds(event.at):
            for person in event.approvals:
                seq, edit = approved.get((release, person)), voided.get(release, 0)
                if seq is None or seq < edit:
                    told = (event.seq, event.at, release, event.action.value)
                    yield StaleApproval(*told, person, seq, edit)
