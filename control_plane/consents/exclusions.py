"""Customers who are left out: of training, or of what models decide.

A customer is a pseudonym here. Raw ids become pseudonyms in memory and are kept nowhere, and the
register gets a digest of the pseudonym, which names nobody.
"""

from collections.abc import Sequence
from typing import Any

from sqlmodel import col, select

from bentos.contract.errors import ContractError
from bentos.contract.identity import key_fingerprint
from bentos.contract.redaction import subject_digest as redacted_subject
from bentos.contract.register import Action
from bentos.contract.training_consent import (
    CUSTOMER,
    OUT_OF_DECISIONS,
    OUT_OF_TRAINING,
    ExclusionKind,
    customer_id,
)
from control_plane import clock
from control_plane.audit.service import Change, record
from control_plane.config import Settings
from control_plane.consents.models import ExclusionRow
from control_plane.consents.schemas import ExclusionIn
from control_plane.db import ReadSession, WriteSession
from control_plane.decisions.subject import check_subject, pseudonym_of, subject_digest
from control_plane.paging import EVERYTHING, Listing
from control_plane.principal import Permission, Principal

KEY_FILE = "pseudonym.key"


def named_by(settings: Settings, body: ExclusionIn) -> list[str]:
    """Pseudonyms of everybody a body names, each once; raises ContractError, also for nobody."""
    found = [check_subject(each, f"subjects[{i}]") for i, each in enumerate(body.subjects)]
    key_file, shop = settings.keys / KEY_FILE, body.shop or settings.shop
    found += [pseudonym_of(key_file, shop, CUSTOMER, customer_id(raw)) for raw in body.customers]
    if not found:
        raise ContractError("customers", "a customer's id, or a pseudonym in subjects", "nobody")
    return sorted(set(found))


def key_id(settings: Settings) -> str | None:
    """Fingerprint of the key pseudonyms are made with here; None where there is none."""
    try:
        return key_fingerprint(bytes.fromhex((settings.keys / KEY_FILE).read_text().strip()))
    except FileNotFoundError:
        return None


def add(
    session: WriteSession,
    principal: Principal,
    plan: ExclusionRow,
    subjects: Sequence[str],
    ticket: str | None = None,
) -> list[ExclusionRow]:
    """Leave these customers out, as ``plan`` says for each; who is left out so already stays so."""
    principal.require(Permission.CONSENTS_WRITE)
    kept = []
    for subject in subjects:
        row = _of(session, plan, subject)
        if row is None:
            row = ExclusionRow.model_validate(plan.model_dump() | {"subject": subject})
            session.add(row)
            _record(session, principal, Action.EXCLUSION_ADD, row, plan.reason, ticket)
        kept.append(row)
    return kept


def lift(
    session: WriteSession,
    principal: Principal,
    plan: ExclusionRow,
    subjects: Sequence[str],
    ticket: str | None = None,
) -> int:
    """Leave them out no longer, for this kind; how many were."""
    principal.require(Permission.CONSENTS_WRITE)
    lifted = 0
    for subject in subjects:
        row = _of(session, plan, subject)
        if row is not None:
            session.delete(row)
            _record(session, principal, Action.EXCLUSION_LIFT, row, plan.reason, ticket)
            lifted += 1
    return lifted


def list_exclusions(
    session: ReadSession, shop: str, kind: str | None = None, page: Listing = EVERYTHING
) -> list[ExclusionRow]:
    """Who is left out of what, by pseudonym."""
    query = select(ExclusionRow).where(col(ExclusionRow.shop) == shop)
    if kind is not None:
        query = query.where(col(ExclusionRow.kind) == check_kind(kind))
    return page.rows(session, query, col(ExclusionRow.subject), col(ExclusionRow.kind))


def of_customer(session: ReadSession, shop: str, subject: str) -> dict[str, Any]:
    """What one customer is left out of, for whoever is about to decide about them."""
    query = select(ExclusionRow.kind).where(
        col(ExclusionRow.shop) == shop,
        col(ExclusionRow.subject).in_([check_subject(subject), redacted_subject(subject)]),
    )
    kinds = set(session.exec(query))
    return {
        "subject": subject,
        "kinds": sorted(kinds),
        "may_train": kinds.isdisjoint(OUT_OF_TRAINING),
        "may_decide": kinds.isdisjoint(OUT_OF_DECISIONS),
    }


def forget(session: WriteSession, shop: str, subjects: Sequence[str], why: str) -> int:
    """Somebody is erased: their opt-outs stay in force under a digest alone; how many."""
    query = select(ExclusionRow).where(
        col(ExclusionRow.shop) == shop, col(ExclusionRow.subject).in_(subjects)
    )
    rows = list(session.exec(query))
    for row in rows:
        kept = row.model_dump() | {"subject": redacted_subject(row.subject), "reason": why}
        session.delete(row)
        session.flush()
        session.merge(ExclusionRow(**kept))
    return len(rows)


def forget_shop(session: WriteSession, shop: str) -> int:
    """Nobody of this shop is left out any more: nobody of it is left; how many were."""
    rows = list(session.exec(select(ExclusionRow).where(col(ExclusionRow.shop) == shop)))
    for row in rows:
        session.delete(row)
    return len(rows)


def plan_of(
    principal: Principal, shop: str, kind: str, reason: str, key: str | None
) -> ExclusionRow:
    """What is to be recorded of each customer; raises ContractError for another kind."""
    return ExclusionRow(
        shop=shop,
        subject="",
        kind=check_kind(kind),
        key_id=key,
        reason=reason,
        recorded_at=clock.now(),
        recorded_by=principal.actor.id,
    )


def _of(session: ReadSession, plan: ExclusionRow, subject: str) -> ExclusionRow | None:
    """What is recorded of a customer, also of one who was erased."""
    for name in (subject, redacted_subject(subject)):
        row = session.get(ExclusionRow, (plan.shop, name, plan.kind))
        if row is not None:
            return row
    return None


def check_kind(kind: str) -> str:
    """The kind; raises ContractError for another."""
    known = [each.value for each in ExclusionKind]
    if kind not in known:
        raise ContractError("kind", f"one of {known}", kind)
    return kind


def exclusion_view(row: ExclusionRow) -> dict[str, Any]:
    """As the API shows it."""
    return row.model_dump()


def _record(
    session: WriteSession,
    principal: Principal,
    action: Action,
    row: ExclusionRow,
    reason: str,
    ticket: str | None,
) -> None:
    shown = {"shop": row.shop, "kind": row.kind}
    change = Change(
        action=action,
        entity=f"exclusion:{subject_digest(row.subject)}",
        before=shown if action is Action.EXCLUSION_LIFT else None,
        after=shown if action is Action.EXCLUSION_ADD else None,
        reason=reason,
        ticket=ticket,
    )
    record(session, principal, change)
