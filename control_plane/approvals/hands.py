"""Who gave whom what lately, read from the register: the tables can be changed, it cannot."""

from collections.abc import Iterable, Iterator

from sqlmodel import col, select

from bentos.contract.register import Action, ActorType, Outcome
from control_plane import clock
from control_plane.approvals.independence import Hand, same_hand, ties, told
from control_plane.approvals.policy import independence_days
from control_plane.audit.models import EventRow
from control_plane.db import ReadSession
from control_plane.errors import ForbiddenError
from control_plane.snapshot import once

DAY_S = 86_400.0
GIVING = (
    Action.PERSON_CREATE,
    Action.PERSON_EDIT,
    Action.PERSON_ENABLE,
    Action.PASSWORD_RESET,
    Action.IDENTITY_LINK,
    Action.KEY_CREATE,
)


def check_independent(session: ReadSession, judge: str, others: Iterable[str]) -> None:
    """Raise ForbiddenError, which names why, unless the judge is another person than these.

    Not asked where the installation's ``independence_days`` is 0.
    """
    days = independence_days(session)
    found = ties(judge, others, recent_hands(session, days))
    if found:
        raise ForbiddenError(
            f"{told(judge, found)}; for {days} days after such a change another person judges"
        )


def is_independent(session: ReadSession, judge: str, others: Iterable[str]) -> bool:
    """Whether ``check_independent`` lets the judge pass: what it refuses is not offered."""
    return not ties(judge, others, recent_hands(session, independence_days(session)))


def shared_hands(session: ReadSession, judge: str, others: Iterable[str]) -> tuple[str, ...]:
    """Third persons who lately made both the judge and one of the others what they are."""
    return same_hand(judge, others, recent_hands(session, independence_days(session)))


def recent_hands(session: ReadSession, days: int) -> list[Hand]:
    """What persons gave to others within so many days, in the register's order."""
    if days == 0:
        return []
    return once(session, ("hands", days), lambda: list(_hands_since(session, days)))


def _hands_since(session: ReadSession, days: int) -> Iterator[Hand]:
    query = (
        select(EventRow)
        .where(
            col(EventRow.action).in_([action.value for action in GIVING]),
            col(EventRow.at) >= clock.later(-days * DAY_S),
            col(EventRow.outcome) == Outcome.ALLOWED.value,
            col(EventRow.actor_type) == ActorType.PERSON.value,
        )
        .order_by(col(EventRow.seq))
    )
    for event in session.exec(query):
        yield from _hands(event)


def service_keys(session: ReadSession, release: str) -> frozenset[str]:
    """Keys with which services wrote or edited a release, as the register names them.

    A service is no person and judges nothing; but whoever made its key could have written with it.
    """
    query = select(EventRow.key_id).where(
        col(EventRow.entity) == f"release:{release}",
        col(EventRow.actor_type) == ActorType.SERVICE.value,
        col(EventRow.outcome) == Outcome.ALLOWED.value,
    )
    return frozenset(f"key:{each}" for each in session.exec(query) if each is not None)


def _hands(event: EventRow) -> Iterator[Hand]:
    taker = _taker(event)
    if taker != event.actor_id and _gives(event):
        yield Hand(seq=event.seq, at=event.at, giver=event.actor_id, taker=taker, what=event.action)


def _taker(event: EventRow) -> str:
    """The person concerned; a key's event names them in what it made. A service's key itself."""
    if event.action == Action.KEY_CREATE:
        holder = event.diff.get("person", [None, None])[1]
        return holder if isinstance(holder, str) else event.entity
    return event.entity.removeprefix("person:")


def _gives(event: EventRow) -> bool:
    """Taking roles away makes nobody dependent."""
    if event.action != Action.PERSON_EDIT:
        return True
    before, after = event.diff.get("roles", [[], []])
    return bool(set(after or ()) - set(before or ()))
