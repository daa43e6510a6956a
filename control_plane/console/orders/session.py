"""Ending sessions: one's own, or somebody else's everywhere."""

from nicegui import html

from bentos.contract.register import Action
from control_plane.console.desk import Desk
from control_plane.console.elements.dialog import ask
from control_plane.console.elements.form import Question, Values
from control_plane.console.orders.key import own_or_peoples
from control_plane.console.seat import Attempt
from control_plane.db import WriteSession
from control_plane.people import sessions
from control_plane.principal import Principal


async def ask_end_session(desk: Desk, person: str, session_id: str) -> None:
    """End one of a person's sessions."""

    def change(session: WriteSession, who: Principal) -> None:
        own_or_peoples(who, person)
        sessions.end_one(session, who, person, session_id)

    async def submit(_: Values) -> str:
        attempt = Attempt(action=Action.SESSION_END, entity=f"session:{session_id}")
        await desk.write(attempt, change)
        return "The session is over."

    question = Question(
        title="End this session",
        confirm="End it now",
        explain=lambda: _explain("Pages that are open in that browser act no more from now on."),
        submit=submit,
        kind="primary stop",
    )
    ask(desk, question)


async def ask_end_sessions(desk: Desk, person: str) -> None:
    """Sign a person out in all browsers."""

    def change(session: WriteSession, who: Principal) -> int:
        own_or_peoples(who, person)
        return sessions.sign_out_everywhere(session, who, person)

    async def submit(_: Values) -> str:
        attempt = Attempt(action=Action.SESSION_END, entity=f"person:{person}")
        ended = await desk.write(attempt, change)
        return f"{ended} sessions of {person} are over."

    question = Question(
        title=f"Sign out everywhere: {person}",
        confirm="End them all",
        explain=lambda: _explain(
            "Every open page of theirs goes to the sign-in.",
            "Keys go on working: revoke those on their own.",
        ),
        submit=submit,
        kind="primary stop",
    )
    ask(desk, question)


def _explain(*lines: str) -> None:
    with html.ul().classes("consequence"):
        for each in lines:
            html.li(each)
