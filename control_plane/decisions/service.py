"""What the API answers about decisions, and what of it becomes an event.

Reading what is about a person (a personal part, or which decisions are one person's) is an event,
written before the answer leaves. Reading public parts is none.
"""

from dataclasses import dataclass
from typing import Any

from sqlmodel import func, select

from bentos.contract.errors import ContractError
from bentos.contract.register import Action
from control_plane import clock
from control_plane.audit.models import SegmentRow
from control_plane.audit.service import Change, record
from control_plane.db import ReadSession, WriteSession
from control_plane.decisions import counts
from control_plane.decisions.criteria import Criteria
from control_plane.decisions.engine import Row
from control_plane.decisions.store import DecisionStore, Page
from control_plane.decisions.subject import subject_digest
from control_plane.decisions.view import personal_view, public_view, shadow_view
from control_plane.errors import NotFoundError
from control_plane.principal import Principal

NOT_HERE = "Decisions appear here once their gateway's segment was shipped."


@dataclass(frozen=True)
class Freshness:
    """``newest_segment``: when a segment was last registered; what is younger may be missing."""

    newest_segment: str | None

    def as_json(self) -> dict[str, Any]:
        """For every answer about decisions."""
        return {"newest_segment_at": self.newest_segment, "note": NOT_HERE}


def freshness(session: ReadSession) -> Freshness:
    """How far the lake can be behind."""
    return Freshness(session.exec(select(func.max(SegmentRow.at))).one())


def require(store: DecisionStore, session: ReadSession, decision_id: str) -> Row:
    """A decision's public row; NotFoundError says how it may still be on its way."""
    row = store.find(decision_id)
    if row is None:
        newest = freshness(session).newest_segment or "never"
        raise NotFoundError(
            f"no decision {decision_id} in the lake. {NOT_HERE} The last segment came: {newest}"
        )
    return row


def show(store: DecisionStore, row: Row, *, personal: bool) -> dict[str, Any]:
    """One decision; with its personal part and shadows' outputs only if ``personal``."""
    shadows = store.shadows(row["decision_id"], row["model"])
    shown = public_view(row)
    shown["shadows"] = [shadow_view(each, outputs=personal) for each in shadows]
    if personal:
        shown["personal"] = personal_view(store.personal(row))
    return shown


def listing(page: Page, fresh: Freshness) -> dict[str, Any]:
    """A page of public parts."""
    rows = [public_view(row) for row in page.rows]
    return {"decisions": rows, "next": page.following, **fresh.as_json()}


def exposures(store: DecisionStore, criteria: Criteria, fresh: Freshness) -> dict[str, Any]:
    """Arms of a release with their decisions and subjects, and the subjects' buckets."""
    if criteria.release is None:
        raise ContractError("release", "a release's id", None)
    found = counts.buckets(store, criteria)
    return {
        "since": clock.to_text(criteria.since),
        "arms": counts.exposures(store, criteria),
        "buckets": [[bucket, subjects] for bucket, subjects in found.items()],
        **fresh.as_json(),
    }


def record_read(
    session: WriteSession, principal: Principal, decision_id: str, action: Action, **details: Any
) -> None:
    """Enter that somebody read what is about a person."""
    change = Change(action=action, entity=f"decision:{decision_id}", details=details)
    record(session, principal, change)


def record_search(
    session: WriteSession, principal: Principal, criteria: Criteria, page: Page
) -> None:
    """Enter that somebody looked for one person's decisions; of the person only a digest."""
    details = {
        "subject_digests": sorted(map(subject_digest, criteria.subjects)),
        "since": clock.to_text(criteria.since),
        "until": clock.to_text(criteria.until),
        "found": len(page.rows),
    }
    record(
        session, principal, Change(action=Action.DECISION_READ, entity="decisions", details=details)
    )
