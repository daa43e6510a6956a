"""HTTP of exports: streamed while they are made, one at a time."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Annotated

from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from bentos.contract.errors import ContractError
from bentos.contract.register import Action
from control_plane.audit.exports import Order, check_size, stream
from control_plane.audit.reads import ENTITY
from control_plane.audit.schemas import ExportIn
from control_plane.audit.service import Change, record
from control_plane.auth import allow
from control_plane.parts import Running
from control_plane.principal import Permission, Principal
from control_plane.router import Router

router = Router(prefix="/api/v1/register")


class Held(StreamingResponse):
    """A zip, and what to give back when it was sent or nobody wants it any more."""

    media_type = "application/zip"

    def __init__(self, pieces: Iterator[bytes], name: str, give_back: Callable[[], None]) -> None:
        headers = {"content-disposition": f'attachment; filename="{name}"'}
        super().__init__(pieces, headers=headers)
        self._give_back = give_back

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it; what was held is given back however that ends."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._give_back()


@router.post("/exports", response_class=StreamingResponse)
def post_export(
    parts: Running,
    body: ExportIn,
    principal: Annotated[
        Principal, allow(Permission.REGISTER_READ, Action.REGISTER_EXPORT, ENTITY)
    ],
) -> StreamingResponse:
    """A zip of events with what proves them; that it was asked for is an event, and in it."""
    with ExitStack() as held:
        held.enter_context(parts.one_at_a_time("a verification"))
        asked = {"asked": body.told("export") | {"form": body.form.value}}
        with parts.database.write() as session:
            change = Change(action=Action.REGISTER_EXPORT, entity=ENTITY, details=asked)
            last = record(session, principal, change).seq
        if (body.last or 1) > last:
            raise ContractError("last", f"at most {last}, the register's size", body.last)
        order = Order(
            form=body.form,
            first=body.first,
            last=body.last or last,
            question=body.question(),
        )
        with parts.database.read() as session:
            check_size(session, order)
        pieces = stream(parts.database, parts.checkpointer.covering(order.last), order)
        give_back = held.pop_all().close
    name = f"register-{order.first}-{order.last}.zip"
    return Held(pieces, name, give_back)
