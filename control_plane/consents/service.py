"""The merchant's consents: given, replaced, withdrawn, asked for.

Each is for one purpose and one use, in words a digest pins. One is in force for each at a time:
a new text takes the place of the old. Nothing is deleted; versions trained under a consent that
ended can still be found by its id.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import defer
from sqlmodel import col, select

from bentos.contract.errors import ContractError
from bentos.contract.register import Action
from bentos.contract.training_consent import Purpose, Use, check_text
from control_plane import clock
from control_plane.audit.service import Change, record
from control_plane.consents.models import ConsentRow
from control_plane.db import ReadSession, WriteSession
from control_plane.errors import NotFoundError, PolicyError
from control_plane.identifier import new_id
from control_plane.paging import EVERYTHING, Listing
from control_plane.principal import Permission, Principal
from control_plane.registry.models import VersionRow

CLOCKS_APART_S = 300
"""A consent's time may lie so far ahead: another machine's clock wrote it."""
_SAME = ("id", "text_version", "text_digest", "given_by", "given_at", "document")


@dataclass(frozen=True, kw_only=True)
class Grant:
    """A consent to be recorded."""

    shop: str
    purpose: str
    use: str
    text_version: str
    text_digest: str
    given_by: str
    document: str
    given_at: str | None = None
    id: str | None = None


def give(
    session: WriteSession, principal: Principal, grant: Grant, ticket: str | None = None
) -> tuple[ConsentRow, bool]:
    """Record a consent and say whether it is new; the very same again changes nothing.

    The one in force for this purpose and use until now is replaced. Raises ContractError.
    """
    principal.require(Permission.CONSENTS_WRITE)
    row = _row(principal, grant)
    before = in_force(session, row.shop, row.purpose, row.use)
    if before is not None:
        asked = {name: getattr(row, name) for name in _SAME if getattr(grant, name) is not None}
        if all(getattr(before, name) == value for name, value in asked.items()):
            return before, False
    if grant.id is not None and session.get(ConsentRow, grant.id) is not None:
        raise PolicyError(f"consent {grant.id} is recorded already, in other words or as ended")
    if before is not None:
        _end(session, principal, before, "another took its place", replaced_by=row.id)
    session.add(row)
    session.flush()
    change = Change(
        action=Action.CONSENT_GIVE,
        entity=_entity(row),
        after=consent_view(row),
        ticket=ticket,
        details={} if before is None else {"replaces": [None, before.id]},
    )
    record(session, principal, change)
    return row, True


def withdraw(
    session: WriteSession,
    principal: Principal,
    consent_id: str,
    reason: str,
    ticket: str | None = None,
) -> ConsentRow:
    """End a consent: nothing is trained under it any more, and nothing leads to what was
    (``withdrawn.py``). Raises PolicyError for an ended one."""
    principal.require(Permission.CONSENTS_WRITE)
    row = get_consent(session, consent_id)
    if row.ended_at is not None:
        raise PolicyError(f"consent {consent_id} ended {row.ended_at}: {row.ended_reason}")
    before = consent_view(row)
    _end(session, principal, row, reason)
    change = Change(
        action=Action.CONSENT_WITHDRAW,
        entity=_entity(row),
        before=before,
        after=consent_view(row),
        reason=reason,
        ticket=ticket,
    )
    record(session, principal, change)
    return row


def get_consent(session: ReadSession, consent_id: str) -> ConsentRow:
    """The consent, or NotFoundError."""
    row = session.get(ConsentRow, consent_id)
    if row is None:
        raise NotFoundError(f"no consent {consent_id}")
    return row


def in_force(session: ReadSession, shop: str, purpose: str, use: str) -> ConsentRow | None:
    """The consent of a shop that is in force now; raises ContractError for no purpose or use."""
    check_purpose(purpose, use)
    return session.exec(
        select(ConsentRow).where(
            col(ConsentRow.shop) == shop,
            col(ConsentRow.purpose) == purpose,
            col(ConsentRow.use) == use,
            col(ConsentRow.ended_at).is_(None),
        )
    ).first()


def list_consents(
    session: ReadSession,
    page: Listing = EVERYTHING,
    *,
    purpose: str | None = None,
    live: bool | None = None,
) -> list[ConsentRow]:
    """Consents, oldest first; ``live``: only those in force, or only those that ended."""
    query = select(ConsentRow)
    if purpose is not None:
        query = query.where(col(ConsentRow.purpose) == purpose)
    if live is not None:
        ended = col(ConsentRow.ended_at)
        query = query.where(ended.is_(None) if live else ended.is_not(None))
    return page.rows(session, query, col(ConsentRow.recorded_at), col(ConsentRow.id))


def trained_under(
    session: ReadSession, consent_id: str, page: Listing = EVERYTHING
) -> list[VersionRow]:
    """Versions whose manifest names this consent, oldest first."""
    get_consent(session, consent_id)
    query = select(VersionRow).options(defer(VersionRow.manifest))  # type: ignore[arg-type]
    named = col(VersionRow.manifest)["consent"]["id"].as_string()
    query = query.where(named == consent_id)
    return page.rows(session, query, col(VersionRow.registered_at), col(VersionRow.version))


def consent_view(row: ConsentRow) -> dict[str, Any]:
    """A consent as the API and the register show it."""
    return row.model_dump()


def check_purpose(purpose: str, use: str) -> None:
    """Raise ContractError for what nobody can consent to."""
    for field, value, kinds in (("purpose", purpose, Purpose), ("use", use, Use)):
        known = [each.value for each in kinds]
        if value not in known:
            raise ContractError(field, f"one of {known}", value)


def _row(principal: Principal, grant: Grant) -> ConsentRow:
    check_purpose(grant.purpose, grant.use)
    check_text(grant.text_version, grant.text_digest)
    now = clock.now()
    given_at = now if grant.given_at is None else clock.parse(grant.given_at, "given_at")
    if clock.seconds_between(now, given_at) > CLOCKS_APART_S:
        raise ContractError("given_at", "a time that has come", grant.given_at)
    return ConsentRow(
        id=grant.id or new_id(),
        shop=grant.shop,
        purpose=grant.purpose,
        use=grant.use,
        text_version=grant.text_version,
        text_digest=grant.text_digest,
        given_by=grant.given_by,
        given_at=given_at,
        document=grant.document,
        recorded_at=now,
        recorded_by=principal.actor.id,
    )


def _end(
    session: WriteSession,
    principal: Principal,
    row: ConsentRow,
    reason: str,
    replaced_by: str | None = None,
) -> None:
    row.ended_at, row.ended_by = clock.now(), principal.actor.id
    row.ended_reason, row.replaced_by = reason, replaced_by
    session.add(row)
    session.flush()


def _entity(row: ConsentRow) -> str:
    return f"consent:{row.id}"
