"""Have the register re-derived and say what came out."""

import dataclasses
from typing import Any

from nicegui import html

from bentos.contract.register import Action
from control_plane.audit import checkpoints
from control_plane.audit.checkpoint_copies import CheckpointCopies
from control_plane.audit.service import Change, record
from control_plane.audit.tree import read_head
from control_plane.audit.verification import verify_all
from control_plane.audit.verifier import Verification
from control_plane.console.desk import Desk
from control_plane.console.elements.button import button
from control_plane.console.elements.facts import facts
from control_plane.console.elements.moment import moment
from control_plane.console.elements.notice import notice
from control_plane.console.seat import Attempt
from control_plane.db import ReadSession
from control_plane.errors import ControlPlaneError
from control_plane.principal import Permission, Principal

ATTEMPT = Attempt(
    action=Action.REGISTER_VERIFY, entity="register", permission=Permission.REGISTER_READ
)


def proof_panel(desk: Desk) -> None:
    """A button and the place for its answer."""
    sheet = html.section(**{"aria-label": "Proof"}).classes("panel")
    with sheet, html.div().classes("panel-body proof"):
        with html.div():
            html.h2("Is it what it was?")
            html.p(
                "Every event is hashed again, from its columns, into the tree whose root was "
                "signed. A changed, dropped, added or swapped event does not fit."
            ).classes("quiet")
            desk.live(load_signed, draw_signed)
        place = html.div(role="status").classes("verdict")

        async def check() -> None:
            await _check(desk, place)

        button("Check the register", check, drawing="approved", key="check-register")


async def _check(desk: Desk, place: html.div) -> None:
    try:
        result = await verification(desk)
    except ControlPlaneError as error:
        desk.say(error.detail)
        return
    place.clear()
    with place:
        _verdict(result)


async def verification(desk: Desk) -> Verification:
    """Re-derive the register, and record that it was done, as the API does."""

    def verify(principal: Principal) -> Verification:
        parts = desk.parts
        with parts.one_at_a_time("a verification"), parts.database.read() as session:
            found = verify_all(session, CheckpointCopies(parts.settings.checkpoint_copies))
        with parts.database.write() as session:
            after = dataclasses.asdict(found)
            change = Change(action=Action.REGISTER_VERIFY, entity="register", after=after)
            record(session, principal, change)
        return found

    return await desk.call(ATTEMPT, verify)


def load_signed(session: ReadSession, _: Principal) -> dict[str, Any] | None:
    """The newest checkpoint, and how many events came since."""
    row = checkpoints.latest(session, checkpoints.origin(session))
    if row is None:
        return None
    return {"size": row.size, "at": row.at, "since": read_head(session).size - row.size}


def draw_signed(signed: dict[str, Any] | None) -> None:
    """What an auditor compares with their copy."""
    if signed is None:
        html.p("It was not signed yet.").classes("quiet")
        return
    with html.p().classes("quiet"):
        html.span(f"Signed up to event {signed['size']} on ")
        moment(signed["at"])
        html.span(f"; {signed['since']} events since.")


def _verdict(result: Verification) -> None:
    if result.ok:
        with notice(f"All {result.size} events are what they were.", "tone-go", "approved"):
            facts({"Root": lambda: html.code(result.root)})
        return
    with notice(result.problem or "The register does not fit.", "tone-red", "warning"):
        facts(
            {
                "First bad event": str(result.first_bad or "unknown"),
                "Root found": lambda: html.code(result.root),
            }
        )
