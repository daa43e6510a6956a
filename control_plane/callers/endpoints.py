"""HTTP of callers' keys."""

from typing import Annotated

from bentos.contract.register import Action
from control_plane.auth import allow
from control_plane.callers import service
from control_plane.callers.answers import Caller, NewCaller
from control_plane.callers.schemas import CallerIn
from control_plane.paging import Paged
from control_plane.parts import Reading, Running, Writing
from control_plane.principal import Permission, Principal
from control_plane.router import Router

router = Router(prefix="/api/v1")


@router.post("/callers", status_code=201)
def post_caller(
    session: Writing,
    parts: Running,
    body: CallerIn,
    principal: Annotated[Principal, allow(Permission.CALLERS, Action.CALLER_KEY_CREATE, "callers")],
) -> NewCaller:
    """Add a caller; the key is shown this once."""
    members = body.model_dump() | {"shop": body.shop or parts.settings.shop}
    row, key = service.create_caller(session, principal, service.CallerOrder(**members))
    return service.caller_view(row) | {"key": key.text}


@router.get("/callers")
def get_callers(
    session: Reading, page: Paged, _: Annotated[Principal, allow(Permission.CALLERS)]
) -> list[Caller]:
    """All callers."""
    return [service.caller_view(row) for row in service.list_callers(session, page)]


@router.get("/callers/{caller_id}")
def get_caller(
    session: Reading, caller_id: str, _: Annotated[Principal, allow(Permission.CALLERS)]
) -> Caller:
    """One caller."""
    return service.caller_view(service.get_caller(session, caller_id))


@router.delete("/callers/{caller_id}")
def delete_caller(
    session: Writing,
    caller_id: str,
    principal: Annotated[
        Principal, allow(Permission.CALLERS, Action.CALLER_KEY_REVOKE, "caller:{caller_id}")
    ],
) -> Caller:
    """Revoke a caller's key."""
    return service.caller_view(service.revoke_caller(session, principal, caller_id))
