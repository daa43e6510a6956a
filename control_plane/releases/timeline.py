"""What happened to one release, for whoever may read it: the register's events about it.

Where somebody asked from stays in the register, for those who may read that.
"""

from typing import Any

from bentos.contract.register import Outcome, RegisterEvent
from control_plane.approvals.service import list_approvals
from control_plane.audit.service import list_events
from control_plane.db import ReadSession
from control_plane.paging import EVERYTHING, Key, Listing
from control_plane.releases.models import ReleaseRow
from control_plane.releases.queries import get_release

MOST = 200
CONTENT = ("candidate", "stable", "kind", "shadow", "steps", "plan", "condition")
_BOOKKEEPING = frozenset({"revision", "updated_at", "content_digest", "state"})


def timeline(
    session: ReadSession, release_id: str, page: Listing = EVERYTHING
) -> list[dict[str, Any]]:
    """Events about a release in order, denials too; raises NotFoundError."""
    get_release(session, release_id)

    def load(after: Key | None, limit: int | None) -> list[RegisterEvent]:
        last = None if after is None else int(after[0])
        entity = f"release:{release_id}"
        return list_events(session, entity=entity, after=last, limit=limit or MOST)

    events = page.fetch(load, lambda event: [event.seq], (int,))
    return [
        {
            "seq": event.seq,
            "at": event.at,
            "actor": event.actor.id,
            "actor_type": event.actor.type.value,
            "action": event.action.value,
            "outcome": event.outcome.value,
            "reason": event.reason,
            "ticket": event.ticket,
            "state": _after(event.diff, "state"),
            "weight": _after(event.diff, "weight"),
            "changed": sorted(event.diff.keys() - _BOOKKEEPING),
        }
        for event in events
    ]


def last_approved(session: ReadSession, row: ReleaseRow) -> dict[str, Any] | None:
    """The content that was approved last, if it is not the present one: what an edit changed."""
    given = [a for a in list_approvals(session, row.id) if a.content_digest != row.content_digest]
    if not given:
        return None
    return contents_by_digest(session, row).get(given[-1].content_digest)


def contents_by_digest(session: ReadSession, row: ReleaseRow) -> dict[str, dict[str, Any]]:
    """Every content the release ever had, rebuilt from the register's differences."""
    content: dict[str, Any] = {}
    found: dict[str, dict[str, Any]] = {}
    for event in list_events(session, entity=f"release:{row.id}", limit=MOST):
        if event.outcome is not Outcome.ALLOWED:
            continue
        content |= {name: pair[1] for name, pair in event.diff.items()}
        found[content["content_digest"]] = {name: content.get(name) for name in CONTENT}
    return found


def _after(diff: dict[str, Any], name: str) -> Any:
    return diff[name][1] if name in diff else None
