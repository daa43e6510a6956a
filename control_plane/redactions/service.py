"""The record of law requests: opened, done place by place, closed; each step an event.

No event and no row names a person: digests of pseudonyms and counts alone. Whom a request names
stands in its file (``note.py``) until it is closed.
"""

from enum import StrEnum
from typing import Any

from sqlalchemy import String, cast
from sqlmodel import col, select

from bentos.contract.errors import ContractError
from bentos.contract.redaction import RedactionKind, RedactionRequest, subject_digest
from bentos.contract.register import Action
from control_plane import clock
from control_plane.audit.service import Change, record
from control_plane.db import ReadSession, WriteSession
from control_plane.errors import NotFoundError, PolicyError
from control_plane.paging import EVERYTHING, Listing
from control_plane.principal import Permission, Principal
from control_plane.redactions.deadline import Urgency, days_left, urgency
from control_plane.redactions.models import RedactionRow
from control_plane.redactions.note import Note

_UNTOLD = {"subject_digests", "segments"}


class Topic(StrEnum):
    """What is asked for."""

    DATA_REQUEST = "customers/data_request"
    CUSTOMER = "customers/redact"
    SHOP = "shop/redact"


class Place(StrEnum):
    """Who erases. A request is done when all have."""

    INGRESS = "ingress"
    DECISIONS = "decisions"
    CONTROL_PLANE = "control_plane"
    TRAINING = "training"


ERASING = tuple(Place)


def open_request(
    session: WriteSession, principal: Principal, wish: RedactionRequest, topic: Topic, note: Note
) -> RedactionRow:
    """Write down what was asked, and until when."""
    row = RedactionRow(
        id=wish.id,
        topic=topic.value,
        shop=wish.shop,
        domain=note.domain or None,
        reason=wish.reason,
        requested_at=clock.parse(wish.requested_at, "requested_at"),
        due_at=clock.parse(wish.due_at, "due_at"),
        opened_at=clock.now(),
        opened_by=principal.actor.id,
        subject_digests=sorted(map(subject_digest, wish.subjects)),
        orders=len(wish.order_numbers),
        data_request=note.data_request,
    )
    session.add(row)
    session.flush()
    _record(session, principal, Action.REDACTION_OPEN, row, None, reason=wish.reason)
    return row


def topic_of(wish: RedactionRequest, note: Note, *, erases: bool) -> Topic:
    """Shopify's, or what it comes to where a person asked; raises ContractError for another.

    ``erases``: where its file lies. Both kinds look alike, and a wish for data erases nobody.
    """
    if not note.topic and not erases:
        return Topic.DATA_REQUEST
    if not note.topic:
        return Topic.SHOP if wish.kind is RedactionKind.SHOP else Topic.CUSTOMER
    try:
        return Topic(note.topic)
    except ValueError as error:
        raise ContractError("topic", f"one of {[*Topic]}", note.topic) from error


def place_done(
    session: WriteSession,
    principal: Principal,
    row: RedactionRow,
    place: Place,
    removed: dict[str, int],
) -> None:
    """One place holds nothing of them any more."""
    before = told(row)
    if place is Place.TRAINING:
        row.hindrance = None
    row.places = row.places | {place.value: {"at": clock.now(), "removed": removed}}
    session.add(row)
    session.flush()
    _record(session, principal, Action.REDACTION_ERASE, row, before)


def close(session: WriteSession, principal: Principal, row: RedactionRow, reason: str) -> None:
    """It is done, or a person says why it ends otherwise. Raises PolicyError for a closed one."""
    if row.closed_at is not None:
        raise PolicyError(f"redaction {row.id} was closed {row.closed_at}")
    before = told(row)
    row.closed_at, row.closed_by, row.closed_reason = clock.now(), principal.actor.id, reason
    session.add(row)
    session.flush()
    _record(session, principal, Action.REDACTION_CLOSE, row, before, reason=reason)


def close_moot(
    session: WriteSession, principal: Principal, ids: list[str], erasure: str
) -> list[str]:
    """Wishes for data end with the erasure of whoever they are about; those that did. One that
    has come just now and has no row yet stays: without its file nobody would hear of it."""
    rows = [row for each in ids if (row := session.get(RedactionRow, each)) is not None]
    for row in rows:
        if row.closed_at is None:
            close(session, principal, row, f"the person was erased: redaction {erasure}")
    return [row.id for row in rows]


