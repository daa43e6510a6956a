"""HTTP of customers who are left out. A raw id stands in a body, never in an address."""

from typing import Annotated

from fastapi import Query

from bentos.contract.register import Action
from control_plane.auth import allow
from control_plane.config import Settings
from control_plane.consents import exclusions
from control_plane.consents.answers import Customer, Exclusion, Exclusions, Lifted
from control_plane.consents.models import ExclusionRow
from control_plane.consents.schemas import ExclusionIn
from control_plane.paging import Paged
from control_plane.parts import Reading, Running, Writing
from control_plane.principal import Permission, Principal
from control_plane.router import Router

router = Router(prefix="/api/v1/exclusions")
Reader = Annotated[Principal, allow(Permission.CONSENTS_READ)]
Adder = Annotated[Principal, allow(Permission.CONSENTS_WRITE, Action.EXCLUSION_ADD, "exclusions")]
Lifter = Annotated[Principal, allow(Permission.CONSENTS_WRITE, Action.EXCLUSION_LIFT, "exclusions")]
Shop = Annotated[str | None, Query(min_length=1, max_length=200)]


@router.post("", status_code=201)
def post_exclusions(
    session: Writing, parts: Running, body: ExclusionIn, principal: Adder
) -> Exclusions:
    """Leave customers out of training (``excluded``, ``data_sale``) or of what models decide
    (``excluded``, ``automated_decision``), from now on."""
    subjects = exclusions.named_by(parts.settings, body)
    plan = _plan(parts.settings, principal, body)
    rows = exclusions.add(session, principal, plan, subjects, body.ticket)
    return {"exclusions": [exclusions.exclusion_view(row) for row in rows]}


@router.post("/lift")
def post_lifting(session: Writing, parts: Running, body: ExclusionIn, principal: Lifter) -> Lifted:
    """Leave customers out no longer, for one kind."""
    subjects = exclusions.named_by(parts.settings, body)
    plan = _plan(parts.settings, principal, body)
    return {"lifted": exclusions.lift(session, principal, plan, subjects, body.ticket)}


@router.get("")
def get_exclusions(
    session: Reading,
    parts: Running,
    page: Paged,
    _: Reader,
    kind: Annotated[str | None, Query(max_length=40)] = None,
    shop: Shop = None,
) -> list[Exclusion]:
    """Customers who are left out, by pseudonym."""
    found = exclusions.list_exclusions(session, shop or parts.settings.shop, kind, page)
    return [exclusions.exclusion_view(row) for row in found]


@router.get("/{subject}")
def get_exclusion(
    session: Reading, parts: Running, subject: str, _: Reader, shop: Shop = None
) -> Customer:
    """Whether one customer, by pseudonym, may be learnt from and be decided about."""
    return exclusions.of_customer(session, shop or parts.settings.shop, subject)


def _plan(settings: Settings, principal: Principal, body: ExclusionIn) -> ExclusionRow:
    shop, key = body.shop or settings.shop, exclusions.key_id(settings)
    return exclusions.plan_of(principal, shop, body.kind, body.reason, key)
