"""HTTP of decisions in the lake: find, count."""

from typing import Annotated, Any

from fastapi import Query

from bentos.contract.errors import ContractError
from bentos.contract.register import Action
from bentos.decision_lake.parts import moment_of
from control_plane.auth import allow
from control_plane.decisions import service
from control_plane.decisions.access import require_personal
from control_plane.decisions.answers import Counts, Decisions, OneDecision
from control_plane.decisions.criteria import Criteria
from control_plane.decisions.schemas import Filters, ListQuery, Paged, SearchIn
from control_plane.decisions.subject import TARGETING_KEY_KIND, check_subject, pseudonym_of
from control_plane.parts import Parts, Running
from control_plane.principal import Permission, Principal
from control_plane.router import Router

router = Router(prefix="/api/v1/decisions")

Reader = Annotated[Principal, allow(Permission.DECISIONS_READ, Action.DECISION_READ, "decisions")]
PersonalReader = Annotated[
    Principal, allow(Permission.DECISIONS_PERSONAL, Action.DECISION_READ, "decisions")
]
OneReader = Annotated[
    Principal, allow(Permission.DECISIONS_READ, Action.DECISION_READ, "decision:{decision_id}")
]


@router.get("")
def get_decisions(
    parts: Running, principal: Reader, query: Annotated[ListQuery, Query()]
) -> Decisions:
    """Public parts, newest first, of the last 30 days unless ``since`` says otherwise.

    ``next`` of the answer is ``before`` of the next page. ``subject`` takes the permission to
    read personal parts, and is recorded.
    """
    if query.subject is None:
        return _listed(parts, principal, query.criteria(), query)
    subject = check_subject(query.subject)
    require_personal(principal)
    return _listed(parts, principal, query.criteria(subject), query)


@router.post("/search")
def post_search(parts: Running, principal: PersonalReader, body: SearchIn) -> Decisions:
    """Decisions about one raw targeting key, which is used in memory and kept nowhere."""
    key_file, shop = parts.settings.keys / "pseudonym.key", body.shop or parts.settings.shop
    subject = pseudonym_of(key_file, shop, TARGETING_KEY_KIND, body.targeting_key)
    return _listed(parts, principal, body.criteria(subject), body)


@router.get("/counts")
def get_counts(parts: Running, _: Reader, query: Annotated[Filters, Query()]) -> Counts:
    """Decisions and distinct subjects by step and arm of a release, and the subjects' buckets."""
    with parts.database.read() as session:
        fresh = service.freshness(session)
    return service.exposures(parts.decisions, query.criteria(), fresh)


@router.get("/{decision_id}")
def get_decision(
    parts: Running,
    principal: OneReader,
    decision_id: str,
    personal: Annotated[bool, Query()] = False,
) -> OneDecision:
    """One decision; ``personal=true`` takes a permission of its own, and is recorded."""
    if personal:
        require_personal(principal)
    with parts.database.read() as session:
        row = service.require(parts.decisions, session, decision_id)
    shown = service.show(parts.decisions, row, personal=personal)
    if personal:
        with parts.database.write() as session:
            service.record_read(session, principal, decision_id, Action.DECISION_READ)
    return shown


def _listed(parts: Parts, principal: Principal, criteria: Criteria, paged: Paged) -> dict[str, Any]:
    if paged.before is not None and moment_of(paged.before) is None:
        raise ContractError("before", "the next of an earlier answer", paged.before)
    with parts.database.read() as session:
        fresh = service.freshness(session)
    page = parts.decisions.page(criteria, limit=paged.limit, before=paged.before)
    if criteria.subjects:
        with parts.database.write() as session:
            service.record_search(session, principal, criteria, page)
    return service.listing(page, fresh)
