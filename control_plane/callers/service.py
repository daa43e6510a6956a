"""Issues and revokes callers' keys; the gateway learns them through the ``keys`` document."""

from dataclasses import dataclass
from typing import Any

from msgspec import UNSET
from sqlmodel import col, select

from bentos.contract.documents import CallerKey
from bentos.contract.errors import ContractError
from bentos.contract.register import Action
from control_plane import clock
from control_plane.audit.service import Change, record
from control_plane.callers.models import CallerRow
from control_plane.callers.origin import check_origin
from control_plane.db import ReadSession, WriteSession
from control_plane.errors import NotFoundError
from control_plane.paging import EVERYTHING, Listing
from control_plane.people.secret import Secret, new_key
from control_plane.principal import Principal
from control_plane.registry.service import public_models, require_public

SCOPES = ("infer", "pin", "browser")
BROWSER = "browser"
ALL_MODELS = "*"


@dataclass(frozen=True, kw_only=True)
class CallerOrder:
    """A caller to be. ``models`` ["*"] means all, also those to come."""

    name: str
    shop: str
    models: list[str]
    scopes: list[str]
    rate: int | None
    expires_at: str | None
    origins: list[str] | None = None


def create_caller(
    session: WriteSession, principal: Principal, order: CallerOrder
) -> tuple[CallerRow, Secret]:
    """Add a caller; the key is in the answer and nowhere else."""
    _check(session, order)
    key = new_key()
    expires_at = None if order.expires_at is None else clock.parse(order.expires_at, "expires_at")
    row = CallerRow(
        id=key.id,
        digest=key.digest,
        name=order.name,
        shop=order.shop,
        models=sorted(set(order.models)),
        scopes=sorted(set(order.scopes)),
        rate=order.rate,
        expires_at=expires_at,
        origins=order.origins,
        created_at=clock.now(),
        created_by=principal.actor.id,
    )
    session.add(row)
    session.flush()
    change = Change(
        action=Action.CALLER_KEY_CREATE, entity=f"caller:{row.id}", after=caller_view(row)
    )
    record(session, principal, change)
    return row, key


def revoke_caller(session: WriteSession, principal: Principal, caller_id: str) -> CallerRow:
    """End a caller's key; revoking twice changes nothing."""
    row = get_caller(session, caller_id)
    if row.revoked_at is None:
        before = caller_view(row)
        row.revoked_at = clock.now()
        session.add(row)
        change = Change(
            action=Action.CALLER_KEY_REVOKE,
            entity=f"caller:{row.id}",
            before=before,
            after=caller_view(row),
        )
        record(session, principal, change)
    return row


def get_caller(session: ReadSession, caller_id: str) -> CallerRow:
    """The caller, or NotFoundError."""
    row = session.get(CallerRow, caller_id)
    if row is None:
        raise NotFoundError(f"no caller {caller_id}")
    return row


def list_callers(session: ReadSession, page: Listing = EVERYTHING) -> list[CallerRow]:
    """All callers, oldest first."""
    return page.rows(session, select(CallerRow), col(CallerRow.created_at), col(CallerRow.id))


def caller_keys(session: ReadSession) -> dict[str, CallerKey]:
    """Keys as the ``keys`` document has them: every one that was not revoked.

    A model that is public no longer vanishes from publishable keys.
    """
    public = public_models(session)
    return {
        row.id: CallerKey(
            digest=row.digest,
            shop=row.shop,
            name=row.name,
            models=tuple(m for m in row.models if row.origins is None or m in public),
            scopes=tuple(row.scopes),
            rate=row.rate,
            expires_at=row.expires_at,
            origins=UNSET if row.origins is None else tuple(row.origins),
        )
        for row in list_callers(session)
        if row.revoked_at is None
    }


def caller_view(row: CallerRow) -> dict[str, Any]:
    """A caller as the API and the register show it."""
    return row.model_dump(exclude={"digest"})


def _check(session: ReadSession, order: CallerOrder) -> None:
    if not order.models or any(not model for model in order.models):
        raise ContractError("models", 'model names, or ["*"] for all', order.models)
    if not order.scopes:
        raise ContractError("scopes", f"at least one of {list(SCOPES)}", order.scopes)
    for index, scope in enumerate(order.scopes):
        if scope not in SCOPES:
            raise ContractError(f"scopes[{index}]", f"one of {list(SCOPES)}", scope)
    if order.origins is not None or BROWSER in order.scopes:
        _check_publishable(session, order)


def _check_publishable(session: ReadSession, order: CallerOrder) -> None:
    """What lies readable in a theme may be used by anybody: it is narrow in every way."""
    if order.scopes != [BROWSER]:
        raise ContractError("scopes", f'["{BROWSER}"], for a publishable key', order.scopes)
    if not order.origins:
        raise ContractError("origins", "the web pages a publishable key is for", order.origins)
    for index, origin in enumerate(order.origins):
        check_origin(origin, f"origins[{index}]")
    if order.rate is None:
        raise ContractError("rate", "requests per second, for a publishable key", order.rate)
    require_public(session, order.models, "models")
