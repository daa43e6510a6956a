"""What the control plane's own tables and keys hold of whoever is erased.

Tables hold shoppers in two places only: the list of who is left out, and answers that are kept
for a while so that a change sent twice is answered as before. Opt-outs stay in force, under a
digest (docs/decisions/0054): who comes back is still left out.
"""

from collections.abc import Sequence
from pathlib import Path

from sqlmodel import col, select

from bentos.contract.errors import ContractError
from bentos.contract.redaction import RedactionRequest
from bentos.shopify_admin.connection import ConnectionStore
from control_plane.consents import exclusions
from control_plane.consents import service as consents
from control_plane.consents.models import ConsentRow, ExclusionRow
from control_plane.db import WriteSession
from control_plane.idempotency.models import AnswerRow
from control_plane.principal import Permission, Principal
from control_plane.shopify_apps.models import ShopifyAppRow
from control_plane.shopify_apps.service import remove_app

REWRITTEN = tuple(str(row.__tablename__) for row in (ExclusionRow, AnswerRow))
"""Tables whose old pages must not stay."""
AT_ONCE = 500


def forget_customer(session: WriteSession, wish: RedactionRequest) -> dict[str, int]:
    """Table → rows that were changed or removed."""
    why = f"kept as a digest since redaction {wish.id}"
    return _counted(
        exclusion=exclusions.forget(session, wish.shop, wish.subjects, why),
        idempotent_answer=_forget_answers(session, wish.subjects),
    )


def forget_shop(
    session: WriteSession, principal: Principal, wish: RedactionRequest, domain: str | None
) -> dict[str, int]:
    """The shop's apps, consents and everybody left out; answers that may name any of them."""
    names = [
        row.subject
        for row in session.exec(select(ExclusionRow).where(col(ExclusionRow.shop) == wish.shop))
    ]
    answers = _forget_answers(session, names)
    apps = session.exec(select(ShopifyAppRow).where(col(ShopifyAppRow.shop) == wish.shop))
    theirs = [row.client_id for row in apps if domain is None or row.domain == domain]
    for client_id in theirs:
        remove_app(session, principal, client_id)
    return _counted(
        exclusion=exclusions.forget_shop(session, wish.shop),
        idempotent_answer=answers,
        shopify_app=len(theirs),
        consent=_end_consents(session, principal, wish),
    )


def forget_credentials(keys: Path, domain: str | None) -> dict[str, int]:
    """The shop's sealed tokens, where this machine has them."""
    store = ConnectionStore(keys)
    try:
        gone = domain is not None and domain in store.shops() and store.remove(domain)
    except ContractError:
        gone = False
    return _counted(credentials=int(gone))


def _end_consents(session: WriteSession, principal: Principal, wish: RedactionRequest) -> int:
    """Nothing is trained or decided under them any more; that they were given stays recorded."""
    live = session.exec(
        select(ConsentRow).where(
            col(ConsentRow.shop) == wish.shop, col(ConsentRow.ended_at).is_(None)
        )
    ).all()
    acting = Principal(
        actor=principal.actor,
        permissions=principal.permissions | {Permission.CONSENTS_WRITE},
    )
    for row in live:
        consents.withdraw(session, acting, row.id, f"the shop was erased: redaction {wish.id}")
    return len(live)


def _forget_answers(session: WriteSession, subjects: Sequence[str]) -> int:
    """Answers whose body names one of these pseudonyms."""
    wanted = set(subjects)
    query = select(AnswerRow).where(col(AnswerRow.body).is_not(None))
    found = [
        row
        for row in session.exec(query.execution_options(yield_per=AT_ONCE))
        if row.body and any(each in row.body for each in wanted)
    ]
    for row in found:
        session.delete(row)
    return len(found)


def _counted(**rows: int) -> dict[str, int]:
    return {name: count for name, count in rows.items() if count}
