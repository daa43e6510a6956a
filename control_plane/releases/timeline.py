"""What happened to one release, for whoever may read it: the register's events about it.

Where somebody asked from stays in the register, for those who may read that.
"""

from collections.abc import Iterator
from typing import Any

from bentos.contract.register import Action, Outcome
from control_plane.approvals.service import list_approvals
from control_plane.audit.event_row import Members
from control_plane.audit.queries import Question, find
from control_plane.db import ReadSession
from control_plane.paging import EVERYTHING, Key, Listing
from control_plane.releases.models import ReleaseRow
from control_plane.releases.queries import get_release

MOST = 200
"""Events of one page."""
CONTENT = ("candidate", "stable", "kind", "shadow", "steps", "plan", "condition")
_BOOKKEEPING = frozenset({"revision", "updated_at", "content_digest", "state"})


def timeline(
    session: ReadSession, release_id: str, page: Listing = EVERYTHING
) -> list[dict[str, Any]]:
    """Events about a release in order, denials too; raises NotFoundError."""
    get_release(session, release_id)

    def load(after: Key | None, limit: int | None) -> list[Members]:
        last = None if after is None else int(after[0])
        return find(session, _about(release_id), after=last, limit=limit or MOST)

    return [_told(event) for event in page.fetch(load, lambda event: [event["seq"]], (int,))]


def newest(session: ReadSession, release_id: str, limit: int) -> list[dict[str, Any]]:
    """The last events about a release, the newest first; raises NotFoundError."""
    get_release(session, release_id)
    found = find(session, _about(release_id), limit=limit, newest_first=True)
    return [_told(event) for event in found]


def _about(release_id: str) -> Question:
    return Question(entity=f"release:{release_id}")


def _told(event: Members) -> dict[str, Any]:
    diff = event["diff"]
    return {
        "seq": event["seq"],
        "at": event["at"],
        "actor": event["actor"]["id"],
        "actor_type": event["actor"]["type"],
        "action": event["action"],
        "outcome": event["outcome"],
        "reason": event["reason"],
        "ticket": event["ticket"],
        "state": _after(diff, "state"),
        "weight": _after(diff, "weight"),
        "changed": sorted(diff.keys() - _BOOKKEEPING),
    }


def same_hands(session: ReadSession, release_id: str) -> dict[str, list[str]]:
    """Who approved it → third persons who could act both as them and as one of its authors, as
    the newest approval's event notes."""
    asked = Question(
        entity=f"release:{release_id}",
        action=Action.RELEASE_APPROVE.value,
        outcome=Outcome.ALLOWED.value,
    )
    events = find(session, asked, limit=MOST, newest_first=True)
    newest_last = reversed(events)
    return {each["actor"]["id"]: _after(each["diff"], "same_hand") or [] for each in newest_last}


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
    for event in _changes(session, row):
        content |= {name: pair[1] for name, pair in event["diff"].items()}
        found[content["content_digest"]] = {name: content.get(name) for name in CONTENT}
    return found


def _changes(session: ReadSession, row: ReleaseRow) -> Iterator[Members]:
    """Everything that was done to the release, in order; what was denied changed nothing."""
    done = Question(entity=f"release:{row.id}", outcome=Outcome.ALLOWED.value)
    after = 0
    while True:
        page = find(session, done, after=after, limit=MOST)
        yield from page
        if len(page) < MOST:
            return
        after = page[-1]["seq"]


def _after(diff: dict[str, Any], name: str) -> Any:
    return diff[name][1] if name in diff else None
