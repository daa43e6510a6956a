"""HTTP of the merchant's consents."""

from typing import Annotated

from fastapi import Query, Response

from bentos.contract.register import Action
from control_plane import clock
from control_plane.answer import repeated
from control_plane.auth import allow
from control_plane.consents import exclusions, service
from control_plane.consents.answers import Basis, Consent, Withdrawn
from control_plane.consents.schemas import ConsentIn, WithdrawIn
from control_plane.paging import Paged
from control_plane.parts import Reading, Running, Writing
from control_plane.principal import Permission, Principal
from control_plane.registry.answers import Version
from control_plane.registry.service import version_summary
from control_plane.router import Router

router = Router(prefix="/api/v1/consents")
_CONSENT = "consent:{consent_id}"
Reader = Annotated[Principal, allow(Permission.CONSENTS_READ)]
Giver = Annotated[Principal, allow(Permission.CONSENTS_WRITE, Action.CONSENT_GIVE, "consents")]
Withdrawer = Annotated[
    Principal, allow(Permission.CONSENTS_WRITE, Action.CONSENT_WITHDRAW, _CONSENT)
]
Shop = Annotated[str | None, Query(min_length=1, max_length=200)]


@router.post("", status_code=201, responses=repeated(Consent))
def post_consent(
    session: Writing, parts: Running, response: Response, body: ConsentIn, principal: Giver
) -> Consent:
    """Record a consent the merchant gave in writing. It takes the place of the one in force for
    the same purpose and use; the very same again is 200."""
    members = body.model_dump(exclude={"ticket"}) | {"shop": body.shop or parts.settings.shop}
    row, is_new = service.give(session, principal, service.Grant(**members), body.ticket)
    if not is_new:
        response.status_code = 200
    return service.consent_view(row)


@router.get("")
def get_consents(
    session: Reading,
    page: Paged,
    _: Reader,
    purpose: Annotated[str | None, Query(max_length=40)] = None,
    live: bool | None = None,
) -> list[Consent]:
    """All consents, oldest first; ``live=true``: those in force."""
    found = service.list_consents(session, page, purpose=purpose, live=live)
    return [service.consent_view(row) for row in found]


@router.get("/basis")
def get_basis(
    session: Reading,
    parts: Running,
    _: Reader,
    purpose: Annotated[str, Query(max_length=40)],
    use: Annotated[str, Query(max_length=40)] = "train",
    shop: Shop = None,
) -> Basis:
    """What a trainer, or whoever decides, asks first: the consent in force at this moment, or
    null. ``pseudonym_key_id`` names the key the exclusions' pseudonyms were made with."""
    asked = shop or parts.settings.shop
    row = service.in_force(session, asked, purpose, use)
    return {
        "shop": asked,
        "purpose": purpose,
        "use": use,
        "at": clock.now(),
        "consent": None if row is None else service.consent_view(row),
        "pseudonym_key_id": exclusions.key_id(parts.settings),
    }


@router.get("/{consent_id}")
def get_consent(session: Reading, consent_id: str, _: Reader) -> Consent:
    """One consent, also one that ended."""
    return service.consent_view(service.get_consent(session, consent_id))


@router.get("/{consent_id}/versions")
def get_versions(session: Reading, consent_id: str, page: Paged, _: Reader) -> list[Version]:
    """Versions trained under a consent, whatever became of it."""
    return [version_summary(row) for row in service.trained_under(session, consent_id, page)]


@router.post("/{consent_id}/withdraw")
def post_withdrawal(
    session: Writing, consent_id: str, body: WithdrawIn, principal: Withdrawer
) -> Withdrawn:
    """Withdraw a consent: the next training under it is refused. ``trained``: how many versions
    were, which ``…/versions`` lists."""
    row = service.withdraw(session, principal, consent_id, body.reason, body.ticket)
    trained = len(service.trained_under(session, consent_id))
    return service.consent_view(row) | {"trained": trained}
