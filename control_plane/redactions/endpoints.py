"""HTTP of law requests: what was asked, until when, how far it is, and what is held of somebody."""

from typing import Annotated

from fastapi import Query
from fastapi.responses import StreamingResponse
from sqlalchemy import event

from bentos.contract.redaction import subject_digest
from bentos.contract.register import Action
from control_plane.audit.export_endpoint import Held
from control_plane.auth import allow
from control_plane.decisions.subject import check_subject
from control_plane.errors import PolicyError
from control_plane.paging import Paged
from control_plane.parts import Reading, Running, Writing
from control_plane.principal import Permission, Principal
from control_plane.redactions import asking, service, trained
from control_plane.redactions.answers import Redaction, Run, Version
from control_plane.redactions.data_export import pieces_of, write_export
from control_plane.redactions.note import has_wish, read_wish, remove_wish
from control_plane.redactions.schemas import CloseIn, RedactionIn
from control_plane.router import Router

router = Router(prefix="/api/v1/redactions")
_ONE = "redaction:{request_id}"
Reader = Annotated[Principal, allow(Permission.REDACTIONS_READ)]
Opener = Annotated[
    Principal, allow(Permission.REDACTIONS_WRITE, Action.REDACTION_OPEN, "redactions")
]
Runner = Annotated[
    Principal, allow(Permission.REDACTIONS_WRITE, Action.REDACTION_ERASE, "redactions")
]
Exporter = Annotated[Principal, allow(Permission.REDACTIONS_WRITE, Action.REDACTION_EXPORT, _ONE)]
Closer = Annotated[Principal, allow(Permission.REDACTIONS_WRITE, Action.REDACTION_CLOSE, _ONE)]


@router.post("", status_code=201)
def post_redaction(
    session: Writing, parts: Running, principal: Opener, body: RedactionIn
) -> Redaction:
    """Enter a request that came to the merchant directly; Shopify's come in by themselves.

    A raw id is used in memory; its pseudonyms are kept until the request is closed.
    """
    row = asking.ask(session, principal, parts.settings, body)
    event.listen(session, "after_commit", lambda _: parts.redactions.wake())
    return service.view(row)


@router.get("")
def get_redactions(
    session: Reading,
    page: Paged,
    _: Reader,
    is_open: Annotated[bool | None, Query(alias="open")] = None,
    subject: Annotated[str | None, Query(max_length=40)] = None,
) -> list[Redaction]:
    """All requests, the newest first; ``open=true``: those not closed; ``subject``: those about
    a customer's pseudonym. ``days_left`` and ``urgency`` say how much time there is."""
    digest = None if subject is None else subject_digest(check_subject(subject))
    found = service.list_requests(session, page, is_open=is_open, subject=digest)
    return [service.view(row) for row in found]


@router.post("/run")
def post_run(parts: Running, _: Runner) -> Run:
    """Carry all open requests on now, instead of within a minute. ``problems``: what a person
    should look at; ``open``: what each still waits for."""
    problems = parts.redactions.once()
    with parts.database.read() as session:
        rows = service.list_requests(session, is_open=True)
    return {"problems": problems, "open": {row.id: service.waits_for(row) for row in rows}}


@router.get("/{request_id}")
def get_redaction(session: Reading, request_id: str, _: Reader) -> Redaction:
    """One request, with what each place erased."""
    return service.view(service.get_request(session, request_id))


@router.get("/{request_id}/versions")
def get_versions(session: Reading, request_id: str, page: Paged, _: Reader) -> list[Version]:
    """Versions trained on its subject, to be retrained or retired; ``serving``: still in use."""
    found = trained.states_of(session, service.get_request(session, request_id))
    return page.cut(found, lambda each: [each["version"]])


@router.post("/{request_id}/export", response_class=StreamingResponse)
def post_export(parts: Running, request_id: str, principal: Exporter) -> StreamingResponse:
    """Everything that is held of its subject, as a zip for the merchant to hand over: a page to
    read and a JSON file for each place. That it was taken is an event."""
    with parts.database.read() as session:
        row = service.get_request(session, request_id)
    wish = read_wish(parts.settings.home, request_id)
    if wish is None:
        raise PolicyError(f"nothing says any more whom redaction {request_id} was about: close it")
    with parts.one_at_a_time("a verification"):
        file = write_export(parts.settings, parts.database, parts.decisions, row, wish)
    with parts.database.write() as session:
        service.exported(session, principal, request_id)
    return Held(pieces_of(file), f"data-request-{request_id}.zip", file.close)


@router.post("/{request_id}/close")
def post_close(
    session: Writing, parts: Running, request_id: str, body: CloseIn, principal: Closer
) -> Redaction:
    """End a request by hand: the merchant handed the data over, or a law asks that they are kept.
    Erasures close by themselves once every place is done."""
    there = has_wish(parts.settings.home, request_id)
    row = service.close_by_hand(session, principal, request_id, body.reason, exportable=there)
    event.listen(session, "after_commit", lambda _: remove_wish(parts.settings.home, request_id))
    return service.view(row)