def close_by_hand(
    session: WriteSession,
    principal: Principal,
    request_id: str,
    reason: str,
    *,
    exportable: bool = True,
) -> RedactionRow:
    """A person closes it: the merchant has the data, or a law asks that they are kept.

    Raises PolicyError for a data request nobody exported, unless nobody can any more: its file
    is in no backup, so one that came back with a restored database would stay open for ever.
    """
    principal.require(Permission.REDACTIONS_WRITE)
    row = get_request(session, request_id)
    if row.topic == Topic.DATA_REQUEST and row.exported_at is None and exportable:
        raise PolicyError("nobody has exported the data yet: signalbox redactions export")
    close(session, principal, row, reason)
    return row


def exported(session: WriteSession, principal: Principal, request_id: str) -> RedactionRow:
    """Somebody takes the data away, for the merchant to hand over."""
    principal.require(Permission.REDACTIONS_WRITE)
    row = get_request(session, request_id)
    before = told(row)
    row.exported_at = clock.now()
    session.add(row)
    session.flush()
    _record(session, principal, Action.REDACTION_EXPORT, row, before)
    return row


def warn(session: WriteSession, principal: Principal, row: RedactionRow, alarm: Urgency) -> None:
    """Its time is nearly over, or over: an event, which webhooks carry on."""
    before = told(row)
    row.warned = alarm.value
    session.add(row)
    session.flush()
    _record(session, principal, Action.REDACTION_LATE, row, before, reason=_waits(row))


def hinder(session: WriteSession, principal: Principal, row: RedactionRow, why: str) -> None:
    """Training could not end it, and says why: an event, once for each reason."""
    before = told(row)
    row.hindrance = why
    session.add(row)
    session.flush()
    _record(session, principal, Action.REDACTION_STUCK, row, before, reason=why)


def get_request(session: ReadSession, request_id: str) -> RedactionRow:
    """The request, or NotFoundError."""
    row = session.get(RedactionRow, request_id)
    if row is None:
        raise NotFoundError(f"no redaction {request_id}")
    return row


def list_requests(
    session: ReadSession,
    page: Listing = EVERYTHING,
    *,
    is_open: bool | None = None,
    subject: str | None = None,
) -> list[RedactionRow]:
    """Requests, the newest first; ``subject``: those about a pseudonym's digest."""
    query = select(RedactionRow)
    if is_open is not None:
        closed = col(RedactionRow.closed_at)
        query = query.where(closed.is_(None) if is_open else closed.is_not(None))
    if subject is not None:
        # Digests are 64 hex digits each: no part of one is another.
        query = query.where(cast(RedactionRow.subject_digests, String).contains(subject))
    order = col(RedactionRow.requested_at), col(RedactionRow.id)
    return page.rows(session, query, *order, newest_first=True)


def waits_for(row: RedactionRow) -> list[str]:
    """Places that have not said that they are done; the merchant, for a data request."""
    if row.closed_at is not None:
        return []
    if row.topic == Topic.DATA_REQUEST:
        return ["export" if row.exported_at is None else "merchant"]
    return [each.value for each in ERASING if each.value not in row.places]


def view(row: RedactionRow) -> dict[str, Any]:
    """As the API shows it, with what the clock says now."""
    now = clock.now()
    left = None if row.closed_at is not None else round(days_left(row.due_at, now), 2)
    return row.model_dump() | {
        "urgency": urgency(row.due_at, row.closed_at, now).value,
        "days_left": left,
        "waits_for": waits_for(row),
    }


def told(row: RedactionRow) -> dict[str, Any]:
    """As the register knows it."""
    return row.model_dump(exclude=_UNTOLD)


def _waits(row: RedactionRow) -> str:
    return f"due {row.due_at}; it waits for {', '.join(waits_for(row))}"


def _record(
    session: WriteSession,
    principal: Principal,
    action: Action,
    row: RedactionRow,
    before: dict[str, Any] | None,
    reason: str | None = None,
) -> None:
    change = Change(
        action=action,
        entity=f"redaction:{row.id}",
        before=before,
        after=told(row),
        reason=reason,
    )
    record(session, principal, change)
